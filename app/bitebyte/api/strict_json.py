"""JSON that leaves nothing to interpretation (RFC 8259 §4 and §9 allow a parser to be this strict).

Refused, beside what is no JSON at all: NaN and the infinities, a key twice in one object, NUL
and other control characters in any text, lone surrogates, numbers of absurd length, and nesting
deeper than 32. Everything after this module may take the value as it is.
"""

import json
from collections.abc import Iterator
from typing import Any, Final, NoReturn

from bitebyte.domain.results import FieldError
from bitebyte.service.errors import Denied

DEPTH_MAX: Final = 32
"""The deepest request of this API nests five levels."""

NUMBER_DIGITS_MAX: Final = 40
"""More than any bound of any field; Python's own limit for integers is 4,300 digits."""

ERRORS_MAX: Final = 20
"""Faults listed in one answer."""


class _DuplicateKeys(dict[str, Any]):
    """An object that named a key more than once."""

    repeated: str


def parse_json(body: bytes) -> Any:
    """The value in `body`.

    Raises Denied: `body_required`, `invalid_json` (400, with line and column), `json_too_deep`,
    or `validation_failed` with pointers to the fields at fault.
    """
    if not body.strip():
        raise Denied("body_required", "A JSON body is required.")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Denied("invalid_json", f"The body is not UTF-8 (byte {error.start}).") from None
    if text.startswith("\ufeff"):
        raise Denied("invalid_json", "The body must not begin with a byte order mark.")
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_refuse_constant,
            parse_int=_integer,
            parse_float=_decimal,
        )
    except json.JSONDecodeError as error:
        raise Denied(
            "invalid_json",
            f"The body is not JSON: {error.msg} (line {error.lineno}, column {error.colno}).",
        ) from None
    except RecursionError:
        raise _too_deep() from None
    faults = tuple(_faults(value))
    if faults:
        raise Denied("validation_failed", "The body has faults.", errors=faults)
    return value


def pointer_of(parts: "tuple[str | int, ...]") -> str:
    """A JSON pointer (RFC 6901)."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def is_clean_text(text: str) -> bool:
    """Whether `text` is free of control characters (line feed, return and tab are none of them
    here) and of lone surrogates. NUL would end the text in PostgreSQL, and a surrogate cannot be
    written at all."""
    if text.isascii() and text.isprintable():
        return True
    return not any(
        (character < " " and character not in "\n\r\t")
        or "\x7f" <= character < "\xa0"
        or "\ud800" <= character <= "\udfff"
        for character in text
    )


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    seen = set[str]()
    duplicated = _DuplicateKeys(found)
    for key, _ in pairs:
        if key in seen:
            duplicated.repeated = key
        seen.add(key)
    return duplicated


def _refuse_constant(name: str) -> NoReturn:
    raise Denied(
        "validation_failed",
        f"{name} is not a JSON number.",
        errors=(FieldError(pointer="", message=f"{name} is not allowed: no field takes it"),),
    )


def _integer(digits: str) -> int:
    if len(digits) > NUMBER_DIGITS_MAX:
        _refuse_number(digits)
    return int(digits)


def _decimal(digits: str) -> float:
    number = float(digits)
    if len(digits) > NUMBER_DIGITS_MAX or number in (float("inf"), float("-inf")):
        _refuse_number(digits)
    return number


def _refuse_number(digits: str) -> NoReturn:
    raise Denied(
        "validation_failed",
        "A number is out of range.",
        errors=(FieldError(pointer="", message=f"the number {digits[:12]}... is out of range"),),
    )


def _too_deep() -> Denied:
    return Denied("json_too_deep", f"The body nests deeper than {DEPTH_MAX} levels.")


def _faults(value: Any) -> Iterator[FieldError]:
    """What is wrong inside a parsed value; at most 20 faults."""
    found = 0
    stack: list[tuple[tuple[str | int, ...], Any]] = [((), value)]
    while stack and found < ERRORS_MAX:
        path, item = stack.pop()
        if len(path) > DEPTH_MAX:
            raise _too_deep()
        for message in _faults_of(item):
            found += 1
            yield FieldError(pointer=_shown(path), message=message)
        if isinstance(item, dict):
            stack.extend(((*path, key), part) for key, part in reversed(item.items()))
        elif isinstance(item, list):
            stack.extend(((*path, n), part) for n, part in reversed(tuple(enumerate(item))))


def _faults_of(item: Any) -> Iterator[str]:
    if isinstance(item, str) and not is_clean_text(item):
        yield "must not contain control characters or lone surrogates"
    elif isinstance(item, dict):
        if isinstance(item, _DuplicateKeys):
            yield f"has the field {_printable(item.repeated)} twice"
        if any(not is_clean_text(key) for key in item):
            yield "has a field whose name contains control characters or lone surrogates"


def _shown(path: tuple[str | int, ...]) -> str:
    return _printable(pointer_of(path))


def _printable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")[:200]
