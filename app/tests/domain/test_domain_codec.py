"""Commands in the log, and the hash that proves replicas equal."""

from typing import get_args

import msgspec
import pytest
from bar_scene import BarScene, ColdView, takes
from hypothesis import given
from hypothesis import strategies as st

from bitebyte.domain import commands as c
from bitebyte.domain.apply import apply, needs
from bitebyte.domain.codec import (
    CodecError,
    MalformedCommand,
    UnknownCommand,
    decode_command,
    encode_changes,
    encode_command,
    next_state_hash,
)
from bitebyte.domain.entities import Account, AnyEntity, NameClaim, Session
from bitebyte.domain.reads import READS
from bitebyte.domain.results import Accepted, Applied, Refused, decode_result, encode_result
from bitebyte.domain.view import NotLoaded

START = bytes(32)


def test_every_command_has_a_tag_a_handler_and_its_reads() -> None:
    kinds = get_args(c.AnyCommand)
    assert set(READS) == set(kinds)
    tags = [kind.__struct_config__.tag for kind in kinds]
    assert len(set(tags)) == len(tags)


def test_a_command_of_a_newer_program_is_named() -> None:
    data = msgspec.msgpack.encode({"c": "brew_coffee", "id": "x", "at_ms": 1})
    with pytest.raises(UnknownCommand, match="brew_coffee"):
        decode_command(data)


@pytest.mark.parametrize(
    "data",
    [b"", b"\xc1", b"\x01", msgspec.msgpack.encode({"c": "place_order"}),
     msgspec.msgpack.encode({"c": 5}), msgspec.msgpack.encode({"id": "x"}),
     encode_command(c.EndSession(id="x", at_ms=1, token_hash="y"))[:-1]],
)  # fmt: skip
def test_bytes_that_are_no_command_are_refused(data: bytes) -> None:
    with pytest.raises(MalformedCommand):
        decode_command(data)


def test_a_field_that_this_program_does_not_know_is_dropped() -> None:
    command = c.EndSession(id="x", at_ms=1, token_hash="y")
    fields = msgspec.msgpack.decode(encode_command(command)) | {"flavour": "mint"}
    assert decode_command(msgspec.msgpack.encode(fields)) == command


@given(st.binary(max_size=100))
def test_no_bytes_make_the_decoder_fail_otherwise(data: bytes) -> None:
    try:
        decode_command(data)
    except CodecError:
        return


def test_results_read_back() -> None:
    session = Session("a" * 64, "b", 1, 2)
    for result in (
        Accepted(session=session),
        Accepted(session=session, is_replay=True),
        Refused("code", "detail", current_version=3),
    ):
        assert decode_result(encode_result(result)) == result


account = Account("a", "e", "d", "customer", "h", "en", "ml", 1)
claim = NameClaim("email", "e", "a")


@pytest.mark.parametrize(
    "other",
    [
        next_state_hash(START, 2, Applied(Accepted(), (account,))),
        next_state_hash(bytes(31) + b"\1", 1, Applied(Accepted(), (account,))),
        next_state_hash(START, 1, Applied(Accepted(), (account, claim))),
        next_state_hash(START, 1, Applied(Accepted())),
        next_state_hash(START, 1, Applied(Refused("a", "b"), (account,))),
    ],
)
def test_the_hash_depends_on_all_that_an_entry_did(other: bytes) -> None:
    assert next_state_hash(START, 1, Applied(Accepted(), (account,))) != other
    assert len(other) == 32


def test_rows_of_different_kinds_never_look_alike() -> None:
    class Twin(NameClaim, frozen=True, array_like=True):
        KIND = "twin"

    twin: AnyEntity = Twin("email", "e", "a")
    assert encode_changes((claim,), ()) != encode_changes((twin,), ())


def test_the_bytes_of_known_rows_never_change() -> None:
    """The hash is compared between versions of this program, so its input is a format."""
    assert (
        encode_changes((claim,), ()).hex() == "9391aa6e616d655f636c61696d9193a5656d61696ca165a16190"
    )


def test_apply_names_all_rows_that_it_is_known_to_lack() -> None:
    scene = BarScene()
    gin = scene.ingredient("Gin", "700")
    product = scene.product(takes(gin, "60"))
    command = scene.placing((product, 1))
    view = ColdView(scene.state)
    with pytest.raises(NotLoaded) as raised:
        apply(view, command, 1)
    assert {key.kind for key in raised.value.keys} == {"bar", "account", "idempotency", "product"}
    view.load(raised.value.keys)
    with pytest.raises(NotLoaded) as raised:
        apply(view, command, 1)
    assert [key.parts for key in raised.value.keys] == [(gin,)]
    assert needs(view, command) == raised.value.keys
    view.load(raised.value.keys)
    assert needs(view, command) == frozenset()
    assert isinstance(apply(view, command, 1).result, Accepted)
