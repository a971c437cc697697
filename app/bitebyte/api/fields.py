"""Types of the fields that come in. Strict: `true` is not 1, "1" is not 1, 1.0 is not 1.

Validators raise ValueError with a text that follows the field's name ("must ...").
"""

from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from bitebyte.domain.currencies import is_currency
from bitebyte.domain.ids import is_id
from bitebyte.domain.limits import (
    DESCRIPTION_LENGTH_MAX,
    NAME_LENGTH_MAX,
    ORDER_NOTE_LENGTH_MAX,
    PRICE_MINOR_MAX,
    REASON_LENGTH_MAX,
    SECTION_LENGTH_MAX,
)
from bitebyte.domain.names import clean_email, clean_slug, clean_text

INPUT_CHARACTERS_MAX: Final = 10_000
"""Longer text is refused before anything walks through it."""

EMAIL_LENGTH_MAX: Final = 254
"""RFC 5321 §4.5.3.1.3, less the angle brackets."""


class RequestModel(BaseModel):
    """Base of request bodies: unknown fields are refused, nothing is converted."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


def _check_id(text: str) -> str:
    if not is_id(text):
        raise ValueError("must be an id: a UUID in lower case")
    return text


def _name(text: str) -> str:
    return clean_text(text, length_max=NAME_LENGTH_MAX)


def _section(text: str) -> str:
    return clean_text(text, length_max=SECTION_LENGTH_MAX)


def _description(text: str) -> str:
    return clean_text(
        text, length_max=DESCRIPTION_LENGTH_MAX, is_empty_allowed=True, allows_newlines=True
    )


def _note(text: str) -> str:
    # "" is no note; a note of nothing but spaces is a mistake.
    if text == "":
        return text
    return clean_text(text, length_max=ORDER_NOTE_LENGTH_MAX)


def _reason(text: str) -> str:
    if text == "":
        return text
    return clean_text(text, length_max=REASON_LENGTH_MAX)


def _timezone(text: str) -> str:
    # ZoneInfo turns names into paths: bound the alphabet before it sees one.
    is_plain = text.isascii() and all(c.isalnum() or c in "_+-/" for c in text)
    try:
        if not is_plain or text in {"", "localtime"} or text.startswith(("/", "posix", "right")):
            raise ZoneInfoNotFoundError(text)
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(
            "must be a time zone of the IANA database, for example `Europe/Paris`"
        ) from None
    return text


def _currency(text: str) -> str:
    if not is_currency(text):
        raise ValueError("must be an ISO 4217 code of a currency in use, for example `EUR`")
    return text


def _password(text: str) -> str:
    if any(ord(character) < 32 or 0x7F <= ord(character) < 0xA0 for character in text):
        raise ValueError("must not contain control characters")
    return text


def _bounded(characters_max: int) -> Any:
    """Documents the bound that counts after cleaning; refuses at once what is out of all bounds."""
    return Field(max_length=INPUT_CHARACTERS_MAX, json_schema_extra={"maxLength": characters_max})


Id = Annotated[
    str,
    AfterValidator(_check_id),
    Field(max_length=36, json_schema_extra={"format": "uuid"}),
]
Name = Annotated[str, _bounded(NAME_LENGTH_MAX), AfterValidator(_name)]
Section = Annotated[str, _bounded(SECTION_LENGTH_MAX), AfterValidator(_section)]
Description = Annotated[str, _bounded(DESCRIPTION_LENGTH_MAX), AfterValidator(_description)]
Note = Annotated[str, _bounded(ORDER_NOTE_LENGTH_MAX), AfterValidator(_note)]
Reason = Annotated[str, _bounded(REASON_LENGTH_MAX), AfterValidator(_reason)]
Email = Annotated[
    str,
    Field(
        max_length=INPUT_CHARACTERS_MAX,
        json_schema_extra={"format": "email", "maxLength": EMAIL_LENGTH_MAX},
    ),
    AfterValidator(clean_email),
]
Password = Annotated[
    str,
    Field(min_length=8, max_length=128, json_schema_extra={"format": "password"}),
    AfterValidator(_password),
]
PasswordAttempt = Annotated[
    str, Field(max_length=128, json_schema_extra={"format": "password"}), AfterValidator(_password)
]
Slug = Annotated[
    str,
    Field(max_length=40, json_schema_extra={"pattern": "^[a-z0-9](?:-?[a-z0-9])+$"}),
    AfterValidator(clean_slug),
]
Timezone = Annotated[
    str, Field(max_length=64, examples=["Europe/Paris"]), AfterValidator(_timezone)
]
Currency = Annotated[
    str,
    Field(max_length=3, json_schema_extra={"pattern": "^[A-Z]{3}$"}),
    AfterValidator(_currency),
]
PriceMinor = Annotated[int, Field(ge=0, le=PRICE_MINOR_MAX)]
Amount = Annotated[
    str,
    Field(
        min_length=1,
        max_length=32,
        description="A decimal number as text, at most six decimals.",
        examples=["45", "22.5"],
        json_schema_extra={"pattern": r"^[+-]?\d+(\.\d{1,6})?$"},
    ),
]
UnitName = Annotated[
    str, Field(min_length=1, max_length=16, description="`ml`, `cl`, `oz`, `dash`, `piece`, ...")
]
