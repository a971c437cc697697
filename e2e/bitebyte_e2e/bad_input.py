"""Requests that no server may accept, made from requests that it does accept. Pure.

Each mutation changes one thing in a good body, so that whatever is refused is refused for that.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

NUL_TEXT = "gin\x00tonic"
LONE_SURROGATE = "\ud800"
LONG_TEXT = "x" * 20_000
HUGE = 10**30
UNKNOWN_ID = "01900000-0000-7000-8000-000000000000"
BODY_BYTES_OVER_LIMIT = 2 * 1024 * 1024 + 4096

BAD_AMOUNTS = (
    "",
    "NaN",
    "Infinity",
    "-Infinity",
    "1e5",
    "0x10",
    "1,5",
    "٣",
    "9" * 40,
    "1 000",
    "1..2",
)
BAD_EMAILS = ("", "x", "@", "a@", "a b@c.example", "a@b@c.example", "x" * 300 + "@c.example")


@dataclass(frozen=True)
class BadBody:
    """A body and why it must be refused."""

    why: str
    content: bytes
    content_type: str = "application/json"


def broken_bodies(good: dict[str, Any]) -> Iterator[BadBody]:
    """Bodies that are no JSON object of the known fields at all."""
    text = json.dumps(good)
    first = next(iter(good))
    yield BadBody("no body", b"")
    yield BadBody("null", b"null")
    yield BadBody("a list", b"[]")
    yield BadBody("a text", b'"gin"')
    yield BadBody("cut off", text[:-1].encode())
    yield BadBody("two values", (text + text).encode())
    yield BadBody("not UTF-8", b'{"\xff\xfe": 1}')
    yield BadBody("a byte order mark in UTF-16", text.encode("utf-16"))
    yield BadBody("an unknown field", json.dumps(good | {"is_admin": True}).encode())
    yield BadBody("a field twice", f"{{{json.dumps(first)}: 1, {text[1:]}".encode())
    yield BadBody("nested too deep", b'{"a":' * 5_000 + b"1" + b"}" * 5_000)
    yield BadBody("NaN", f"{{{json.dumps(first)}: NaN}}".encode())
    yield BadBody("Infinity", f"{{{json.dumps(first)}: Infinity}}".encode())
    yield BadBody("a number beyond floats", f"{{{json.dumps(first)}: 1e999}}".encode())
    yield BadBody("a number of 5,000 digits", f"{{{json.dumps(first)}: {'9' * 5000}}}".encode())
    yield BadBody("too large", b" " * BODY_BYTES_OVER_LIMIT)
    yield BadBody("XML", b"<order/>", "application/xml")
    yield BadBody("a form", b"a=1&b=2", "application/x-www-form-urlencoded")


def bad_fields(good: dict[str, Any]) -> Iterator[BadBody]:
    """The good body with one value, at any depth, that its field cannot have."""
    for path, value in _leaves(good):
        for bad in _bad_values(path[-1], value):
            where = "/".join(str(part) for part in path)
            body = _replaced(good, path, bad)
            yield BadBody(f"{where} = {repr(bad)[:40]}", json.dumps(body).encode())


def missing_fields(good: dict[str, Any], optional: frozenset[str]) -> Iterator[BadBody]:
    """The good body without one of the fields that it needs."""
    for name in good:
        if name not in optional:
            body = {key: value for key, value in good.items() if key != name}
            yield BadBody(f"without {name}", json.dumps(body).encode())


Path = tuple[str | int, ...]


def _leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every value below the top, containers included."""
    if path:
        yield path, value
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, (*path, name))
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from _leaves(inner, (*path, position))


def _bad_values(name: str | int, value: Any) -> tuple[Any, ...]:
    if isinstance(value, bool):
        return ("true", 1, [], {})
    if isinstance(value, int):
        return ("1", True, 1.5, -1, HUGE, -HUGE, None, [], {})
    if isinstance(value, str):
        more: tuple[Any, ...] = ()
        if name == "amount":
            more = BAD_AMOUNTS
        elif name == "email":
            more = BAD_EMAILS
        elif str(name).endswith("_id"):
            more = ("", "1", "../../etc", UNKNOWN_ID, "'; DROP TABLE bar; --")
        elif name in {"unit", "kind", "role", "tracking", "currency", "timezone", "to"}:
            more = ("", "parsec", "ml ", "MERCHANT", "owner")
        return (1, True, [], {}, NUL_TEXT, LONE_SURROGATE, LONG_TEXT, *more)
    if isinstance(value, list):
        return ({}, "x", 1, [None], [1], [[]])
    return ([], "x", 1)


def _replaced(value: Any, path: Path, new: Any) -> Any:
    if not path:
        return new
    if isinstance(value, dict):
        return {
            name: _replaced(inner, path[1:], new) if name == path[0] else inner
            for name, inner in value.items()
        }
    return [
        _replaced(inner, path[1:], new) if position == path[0] else inner
        for position, inner in enumerate(value)
    ]
