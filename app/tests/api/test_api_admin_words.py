"""Entries of the log in words: everything decodes, and no secret leaves."""

from typing import get_args

import msgspec

from bitebyte.api.admin.comparison import Difference, Sight, differences, has_one_schema, state_of
from bitebyte.api.admin.log_words import LEFT_OUT, PERSONAL_FIELDS, describe_entry
from bitebyte.domain.commands import (
    AnyCommand,
    ChangeMembers,
    OpenSession,
    OrderLineInput,
    PlaceOrder,
    RegisterAccount,
)
from bitebyte.domain.roster import ClusterMember
from bitebyte.node.envelope import seal
from bitebyte.raft.confchange import encode_change
from bitebyte.raft.types import ChangeKind, ConfChange, Entry, EntryKind, SingleChange
from bitebyte.transport.frames import CheckpointReport

HASH = "argon2id-of-a-password"


def test_hashes_of_passwords_and_sessions_are_left_out() -> None:
    register = RegisterAccount(
        id="a",
        at_ms=1,
        email="mia@bar.example",
        display_name="Mia",
        role="customer",
        password_hash=HASH,
    )
    sign_in = OpenSession(
        id="b", at_ms=1, token_hash=HASH, expires_at_ms=2, verified_password_hash=HASH
    )
    for command, count in ((register, 1), (sign_in, 2)):
        entry = Entry(1, 7, seal(3, 1, command))
        shown = describe_entry(entry, commit_index=7, with_personal=True)
        assert shown["kind"] == "command"
        assert shown["origin"] == "3"
        assert HASH not in msgspec.json.encode(shown).decode()
        assert list(shown["fields"].values()).count(LEFT_OUT) == count


def test_what_people_say_is_told_only_if_it_is_asked_for() -> None:
    order = PlaceOrder(
        id="a",
        at_ms=1,
        bar_id="bar",
        lines=(OrderLineInput("negroni", 2, "for Mia at the window"),),
        idempotency_key="k",
        request_hash="h",
        business_day="2026-11-24",
    )
    entry = Entry(1, 7, seal(3, 1, order))
    line = {"product_id": "negroni", "quantity": 2, "note": LEFT_OUT}
    assert describe_entry(entry, commit_index=7)["fields"]["lines"] == [line]
    asked = describe_entry(entry, commit_index=7, with_personal=True)
    assert asked["fields"]["lines"] == [line | {"note": "for Mia at the window"}]


def test_every_text_in_every_command_was_looked_at_for_persons() -> None:
    """A new field that may hold a person's data must be seen by a person."""
    fields: set[str] = set()
    kinds: list[type] = [*get_args(AnyCommand)]
    while kinds:
        kind = kinds.pop()
        for field in msgspec.structs.fields(kind):
            parts = {field.type, *get_args(field.type)}
            kinds += [p for p in parts if isinstance(p, type) and issubclass(p, msgspec.Struct)]
            if str in parts:
                fields.add(field.name)
    harmless = [
        "id",
        "actor_id",
        "role",
        "password_hash",
        "locale",
        "units",
        "token_hash",
        "verified_password_hash",
        "name",
        "slug",
        "currency",
        "timezone",
        "bar_id",
        "unit",
        "base_unit",
        "tracking",
        "threshold_amount",
        "threshold_unit",
        "ingredient_id",
        "kind",
        "amount",
        "idempotency_key",
        "request_hash",
        "section",
        "description",
        "product_id",
        "status",
        "column",
        "message",
        "ingredient",
        "import_id",
        "business_day",
        "order_id",
        "to",
        "disposition",
        "alert_id",
        "peer_address",
    ]
    assert fields - PERSONAL_FIELDS == set(harmless)
    assert fields >= PERSONAL_FIELDS


def test_every_field_of_every_command_that_sounds_secret_is_a_known_one() -> None:
    """A new command with a new kind of secret must be looked at by a person."""
    fields = {
        name
        for kind in get_args(AnyCommand)
        for name in kind.__struct_fields__
        if any(word in name for word in ("hash", "password", "token", "secret", "key", "code"))
    }
    assert fields == {
        "password_hash",
        "token_hash",
        "verified_password_hash",
        "request_hash",  # of what was ordered, which is in the same command
        "idempotency_key",  # counts for the account that made it only
    }


def test_a_change_of_members_tells_its_parts_and_what_it_writes_down() -> None:
    command = ChangeMembers(
        id="c", at_ms=1, added=(ClusterMember(9, "node-9", "127.0.0.1:1", True),)
    )
    change = ConfChange((SingleChange(ChangeKind.ADD_LEARNER, 9),), context=seal(1, 1, command))
    entry = Entry(1, 8, encode_change(change), EntryKind.CONF_CHANGE)
    shown = describe_entry(entry, commit_index=7)
    assert (shown["kind"], shown["name"]) == ("members", "change_members")
    assert shown["fields"]["changes"] == [{"kind": "add_learner", "member_id": "9"}]
    assert "node-9" in str(shown["fields"]["added"])
    assert not shown["committed"]


def test_an_entry_that_cannot_be_read_is_told_as_such() -> None:
    for kind in EntryKind:
        shown = describe_entry(Entry(1, 1, b"\xc1nonsense", kind), commit_index=1)
        assert shown["kind"] == "unreadable"
        assert shown["fields"]["reason"]
    assert describe_entry(Entry(1, 1), commit_index=1)["kind"] == "no_op"


def sight(number: int, *, index: int = 5, **changes: object) -> Sight:
    report = CheckpointReport(index=index, state_hash="h", digests={"orders": "o", "bars": "b"})
    report = msgspec.structs.replace(report, **changes)
    return Sight(number, f"node-{number}", is_healthy=True, report=report)


def test_members_that_hold_the_same_do_not_differ() -> None:
    assert differences([sight(1), sight(2), sight(3)], 5) == ()


def test_the_member_and_the_kind_that_differ_are_named() -> None:
    other = sight(2, digests={"orders": "other", "bars": "b"})
    assert differences([sight(1), other, sight(3)], 5) == (
        Difference("orders", (("node-1", "node-3"), ("node-2",))),
    )
    assert differences([sight(1), sight(2, state_hash="x")], 5) == (
        Difference("history", (("node-1",), ("node-2",))),
    )


def test_rows_of_different_schemas_are_not_compared_and_histories_are() -> None:
    newer = sight(2, digests={"orders": "other", "bars": "b"}, schema_version=4)
    older = [sight(1, schema_version=3), sight(3, schema_version=3)]
    assert differences([newer, *older], 5) == ()
    assert not has_one_schema([newer, *older], 5)
    assert has_one_schema(older, 5)
    strayed = sight(2, state_hash="x", schema_version=4)
    assert differences([strayed, *older], 5) == (
        Difference("history", (("node-1", "node-3"), ("node-2",))),
    )


def test_reports_of_other_checkpoints_count_for_nothing() -> None:
    assert differences([sight(1), sight(2, index=4, state_hash="old")], 5) == ()
    assert state_of(sight(1, index=4), 5) == "waiting"
    assert state_of(sight(1, index=6), 5) == "passed"
    assert state_of(sight(1, digests=None), 5) == "computing"
    assert state_of(sight(1, error="disk"), 5) == "failed"
    assert state_of(Sight(1, "node-1", is_healthy=False, report=None), 5) == "unreachable"
