"""Simulated databases: what a power cut leaves behind of each."""

from itertools import groupby

from bitebyte.domain.codec import EMPTY_STATE_HASH
from bitebyte.domain.entities import AnyEntity, IdempotencyRecord, Key
from bitebyte.raft.confchange import apply_change, decode_change
from bitebyte.raft.errors import ConfChangeRefused
from bitebyte.raft.messages import StorageAppend
from bitebyte.raft.types import ConfChange, ConfState, Entry, EntryKind, HardState, TermRun
from bitebyte.repository.types import AppliedEntry, FlushBatch, StoredLog


def conf_state_after(conf_state: ConfState, entry: Entry) -> ConfState:
    """The configuration once that entry is applied."""
    if entry.kind != EntryKind.CONF_CHANGE:
        return conf_state
    return changed_by(conf_state, decode_change(entry.data))


def changed_by(conf_state: ConfState, change: ConfChange) -> ConfState:
    """The configuration after that change; the same if it is not possible from here."""
    try:
        return apply_change(conf_state, change)
    except ConfChangeRefused:
        return conf_state


class Disk:
    """The content of one member's database."""

    def __init__(self, conf_state: ConfState | None = None) -> None:
        """Bootstrapped with a configuration, which lies behind a boundary at index 1, or without
        one: then it is the empty database of a member that waits to be added."""
        self.hard_state = HardState()
        self.conf_state = ConfState(voters=())
        self.first_index = 1
        self.boundary_term = 0
        """Of the entry before `first_index`."""
        self.entries: list[Entry] = []
        self.rows: dict[Key, AnyEntity] = {}
        self.applied: list[AppliedEntry] = []
        self.applied_index = 0
        self.state_hash = EMPTY_STATE_HASH
        self.log_time_ms = 0
        if conf_state is not None:
            self.conf_state = conf_state
            self.hard_state = HardState(term=1, commit=1)
            self.first_index, self.boundary_term, self.applied_index = 2, 1, 1

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
        if batch.conf_state is not None:
            self.conf_state = batch.conf_state
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

    def forget_after(self, index: int) -> None:
        """What a disk does that lied about fsync: entries after `index` were never there."""
        del self.entries[index + 1 - self.first_index :]

    def idempotency_keys(self) -> list[tuple[str, ...]]:
        """The key parts of all idempotency records."""
        return [key.parts for key in self.rows if key.kind == IdempotencyRecord.KIND]
