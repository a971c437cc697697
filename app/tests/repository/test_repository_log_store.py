"""The log store: what `append` returned from is there after any crash, in order, without gap."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import asyncpg
import pytest
from repository_examples import CONF_STATE

from bitebyte.raft.messages import StorageAppend
from bitebyte.raft.types import Entry, EntryKind, HardState, TermRun
from bitebyte.repository.database import Database
from bitebyte.repository.errors import DamagedDatabase, WriteFailed

pytestmark = pytest.mark.anyio

WRITER = Path(__file__).with_name("log_writer_process.py")


def append_of(*entries: Entry, hard_state: HardState | None = None) -> StorageAppend:
    return StorageAppend(entries=entries, hard_state=hard_state, responses=())


def entries(first: int, last: int, term: int = 1) -> tuple[Entry, ...]:
    return tuple(Entry(term, i, f"{term}/{i}".encode()) for i in range(first, last + 1))


async def execute(dsn: str, *statements: str) -> None:
    connection = await asyncpg.connect(dsn)
    for statement in statements:
        await connection.execute(statement)
    await connection.close()


async def reopen(database: Database, dsn: str) -> Database:
    await database.close()
    return await Database.open(dsn)


async def test_an_empty_log_starts_at_index_1(database: Database) -> None:
    stored = await database.log.load()

    assert (stored.first_index, stored.last_index, stored.applied_index) == (1, 0, 0)
    assert stored.hard_state == HardState()
    assert stored.conf_state == CONF_STATE
    assert stored.entries == ()
    assert stored.term_runs == ()
    assert stored.state_hash == bytes(32)


async def test_entries_and_hard_state_survive_a_restart(
    database: Database, postgres_dsn: str
) -> None:
    odd = Entry(term=2, index=3, data=b"\x00\xff\\x", kind=EntryKind.CONF_CHANGE)
    written = (*entries(1, 2), odd)
    await database.log.append([append_of(*written, hard_state=HardState(2, 12, 1))])

    stored = await (database := await reopen(database, postgres_dsn)).log.load()
    await database.close()

    assert stored.entries == written
    assert stored.hard_state == HardState(2, 12, 1)
    assert stored.term_runs == (TermRun(1, 1), TermRun(3, 2))
    assert (stored.first_index, stored.last_index) == (1, 3)


async def test_a_vote_alone_is_written(database: Database) -> None:
    await database.log.append([append_of(hard_state=HardState(5, 13, 0))])

    assert (await database.log.load()).hard_state == HardState(5, 13, 0)


@pytest.mark.parametrize("written", [(), entries(1, 2)])
async def test_that_the_log_was_lost_is_never_forgotten(
    database: Database, written: tuple[Entry, ...]
) -> None:
    hard_state = HardState(5, 0, 0, has_lost_log=True)

    await database.log.append([append_of(*written, hard_state=hard_state)])

    assert (await database.log.load()).hard_state == hard_state


async def test_several_appends_are_one_transaction(database: Database, postgres_dsn: str) -> None:
    await database.log.append(
        [
            append_of(*entries(1, 2), hard_state=HardState(1, 11, 0)),
            append_of(*entries(3, 3), hard_state=HardState(1, 11, 2)),
            append_of(),
        ]
    )

    connection = await asyncpg.connect(postgres_dsn)
    transactions = await connection.fetchval("SELECT count(DISTINCT xmin::text) FROM raft_log")
    await connection.close()
    stored = await database.log.load()
    assert transactions == 1
    assert stored.entries == entries(1, 3)
    assert stored.hard_state == HardState(1, 11, 2)


async def test_a_conflicting_append_replaces_everything_from_its_first_index(
    database: Database,
) -> None:
    await database.log.append([append_of(*entries(1, 5), hard_state=HardState(1, 11, 2))])

    await database.log.append([append_of(*entries(3, 4, term=2), hard_state=HardState(2, 0, 2))])

    stored = await database.log.load()
    assert stored.entries == entries(1, 2) + entries(3, 4, term=2)
    assert stored.last_index == database.log.last_index == 4
    assert stored.term_runs == (TermRun(1, 1), TermRun(3, 2))


async def test_a_replacement_that_fails_leaves_the_old_entries(
    database: Database, postgres_dsn: str
) -> None:
    await database.log.append([append_of(*entries(1, 5))])
    unwritable = Entry(term=2, index=3, kind=2**15)

    with pytest.raises(WriteFailed):
        await database.log.append([append_of(unwritable)])

    reopened = await reopen(database, postgres_dsn)
    assert (await reopened.log.load()).entries == entries(1, 5)
    await reopened.close()


@pytest.mark.parametrize("second_first", [3, 4, 5])
async def test_within_one_batch_a_later_append_replaces_an_earlier_one(
    database: Database, second_first: int
) -> None:
    await database.log.append([append_of(*entries(1, 3))])

    await database.log.append(
        [append_of(*entries(4, 6)), append_of(*entries(second_first, 7, term=2))]
    )

    expected = entries(1, second_first - 1) + entries(second_first, 7, term=2)
    assert (await database.log.load()).entries == expected


async def test_a_committed_entry_is_never_replaced(database: Database) -> None:
    await database.log.append([append_of(*entries(1, 3), hard_state=HardState(1, 11, 3))])

    with pytest.raises(AssertionError, match="committed"):
        await database.log.append([append_of(*entries(3, 3, term=2))])


@pytest.mark.parametrize("gapped", [entries(3, 3), (entries(2, 2) + entries(4, 4))])
async def test_a_gap_is_refused(database: Database, gapped: tuple[Entry, ...]) -> None:
    await database.log.append([append_of(*entries(1, 1))])

    with pytest.raises(AssertionError):
        await database.log.append([append_of(*gapped)])
    assert (await database.log.load()).last_index == 1


async def test_after_a_failed_write_the_store_refuses_everything(
    database: Database, postgres_dsn: str
) -> None:
    await database.log.append([append_of(*entries(1, 1))])
    await execute(postgres_dsn, "ALTER TABLE raft_log RENAME TO hidden")
    with pytest.raises(WriteFailed, match="writing the log failed"):
        await database.log.append([append_of(*entries(2, 2), hard_state=HardState(9, 9, 0))])
    await execute(postgres_dsn, "ALTER TABLE hidden RENAME TO raft_log")

    with pytest.raises(WriteFailed, match="failed before"):
        await database.log.append([append_of(*entries(2, 2))])

    reopened = await reopen(database, postgres_dsn)
    stored = await reopened.log.load()
    await reopened.close()
    assert stored.entries == entries(1, 1)
    assert stored.hard_state.term == 0


async def test_a_cancelled_write_poisons_the_store(database: Database, postgres_dsn: str) -> None:
    blocker = await asyncpg.connect(postgres_dsn)
    transaction = blocker.transaction()
    await transaction.start()
    await blocker.execute("LOCK TABLE raft_log IN ACCESS EXCLUSIVE MODE")
    writing = asyncio.ensure_future(database.log.append([append_of(*entries(1, 1))]))
    async with asyncio.timeout(10):
        while not await blocker.fetchval("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"):
            await asyncio.sleep(0)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    await transaction.rollback()
    await blocker.close()

    with pytest.raises(WriteFailed, match="failed before"):
        await database.log.append([append_of(*entries(1, 1))])


async def test_a_lost_connection_is_a_failed_write(database: Database, postgres_dsn: str) -> None:
    await execute(
        postgres_dsn,
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE application_name = 'bitebyte log' AND datname = current_database()",
    )

    with pytest.raises(WriteFailed):
        await database.log.append([append_of(*entries(1, 1))])


async def test_fetch_returns_at_least_one_entry_and_stays_within_bytes_max(
    database: Database,
) -> None:
    stored = tuple(Entry(1, i, bytes(100)) for i in range(1, 11))
    await database.log.append([append_of(*stored)])

    assert await database.log.fetch(2, 9, 10_000) == stored[1:8]
    assert await database.log.fetch(2, 9, 350) == stored[1:4]
    assert await database.log.fetch(2, 9, 1) == stored[1:2]
    assert await database.log.fetch(11, 20, 1000) == ()


async def test_a_gap_on_disk_is_reported_at_load_and_at_fetch(
    database: Database, postgres_dsn: str
) -> None:
    await database.log.append([append_of(*entries(1, 5))])
    await execute(postgres_dsn, "DELETE FROM raft_log WHERE index = 3")

    with pytest.raises(DamagedDatabase, match="no entry 3 but 4"):
        await database.log.load()
    with pytest.raises(DamagedDatabase, match="no entry 3"):
        await database.log.fetch(2, 6, 1000)


async def test_state_ahead_of_the_log_is_reported(database: Database, postgres_dsn: str) -> None:
    await execute(postgres_dsn, "UPDATE applied_state SET applied_index = 4")

    with pytest.raises(DamagedDatabase, match="ahead of the log"):
        await database.log.load()


async def test_the_commit_hint_is_clamped_to_the_log(database: Database, postgres_dsn: str) -> None:
    await database.log.append([append_of(*entries(1, 2), hard_state=HardState(1, 11, 1))])
    await execute(postgres_dsn, 'UPDATE raft_state SET "commit" = 99')

    assert (await database.log.load()).hard_state.commit == 2


async def test_kill_9_of_the_writer_leaves_a_prefix_with_all_that_was_confirmed(
    database: Database, postgres_dsn: str
) -> None:
    await database.close()
    writer = await asyncio.create_subprocess_exec(
        sys.executable, str(WRITER), postgres_dsn, stdout=asyncio.subprocess.PIPE
    )
    assert writer.stdout is not None
    confirmed = 0
    async with asyncio.timeout(60):
        while confirmed < 300:
            confirmed = int(await writer.stdout.readline())
        os.kill(writer.pid, signal.SIGKILL)
        rest = await writer.stdout.read()
        await writer.wait()
    complete_lines = rest.decode().splitlines()[: rest.count(b"\n")]
    confirmed = int(complete_lines[-1]) if complete_lines else confirmed

    reopened = await Database.open(postgres_dsn)
    stored = await reopened.log.load()
    await reopened.close()

    assert stored.last_index >= confirmed
    assert [entry.index for entry in stored.entries] == list(range(1, stored.last_index + 1))
    # The hard state of a batch is there exactly when its entries are.
    assert stored.hard_state.vote == stored.last_index
