"""What the routes work on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Protocol

from fastapi import Depends, Request

from bitebyte.node.node import Node
from bitebyte.raft.types import Entry


class StoredEntries(Protocol):
    """The log as this node stores it."""

    @property
    def first_index(self) -> int:
        """Of the oldest entry that is not compacted."""
        ...

    @property
    def last_index(self) -> int:
        """Of the newest durable entry."""
        ...

    async def fetch(self, low: int, high: int, bytes_max: int) -> Sequence[Entry]:
        """Entries [low, high), at least one, fewer to stay within `bytes_max`; none if `low` is
        compacted. Raises DatabaseUnavailable."""
        ...


@dataclass(frozen=True)
class AdminState:
    """The node that answers, and its log."""

    node: Node
    entries: StoredEntries


def admin_state(request: Request) -> AdminState:
    """Set once, when the application is made."""
    return request.app.state.admin


WithAdmin = Annotated[AdminState, Depends(admin_state)]
