"""A disk for tests: a write is durable when the test says so, and a crash loses what is not."""

from collections import deque
from collections.abc import Sequence

from bitebyte.raft import (
    ConfChange,
    ConfChangeRefused,
    ConfState,
    Entry,
    EntryKind,
    HardState,
    RaftConfig,
    RandomSource,
    RawNode,
    Snapshot,
    TermRun,
)
from bitebyte.raft.confchange import apply_change, decode_change
from bitebyte.raft.messages import PeerMessage, StorageAppend, StorageAppendResp, StorageFetch


class MemoryDisk:
    """Log, hard state and applied state of one member. Writes to the log wait to become durable;
    what is applied is durable at once.

    `entries` begin at `first_index`; `base_term` is the term of the entry before it, which is
    compacted or came with a snapshot.
    """

    def __init__(self, conf_state: ConfState | None = None) -> None:
        self.hard_state = HardState()
        self.first_index = 1
        self.base_term = 0
        self.entries: list[Entry] = []
        self.applied_index = 0
        self.conf_state = conf_state or ConfState(())
        """The configuration as of `applied_index`."""
        self.pending: deque[StorageAppend] = deque()

    @property
    def last_index(self) -> int:
        return self.first_index - 1 + len(self.entries)

    def term(self, index: int) -> int:
        """Of an entry that is stored, or of the one before the first."""
        if index == self.first_index - 1:
            return self.base_term
        return self.entries[index - self.first_index].term

    def has(self, index: int, term: int) -> bool:
        return index < self.first_index or (index <= self.last_index and self.term(index) == term)

    # Writing.

    def submit(self, append: StorageAppend) -> None:
        self.pending.append(append)

    def finish_write(self) -> Sequence[PeerMessage | StorageAppendResp]:
        """Makes the oldest write durable; returns the responses that waited for it."""
        append = self.pending.popleft()
        if append.hard_state is not None:
            self._write_hard_state(append.hard_state)
        if append.snapshot is not None:
            self._install(append.snapshot)
        if append.entries:
            first_index = append.entries[0].index
            assert self.first_index <= first_index <= self.last_index + 1, "a gap in the stored log"
            assert first_index > self.applied_index, "an applied entry is replaced"
            del self.entries[first_index - self.first_index :]
            self.entries.extend(append.entries)
            assert self.entries[-1].index == self.last_index, "stored entries are not contiguous"
        return append.responses

    def _write_hard_state(self, new: HardState) -> None:
        old = self.hard_state
        assert new.term >= old.term, "the stored term falls"
        assert new.term > old.term or old.vote in (0, new.vote), "a second vote is stored"
        assert new.has_lost_log >= old.has_lost_log, "a lost log is forgotten"
        self.hard_state = new

    def _install(self, snapshot: Snapshot) -> None:
        assert snapshot.index > self.applied_index, "a snapshot turns the state back"
        self.first_index = snapshot.index + 1
        self.base_term = snapshot.term
        self.entries = []
        self.applied_index = snapshot.index
        self.conf_state = snapshot.conf_state

    def apply(self, entries: Sequence[Entry]) -> None:
        """What a driver's state machine does: it keeps the configuration of what is applied."""
        for entry in entries:
            assert entry.index == self.applied_index + 1, "a gap in what is applied"
            if entry.kind == EntryKind.CONF_CHANGE:
                self._apply_change(decode_change(entry.data))
            self.applied_index = entry.index

    def _apply_change(self, change: ConfChange) -> None:
        try:
            self.conf_state = apply_change(self.conf_state, change)
        except ConfChangeRefused:
            # Not possible from here, on no member: it has its place in the log and no effect.
            return

    def compact(self, through_index: int) -> None:
        """Forgets entries that the applied state reflects."""
        assert through_index <= self.applied_index, "what is not applied is compacted"
        if through_index >= self.first_index:
            self.base_term = self.term(through_index)
            del self.entries[: through_index - self.first_index + 1]
            self.first_index = through_index + 1

    # Losing.

    def crash(self) -> None:
        """Everything that is not durable is gone."""
        self.pending.clear()

    def lose_from(self, index: int) -> None:
        """The disk goes back to a time before `index` was written, though it was durable."""
        assert self.applied_index < index, "the state is younger than the log"
        del self.entries[max(index - self.first_index, 0) :]

    # Reading.

    def snapshot(self) -> Snapshot:
        """What the applied state amounts to."""
        index = self.applied_index
        return Snapshot(index, self.term(index), self.conf_state)

    def read(self, fetch: StorageFetch) -> tuple[Entry, ...]:
        """What a StorageFetch asks for, within its bounds; nothing if it is compacted."""
        if fetch.low < self.first_index:
            return ()
        found: list[Entry] = []
        size_bytes = 0
        first = self.first_index
        for entry in self.entries[fetch.low - first : fetch.high - first]:
            size_bytes += len(entry.data)
            if found and size_bytes > fetch.bytes_max:
                break
            found.append(entry)
        return tuple(found)

    def term_runs(self) -> list[TermRun]:
        runs: list[TermRun] = []
        if self.first_index > 1:
            runs.append(TermRun(self.first_index - 1, self.base_term))
        for entry in self.entries:
            if not runs or runs[-1].term != entry.term:
                runs.append(TermRun(entry.index, entry.term))
        return runs

    def start(
        self,
        config: RaftConfig,
        conf_state: ConfState | None = None,
        *,
        random: RandomSource,
        applied_index: int | None = None,
        node_class: type[RawNode] = RawNode,
    ) -> RawNode:
        """Starts a member from what is stored here, or as if only so much were applied."""
        if applied_index is None:
            applied_index = self.applied_index
        return node_class(
            config,
            hard_state=self.hard_state,
            conf_state=self.conf_state if conf_state is None else conf_state,
            term_runs=self.term_runs(),
            first_index=self.first_index,
            last_index=self.last_index,
            entries=self.entries[applied_index + 1 - self.first_index :],
            applied_index=applied_index,
            random=random,
        )
