"""Commands that a member makes by itself, without a caller and without a clock."""

import uuid
from collections.abc import Callable
from typing import Any, TypeVar

from bitebyte.domain.commands import Command

T = TypeVar("T", bound=Command)


class OwnCommands:
    """Ids are drawn from the member's id and a random base of this process, times from the log:
    none of these commands depends on the time of day."""

    def __init__(self, *, member_id: int, random_base: int, log_time_ms: Callable[[], int]) -> None:
        self._prefix = member_id << 64
        self._next = random_base
        self._log_time_ms = log_time_ms

    def new(self, kind: type[T], **fields: Any) -> T:
        """A command of that kind, for this attempt only."""
        self._next += 1
        command_id = str(uuid.UUID(int=self._prefix | self._next))
        return kind(id=command_id, at_ms=self._log_time_ms(), **fields)
