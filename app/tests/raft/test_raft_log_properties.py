"""The log window agrees with a model that keeps everything in plain lists.

The machine does what leaders and followers do to a log, in any order: append, truncate on a
conflict, write, finish writes late, commit, apply, evict. The model knows, entry by entry, what the
disk holds, so a late write that vouches for replaced entries is seen at once.
"""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bitebyte.raft import ConfigError, Entry, TermRun
from bitebyte.raft.log import RaftLog

sizes = st.lists(st.integers(0, 5), min_size=1, max_size=4)


class LogMachine(RuleBasedStateMachine):
    """`entries` is the whole log, `disk` what is stored, `pending` the writes under way."""

    def __init__(self) -> None:
        super().__init__()
        self.log = RaftLog(
            term_runs=(), first_index=1, last_index=0, entries=(), applied_index=0, commit_index=0
        )
        self.entries: list[Entry] = []
        self.disk: list[Entry] = []
        self.pending: list[tuple[int, tuple[Entry, ...]]] = []
        self.applied: list[Entry] = []
        self.term = 1

    @rule(payload_sizes=sizes)
    def lead(self, payload_sizes: list[int]) -> None:
        payloads = [b"x" * size for size in payload_sizes]
        first = len(self.entries) + 1
        self.entries += [Entry(self.term, first + i, data) for i, data in enumerate(payloads)]
        self.log.append_new(self.term, payloads)

    @rule()
    def enter_a_new_term(self) -> None:
        self.term += 1

    @precondition(lambda self: self.log.committed < len(self.entries))
    @rule(data=st.data())
    def replace_a_tail(self, data: st.DataObject) -> None:
        index = data.draw(st.integers(self.log.committed + 1, len(self.entries)))
        del self.entries[index - 1 :]
        self.log.truncate_from(index)

    @precondition(lambda self: self.log.has_unoffered())
    @rule()
    def start_a_write(self) -> None:
        written = self.log.start_write()
        self.pending.append((self.log.write_sequence, written))

    @precondition(lambda self: self.pending)
    @rule(data=st.data())
    def finish_writes(self, data: st.DataObject) -> None:
        count = data.draw(st.integers(1, len(self.pending)))
        for _sequence, written in self.pending[:count]:
            del self.disk[written[0].index - 1 :]
            self.disk += written
        self.log.finish_writes(self.pending[count - 1][0])
        del self.pending[:count]

    @rule(data=st.data())
    def commit(self, data: st.DataObject) -> None:
        index = data.draw(st.integers(0, len(self.entries)))
        assert self.log.commit_to(index) == (index > 0 and self.log.committed == index) or (
            index <= self.log.committed
        )

    @rule(bytes_max=st.integers(1, 12))
    def apply(self, bytes_max: int) -> None:
        if not self.log.has_appliable(bytes_max):
            return
        batch = self.log.start_apply(bytes_max)
        assert len(batch) == 1 or sum(len(entry.data) for entry in batch) <= bytes_max
        self.applied += batch

    @rule(data=st.data())
    def report_applied(self, data: st.DataObject) -> None:
        self.log.finish_apply(data.draw(st.integers(0, len(self.applied))))

    @rule(bytes_max=st.integers(0, 20))
    def evict(self, bytes_max: int) -> None:
        self.log.evict(bytes_max)
        window = self.entries[self.log.window_first - 1 :]
        over = sum(len(entry.data) for entry in window) > bytes_max
        oldest = self.log.window_first
        assert not over or oldest > min(self.log.applied, self.log.stable), "could have evicted"

    @invariant()
    def the_window_shows_the_log(self) -> None:
        low = self.log.window_first
        assert self.log.last_index == len(self.entries)
        assert self.log.slice(low, 10**6) == tuple(self.entries[low - 1 :])
        assert low <= self.log.applied + 1, "an entry left memory before it was applied"

    @invariant()
    def every_term_is_known(self) -> None:
        for entry in self.entries:
            assert self.log.term(entry.index) == entry.term
        assert self.log.last_term == (self.entries[-1].term if self.entries else 0)

    @invariant()
    def what_is_stable_is_on_the_disk(self) -> None:
        stable = self.log.stable
        assert self.disk[:stable] == self.entries[:stable]
        if not self.pending and not self.log.has_unoffered():
            assert stable == len(self.entries), "everything is written, but not known to be"

    @invariant()
    def only_durable_committed_entries_are_applied(self) -> None:
        assert self.applied == self.entries[: len(self.applied)]
        assert len(self.applied) <= min(self.log.committed, self.log.stable)
        self.log.check_invariants()

    @invariant()
    def bytes_are_counted(self) -> None:
        def size(entries: list[Entry]) -> int:
            return sum(len(entry.data) for entry in entries)

        assert self.log.unapplied_bytes == size(self.entries[self.log.applied :])
        assert self.log.committed_unapplied_bytes == size(
            self.entries[self.log.applied : self.log.committed]
        )

    @rule(data=st.data())
    def find_conflict_by_term(self, data: st.DataObject) -> None:
        index = data.draw(st.integers(0, len(self.entries) + 2))
        term = data.draw(st.integers(0, self.term + 1))
        fitting = [entry for entry in self.entries[:index] if entry.term <= term]
        expected = (fitting[-1].index, fitting[-1].term) if fitting else (0, 0)
        assert self.log.find_conflict_by_term(index, term) == expected

    @rule(data=st.data(), bytes_max=st.integers(1, 12))
    def slice_within_a_bound(self, data: st.DataObject, bytes_max: int) -> None:
        low = data.draw(st.integers(self.log.window_first, len(self.entries) + 1))
        found = self.log.slice(low, bytes_max)
        assert found == tuple(self.entries[low - 1 : low - 1 + len(found)])
        size = sum(len(entry.data) for entry in found)
        assert len(found) <= 1 or size <= bytes_max
        rest = self.entries[low - 1 + len(found) :]
        assert not rest or (found and size + len(rest[0].data) > bytes_max)


# Derandomized, so that a red run is the fault of the change at hand; raise max_examples to search.
LogMachine.TestCase.settings = settings(
    max_examples=80, stateful_step_count=40, deadline=None, derandomize=True
)
TestLogAgreesWithItsModel = LogMachine.TestCase


def stored_log(**changed: object) -> RaftLog:
    entries = [Entry(1, 1), Entry(1, 2), Entry(3, 3)]
    stored: dict[str, object] = {
        "term_runs": [TermRun(1, 1), TermRun(3, 3)],
        "first_index": 1,
        "last_index": 3,
        "entries": entries[1:],
        "applied_index": 1,
        "commit_index": 2,
    }
    return RaftLog(**{**stored, **changed})  # pyright: ignore[reportArgumentType]


def test_a_stored_log_is_taken_up_where_it_was_left() -> None:
    log = stored_log()
    assert (log.applied, log.committed, log.stable, log.last_index) == (1, 2, 3, 3)
    assert [log.term(index) for index in range(4)] == [0, 1, 1, 3]


def test_a_stored_commit_index_is_only_a_hint() -> None:
    assert stored_log(commit_index=9).committed == 3
    assert stored_log(commit_index=0).committed == 1


def test_a_stored_log_that_contradicts_itself_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match=r"entries are not exactly 2\.\.3"):
        stored_log(entries=[Entry(3, 3)])
    with pytest.raises(ConfigError, match="applied_index 7"):
        stored_log(applied_index=7)
    with pytest.raises(ConfigError, match="do not cover"):
        stored_log(term_runs=[TermRun(2, 1)])
    with pytest.raises(ConfigError, match="rising order"):
        stored_log(term_runs=[TermRun(1, 3), TermRun(2, 1)])
    with pytest.raises(ConfigError, match="beyond last_index"):
        stored_log(term_runs=[TermRun(1, 1), TermRun(4, 3)])
    with pytest.raises(ConfigError, match="first_index 9"):
        stored_log(first_index=9)
