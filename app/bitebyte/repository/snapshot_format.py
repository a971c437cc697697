"""How a snapshot of the state is cut into pieces that can be checked one by one.

    piece  = kind (1 byte), number (4 bytes, from 0 on, big-endian), CRC-32 (4 bytes), payload
    stream = (TABLE ROWS* TABLE_END)* END

ROWS hold PostgreSQL's binary COPY of the table that TABLE names, cut anywhere. The CRC covers
kind, number and payload, so a piece that is damaged, lost, doubled or out of place is known at
once; the SHA-256 over all pieces, told apart from them, covers the rest.
"""

import enum
import struct
import zlib
from typing import Final, TypeVar

import msgspec

from bitebyte.repository.errors import SnapshotDamaged

FORMAT_VERSION: Final = 1
"""In SnapshotMeta. Another one is refused: nobody reads what he half understands."""

PIECE_BYTES_MAX: Final = 256 * 1024
"""Header included: less than a millisecond of work for whoever hashes or copies it."""

_HEADER: Final = struct.Struct(">BII")
PAYLOAD_BYTES_MAX: Final = PIECE_BYTES_MAX - _HEADER.size

T = TypeVar("T")


class PieceKind(enum.IntEnum):
    """What the payload of a piece is."""

    TABLE = 1
    """A TableStart: the rows that follow are of this table."""
    ROWS = 2
    TABLE_END = 3
    """A TableEnd."""
    END = 4
    """An empty payload: this was all of it."""


class TableStart(msgspec.Struct, frozen=True):
    """Which table, and its columns with their types, in the order in which they come."""

    name: str
    columns: dict[str, str]


class TableEnd(msgspec.Struct, frozen=True):
    """How many rows the table has."""

    rows: int


class Piece(msgspec.Struct, frozen=True):
    """One piece, checked."""

    kind: PieceKind
    payload: bytes


def encode_piece(kind: PieceKind, number: int, payload: bytes = b"") -> bytes:
    """The bytes of a piece. `payload` has at most PAYLOAD_BYTES_MAX."""
    assert len(payload) <= PAYLOAD_BYTES_MAX, "a piece is bounded"
    return _HEADER.pack(kind, number, _checksum(kind, number, payload)) + payload


def decode_piece(data: bytes, number: int) -> Piece:
    """The piece in `data`, which has to be number `number`. Raises SnapshotDamaged."""
    if not _HEADER.size <= len(data) <= PIECE_BYTES_MAX:
        raise SnapshotDamaged(f"piece {number} of the snapshot has {len(data)} bytes")
    kind, found_number, checksum = _HEADER.unpack_from(data)
    payload = data[_HEADER.size :]
    if checksum != _checksum(kind, found_number, payload):
        raise SnapshotDamaged(f"piece {number} of the snapshot fails its checksum")
    if found_number != number:
        raise SnapshotDamaged(f"piece {found_number} of the snapshot came instead of {number}")
    try:
        return Piece(PieceKind(kind), payload)
    except ValueError:
        raise SnapshotDamaged(f"piece {number} of the snapshot is of unknown kind {kind}") from None


def encode_payload(value: TableStart | TableEnd) -> bytes:
    """The payload of a TABLE or TABLE_END."""
    return msgspec.msgpack.encode(value)


def decode_payload(payload: bytes, type_: type[T]) -> T:
    """The inverse. Raises SnapshotDamaged."""
    try:
        return msgspec.msgpack.decode(payload, type=type_)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SnapshotDamaged(f"the snapshot holds an unreadable {type_.__name__}") from error


def _checksum(kind: int, number: int, payload: bytes) -> int:
    return zlib.crc32(payload, zlib.crc32(_HEADER.pack(kind, number, 0)))
