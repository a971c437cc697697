"""A crash while a snapshot is installed: the old world or the new one, never a mixture."""

import asyncio
import os
import shutil
import signal
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from repository_examples import CONF_STATE, IDENTITY, ONE_OF_EACH, build_order, numbered_id
from snapshot_scene import CONF, SNAPSHOT_INDEX, all_rows, export, fill, stage

from bitebyte.raft.messages import StorageAppend
from bitebyte.raft.types import Entry, HardState
from bitebyte.repository.database import Database
from bitebyte.repository.embedded import EmbeddedPostgres
from bitebyte.repository.errors import WriteFailed
from bitebyte.repository.types import AppliedEntry, FlushBatch

pytestmark = pytest.mark.anyio

OLD_HARD_STATE = HardState(2, 13, 2)
NEW_HARD_STATE = HardState(5, 12, SNAPSHOT_INDEX)
OLD_ORDER = build_order(numbered_id(77))
OLD_ENTRIES = (Entry(2, 1, b"a"), Entry(2, 2, b"b"), Entry(2, 3, b"c"))


class ConnectionThatDies:
    """The log writer's connection, whose backend is ended before its n-th statement."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection
        self.killer: asyncpg.Connection | None = None
        self.statements_left = 0
        self.statements: list[str] = []

    async def execute(self, statement: str, *arguments: Any) -> str:
        await self._die_if_it_is_time(statement)
        return await self._connection.execute(statement, *arguments)

    async def fetchval(self, statement: str) -> Any:
        await self._die_if_it_is_time(statement)
        return await self._connection.fetchval(statement)

    async def _die_if_it_is_time(self, statement: str) -> None:
        if self.killer is not None and self.statements_left == 0:
            pid = self._connection.get_server_pid()
            await self.killer.fetchval("SELECT pg_terminate_backend($1, 10000)", pid)
        self.statements_left -= 1
        self.statements.append(statement)


def make_mortal(database: Database) -> ConnectionThatDies:
    connection = ConnectionThatDies(database.snapshots.log_writer)
    database.snapshots.log_writer = connection  # pyright: ignore[reportAttributeAccessIssue]
    return connection


async def fill_old_world(database: Database) -> None:
    """What the receiver holds before: three entries, two of them applied, one order."""
    await database.log.append([StorageAppend(OLD_ENTRIES, OLD_HARD_STATE, ())])
    applied = tuple(AppliedEntry(i, bytes(32), ()) for i in (1, 2))
    await database.state.flush(FlushBatch((OLD_ORDER,), applied, 2, bytes(32), 1, CONF_STATE))


async def assert_old_world(database: Database) -> None:
    stored = await database.log.load()
    assert await all_rows(database) == [OLD_ORDER]
    assert (stored.hard_state, stored.conf_state) == (OLD_HARD_STATE, CONF_STATE)
    assert (stored.first_index, stored.last_index, stored.applied_index) == (1, 3, 2)
    assert await database.log.fetch(1, 9, 1000) == OLD_ENTRIES
    assert [index for index, _ in await database.state.hashes(9)] == [1, 2]


async def assert_new_world(database: Database) -> None:
    stored = await database.log.load()
    assert await all_rows(database) == list(ONE_OF_EACH)
    assert (stored.hard_state, stored.conf_state) == (NEW_HARD_STATE, CONF)
    assert (stored.first_index, stored.last_index) == (SNAPSHOT_INDEX + 1, SNAPSHOT_INDEX)
    assert stored.applied_index == SNAPSHOT_INDEX
    assert await database.state.hashes(9) == ()


async def test_a_crash_before_any_step_leaves_the_old_world_and_the_commit_the_new_one(
    database: Database, joiner: Database, joiner_dsn: str
) -> None:
    await fill(database, ONE_OF_EACH)
    await fill_old_world(joiner)
    meta, pieces = await export(database)
    killer = await asyncpg.connect(joiner_dsn)
    died_before: list[str] = []
    while True:
        await stage(joiner, meta, pieces)
        mortal = make_mortal(joiner)
        mortal.killer, mortal.statements_left = killer, len(died_before)
        try:
            await joiner.snapshots.install(meta, NEW_HARD_STATE)
        except WriteFailed:
            died_before.append(mortal.statements[-1])
            await joiner.close()
            joiner = await Database.open(joiner_dsn)
            await assert_old_world(joiner)
        else:
            break

    assert died_before == mortal.statements
    assert died_before[0] == "BEGIN"
    assert died_before[-1] == "COMMIT"
    assert len(died_before) > 30, "the steps are those of a whole installation"
    await joiner.close()
    joiner = await Database.open(joiner_dsn)
    await assert_new_world(joiner)
    await joiner.close()
    await killer.close()


@pytest.mark.parametrize("has_committed", [False, True])
async def test_a_crash_of_the_server_leaves_the_old_world_or_the_new_one(
    database: Database, tmp_path: Path, stopped_data_dir: Path, has_committed: bool
) -> None:
    await fill(database, ONE_OF_EACH)
    meta, pieces = await export(database)
    shutil.copytree(stopped_data_dir, tmp_path, symlinks=True, dirs_exist_ok=True)
    server = await EmbeddedPostgres.start(tmp_path)
    receiver = await Database.open(server.dsn)
    await receiver.bootstrap(IDENTITY, CONF_STATE, log_begins_after=0)
    await receiver.log.load()
    await fill_old_world(receiver)
    await stage(receiver, meta, pieces)
    if has_committed:
        await receiver.snapshots.install(meta, NEW_HARD_STATE)
    else:
        log_writer = receiver.snapshots.log_writer
        mortal = make_mortal(receiver)
        execute = mortal.execute

        async def execute_or_crash(statement: str, *arguments: Any) -> str:
            if statement == "COMMIT":
                os.kill(server.pid, signal.SIGQUIT)  # no checkpoint, no clean-up: recovery follows
                async with asyncio.timeout(10):
                    while not log_writer.is_closed():
                        await asyncio.sleep(0)
            return await execute(statement, *arguments)

        mortal.execute = execute_or_crash  # pyright: ignore[reportAttributeAccessIssue]
        with pytest.raises(WriteFailed):
            await receiver.snapshots.install(meta, NEW_HARD_STATE)
    if has_committed:
        os.kill(server.pid, signal.SIGQUIT)
    await receiver.close()
    await server.stop()

    server = await EmbeddedPostgres.start(tmp_path)
    receiver = await Database.open(server.dsn)
    await (assert_new_world if has_committed else assert_old_world)(receiver)
    await receiver.close()
    await server.stop()


async def test_after_a_failed_installation_both_stores_refuse_everything(
    database: Database, joiner: Database, joiner_dsn: str
) -> None:
    await fill(database, ONE_OF_EACH)
    meta, pieces = await export(database)
    await stage(joiner, meta, pieces)
    mortal = make_mortal(joiner)
    mortal.killer, mortal.statements_left = await asyncpg.connect(joiner_dsn), 5

    with pytest.raises(WriteFailed):
        await joiner.snapshots.install(meta, NEW_HARD_STATE)

    with pytest.raises(WriteFailed, match="failed before"):
        await joiner.log.append([StorageAppend((), NEW_HARD_STATE, ())])
    with pytest.raises(WriteFailed, match="failed before"):
        await joiner.state.flush(FlushBatch((), (AppliedEntry(1, bytes(32), ()),), 1, bytes(32), 1))
    await mortal.killer.close()
