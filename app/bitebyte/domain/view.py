"""How the pure domain reads the state: from rows that somebody has already loaded."""

from collections.abc import Iterable
from typing import Protocol

from bitebyte.domain.entities import AnyEntity, Key


class NotLoaded(Exception):
    """Rows that a command needs are not in memory. Load them and ask again.

    Raised before anything is changed, so asking again is always safe.
    """

    def __init__(self, keys: Iterable[Key]) -> None:
        self.keys = frozenset(keys)
        super().__init__(f"{len(self.keys)} rows are not loaded")


class View(Protocol):
    """The rows that are in memory."""

    def get(self, key: Key) -> AnyEntity | None:
        """The row, or None where it is known not to exist. Raises NotLoaded otherwise."""
        ...

    def is_loaded(self, key: Key) -> bool:
        """Whether `get` would answer."""
        ...
