"""What every row of the replicated state is: a value with one key."""

from typing import ClassVar

import msgspec


class Entity(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Base of all rows of the replicated state."""

    KIND: ClassVar[str] = ""

    @property
    def key(self) -> "Key":
        """Where this row lives in the state."""
        raise AssertionError("an entity names its key")


class Key(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Address of one row: its kind and its primary key, part by part."""

    kind: str
    parts: tuple[str, ...]
