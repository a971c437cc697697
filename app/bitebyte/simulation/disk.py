"""Simulated databases: what is on them survives, what was not committed does not.

A `Disk` is what a power cut leaves behind. A `DiskSession` is the connection of one process to
it and implements the ports of the node. A transaction takes a while and then takes effect as a
whole; its answer comes after that. If the process dies in between, the transaction under way
took effect or did not, by chance.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import groupby
from random import Random
from typing import Any, TypeVar

from bitebyte.domain.codec import EMPTY_STATE_HASH
from bitebyte.domain.entities import AnyEntity, IdempotencyRecord, Key
from bitebyte.raft.confchange import apply_change, decode_change
from bitebyte.raft.errors import ConfChangeRefused
from bitebyte.raft.messages import StorageAppend
from bitebyte.raft.types import ConfState, Entry, EntryKind, HardState, TermRun
from bitebyte.repository.types import AppliedEntry, FlushBatch, StoredLog
from bitebyte.simulation.loop import SimulatedLoop
from bitebyte.simulation.plan import DiskOptions

T = TypeVar("T")


class SimulatedDiskError(Exception):
    """The database reported a failed commit; what it really did, nobody knows."""


def conf_state_after(conf_state: ConfState, entry: Entry) -> ConfState:
    """The configuration once that entry is applied."""
    if entry.kind != EntryKind.CONF_CHANGE:
        return conf_state
    try:
        return apply_change(conf_state, decode_change(entry.data))
    except ConfChangeRefused:
        return conf_state


class Disk:
    """The content of one member's database."""

    def __init__(self, conf_state: ConfState) -> None:
        self.hard_state = HardState()
        self.conf_state = conf_state
        self.first_index = 1
        self.boundary_term = 0
        """Of the entry before `first_index`."""
        self.entries: list[Entry] = []
        self.rows: dict[Key, AnyEntity] = {}
        self.applied: list[AppliedEntry] = []
        self.applied_index = 0
        self.state_hash = EMPTY_STATE_HASH
        self.log_time_ms = 0

    @property
    def last_index(self) -> int:
        """Of the newest stored entry, or of what was compacted."""
        return self.first_index + len(self.entries) - 1

    def has(self, index: int, term: int) -> bool:
        """Whether that entry is stored, or compacted away after it was."""
        if index < self.first_index:
            return True
        return index <= self.last_index and self.entries[index - self.first_index].term == term

    def entry(self, index: int) -> Entry | None:
        """The stored entry at `index`."""
        place = index - self.first_index
        return self.entries[place] if 0 <= place < len(self.entries) else None

    def load(self) -> StoredLog:
        """What a starting process finds."""
        last_index = self.last_index
        runs = [
            TermRun(next(iter(group)).index, term)
            for term, group in groupby(self.entries, key=lambda entry: entry.term)
        ]
        if self.first_index > 1:
            if runs and runs[0].term == self.boundary_term:
                runs[0] = TermRun(self.first_index - 1, self.boundary_term)
            else:
                runs.insert(0, TermRun(self.first_index - 1, self.boundary_term))
        stored = self.hard_state
        commit = max(min(stored.commit, last_index), self.applied_index)
        return StoredLog(
            hard_state=HardState(stored.term, stored.vote, commit, stored.has_lost_log),
            conf_state=self.conf_state,
            first_index=self.first_index,
            last_index=last_index,
            term_runs=tuple(runs),
            entries=tuple(self.entries[max(0, self.applied_index + 1 - self.first_index) :]),
            applied_index=self.applied_index,
            state_hash=self.state_hash,
            log_time_ms=self.log_time_ms,
        )

    def write_log(self, append: StorageAppend) -> None:
        """Entries and hard state."""
        if append.entries:
            place = append.entries[0].index - self.first_index
            assert 0 <= place <= len(self.entries), "a write leaves a gap in the stored log"
            del self.entries[place:]
            self.entries.extend(append.entries)
        if append.hard_state is not None:
            self.hard_state = append.hard_state

    def write_state(self, batch: FlushBatch) -> None:
        """Rows, applied entries and the applied index."""
        for row in batch.rows:
            self.rows[row.key] = row
        self.applied.extend(batch.applied)
        conf_state = self.conf_state
        for index in range(self.applied_index + 1, batch.applied_index + 1):
            entry = self.entry(index)
            if entry is not None:
                conf_state = conf_state_after(conf_state, entry)
        self.conf_state = conf_state if batch.conf_state is None else batch.conf_state
        self.applied_index = batch.applied_index
        self.state_hash = batch.state_hash
        self.log_time_ms = batch.log_time_ms

    def compact(self, through_index: int) -> None:
        """Forgets entries up to `through_index`."""
        through_index = min(through_index, self.last_index)
        if through_index < self.first_index:
            return
        self.boundary_term = self.entries[through_index - self.first_index].term
        del self.entries[: through_index + 1 - self.first_index]
        self.first_index = through_index + 1

    def idempotency_keys(self) -> list[tuple[str, ...]]:
        """The key parts of all idempotency records."""
        return [key.parts for key in self.rows if key.kind == IdempotencyRecord.KIND]


class DiskFaults:
    """What is wrong with one member's disk now. It outlives processes."""

    def __init__(self) -> None:
        self.stalled_until_s = 0.0
        self.writes_that_fail = 0


class DiskSession:
    """One process's way to its database: Log, StateStorage and EventArchive of the node.

    `before_log_write(disk, append)` and `on_flushed(batch)` are told of what takes effect.
    """

    def __init__(
        self,
        disk: Disk,
        *,
        loop: SimulatedLoop,
        world: SimulatedLoop,
        options: DiskOptions,
        faults: DiskFaults,
        random: Random,
        before_log_write: Callable[[Disk, StorageAppend], None],
        on_flushed: Callable[[FlushBatch], None],
    ) -> None:
        self.disk = disk
        self._loop = loop
        self._world = world
        self._options = options
        self._faults = faults
        self._random = random
        self._before_log_write = before_log_write
        self._on_flushed = on_flushed
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
                self._before_log_write(self.disk, append)
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
            self.disk.write_state(batch)
            self._on_flushed(batch)

        await self._transact(commit)

    async def events_after(self, index: int, limit: int) -> Sequence[AppliedEntry]:
        return await self._read(
            lambda: [e for e in self.disk.applied if e.index > index and e.events][:limit]
        )

    async def oldest_event_index(self) -> int:
        applied = self.disk.applied
        return applied[0].index if applied else self.disk.applied_index + 1

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
