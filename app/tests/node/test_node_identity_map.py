"""The rows in memory always agree with the database plus what is not flushed yet."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bitebyte.domain.entities import BarMember, IdempotencyRecord, Key
from bitebyte.domain.view import NotLoaded
from bitebyte.node.identity_map import IdentityMap, LoadTicket
from bitebyte.node.seen_keys import SeenKeys

NAMES = [f"row-{n}" for n in range(6)]


def key_of(name: str) -> Key:
    return Key("bar_member", ("bar", name))


class IdentityMapAgainstADatabase(RuleBasedStateMachine):
    """A database, reads of it that take their time, changes, flushes, and very little memory."""

    def __init__(self) -> None:
        super().__init__()
        self.rows = IdentityMap(rows_per_kind_max={}, rows_per_other_kind_max=2)
        self.truth: dict[Key, BarMember] = {}
        self.database: dict[Key, BarMember] = {}
        self.reads: list[tuple[LoadTicket, dict[Key, BarMember]]] = []
        self.flush: dict[Key, BarMember] | None = None
        self.version = 0

    @rule(names=st.sets(st.sampled_from(NAMES), min_size=1))
    def begin_read(self, names: set[str]) -> None:
        keys = frozenset(key_of(name) for name in names)
        missing = frozenset(key for key in keys if not self.rows.is_loaded(key))
        if missing:
            snapshot = {key: self.database[key] for key in missing if key in self.database}
            self.reads.append((self.rows.begin_load(missing), snapshot))

    @precondition(lambda self: self.reads)
    @rule(data=st.data())
    def end_read(self, data: st.DataObject) -> None:
        ticket, snapshot = self.reads.pop(data.draw(st.integers(0, len(self.reads) - 1)))
        self.rows.end_load(ticket, snapshot)

    @rule(name=st.sampled_from(NAMES))
    def change(self, name: str) -> None:
        self.version += 1
        row = BarMember("bar", name, f"role-{self.version}")
        self.truth[row.key] = row
        self.rows.put_changes((row,))

    @precondition(lambda self: self.flush is None and self.rows.has_dirty)
    @rule()
    def begin_flush(self) -> None:
        self.flush = {row.key: row for row in self.rows.begin_flush()}  # pyright: ignore

    @precondition(lambda self: self.flush is not None)
    @rule()
    def end_flush(self) -> None:
        assert self.flush is not None
        self.database.update(self.flush)
        self.rows.end_flush()
        self.flush = None

    @invariant()
    def what_is_in_memory_is_the_newest(self) -> None:
        for name in NAMES:
            key = key_of(name)
            try:
                row = self.rows.get(key)
            except NotLoaded:
                # Then the database must be able to answer.
                assert self.database.get(key) == self.truth.get(key)
                continue
            assert row == self.truth.get(key)


TestIdentityMap = IdentityMapAgainstADatabase.TestCase


def test_clean_rows_beyond_the_bound_leave_memory_and_changed_ones_stay() -> None:
    rows = IdentityMap(rows_per_kind_max={}, rows_per_other_kind_max=2)
    rows.put_changes([BarMember("bar", f"{n}", "owner") for n in range(5)])
    rows.begin_flush()
    rows.put_changes([BarMember("bar", "0", "newer")])
    rows.end_flush()
    in_memory = [n for n in range(5) if rows.is_loaded(Key("bar_member", ("bar", f"{n}")))]
    assert in_memory == [0, 4]


def test_a_key_that_was_never_used_is_known_to_be_new_without_the_database() -> None:
    seen_keys = SeenKeys()
    seen_keys.add(("ada", "old"))
    rows = IdentityMap(rows_per_kind_max={}, rows_per_other_kind_max=1, seen_keys=seen_keys)
    assert rows.get(Key("idempotency", ("ada", "new"))) is None
    with pytest.raises(NotLoaded):
        rows.get(Key("idempotency", ("ada", "old")))
    with pytest.raises(NotLoaded):
        rows.get(Key("account", ("ada",)))
    used = [IdempotencyRecord("ada", f"{n}", "hash", b"", 0) for n in range(3)]
    rows.put_changes(used)
    rows.begin_flush()
    rows.end_flush()
    # Those that left memory must be looked up: they are in the database.
    with pytest.raises(NotLoaded):
        rows.get(used[0].key)
    assert rows.get(used[2].key) == used[2]


@given(st.sets(st.tuples(st.text(), st.text()), max_size=50))
def test_a_key_that_was_added_is_never_called_new(keys: set[tuple[str, str]]) -> None:
    seen_keys = SeenKeys()
    for key in keys:
        seen_keys.add(key)
    assert all(seen_keys.may_hold(key) for key in keys)


def test_few_new_keys_are_taken_for_used_ones() -> None:
    seen_keys = SeenKeys()
    for n in range(100_000):
        seen_keys.add(("ada", f"{n}"))
    wrong = sum(seen_keys.may_hold(("bob", f"{n}")) for n in range(10_000))
    assert wrong < 10
