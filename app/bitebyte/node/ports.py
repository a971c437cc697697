"""What a node needs of the world around it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol

from bitebyte.node.log_writer import LogStorage
from bitebyte.raft.messages import PeerMessage
from bitebyte.raft.types import Entry, HardState
from bitebyte.repository.types import SnapshotMeta
from bitebyte.transport.frames import SnapshotBegin, StatusReport
from bitebyte.transport.links import PeerAddress


class Log(LogStorage, Protocol):
    """The stored log: written by the log writer, read for peers that lag far behind."""

    async def fetch(self, low: int, high: int, bytes_max: int) -> Sequence[Entry]:
        """Entries [low, high), fewer to stay within `bytes_max`, at least one; none if `low` is
        compacted."""
        ...

    async def compact(self, through_index: int) -> None:
        """Deletes entries up to `through_index`, which the durable state reflects, in bounded
        steps beside appends. What a crash leaves undone is harmless."""
        ...


class SnapshotReader(Protocol):
    """One consistent view of the flushed state, read in pieces."""

    @property
    def meta(self) -> SnapshotMeta:
        """What the pieces amount to."""
        ...

    def chunks(self) -> AsyncIterator[bytes]:
        """All of it, in pieces of at most 256 KiB, each made when it is asked for."""
        ...

    async def close(self) -> None:
        """Gives the view back, also in the middle."""
        ...


class SnapshotStage(Protocol):
    """Where an arriving snapshot waits until it is complete. It does not touch the state."""

    async def write(self, chunk: bytes) -> None:
        """The next piece. Raises SnapshotDamaged."""
        ...

    async def finish(self, sha256: bytes) -> None:
        """All pieces are here. Raises SnapshotDamaged when they are not what was sent."""
        ...

    async def abort(self) -> None:
        """Forgets what arrived."""
        ...


class SnapshotStore(Protocol):
    """Snapshots of the replicated state, to give away and to take in."""

    async def open_snapshot(self) -> SnapshotReader:
        """A view of the flushed state, at least as new as at the call."""
        ...

    async def stage(self, meta: SnapshotMeta) -> SnapshotStage:
        """Begins to take in a snapshot; an earlier stage that is not installed is dropped."""
        ...

    async def install(self, meta: SnapshotMeta, hard_state: HardState) -> None:
        """In one transaction: the finished stage becomes the state, applied index and
        configuration; the log becomes empty and begins after `meta.index`; the hard state is
        written. No append and no flush may be under way."""
        ...


class StateDigest(Protocol):
    """One consistent view of the flushed state, to be digested."""

    @property
    def applied_index(self) -> int:
        """What the view shows."""
        ...

    @property
    def schema_version(self) -> int:
        """Of the database. Digests of different schemas are not comparable."""
        ...

    async def digests(self) -> Mapping[str, bytes]:
        """By kind of row; equal rows give equal digests."""
        ...

    async def close(self) -> None:
        """Gives the view back, also in the middle."""
        ...


class DigestSource(Protocol):
    """Where views to digest come from."""

    async def begin_digest(self) -> StateDigest:
        """Fixes a view of the flushed state, as of now."""
        ...


class SnapshotSink(Protocol):
    """A connection of its own that carries one snapshot to one peer."""

    async def send(self, chunk: bytes) -> None:
        """Sends, waiting for room. Raises OSError, or SnapshotNotTaken when the peer refuses."""
        ...

    async def finish(self, sha256: bytes) -> None:
        """All was sent; returns when the peer says that it has staged it. Raises as `send`."""
        ...

    async def close(self) -> None:
        """Ends the connection, also in the middle."""
        ...


class SnapshotIntake(Protocol):
    """The other end of that connection."""

    @property
    def begin(self) -> SnapshotBegin:
        """What is coming."""
        ...

    def chunks(self) -> AsyncIterator[bytes]:
        """All pieces, slowing the sender down to the pace of the reader. Raises OSError when the
        connection breaks, SnapshotNotTaken when a piece is damaged."""
        ...

    @property
    def sha256(self) -> bytes:
        """Of all pieces, as the sender says; known after the last."""
        ...

    def accept(self) -> None:
        """Tells the sender that it is staged, and ends the connection."""
        ...

    def refuse(self, reason: str) -> None:
        """Tells the sender why not, and ends the connection."""
        ...


class Links(Protocol):
    """The way to the peers."""

    def send(self, peer_id: int, messages: Sequence[PeerMessage]) -> None:
        """Sends or drops, without waiting."""
        ...

    def broadcast(self, report: StatusReport) -> None:
        """Sends to all, or drops."""
        ...

    def set_peers(self, peers: Sequence[PeerAddress]) -> None:
        """From now on these are the peers, at these addresses. Others are hung up on."""
        ...

    async def open_snapshot(self, peer_id: int, begin: SnapshotBegin) -> SnapshotSink:
        """Opens a connection for a snapshot. Raises OSError."""
        ...
