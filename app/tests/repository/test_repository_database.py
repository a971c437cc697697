"""Opening a database: safe settings, one process, the right owner, or a clear refusal."""

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from repository_examples import BAR_ID, CONF_STATE, IDENTITY

from bitebyte.domain.entities import Key
from bitebyte.raft.messages import StorageAppend
from bitebyte.raft.types import Entry
from bitebyte.repository.database import Database
from bitebyte.repository.embedded import EmbeddedPostgres
from bitebyte.repository.errors import (
    DatabaseInUse,
    DatabaseUnavailable,
    ForeignDatabase,
    SchemaTooNew,
    UnsafeDatabase,
    WriteFailed,
)
from bitebyte.repository.postgres_launch import find_bin_dir
from bitebyte.repository.types import AppliedEntry, FlushBatch, Identity

pytestmark = pytest.mark.anyio

WRITER = Path(__file__).with_name("log_writer_process.py")


@pytest.fixture
async def unsafe_server(tmp_path: Path, stopped_data_dir: Path) -> AsyncIterator[EmbeddedPostgres]:
    """A server of this test's own, whose settings it may spoil."""
    shutil.copytree(stopped_data_dir, tmp_path, symlinks=True, dirs_exist_ok=True)
    server = await EmbeddedPostgres.start(tmp_path)
    yield server
    await server.stop()


async def execute(dsn: str, *statements: str) -> None:
    connection = await asyncpg.connect(dsn)
    for statement in statements:
        await connection.execute(statement)
    await connection.close()


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes"])
async def test_a_server_that_could_lose_orders_is_refused(
    unsafe_server: EmbeddedPostgres, setting: str
) -> None:
    await execute(unsafe_server.dsn, f"ALTER SYSTEM SET {setting} = off", "SELECT pg_reload_conf()")
    connection = await asyncpg.connect(unsafe_server.dsn)
    async with asyncio.timeout(10):
        while await connection.fetchval(f"SHOW {setting}") != "off":
            await asyncio.sleep(0)
    await connection.close()

    with pytest.raises(UnsafeDatabase, match=f"{setting} is off: set {setting} = on"):
        await Database.open(unsafe_server.dsn)


async def test_a_server_without_checksums_is_refused(
    tmp_path: Path, stopped_data_dir: Path
) -> None:
    shutil.copytree(stopped_data_dir, tmp_path, symlinks=True, dirs_exist_ok=True)
    disable = await asyncio.create_subprocess_exec(
        find_bin_dir() / "pg_checksums",
        "--disable",
        "-D",
        tmp_path / "postgres",
        stdout=asyncio.subprocess.DEVNULL,
    )
    assert await disable.wait() == 0
    server = await EmbeddedPostgres.start(tmp_path)

    with pytest.raises(UnsafeDatabase, match="data_checksums is off: run pg_checksums"):
        await Database.open(server.dsn)
    await server.stop()


async def test_an_encoding_that_cannot_hold_all_names_is_refused(
    postgres_server: EmbeddedPostgres,
) -> None:
    await execute(postgres_server.dsn, "CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0")

    with pytest.raises(UnsafeDatabase, match="server_encoding is LATIN1"):
        await Database.open(postgres_server.dsn_of("latin"))


async def test_a_database_has_one_owner_process(postgres_dsn: str) -> None:
    database = await Database.open(postgres_dsn)

    with pytest.raises(DatabaseInUse, match="another process uses this database"):
        await Database.open(postgres_dsn, lock_timeout_s=0.1)

    await database.close()
    await database.close()
    await (await Database.open(postgres_dsn)).close()


async def test_the_lock_of_a_killed_process_is_free_at_once(
    database: Database, postgres_dsn: str
) -> None:
    await database.close()
    writer = await asyncio.create_subprocess_exec(
        sys.executable, str(WRITER), postgres_dsn, stdout=asyncio.subprocess.PIPE
    )
    assert writer.stdout is not None
    async with asyncio.timeout(60):
        await writer.stdout.readline()
    with pytest.raises(DatabaseInUse):
        await Database.open(postgres_dsn, lock_timeout_s=0.0)
    os.kill(writer.pid, signal.SIGKILL)
    await writer.stdout.read()
    await writer.wait()

    await (await Database.open(postgres_dsn)).close()


async def test_a_process_that_lost_its_locks_cannot_write_any_more(
    database: Database, postgres_dsn: str
) -> None:
    await execute(
        postgres_dsn,
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    successor = await Database.open(postgres_dsn)

    with pytest.raises(WriteFailed):
        await database.log.append(
            [StorageAppend(entries=(Entry(1, 1, b"x"),), hard_state=None, responses=())]
        )
    with pytest.raises(WriteFailed):
        await database.state.flush(
            FlushBatch((), (AppliedEntry(1, bytes(32), ()),), 1, bytes(32), 1)
        )
    assert (await successor.log.load()).last_index == 0
    await successor.close()


async def test_bootstrap_happens_once(postgres_dsn: str) -> None:
    database = await Database.open(postgres_dsn)
    assert await database.identity() is None

    await database.bootstrap(IDENTITY, CONF_STATE, log_begins_after=0)

    assert await database.identity() == IDENTITY
    assert (await database.log.load()).conf_state == CONF_STATE
    with pytest.raises(ForeignDatabase, match=r"of member b \(node-1\): bootstrap happens once"):
        await database.bootstrap(Identity(8, 9, "node-2"), CONF_STATE)
    assert await database.identity() == IDENTITY
    await database.close()


async def test_bootstrap_refuses_a_database_with_a_log(postgres_dsn: str) -> None:
    database = await Database.open(postgres_dsn)
    await database.log.load()
    await database.log.append(
        [StorageAppend(entries=(Entry(1, 1, b"x"),), hard_state=None, responses=())]
    )

    with pytest.raises(ForeignDatabase, match="in use"):
        await database.bootstrap(IDENTITY, CONF_STATE, log_begins_after=0)
    assert await database.identity() is None
    await database.close()


@pytest.mark.parametrize("other", [Identity(7, 12, "node-2"), Identity(8, 11, "node-1")])
async def test_the_database_of_somebody_else_is_refused(
    database: Database, postgres_dsn: str, other: Identity
) -> None:
    await database.close()

    with pytest.raises(ForeignDatabase, match=r"belongs to member b \(node-1\) of cluster 7"):
        await Database.open(postgres_dsn, expect=other)

    await (await Database.open(postgres_dsn, expect=IDENTITY)).close()


async def test_a_database_of_nobody_is_fine_whoever_is_expected(postgres_dsn: str) -> None:
    database = await Database.open(postgres_dsn, expect=IDENTITY)

    assert await database.identity() is None
    await database.close()


async def test_a_refused_open_leaves_nothing_behind(database: Database, postgres_dsn: str) -> None:
    await database.close()
    await execute(
        postgres_dsn, "INSERT INTO schema_migration (version, name, checksum) VALUES (99, 'x', 'y')"
    )

    with pytest.raises(SchemaTooNew):
        await Database.open(postgres_dsn)

    connection = await asyncpg.connect(postgres_dsn)
    async with asyncio.timeout(10):
        while await connection.fetchval(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name LIKE 'bitebyte%'"
        ):
            await asyncio.sleep(0)
    await connection.close()


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://bitebyte@/postgres?host=/nowhere",
        "postgresql://bitebyte@127.0.0.1:1/postgres",
        "not a dsn",
    ],
)
async def test_no_server_is_unavailable_and_says_why(dsn: str) -> None:
    with pytest.raises(DatabaseUnavailable, match=r"the database is not available: .+"):
        await Database.open(dsn)


async def test_an_unknown_database_is_unavailable(postgres_server: EmbeddedPostgres) -> None:
    with pytest.raises(DatabaseUnavailable, match="does not exist"):
        await Database.open(postgres_server.dsn_of("nothing"))


async def test_reads_of_a_server_that_is_gone_are_unavailable(
    unsafe_server: EmbeddedPostgres,
) -> None:
    database = await Database.open(unsafe_server.dsn)
    await database.log.load()
    await unsafe_server.stop()

    with pytest.raises(DatabaseUnavailable):
        await database.queries.bars(10)
    with pytest.raises(DatabaseUnavailable):
        await database.state.load([Key("account", (BAR_ID,))])
    with pytest.raises(DatabaseUnavailable):
        await database.state.events_after(0, 10)
    with pytest.raises(DatabaseUnavailable):
        await database.log.fetch(1, 2, 1000)
    await database.close()
