"""Snapshots on simulated disks: a view of the state, cut into pieces, and put together elsewhere.

The pieces are names: what they stand for rests in a `SnapshotArchive` that all disks of a world
share. A piece that is missing, doubled or out of order shows all the same.
"""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable

from bitebyte.domain.entities import AnyEntity, Key
from bitebyte.raft.types import HardState
from bitebyte.repository.types import SnapshotMeta
from bitebyte.simulation.disk import Disk

PIECES = 4


class SnapshotArchive:
    """Everything that was ever snapshotted in a world, by number."""

    def __init__(self) -> None:
        self._rows: list[dict[Key, AnyEntity]] = []

    def put(self, rows: dict[Key, AnyEntity]) -> int:
        """Keeps rows as they are now; rows are frozen, so only the dictionary is copied."""
        self._rows.append(dict(rows))
        return len(self._rows) - 1

    def rows(self, number: int) -> dict[Key, AnyEntity]:
        """A copy of those rows."""
        return dict(self._rows[number])


class DamagedSnapshot(Exception):
    """The pieces are not what was sent."""


class SimulatedReader:
    """The node's SnapshotReader."""

    def __init__(
        self, meta: SnapshotMeta, number: int, pause: Callable[[], Awaitable[None]]
    ) -> None:
        self.meta = meta
        self._number = number
        self._pause = pause

    async def chunks(self) -> AsyncIterator[bytes]:
        for piece in range(PIECES):
            await self._pause()
            yield f"{self._number}:{piece}".encode()

    async def close(self) -> None:
        return


class SimulatedStage:
    """The node's SnapshotStage. It holds what is complete, for `install`."""

    def __init__(self, meta: SnapshotMeta, pause: Callable[[], Awaitable[None]]) -> None:
        self.meta = meta
        self.number: int | None = None
        """In the archive; None until all pieces are here."""
        self._pause = pause
        self._pieces: list[bytes] = []

    async def write(self, chunk: bytes) -> None:
        await self._pause()
        self._pieces.append(chunk)

    async def finish(self, sha256: bytes) -> None:
        await self._pause()
        if hashlib.sha256(b"".join(self._pieces)).digest() != sha256:
            raise DamagedSnapshot("the pieces are not what was sent")
        number = int(self._pieces[0].partition(b":")[0])
        expected = [f"{number}:{piece}".encode() for piece in range(PIECES)]
        if self._pieces != expected:
            raise DamagedSnapshot("pieces are missing or out of order")
        self.number = number

    async def abort(self) -> None:
        self._pieces.clear()


def meta_of(disk: Disk) -> SnapshotMeta:
    """What a snapshot of this disk's state would hold now."""
    entry = disk.entry(disk.applied_index)
    return SnapshotMeta(
        index=disk.applied_index,
        term=disk.boundary_term if entry is None else entry.term,
        conf_state=disk.conf_state,
        state_hash=disk.state_hash,
        log_time_ms=disk.log_time_ms,
    )


def put_snapshot(
    disk: Disk, meta: SnapshotMeta, rows: dict[Key, AnyEntity], hard_state: HardState
) -> None:
    """The snapshot becomes the state, and the log begins after it."""
    disk.rows = rows
    disk.applied = []
    disk.applied_index = meta.index
    disk.state_hash = meta.state_hash
    disk.log_time_ms = meta.log_time_ms
    disk.conf_state = meta.conf_state
    disk.entries = []
    disk.first_index = meta.index + 1
    disk.boundary_term = meta.term
    disk.hard_state = hard_state
