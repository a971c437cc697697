"""Reads that say what they promise (design: `linearizable`, `session`, `stale`).

Rows come from the state as this node has applied it; lists come from its database, which
follows within a flush. Nothing is refused because this node is a little behind: before "there
is no such thing" is said, the node catches up with everything confirmed anywhere and looks
again, unless the caller asked for `stale`.
"""

import enum
from collections.abc import Collection
from typing import Final, Generic, TypeVar

import msgspec

from bitebyte.domain.entities import AnyEntity, Entity, Key
from bitebyte.node.node import Node

BARRIER_TIMEOUT_S: Final = 2.0
"""Longer than two elections at the default timeouts."""

CATCH_UP_TIMEOUT_S: Final = 2.0
"""How long a read waits for the index that its client has already seen."""

T = TypeVar("T")
E = TypeVar("E", bound=Entity)


class Consistency(enum.StrEnum):
    """What a read promises."""

    LINEARIZABLE = "linearizable"
    """Sees everything that was confirmed before it began, at any node."""
    SESSION = "session"
    """Sees what this client has written or seen, and what this node has applied."""
    STALE = "stale"
    """Whatever this node has at hand, even when it is cut off from the others."""


class ReadIntent(msgspec.Struct, frozen=True):
    """How fresh a read must be. `min_index` is the newest log index that its client knows.

    `denies_at_once`: the client asked for `stale` and takes "no such thing" from it, too.
    """

    consistency: Consistency = Consistency.SESSION
    min_index: int = 0
    denies_at_once: bool = False


class At(msgspec.Struct, Generic[T], frozen=True):
    """A value, and the log index whose state it reflects."""

    value: T
    index: int


class Reader:
    """Waits for the freshness that a read asks for, and finds rows."""

    def __init__(self, node: Node) -> None:
        self._node = node

    async def settle(self, intent: ReadIntent) -> int:
        """Waits until rows are as fresh as asked for, and returns the index they reflect.

        Raises NoLeader or TooFarBehind.
        """
        if intent.consistency is Consistency.LINEARIZABLE:
            await self._node.read_barrier(timeout_s=BARRIER_TIMEOUT_S)
        if intent.min_index > self._node.applied_index:
            await self._node.wait_applied(intent.min_index, timeout_s=CATCH_UP_TIMEOUT_S)
        return self._node.applied_index

    async def settle_flushed(self, intent: ReadIntent) -> int:
        """The same for queries to the database."""
        wanted = intent.min_index
        if intent.consistency is Consistency.LINEARIZABLE:
            barrier = await self._node.read_barrier(timeout_s=BARRIER_TIMEOUT_S)
            wanted = max(wanted, barrier)
        elif intent.consistency is Consistency.SESSION:
            wanted = max(wanted, self._node.applied_index)
        if wanted > self._node.flushed_index:
            await self._node.wait_flushed(wanted, timeout_s=CATCH_UP_TIMEOUT_S)
        return self._node.flushed_index

    async def catch_up(self) -> None:
        """Waits until this node has applied all that was confirmed anywhere before the call."""
        await self._node.read_barrier(timeout_s=BARRIER_TIMEOUT_S)

    async def row(self, kind: type[E], parts: tuple[str, ...], intent: ReadIntent) -> E | None:
        """The row of that kind and key; None only if it truly does not exist (or, for who
        denies at once, does not exist here yet)."""
        key = Key(kind.KIND, parts)
        found = await self._look(kind, key)
        if found is not None or intent.denies_at_once:
            return found
        await self.catch_up()
        return await self._look(kind, key)

    async def rows(self, keys: Collection[Key]) -> dict[Key, AnyEntity]:
        """Those of the rows that exist here now."""
        return await self._node.rows(keys)

    async def _look(self, kind: type[E], key: Key) -> E | None:
        row = self._node.row_in_memory(key)
        if row is None:
            row = (await self._node.rows((key,))).get(key)
        if row is None:
            return None
        assert isinstance(row, kind), f"{key} is stored under another kind"
        return row
