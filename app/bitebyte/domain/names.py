"""Text that people type: when two names are the same, and what is refused.

`fold` runs inside the state machine, so all members of a cluster must agree on Unicode's tables:
the members of one cluster run the same Python. Normalisation and case folding of characters
that are already assigned never change (Unicode stability policy), so only characters newer
than the oldest member's tables could differ; `clean_text` refuses what its own tables lack.
"""

import re
import unicodedata
from typing import Final

from bitebyte.domain.ids import is_id

_SLUG: Final = re.compile(r"[a-z0-9](?:[a-z0-9]|-(?!-)){1,38}[a-z0-9]")
_EMAIL: Final = re.compile(r"[^@\s]{1,64}@[^@\s.]+(?:\.[^@\s.]+)*")
_EMAIL_LENGTH_MAX: Final = 254  # RFC 5321 §4.5.3.1.3, less the angle brackets
_BIDI_CONTROLS: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_REFUSED_CATEGORIES: Final = {
    "Cc": "a control character",
    "Cs": "half of a surrogate pair",
    "Cn": "a character that Unicode has not assigned",
    "Zl": "a line separator",
    "Zp": "a paragraph separator",
}


class TextError(ValueError):
    """The text cannot be used; the message says what is allowed, to follow the field's name."""


def fold(name: str) -> str:
    """The form in which names are compared: NFC, case folded, runs of white space made one.

    Folding can undo the normal form and the other way round, so both are done twice; after that
    the form is stable: fold(fold(x)) == fold(x).
    """
    if name.isascii():
        return " ".join(name.casefold().split())
    folded = unicodedata.normalize("NFC", name)
    for _ in range(2):
        folded = unicodedata.normalize("NFC", folded.casefold())
    return " ".join(folded.split())


def clean_text(
    text: str, *, length_max: int, is_empty_allowed: bool = False, allows_newlines: bool = False
) -> str:
    """The text in NFC without surrounding space. Raises TextError if it is not fit to show.

    Refused: control characters (NUL among them), lone surrogates, unassigned characters, controls
    that turn the direction of what follows, nothing but spaces (unless allowed), and more than
    `length_max` characters. With `allows_newlines` line feeds stay, CR LF becomes LF and tabs stay.
    """
    if allows_newlines:
        text = text.replace("\r\n", "\n")
    for character in text:
        if character.isascii() and character.isprintable():
            continue
        if allows_newlines and character in "\n\t":
            continue
        refused = _REFUSED_CATEGORIES.get(unicodedata.category(character))
        if character in _BIDI_CONTROLS:
            refused = "a character that turns the direction of text"
        if refused is not None:
            raise TextError(f"must not contain {refused} (U+{ord(character):04X})")
    cleaned = unicodedata.normalize("NFC", text).strip()
    is_blank = all(unicodedata.category(character) == "Cf" for character in cleaned)
    if is_blank and not (is_empty_allowed and not cleaned):
        raise TextError("must not be empty")
    if len(cleaned) > length_max:
        raise TextError(f"must have at most {length_max} characters, has {len(cleaned)}")
    return cleaned


def clean_slug(text: str) -> str:
    """The slug. Raises TextError unless it is 3 to 40 of a-z, 0-9 and single inner hyphens, and
    no UUID, because a path names a bar by either."""
    if _SLUG.fullmatch(text) is None or is_id(text):
        raise TextError(
            "must be 3 to 40 lower-case letters, digits and single hyphens between them,"
            " for example `night-owl`"
        )
    return text


def clean_email(text: str) -> str:
    """The address, lower case. Raises TextError unless it has one @ between two parts.

    Deliberately no more: only a message that arrives proves an address.
    """
    cleaned = clean_text(text, length_max=_EMAIL_LENGTH_MAX)
    if _EMAIL.fullmatch(cleaned) is None:
        raise TextError("must be an e-mail address, for example `ada@example.org`")
    return fold(cleaned)
