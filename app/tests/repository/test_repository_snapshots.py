"""Snapshots: what one member flushed becomes the state of another, completely or not at all."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import msgspec
import pytest
from repository_examples import BAR_ID, ONE_OF_EACH, build_order, numbered_id
from snapshot_scene import (
    CONF,
    LOG_TIME_MS,
    SNAPSHOT_INDEX,
    SNAPSHOT_TERM,
    STATE_HASH,
    all_rows,
    export,
    fill,
    many_rows,
    sha256_of,
    stage,
)

from bitebyte.raft.messages import StorageAppend
from bitebyte.raft.types import Entry, HardState, TermRun
from bitebyte.repository.database import Database
from bitebyte.repository.errors import DatabaseUnavailable, SnapshotBusy, SnapshotDamaged
from bitebyte.repository.snapshot_format import PIECE_BYTES_MAX, PieceKind, decode_piece
from bitebyte.repository.snapshots import SNAPSHOTS_OUT_MAX
from bitebyte.repository.types import AppliedEntry, FlushBatch

pytestmark = pytest.mark.anyio

HARD_STATE = HardState(5, 12, SNAPSHOT_INDEX)

_SHAPE_OF_TABLES = """
SELECT 'index', indexname || ': ' || indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL
SELECT 'column', concat_ws(' ', table_name, ordinal_position, column_name, data_type, is_nullable,
    column_default, collation_name)
FROM information_schema.columns WHERE table_schema = 'public'
UNION ALL
SELECT 'check', concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(oid))
FROM pg_constraint WHERE connamespace = 'public'::regnamespace
UNION ALL
SELECT 'options', concat_ws(' ', relname, relpersistence, reloptions)
FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
ORDER BY 1, 2
"""


async def fetch(dsn: str, query: str) -> list[tuple[object, ...]]:
    connection = await asyncpg.connect(dsn)
    rows = await connection.fetch(query)
    await connection.close()
    return [tuple(row) for row in rows]


async def read_to_the_end(pieces: AsyncIterator[bytes]) -> None:
    async for _ in pieces:
        pass


async def test_a_snapshot_tells_what_it_holds(database: Database) -> None:
    await fill(database, ONE_OF_EACH)

    meta, pieces = await export(database)

    assert (meta.index, meta.term) == (SNAPSHOT_INDEX, SNAPSHOT_TERM)
    assert (meta.conf_state, meta.state_hash, meta.log_time_ms) == (CONF, STATE_HASH, LOG_TIME_MS)
    assert decode_piece(pieces[-1], len(pieces) - 1).kind is PieceKind.END


async def test_the_term_is_known_although_the_entry_is_compacted(database: Database) -> None:
    await fill(database, ONE_OF_EACH)
    await database.log.compact(SNAPSHOT_INDEX)

    meta, _ = await export(database)

    assert (meta.index, meta.term) == (SNAPSHOT_INDEX, SNAPSHOT_TERM)


async def test_the_receiver_has_the_state_of_the_sender(
    database: Database, joiner: Database
) -> None:
    await fill(database, many_rows())
    meta, pieces = await export(database)
    assert max(map(len, pieces)) == PIECE_BYTES_MAX

    await stage(joiner, meta, pieces)
    await joiner.snapshots.install(meta, HARD_STATE)

    assert await all_rows(joiner) == await all_rows(database)
    stored = await joiner.log.load()
    assert stored.hard_state == HARD_STATE
    assert (stored.conf_state, stored.state_hash, stored.log_time_ms) == (
        CONF,
        STATE_HASH,
        LOG_TIME_MS,
    )
    assert (stored.first_index, stored.last_index) == (SNAPSHOT_INDEX + 1, SNAPSHOT_INDEX)
    assert (stored.applied_index, stored.entries) == (SNAPSHOT_INDEX, ())
    assert stored.term_runs == (TermRun(SNAPSHOT_INDEX, SNAPSHOT_TERM),)


async def test_a_snapshot_replaces_all_that_was_there(database: Database, joiner: Database) -> None:
    await fill(database, ONE_OF_EACH)
    await fill(joiner, (*many_rows(), build_order(numbered_id(77))))
    meta, pieces = await export(database)

    await stage(joiner, meta, pieces)
    await joiner.snapshots.install(meta, HARD_STATE)

    assert await all_rows(joiner) == list(ONE_OF_EACH)
    assert await joiner.state.hashes(10) == ()
    assert await joiner.state.events_after(0, 10) == ()
    assert await joiner.state.oldest_event_index() == SNAPSHOT_INDEX + 1


async def test_both_stores_go_on_after_it(database: Database, joiner: Database) -> None:
    await fill(database, ONE_OF_EACH)
    # Statements that the server has prepared for the tables that go away.
    await joiner.state.load([row.key for row in ONE_OF_EACH])
    await joiner.queries.bars(10)
    meta, pieces = await export(database)
    await stage(joiner, meta, pieces)
    await joiner.snapshots.install(meta, HARD_STATE)
    assert joiner.state.applied_index == joiner.log.last_index == SNAPSHOT_INDEX

    after = SNAPSHOT_INDEX + 1
    entry = Entry(5, after, b"next")
    await joiner.log.append([StorageAppend((entry,), HardState(5, 12, after), ())])
    await joiner.state.flush(
        FlushBatch(ONE_OF_EACH, (AppliedEntry(after, bytes(32), ()),), after, bytes(32), 1)
    )

    assert await joiner.log.fetch(after, after + 1, 1000) == (entry,)
    assert await joiner.log.fetch(SNAPSHOT_INDEX, after + 1, 1000) == ()
    found = await joiner.state.load([row.key for row in ONE_OF_EACH])
    assert list(found.values()) == list(ONE_OF_EACH)
    assert [bar.id for bar in (await joiner.queries.bars(10)).items] == [BAR_ID]
    await joiner.log.compact(after)
    assert (await joiner.log.load()).last_index == after


async def test_tables_keep_their_shape(
    database: Database, joiner: Database, joiner_dsn: str, postgres_dsn: str
) -> None:
    await fill(database, ONE_OF_EACH)
    meta, pieces = await export(database)
    await stage(joiner, meta, pieces)
    await joiner.snapshots.install(meta, HARD_STATE)

    shape = await fetch(joiner_dsn, _SHAPE_OF_TABLES)

    assert shape == await fetch(postgres_dsn, _SHAPE_OF_TABLES)
    assert await fetch(joiner_dsn, "SELECT FROM pg_tables WHERE schemaname ~ 'staging'") == []


async def test_a_view_is_of_the_moment_in_which_it_was_opened(database: Database) -> None:
    await fill(database, ONE_OF_EACH)
    reader = await database.snapshots.open_snapshot()
    before = sha256_of([piece async for piece in reader.chunks()])
    await reader.close()

    reader = await database.snapshots.open_snapshot()
    after = SNAPSHOT_INDEX + 1
    await database.state.flush(
        FlushBatch(
            (build_order(status="served"), build_order(numbered_id(77))),
            (AppliedEntry(after, bytes(32), ()),),
            after,
            bytes(32),
            1,
        )
    )
    late = sha256_of([piece async for piece in reader.chunks()])
    await reader.close()

    assert reader.meta.index == SNAPSHOT_INDEX
    assert late == before
    assert (await export(database))[0].index == after


async def test_a_slow_receiver_holds_the_sender_back(database: Database) -> None:
    await fill(database, many_rows())
    reader = await database.snapshots.open_snapshot()
    taken = 0
    async for _ in reader.chunks():
        taken += 1
        for _ in range(100):
            await asyncio.sleep(0)
        assert reader.pieces_ahead <= 2
    await reader.close()

    assert taken > 30


async def test_only_so_many_snapshots_go_out_at_a_time(database: Database) -> None:
    readers = [await database.snapshots.open_snapshot() for _ in range(SNAPSHOTS_OUT_MAX)]

    with pytest.raises(SnapshotBusy):
        await database.snapshots.open_snapshot()

    for reader in readers:
        await reader.close()
        await reader.close()
    await (await database.snapshots.open_snapshot()).close()


async def test_a_reader_that_is_closed_in_the_middle_gives_its_view_back(
    database: Database, postgres_dsn: str
) -> None:
    await fill(database, many_rows())
    reader = await database.snapshots.open_snapshot()
    pieces = reader.chunks()
    for _ in range(5):
        await anext(pieces)

    await reader.close()

    with pytest.raises(DatabaseUnavailable):
        await read_to_the_end(pieces)
    async with asyncio.timeout(10):
        while await fetch(
            postgres_dsn,
            "SELECT FROM pg_stat_activity WHERE application_name = 'bitebyte snapshot out'"
            " AND datname = current_database()",
        ):
            await asyncio.sleep(0)


async def test_a_snapshot_does_not_wait_for_views_of_the_old_state(
    database: Database, joiner: Database
) -> None:
    await fill(database, ONE_OF_EACH)
    await fill(joiner, many_rows())
    meta, pieces = await export(database)
    await stage(joiner, meta, pieces)
    outdated = await joiner.snapshots.open_snapshot()
    outdated_pieces = outdated.chunks()
    await anext(outdated_pieces)

    async with asyncio.timeout(10):
        await joiner.snapshots.install(meta, HARD_STATE)

    with pytest.raises(DatabaseUnavailable):
        await read_to_the_end(outdated_pieces)
    await outdated.close()
    assert await all_rows(joiner) == list(ONE_OF_EACH)


async def test_only_a_finished_stage_of_that_very_snapshot_is_installed(
    database: Database, joiner: Database
) -> None:
    await fill(database, ONE_OF_EACH)
    meta, pieces = await export(database)
    with pytest.raises(AssertionError, match="stage comes first"):
        await joiner.snapshots.install(meta, HARD_STATE)
    staged = await joiner.snapshots.stage(meta)
    for piece in pieces:
        await staged.write(piece)

    with pytest.raises(AssertionError, match="not complete"):
        await joiner.snapshots.install(meta, HARD_STATE)
    await staged.finish(sha256_of(pieces))
    with pytest.raises(AssertionError, match="another snapshot"):
        await joiner.snapshots.install(msgspec.structs.replace(meta, index=5), HARD_STATE)

    await joiner.snapshots.install(meta, HARD_STATE)
    assert await all_rows(joiner) == list(ONE_OF_EACH)


async def test_a_stage_that_was_given_up_makes_room_for_the_next(
    database: Database, joiner: Database
) -> None:
    await fill(database, many_rows())
    meta, pieces = await export(database)
    given_up = await joiner.snapshots.stage(meta)
    for piece in pieces[:10]:
        await given_up.write(piece)

    await stage(joiner, meta, pieces)

    with pytest.raises(SnapshotDamaged, match="given up"):
        await given_up.write(pieces[10])
    await joiner.snapshots.install(meta, HARD_STATE)
    assert await all_rows(joiner) == await all_rows(database)


async def test_a_start_clears_away_what_was_staged(
    database: Database, joiner: Database, joiner_dsn: str
) -> None:
    await fill(database, ONE_OF_EACH)
    meta, pieces = await export(database)
    await stage(joiner, meta, pieces)
    await joiner.close()
    assert await fetch(joiner_dsn, "SELECT FROM pg_tables WHERE schemaname = 'bitebyte_staging'")

    await (await Database.open(joiner_dsn)).close()

    assert not await fetch(
        joiner_dsn, "SELECT FROM pg_tables WHERE schemaname = 'bitebyte_staging'"
    )
