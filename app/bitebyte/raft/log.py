"""The log as the core sees it: a window in memory over the log on disk.

    first_index        window_first                                         last_index
        |  on disk only     |  applied, cached  |  committed  |  uncommitted   |
                                            applied        committed
                            |          stable           | offered |  unstable  |

Entries enter at the right end and leave memory at the left, once they are applied and durable
and the cache is over its bound. `TermRun`s cover the whole log, so `term` never needs the disk.

Rules:
1. first_index - 1 <= applied <= applying <= min(committed, stable), committed <= last_index.
2. stable <= offered <= last_index: offered entries were handed to storage, stable ones are durable.
   While a snapshot is being installed: applied = applying = stable < first_index = its index + 1.
3. Nothing at or below `committed` is ever truncated.
4. A write that finishes late makes stable only what nothing has replaced since it was offered.
5. Of the changes of membership that are not applied, one at most is not committed: a leader
   appends the next only when it has applied the last.
"""

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from operator import attrgetter

from bitebyte.raft.confchange import decode_change
from bitebyte.raft.errors import ConfigError
from bitebyte.raft.types import Entry, EntryKind, Snapshot, TermRun

APPLIES_OUTSTANDING_MAX = 1024
"""Batches handed to the state machine and not yet reported. A report comes per batch, and with
one slow client a batch is one entry, so the bound that matters is the one on bytes."""

_kind_of = attrgetter("kind")


class RaftLog:
    """The log of one member. Indexes are those of the paper: they begin at 1 and have no gaps."""

    __slots__ = (
        "_applies",
        "_applying_bytes",
        "_bytes_before_window",
        "_bytes_through",
        "_entries",
        "_install_sequence",
        "_run_first",
        "_run_term",
        "_writes",
        "applied",
        "applying",
        "committed",
        "conf_changes",
        "first_index",
        "last_index",
        "offered",
        "snapshot",
        "stable",
        "window_first",
        "write_sequence",
    )

    def __init__(
        self,
        *,
        term_runs: Sequence[TermRun],
        first_index: int,
        last_index: int,
        entries: Sequence[Entry],
        applied_index: int,
        commit_index: int,
    ) -> None:
        _check_stored(term_runs, first_index, last_index, entries, applied_index)
        self.first_index = first_index
        self.last_index = last_index
        self.window_first = applied_index + 1
        self.applied = applied_index
        self.applying = applied_index
        """Newest index handed to the state machine."""
        self.committed = min(max(commit_index, applied_index), last_index)
        self.stable = last_index
        self.offered = last_index
        self.write_sequence = 0
        """Number of the newest write handed to storage."""
        self._run_first = [run.first_index for run in term_runs]
        self._run_term = [run.term for run in term_runs]
        self._entries = list(entries)
        self._bytes_before_window = 0
        self._bytes_through = list(accumulate(len(entry.data) for entry in entries))
        # Writes under way: [sequence, newest index that the write leaves as it is now].
        self._writes: deque[list[int]] = deque()
        # Batches at the state machine: (last index, payload bytes).
        self._applies: deque[tuple[int, int]] = deque()
        self._applying_bytes = 0
        self.snapshot: Snapshot | None = None
        """What replaces the stored log and state, until that is durable."""
        self._install_sequence = 0
        """Number of the write that carries the snapshot; 0 before it was handed to storage."""
        self.conf_changes: list[int] = []
        """Indexes of the changes of membership that are not applied, oldest first. Those that
        were appended as void are not among them."""
        self._note_conf_changes(entries)
        if len(self.conf_changes) > 1:
            # Rule 5, whatever the stored hint says.
            self.committed = max(self.committed, self.conf_changes[-2])

    @property
    def last_term(self) -> int:
        return self._run_term[-1] if self._run_term else 0

    @property
    def is_write_in_flight(self) -> bool:
        return bool(self._writes)

    @property
    def is_apply_in_flight(self) -> bool:
        """Whether the state machine has not reported all that it was given."""
        return self.applied < self.applying

    @property
    def is_installing(self) -> bool:
        """Whether a snapshot replaces the log and is not durable yet."""
        return self.snapshot is not None

    @property
    def is_install_in_flight(self) -> bool:
        """Whether storage is at work on a snapshot, which it does alone."""
        return self._install_sequence != 0

    @property
    def unapplied_bytes(self) -> int:
        """Payload after `applied`, all of it in memory."""
        return self._bytes_at(self.last_index) - self._bytes_at(self.applied)

    @property
    def committed_unapplied_bytes(self) -> int:
        """Payload that the state machine could take, given time."""
        return self._bytes_at(self.committed) - self._bytes_at(self.applied)

    @property
    def cached_bytes(self) -> int:
        """Payload of the whole window."""
        return self._bytes_at(self.last_index) - self._bytes_before_window

    def term(self, index: int) -> int:
        """The term of the entry at `index`; 0 before the first. `index` is at most last_index."""
        assert index <= self.last_index, "term of an entry that does not exist"
        run_first = self._run_first
        if run_first and index >= run_first[-1]:
            return self._run_term[-1]
        run = bisect_right(run_first, index) - 1
        return self._run_term[run] if run >= 0 else 0

    def has(self, index: int, term: int) -> bool:
        """Whether the log holds that very entry (a term and an index name one, Log Matching)."""
        return index <= self.last_index and self.term(index) == term

    def is_up_to_date(self, last_index: int, last_term: int) -> bool:
        """Whether a log that ends so is at least as up-to-date as this one (paper §5.4.1)."""
        return (last_term, last_index) >= (self.last_term, self.last_index)

    def find_conflict_by_term(self, index: int, term: int) -> tuple[int, int]:
        """The newest (index, term) at or before `index` whose term is not above `term`.

        No entry after it and up to `index` can agree with a log that has `term` at `index`, so a
        probe may skip them all, whole terms at once.
        """
        index = min(index, self.last_index)
        while index >= self.first_index:
            run = bisect_right(self._run_first, index) - 1
            if self._run_term[run] <= term:
                return index, self._run_term[run]
            index = self._run_first[run] - 1
        index = min(index, self.first_index - 1)
        return index, self.term(index)

    def slice(self, low: int, bytes_max: int) -> tuple[Entry, ...]:
        """Entries from `low` on, as many as fit into `bytes_max`, but at least one if there is."""
        return self._slice(low, self.last_index, bytes_max)

    @property
    def pending_conf_index(self) -> int:
        """The newest change of membership that is not applied; 0 if there is none."""
        return self.conf_changes[-1] if self.conf_changes else 0

    @property
    def committed_conf_index(self) -> int:
        """The newest committed change of membership that is not applied; 0 if there is none."""
        return next((i for i in reversed(self.conf_changes) if i <= self.committed), 0)

    def payload_bytes(self, low: int, entries: Sequence[Entry]) -> int:
        """Payload of entries of this log from `low` on; looked up if they are in memory."""
        if low >= self.window_first:
            return self._bytes_at(low + len(entries) - 1) - self._bytes_at(low - 1)
        return sum(len(entry.data) for entry in entries)

    def append_new(self, term: int, payloads: Iterable[bytes]) -> None:
        """A leader appends entries of its own term."""
        start = self.last_index + 1
        self._extend([Entry(term, index, data) for index, data in enumerate(payloads, start)])

    def append_conf_change(self, term: int, data: bytes) -> None:
        """A leader appends a change of membership, encoded by `confchange`."""
        self.append([Entry(term, self.last_index + 1, data, EntryKind.CONF_CHANGE)])

    def append(self, entries: Sequence[Entry]) -> None:
        """Appends entries that follow last_index without a gap, terms never falling. Raises
        ConfChangeUnreadable when one says that it changes the membership and does not say how."""
        self._note_conf_changes(entries)
        self._extend(entries)

    def _note_conf_changes(self, entries: Sequence[Entry]) -> None:
        if any(map(_kind_of, entries)):
            self.conf_changes += [
                entry.index
                for entry in entries
                if entry.kind == EntryKind.CONF_CHANGE and not decode_change(entry.data).is_void
            ]

    def _extend(self, entries: Sequence[Entry]) -> None:
        if not entries:
            return
        assert entries[0].index == self.last_index + 1, "a gap in the log"
        assert entries[0].term >= self.last_term, "terms fall within the log"
        bytes_before = self._bytes_at(self.last_index)
        if entries[-1].term != self.last_term:
            for entry in entries:
                if entry.term != self.last_term:
                    self._run_first.append(entry.index)
                    self._run_term.append(entry.term)
        self._entries.extend(entries)
        sizes = accumulate([len(entry.data) for entry in entries], initial=bytes_before)
        next(sizes)
        self._bytes_through.extend(sizes)
        self.last_index = entries[-1].index

    def truncate_from(self, index: int) -> None:
        """Drops `index` and everything after it, because a leader has other entries there."""
        assert self.committed < index <= self.last_index, "truncation at or below the commit index"
        kept = index - self.window_first
        del self._entries[kept:]
        del self._bytes_through[kept:]
        while self._run_first and self._run_first[-1] >= index:
            self._run_first.pop()
            self._run_term.pop()
        self.last_index = index - 1
        self.stable = min(self.stable, index - 1)
        self.offered = min(self.offered, index - 1)
        for write in self._writes:
            write[1] = min(write[1], index - 1)
        while self.conf_changes and self.conf_changes[-1] >= index:
            self.conf_changes.pop()

    def restore(self, snapshot: Snapshot) -> None:
        """Replaces the log, which does not hold the snapshot's last entry, by the snapshot. It
        counts as applied only when the write that carries it is durable; writes that began before
        make nothing stable any more."""
        assert snapshot.index > self.committed, "a snapshot turns the log back"
        assert not self.is_apply_in_flight, "a snapshot overtakes the state machine"
        assert self.snapshot is None, "two snapshots at once"
        self.snapshot = snapshot
        self.first_index = snapshot.index + 1
        self.window_first = snapshot.index + 1
        self.last_index = self.committed = self.offered = snapshot.index
        self.stable = self.applied
        self._run_first = [snapshot.index]
        self._run_term = [snapshot.term]
        self._entries.clear()
        self._bytes_through.clear()
        self._bytes_before_window = 0
        self.conf_changes.clear()
        for write in self._writes:
            write[1] = 0

    def compact(self, through_index: int) -> None:
        """Forgets everything up to `through_index`, which is applied, but the term there."""
        assert through_index <= self.applied, "what is not applied is compacted"
        if through_index < self.first_index:
            return
        passed = bisect_right(self._run_first, through_index) - 1
        del self._run_first[:passed]
        del self._run_term[:passed]
        self.first_index = through_index + 1
        self._drop_from_memory(through_index - self.window_first + 1)

    def has_unoffered(self) -> bool:
        return self.offered < self.last_index or (
            self.snapshot is not None and not self._install_sequence
        )

    def start_write(self) -> tuple[Entry, ...]:
        """Hands out what storage has not been given yet, and numbers the write. It carries the
        snapshot too if there is one; then nothing may be written until that is durable."""
        assert not self.is_install_in_flight, "a write beside the installation of a snapshot"
        entries = tuple(self._entries[self.offered + 1 - self.window_first :])
        self.offered = self.last_index
        self.write_sequence += 1
        self._writes.append([self.write_sequence, self.last_index])
        if self.snapshot is not None:
            self._install_sequence = self.write_sequence
        return entries

    def finish_writes(self, sequence: int) -> Snapshot | None:
        """The write of that number, and with it all earlier ones, are durable. Returns the
        snapshot that is installed by it."""
        while self._writes and self._writes[0][0] <= sequence:
            self.stable = max(self.stable, self._writes.popleft()[1])
        if not 0 < self._install_sequence <= sequence:
            return None
        installed = self.snapshot
        assert installed is not None
        self.snapshot = None
        self._install_sequence = 0
        self.applied = self.applying = installed.index
        return installed

    def commit_to(self, index: int) -> bool:
        """Raises the commit index; never lowers it. Says whether it moved."""
        if index <= self.committed:
            return False
        assert index <= self.last_index, "commit index beyond the log"
        self.committed = index
        return True

    def has_appliable(self, bytes_max: int) -> bool:
        """Whether committed and locally durable entries wait, and the state machine has room. While
        a snapshot is installed nothing counts as durable."""
        return (
            self.applying < min(self.committed, self.stable)
            and self._applying_bytes < 2 * bytes_max
            and len(self._applies) < APPLIES_OUTSTANDING_MAX
        )

    def start_apply(self, bytes_max: int) -> tuple[Entry, ...]:
        """Hands the next batch to the state machine, each entry exactly once."""
        low = self.applying
        entries = self._slice(low + 1, min(self.committed, self.stable), bytes_max)
        self.applying = entries[-1].index
        batch_bytes = self._bytes_at(self.applying) - self._bytes_at(low)
        self._applies.append((self.applying, batch_bytes))
        self._applying_bytes += batch_bytes
        return entries

    def finish_apply(self, index: int) -> list[Entry]:
        """The state machine has applied everything up to `index`. Returns the changes of
        membership that are applied with it for the first time."""
        assert index <= self.applying, "applied what was never handed out"
        self.applied = max(self.applied, index)
        while self._applies and self._applies[0][0] <= index:
            self._applying_bytes -= self._applies.popleft()[1]
        changes: list[Entry] = []
        while self.conf_changes and self.conf_changes[0] <= self.applied:
            changes.append(self._entries[self.conf_changes.pop(0) - self.window_first])
        return changes

    def evict(self, bytes_max: int) -> None:
        """Drops the oldest applied and durable entries from memory while over `bytes_max`.

        It goes down to three quarters of the bound, so that the cost of moving the rest of the
        list is paid once in many calls.
        """
        if self.cached_bytes <= bytes_max:
            return
        bytes_kept = bytes_max * 3 // 4
        drop_through = self._bytes_at(self.last_index) - bytes_kept
        count = bisect_left(self._bytes_through, drop_through) + 1
        self._drop_from_memory(min(count, min(self.applied, self.stable) - self.window_first + 1))

    def _drop_from_memory(self, count: int) -> None:
        """The window begins `count` entries later."""
        if count <= 0:
            return
        self._bytes_before_window = self._bytes_through[count - 1]
        del self._entries[:count]
        del self._bytes_through[:count]
        self.window_first += count

    def check_invariants(self) -> None:
        """Rules 1, 2 and 5 of this module."""
        if self.snapshot is None:
            assert self.first_index - 1 <= self.applied <= self.applying, "applied out of order"
            assert self.applying <= min(self.committed, self.stable), "applied too early"
        else:
            assert self.applied == self.applying == self.stable, "something beside a snapshot"
            assert self.snapshot.index == self.first_index - 1 <= self.committed, "half a snapshot"
        assert self.committed <= self.last_index, "committed beyond the log"
        assert self.stable <= self.offered <= self.last_index, "stable beyond what was written"
        changes = self.conf_changes
        if changes:
            assert self.applied < changes[0], "an applied change of membership has no effect"
            assert changes[-1] <= self.last_index, "a change of membership beyond the log"
            assert len(changes) < 2 or changes[-2] <= self.committed, "two uncommitted changes"

    def _bytes_at(self, index: int) -> int:
        """Payload bytes up to `index`, counted from an arbitrary start before the window."""
        place = index - self.window_first
        return self._bytes_through[place] if place >= 0 else self._bytes_before_window

    def _slice(self, low: int, high: int, bytes_max: int) -> tuple[Entry, ...]:
        """Entries low..high (both included) within `bytes_max`, at least one of them."""
        start = low - self.window_first
        assert start >= 0, "entries that have left memory"
        end = high - self.window_first + 1
        if start >= end:
            return ()
        limit = self._bytes_at(low - 1) + bytes_max
        cut = bisect_right(self._bytes_through, limit, start, end)
        return tuple(self._entries[start : max(cut, start + 1)])


def _check_stored(
    term_runs: Sequence[TermRun],
    first_index: int,
    last_index: int,
    entries: Sequence[Entry],
    applied_index: int,
) -> None:
    """Raises ConfigError when what storage says of the log cannot be."""
    if not 1 <= first_index <= last_index + 1:
        raise ConfigError(f"first_index {first_index} does not fit last_index {last_index}")
    if not first_index - 1 <= applied_index <= last_index:
        raise ConfigError(
            f"applied_index {applied_index} is outside the stored log {first_index}..{last_index}"
        )
    expected = range(applied_index + 1, last_index + 1)
    if len(entries) != len(expected) or any(
        entry.index != index for entry, index in zip(entries, expected, strict=True)
    ):
        raise ConfigError(f"entries are not exactly {applied_index + 1}..{last_index}")
    # The entry before the first is compacted, but its term is needed.
    covered_from = max(first_index - 1, 1)
    if last_index >= covered_from and (not term_runs or term_runs[0].first_index > covered_from):
        raise ConfigError("term_runs do not cover the stored log")
    for earlier, later in pairwise(term_runs):
        if earlier.first_index >= later.first_index or earlier.term >= later.term:
            raise ConfigError("term_runs are not in rising order")
    if term_runs and term_runs[-1].first_index > last_index:
        raise ConfigError("term_runs go beyond last_index")
