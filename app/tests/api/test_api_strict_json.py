"""JSON that leaves nothing to interpretation."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitebyte.api.strict_json import DEPTH_MAX, is_clean_text, parse_json, pointer_of
from bitebyte.service.errors import Denied

PLAIN_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | PLAIN_TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(PLAIN_TEXT, inner),
    max_leaves=20,
)


@given(VALUES)
def test_plain_values_come_through_as_they_are(value: Any) -> None:
    assert parse_json(json.dumps(value).encode()) == value
    assert parse_json(json.dumps(value, ensure_ascii=False).encode()) == value


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_but_a_refusal(body: bytes) -> None:
    codes = {"body_required", "invalid_json", "json_too_deep", "validation_failed"}
    refused: Denied | None = None
    try:
        parse_json(body)
    except Denied as denied:
        refused = denied
    assert refused is None or refused.code in codes


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (b'{"a": {"b": 1, "b": 2}}', "/a"),
        (b'{"a": [0, {"x": 1, "x": 1}]}', "/a/1"),
        (b'{"a~/b": "\\u0000"}', "/a~0~1b"),
        (b'["ok", "\\ud800"]', "/1"),
        (b'{"a": "\\u009f"}', "/a"),
    ],
)
def test_a_fault_is_pointed_at(body: bytes, pointer: str) -> None:
    with pytest.raises(Denied) as refused:
        parse_json(body)
    assert [fault.pointer for fault in refused.value.errors] == [pointer]


def test_what_is_no_json_is_located_by_line_and_column() -> None:
    with pytest.raises(Denied, match=r"line 2, column 8") as refused:
        parse_json(b'{"a": 1,\n  "b": }')
    assert refused.value.code == "invalid_json"


def test_nesting_is_taken_up_to_its_bound() -> None:
    def nested(depth: int) -> bytes:
        return b"[" * depth + b"]" * depth

    parse_json(nested(DEPTH_MAX + 1))
    with pytest.raises(Denied, match="json_too_deep"):
        parse_json(nested(DEPTH_MAX + 2))
    with pytest.raises(Denied, match="json_too_deep"):
        parse_json(nested(200_000))


def test_line_breaks_and_tabs_are_clean_and_other_controls_are_not() -> None:
    assert is_clean_text("two\nlines\twith 🍸")
    for unclean in ("\x00", "\x1b[31m", "\x7f", "\x85", "\udfff"):
        assert not is_clean_text(unclean)


def test_pointers_escape_their_own_signs() -> None:
    assert pointer_of(("lines", 0, "a/b~c")) == "/lines/0/a~1b~0c"
