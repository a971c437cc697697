"""Compaction: the start of the log moves in one step, its rows go in many, nothing else notices."""

import asyncio

import asyncpg
import pytest

from bitebyte.raft.messages import StorageAppend
from bitebyte.raft.types import Entry, HardState, TermRun
from bitebyte.repository.database import Database
from bitebyte.repository.errors import DamagedDatabase
from bitebyte.repository.log_store import COMPACT_ENTRIES_MAX
from bitebyte.repository.types import AppliedEntry, FlushBatch

pytestmark = pytest.mark.anyio


def entries(first: int, last: int, term: int = 1) -> tuple[Entry, ...]:
    return tuple(Entry(term, i, f"{term}/{i}".encode()) for i in range(first, last + 1))


async def append(database: Database, written: tuple[Entry, ...]) -> None:
    hard_state = HardState(written[-1].term, 11, 0)
    await database.log.append([StorageAppend(entries=written, hard_state=hard_state, responses=())])


async def flush(database: Database, through_index: int) -> None:
    applied = tuple(
        AppliedEntry(i, bytes(32), ())
        for i in range(database.state.applied_index + 1, through_index + 1)
    )
    await database.state.flush(FlushBatch((), applied, through_index, bytes(32), 1))


async def stored_indexes(dsn: str) -> tuple[int, int, int]:
    connection = await asyncpg.connect(dsn)
    row = await connection.fetchrow("SELECT min(index), max(index), count(*) FROM raft_log")
    await connection.close()
    assert row is not None
    return tuple(row)


async def reopen(database: Database, dsn: str) -> Database:
    await database.close()
    return await Database.open(dsn)


async def test_the_log_begins_after_what_was_compacted(
    database: Database, postgres_dsn: str
) -> None:
    await append(database, entries(1, 4) + entries(5, 7, term=3))
    await flush(database, 6)

    await database.log.compact(5)

    assert await stored_indexes(postgres_dsn) == (6, 7, 2)
    database = await reopen(database, postgres_dsn)
    stored = await database.log.load()
    assert (stored.first_index, stored.last_index) == (6, 7)
    assert stored.term_runs == (TermRun(5, 3),)
    assert stored.entries == entries(7, 7, term=3)
    assert await database.log.fetch(6, 8, 1000) == entries(6, 7, term=3)
    await database.close()


async def test_the_term_before_the_log_is_known_although_it_is_another_one(
    database: Database,
) -> None:
    await append(database, entries(1, 4) + entries(5, 7, term=3))
    await flush(database, 7)

    await database.log.compact(4)

    assert (await database.log.load()).term_runs == (TermRun(4, 1), TermRun(5, 3))


async def test_a_log_without_entries_knows_where_it_ended(
    database: Database, postgres_dsn: str
) -> None:
    await append(database, entries(1, 4) + entries(5, 7, term=3))
    await flush(database, 7)

    await database.log.compact(7)
    database = await reopen(database, postgres_dsn)

    stored = await database.log.load()
    assert (stored.first_index, stored.last_index) == (8, 7)
    assert stored.term_runs == (TermRun(7, 3),)
    assert stored.entries == ()
    await append(database, entries(8, 9, term=4))
    assert (await database.log.load()).term_runs == (TermRun(7, 3), TermRun(8, 4))
    await database.close()


async def test_what_is_compacted_cannot_be_fetched(database: Database) -> None:
    await append(database, entries(1, 9))
    await flush(database, 9)

    await database.log.compact(4)

    assert await database.log.fetch(4, 10, 1000) == ()
    assert await database.log.fetch(5, 7, 1000) == entries(5, 6)


async def test_a_page_begins_at_the_oldest_entry_that_is_left(database: Database) -> None:
    await append(database, entries(1, 9))
    await flush(database, 9)
    await database.log.compact(4)

    assert await database.log.page(1, 3) == entries(5, 7)
    assert await database.log.page(8, 3) == entries(8, 9)
    assert await database.log.page(10, 3) == ()


async def test_compaction_never_passes_the_flushed_state(database: Database) -> None:
    await append(database, entries(1, 9))
    await flush(database, 5)

    with pytest.raises(AssertionError, match="not flushed"):
        await database.log.compact(6)

    assert (await database.log.load()).first_index == 1
    assert await database.log.fetch(1, 3, 1000) == entries(1, 2)


async def test_compacting_again_or_less_changes_nothing(
    database: Database, postgres_dsn: str
) -> None:
    await append(database, entries(1, 9))
    await flush(database, 9)
    await database.log.compact(5)

    await database.log.compact(5)
    await database.log.compact(3)

    assert await stored_indexes(postgres_dsn) == (6, 9, 4)
    assert (await database.log.load()).term_runs == (TermRun(5, 1),)


async def test_rows_left_by_an_interrupted_compaction_count_for_nothing(
    database: Database, postgres_dsn: str
) -> None:
    last = 3 * COMPACT_ENTRIES_MAX
    await append(database, entries(1, last))
    await flush(database, last)
    compacting = asyncio.ensure_future(database.log.compact(last - 1))
    async with asyncio.timeout(30):
        while (await stored_indexes(postgres_dsn))[0] == 1:
            await asyncio.sleep(0)
    compacting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await compacting
    rows_left = (await stored_indexes(postgres_dsn))[2]
    assert rows_left > 1, "it was interrupted"

    database = await reopen(database, postgres_dsn)
    stored = await database.log.load()
    assert (stored.first_index, stored.last_index) == (last, last)
    assert stored.term_runs == (TermRun(last - 1, 1),)
    assert await database.log.fetch(last - 1, last, 1000) == ()

    await database.log.compact(last)

    assert (await stored_indexes(postgres_dsn))[2] == 0
    await database.close()


async def test_appends_go_on_beside_a_compaction(database: Database, postgres_dsn: str) -> None:
    last = 5 * COMPACT_ENTRIES_MAX
    await append(database, entries(1, last))
    await flush(database, last)

    compacting = asyncio.ensure_future(database.log.compact(last))
    appended = 0
    while not compacting.done():
        appended += 1
        await append(database, entries(last + appended, last + appended))
    await compacting

    assert appended > 5
    assert await stored_indexes(postgres_dsn) == (last + 1, last + appended, appended)


async def test_the_missing_first_entry_is_reported(database: Database, postgres_dsn: str) -> None:
    await append(database, entries(1, 9))
    await flush(database, 9)
    await database.log.compact(4)
    connection = await asyncpg.connect(postgres_dsn)
    await connection.execute("DELETE FROM raft_log WHERE index = 5")

    with pytest.raises(DamagedDatabase, match="no entry 5, where it begins, but 9"):
        await database.log.load()

    await connection.execute("UPDATE applied_state SET applied_index = 3")
    await connection.execute("DELETE FROM raft_log")
    with pytest.raises(DamagedDatabase, match="the applied index is 3, but the log begins after 4"):
        await database.log.load()
    await connection.close()
