"""A member of the cluster, as the layers above use it."""

from collections.abc import AsyncIterator, Collection

from bitebyte.domain.commands import AnyCommand
from bitebyte.domain.entities import AnyEntity, Key
from bitebyte.node.types import NodeStatus, PositionedEvents, Proposed


class Node:
    """Runs one member: all methods are for the node's own event loop."""

    applied_index: int
    flushed_index: int

    async def propose(self, command: AnyCommand, *, timeout_s: float) -> Proposed:
        """Has the command replicated and applied, and returns what it did.

        Any node may be asked. Raises NoLeader, Overloaded, NodeStopped (nothing written) or
        OutcomeUnknown.
        """
        raise NotImplementedError

    async def read_barrier(self, *, timeout_s: float) -> int:
        """Waits until this node has applied everything that was confirmed anywhere before the
        call (ReadIndex), and returns that index. Raises NoLeader or TooFarBehind."""
        raise NotImplementedError

    async def wait_applied(self, index: int, *, timeout_s: float) -> None:
        """Waits until `rows` reflects `index`. Raises TooFarBehind."""
        raise NotImplementedError

    async def wait_flushed(self, index: int, *, timeout_s: float) -> None:
        """Waits until queries to the database reflect `index`; asks for a flush at once.
        Raises TooFarBehind."""
        raise NotImplementedError

    async def rows(self, keys: Collection[Key]) -> dict[Key, AnyEntity]:
        """The rows as of `applied_index`, from memory or the database; absent ones left out."""
        raise NotImplementedError

    def row_in_memory(self, key: Key) -> AnyEntity | None:
        """The row if it happens to be in memory as of `applied_index`; never waits. None says
        nothing about its existence."""
        raise NotImplementedError

    def events(self, after_index: int) -> AsyncIterator[PositionedEvents]:
        """All events after `after_index`, then live ones, in order, without gap or repeat.

        Raises EventsExpired at once when `after_index` is older than what is kept.
        """
        raise NotImplementedError

    def hash_at(self, index: int) -> str | None:
        """The state hash after `index` was applied; None outside the last 10,000."""
        raise NotImplementedError

    def status(self) -> NodeStatus:
        """What this node knows about itself and the others."""
        raise NotImplementedError

    @property
    def is_caught_up(self) -> bool:
        """Ready to serve: log replay done, in touch with a leader, small lag."""
        raise NotImplementedError
