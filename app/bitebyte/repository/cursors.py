"""Page cursors: the sort key of the last item shown, opaque to clients.

A cursor says where to go on, not how many items came before, so what is inserted or removed
meanwhile neither repeats nor skips anything. It names its list, so that a cursor of one list
does not silently page through another.
"""

import base64
import binascii
from typing import Final, TypeVar

import msgspec

from bitebyte.domain.ids import is_id
from bitebyte.repository.errors import InvalidCursor

CURSOR_LENGTH_MAX: Final = 1024
"""Characters. The longest key is a folded name of a few hundred."""

_BIGINT_MAX: Final = 2**63 - 1


class NameCursor(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Goes on after (`name_folded`, `id`), ascending."""

    of_list: str
    name_folded: str
    id: str

    @property
    def is_sound(self) -> bool:
        """Whether the database can compare with it."""
        return is_id(self.id) and "\0" not in self.name_folded


class TimeCursor(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Goes on after (`at_ms`, `id`), in the direction of its list."""

    of_list: str
    at_ms: int
    id: str

    @property
    def is_sound(self) -> bool:
        """Whether the database can compare with it."""
        return is_id(self.id) and 0 <= self.at_ms <= _BIGINT_MAX


CursorT = TypeVar("CursorT", NameCursor, TimeCursor)


def encode_cursor(cursor: NameCursor | TimeCursor) -> str:
    """The opaque form: base64url without padding."""
    return base64.urlsafe_b64encode(msgspec.json.encode(cursor)).decode().rstrip("=")


def decode_cursor(text: str, kind: type[CursorT], of_list: str) -> CursorT:
    """The inverse of `encode_cursor`, for the list `of_list`. Raises InvalidCursor."""
    if len(text) > CURSOR_LENGTH_MAX:
        raise InvalidCursor("the cursor is too long to be one of ours")
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        cursor = msgspec.json.decode(
            base64.b64decode(padded, altchars=b"-_", validate=True), type=kind
        )
    except (UnicodeEncodeError, binascii.Error, msgspec.DecodeError) as error:
        raise InvalidCursor("the cursor is not one that a list of ours returned") from error
    if cursor.of_list != of_list or not cursor.is_sound:
        raise InvalidCursor(f"the cursor belongs to another list than {of_list}")
    return cursor
