"""The connection of one simulated process to its database.

A transaction takes a while and then takes effect as a whole; its answer comes after that. If the
process dies in between, the transaction under way took effect or did not, by chance.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from random import Random
from typing import Any, Protocol, TypeVar

from bitebyte.domain.entities import AnyEntity, Key
from bitebyte.raft.messages import StorageAppend
from bitebyte.raft.types import Entry, HardState
from bitebyte.repository.types import AppliedEntry, FlushBatch, SnapshotMeta
from bitebyte.simulation.disk import Disk
from bitebyte.simulation.loop import SimulatedLoop
from bitebyte.simulation.plan import DiskOptions
from bitebyte.simulation.snapshot_store import (
    SimulatedReader,
    SimulatedStage,
    SnapshotArchive,
    meta_of,
    put_snapshot,
)

T = TypeVar("T")


class SimulatedDiskError(Exception):
    """The database reported a failed commit; what it really did, nobody knows."""


class DiskWatch(Protocol):
    """Who looks at what takes effect on a disk, right before it does."""

    def before_log_write(self, disk: Disk, append: StorageAppend, /) -> None:
        """Entries and hard state."""
        ...

    def before_install(self, disk: Disk, meta: SnapshotMeta, hard_state: HardState, /) -> None:
        """A snapshot in place of everything."""
        ...

    def before_flush(self, batch: FlushBatch, /) -> None:
        """Rows and the applied index."""
        ...


class DiskFaults:
    """What is wrong with one member's disk now. It outlives processes."""

    def __init__(self) -> None:
        self.stalled_until_s = 0.0
        self.writes_that_fail = 0


class DiskSession:
    """One process's way to its database: Log, StateStorage, EventArchive and SnapshotStore of the
    node. `watch` is told of what takes effect."""

    def __init__(
        self,
        disk: Disk,
        *,
        loop: SimulatedLoop,
        world: SimulatedLoop,
        options: DiskOptions,
        faults: DiskFaults,
        random: Random,
        archive: SnapshotArchive,
        watch: DiskWatch,
    ) -> None:
        self.disk = disk
        self._loop = loop
        self._world = world
        self._options = options
        self._faults = faults
        self._random = random
        self._archive = archive
        self._watch = watch
        self._stage: SimulatedStage | None = None
        self._under_way: dict[int, Callable[[], None]] = {}
        self._transaction_count = 0
        self._is_closed = False

    def crash(self) -> None:
        """The process died: what is under way takes effect now or never."""
        self._is_closed = True
        for commit in self._under_way.values():
            if self._random.random() < 0.5:
                commit()
        self._under_way.clear()

    # The log ---------------------------------------------------------------------------------

    async def append(self, appends: Sequence[StorageAppend]) -> None:
        appends = tuple(appends)

        def commit() -> None:
            for append in appends:
                self._watch.before_log_write(self.disk, append)
                self.disk.write_log(append)

        await self._transact(commit)

    async def fetch(self, low: int, high: int, bytes_max: int) -> Sequence[Entry]:
        def read() -> Sequence[Entry]:
            found: list[Entry] = []
            bytes_left = bytes_max
            for index in range(low, high):
                entry = self.disk.entry(index)
                if entry is None or (found and len(entry.data) > bytes_left):
                    break
                bytes_left -= len(entry.data)
                found.append(entry)
            return found

        return await self._read(read)

    async def compact(self, through_index: int) -> None:
        await self._transact(lambda: self.disk.compact(through_index))

    # The state -------------------------------------------------------------------------------

    async def load(self, keys: Collection[Key]) -> Mapping[Key, AnyEntity]:
        rows = self.disk.rows
        return await self._read(lambda: {key: rows[key] for key in keys if key in rows})

    async def flush(self, batch: FlushBatch) -> None:
        def commit() -> None:
            self._watch.before_flush(batch)
            self.disk.write_state(batch)

        await self._transact(commit)

    async def events_after(self, index: int, limit: int) -> Sequence[AppliedEntry]:
        return await self._read(
            lambda: [e for e in self.disk.applied if e.index > index and e.events][:limit]
        )

    async def oldest_event_index(self) -> int:
        applied = self.disk.applied
        return applied[0].index if applied else self.disk.applied_index + 1

    # Snapshots -------------------------------------------------------------------------------

    async def open_snapshot(self) -> SimulatedReader:
        return await self._read(
            lambda: SimulatedReader(
                meta_of(self.disk), self._archive.put(self.disk.rows), self._pause
            )
        )

    async def stage(self, meta: SnapshotMeta) -> SimulatedStage:
        await self._pause()
        self._stage = SimulatedStage(meta, self._pause)
        return self._stage

    async def install(self, meta: SnapshotMeta, hard_state: HardState) -> None:
        stage = self._stage
        assert stage is not None, "a snapshot is staged before it is installed"
        assert stage.meta == meta, "what is installed is what was staged"
        number = stage.number
        assert number is not None, "what is installed was staged completely"
        rows = self._archive.rows(number)

        def commit() -> None:
            self._watch.before_install(self.disk, meta, hard_state)
            put_snapshot(self.disk, meta, rows, hard_state)

        await self._transact(commit)

    async def _pause(self) -> None:
        await self._read(lambda: None)

    # Transactions ----------------------------------------------------------------------------

    async def _transact(self, commit: Callable[[], None]) -> None:
        options = self._options
        random = self._random
        delay_s = random.uniform(options.write_s_min, options.write_s_max)
        if options.slow_chance and random.random() < options.slow_chance:
            delay_s += random.random() * options.slow_s_max
        self._transaction_count += 1
        number = self._transaction_count
        self._under_way[number] = commit
        done = self._loop.create_future()
        self._world.call_at(self._due_s(delay_s), self._finish, number, done)
        await done

    def _due_s(self, delay_s: float) -> float:
        return max(self._world.time(), self._faults.stalled_until_s) + delay_s

    def _finish(self, number: int, done: Any) -> None:
        if self._is_closed:
            return
        now_s = self._world.time()
        if now_s < self._faults.stalled_until_s:
            self._world.call_at(self._due_s(0.001), self._finish, number, done)
            return
        commit = self._under_way.pop(number)
        if self._faults.writes_that_fail:
            self._faults.writes_that_fail -= 1
            if self._random.random() < 0.5:
                commit()
            if not done.done():
                done.set_exception(SimulatedDiskError("the commit failed"))
            return
        commit()
        if not done.done():
            done.set_result(None)

    async def _read(self, read: Callable[[], T]) -> T:
        # What is read is as of some moment between question and answer.
        is_early = self._random.random() < 0.5
        early = read() if is_early else None
        done = self._loop.create_future()
        delay_s = self._random.random() * self._options.read_s_max

        def finish() -> None:
            if not self._is_closed and not done.done():
                done.set_result(early if is_early else read())

        self._world.call_at(self._due_s(delay_s), finish)
        return await done
