"""Snapshots on a bad way: whatever is lost, doubled, swapped or changed, nothing of it is used."""

from collections.abc import Callable

import msgspec
import pytest
from repository_examples import ONE_OF_EACH
from snapshot_scene import all_rows, export, fill, many_rows, sha256_of

from bitebyte.repository.database import Database
from bitebyte.repository.errors import SnapshotDamaged
from bitebyte.repository.snapshot_format import (
    PIECE_BYTES_MAX,
    PieceKind,
    TableEnd,
    TableStart,
    decode_payload,
    decode_piece,
    encode_payload,
    encode_piece,
)
from bitebyte.repository.snapshot_stage import PostgresSnapshotStage
from bitebyte.repository.types import SnapshotMeta

pytestmark = pytest.mark.anyio

Pieces = list[bytes]


async def take(stage: PostgresSnapshotStage, pieces: Pieces, sha256: bytes) -> None:
    for piece in pieces:
        await stage.write(piece)
    await stage.finish(sha256)


def flipped(piece: bytes, position: int) -> bytes:
    return piece[:position] + bytes([piece[position] ^ 1]) + piece[position + 1 :]


def number_of(pieces: Pieces, kind: PieceKind) -> int:
    return next(n for n, piece in enumerate(pieces) if piece[0] == kind)


def renumbered(pieces: Pieces) -> Pieces:
    """As a sender would number them who really meant to send this."""
    return [encode_piece(PieceKind(piece[0]), n, piece[9:]) for n, piece in enumerate(pieces)]


def with_payload(pieces: Pieces, number: int, payload: bytes) -> Pieces:
    kind = PieceKind(pieces[number][0])
    return [*pieces[:number], encode_piece(kind, number, payload), *pieces[number + 1 :]]


def with_another_row_count(pieces: Pieces) -> Pieces:
    return with_payload(
        pieces, number_of(pieces, PieceKind.TABLE_END), encode_payload(TableEnd(rows=99))
    )


def with_an_unknown_table(pieces: Pieces) -> Pieces:
    return with_payload(
        pieces, number_of(pieces, PieceKind.TABLE), encode_payload(TableStart("pg_authid", {}))
    )


def with_an_unknown_column(pieces: Pieces) -> Pieces:
    number = number_of(pieces, PieceKind.TABLE)
    start = decode_payload(pieces[number][9:], TableStart)
    columns = {**start.columns, "favourite": "text"}
    return with_payload(pieces, number, encode_payload(TableStart(start.name, columns)))


def without_its_last_table(pieces: Pieces) -> Pieces:
    last_table = max(n for n, piece in enumerate(pieces) if piece[0] == PieceKind.TABLE)
    return renumbered([*pieces[:last_table], pieces[-1]])


def with_broken_rows(pieces: Pieces) -> Pieces:
    number = number_of(pieces, PieceKind.ROWS)
    return with_payload(pieces, number, flipped(pieces[number][9:], 20))


def with_rows_after_their_end(pieces: Pieces) -> Pieces:
    number = number_of(pieces, PieceKind.ROWS)
    return renumbered([*pieces[: number + 1], *[pieces[number]] * 9, *pieces[number + 1 :]])


def with_a_table_twice(pieces: Pieces) -> Pieces:
    end = number_of(pieces, PieceKind.TABLE_END) + 1
    return renumbered([*pieces[:end], *pieces])


WAYS_TO_BE_DAMAGED: dict[str, tuple[Callable[[Pieces], Pieces], str]] = {
    "a flipped bit": (lambda p: [*p[:4], flipped(p[4], 20), *p[5:]], "fails its checksum"),
    "a flipped bit in a header": (lambda p: [flipped(p[0], 3), *p[1:]], "fails its checksum"),
    "a lost piece": (lambda p: [*p[:4], *p[5:]], "5 of the snapshot came instead of 4"),
    "a doubled piece": (lambda p: [*p[:5], p[4], *p[5:]], "4 of the snapshot came instead of 5"),
    "swapped pieces": (lambda p: [p[1], p[0], *p[2:]], "came instead of 0"),
    "a cut piece": (lambda p: [p[0][:5], *p[1:]], "has 5 bytes"),
    "a long piece": (lambda p: [p[0] + bytes(PIECE_BYTES_MAX), *p[1:]], "bytes"),
    "no end": (lambda p: p[:-1], "not complete"),
    "more after the end": (
        lambda p: [*p, encode_piece(PieceKind.END, len(p))],
        "goes on after its end",
    ),
    "rows before a table": (lambda p: [encode_piece(PieceKind.ROWS, 0, b"x")], "out of place"),
    "an end within a table": (
        lambda p: [p[0], encode_piece(PieceKind.END, 1)],
        "END is out of place",
    ),
    "an unknown kind": (
        lambda p: [encode_piece(9, 0)],  # pyright: ignore[reportArgumentType]
        "unknown kind 9",
    ),
    "an unreadable table start": (lambda p: with_payload(p, 0, b"\xff"), "unreadable TableStart"),
    "another number of rows": (with_another_row_count, "has 99 rows, but 1 arrived"),
    "an unknown table": (with_an_unknown_table, "'pg_authid', unknown or again"),
    "a table twice": (with_a_table_twice, "'accounts', unknown or again"),
    "an unknown column": (with_an_unknown_column, "favourite of type text"),
    "a table missing": (without_its_last_table, "the snapshot lacks clusters"),
    "broken rows": (with_broken_rows, "the rows of accounts are no rows"),
    "rows after their end": (with_rows_after_their_end, "accounts"),
}


@pytest.mark.parametrize("way", WAYS_TO_BE_DAMAGED)
async def test_a_damaged_snapshot_is_refused(
    database: Database, joiner: Database, way: str
) -> None:
    await fill(database, many_rows())
    meta, pieces = await export(database)
    damage, reason = WAYS_TO_BE_DAMAGED[way]
    damaged = damage(pieces)
    stage = await joiner.snapshots.stage(meta)

    with pytest.raises(SnapshotDamaged, match=reason):
        await take(stage, damaged, sha256_of(damaged))

    with pytest.raises(SnapshotDamaged, match="given up"):
        await stage.write(pieces[0])
    with pytest.raises(SnapshotDamaged, match="given up"):
        await stage.finish(sha256_of(pieces))
    assert await all_rows(joiner) == []
    assert (await joiner.log.load()).applied_index == 0


async def test_pieces_that_are_not_those_that_were_sent_are_refused(
    database: Database, joiner: Database
) -> None:
    await fill(database, ONE_OF_EACH)
    meta, pieces = await export(database)
    stage = await joiner.snapshots.stage(meta)

    with pytest.raises(SnapshotDamaged, match="not the one that was sent"):
        await take(stage, pieces, bytes(32))


async def test_an_unknown_format_is_refused_before_it_is_sent(
    database: Database, joiner: Database
) -> None:
    await fill(database, ONE_OF_EACH)
    meta, _ = await export(database)
    later: SnapshotMeta = msgspec.structs.replace(meta, format_version=2)

    with pytest.raises(SnapshotDamaged, match="has format 2, this program reads 1"):
        await joiner.snapshots.stage(later)


def test_a_piece_comes_back_as_it_was() -> None:
    piece = decode_piece(encode_piece(PieceKind.ROWS, 70_000, b"\x00rows"), 70_000)

    assert (piece.kind, piece.payload) == (PieceKind.ROWS, b"\x00rows")
