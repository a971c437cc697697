"""Migrations: in order, once, together with their record, and never a surprise."""

import asyncio

import asyncpg
import pytest

from bitebyte.repository.errors import SchemaTooNew, UnsafeDatabase
from bitebyte.repository.migrations import Migration, load_migrations, migrate

pytestmark = pytest.mark.anyio

FIRST = Migration(1, "first", "CREATE TABLE first (n int); INSERT INTO first VALUES (1);")
SECOND = Migration(2, "second", "UPDATE first SET n = n + 1;")
BROKEN = Migration(3, "broken", "UPDATE first SET n = 100; SELECT 1/0;")


async def connect(dsn: str) -> asyncpg.Connection:
    return await asyncpg.connect(dsn)


async def test_missing_files_are_applied_in_order_and_only_once(postgres_dsn: str) -> None:
    connection = await connect(postgres_dsn)
    assert await migrate(connection, [FIRST]) == 1

    assert await migrate(connection, [FIRST, SECOND]) == 2
    assert await migrate(connection, [FIRST, SECOND]) == 2

    assert await connection.fetchval("SELECT n FROM first") == 2
    recorded = await connection.fetch("SELECT version, name FROM schema_migration ORDER BY version")
    assert [tuple(row) for row in recorded] == [(1, "first"), (2, "second")]
    await connection.close()


async def test_a_file_that_fails_leaves_no_trace(postgres_dsn: str) -> None:
    connection = await connect(postgres_dsn)

    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(connection, [FIRST, SECOND, BROKEN])

    assert await connection.fetchval("SELECT n FROM first") == 2
    assert await connection.fetchval("SELECT max(version) FROM schema_migration") == 2
    await connection.close()


async def test_a_schema_newer_than_the_program_is_refused(postgres_dsn: str) -> None:
    connection = await connect(postgres_dsn)
    await migrate(connection, [FIRST, SECOND])

    with pytest.raises(SchemaTooNew, match="schema version 2, this program knows 1"):
        await migrate(connection, [FIRST])
    await connection.close()


async def test_an_applied_file_that_changed_is_refused(postgres_dsn: str) -> None:
    connection = await connect(postgres_dsn)
    await migrate(connection, [FIRST])
    edited = Migration(1, "first", FIRST.sql + " -- harmless?")

    with pytest.raises(UnsafeDatabase, match="0001_first"):
        await migrate(connection, [edited, SECOND])

    assert await connection.fetchval("SELECT n FROM first") == 1
    await connection.close()


async def test_two_processes_at_once_apply_each_file_once(postgres_dsn: str) -> None:
    connections = [await connect(postgres_dsn) for _ in range(4)]

    versions = await asyncio.gather(*(migrate(c, [FIRST, SECOND]) for c in connections))

    assert versions == [2, 2, 2, 2]
    assert await connections[0].fetchval("SELECT n FROM first") == 2
    for connection in connections:
        await connection.close()


def test_the_packaged_files_are_numbered_from_1() -> None:
    migrations = load_migrations()

    assert [m.version for m in migrations] == list(range(1, len(migrations) + 1))
    assert migrations[0].name == "initial"
