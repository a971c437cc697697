"""Snapshots of the replicated state: given away as a stream, taken in as one transaction."""

from collections.abc import Awaitable, Callable
from typing import Final

import asyncpg
import msgspec

from bitebyte.raft.types import HardState
from bitebyte.repository.availability import reaching_the_database
from bitebyte.repository.errors import SnapshotBusy, SnapshotDamaged
from bitebyte.repository.log_store import LogStore
from bitebyte.repository.snapshot_format import FORMAT_VERSION
from bitebyte.repository.snapshot_reader import PostgresSnapshotReader
from bitebyte.repository.snapshot_stage import (
    STAGING_SCHEMA,
    PostgresSnapshotStage,
    drop_staged_tables,
)
from bitebyte.repository.state_store import StateStore
from bitebyte.repository.stored_configuration import encode_conf_state
from bitebyte.repository.tables import TABLES
from bitebyte.repository.types import SnapshotMeta

SNAPSHOTS_OUT_MAX: Final = 2
"""Views open for peers at a time: each holds a connection, and old versions of rows."""

_TABLE_NAMES: Final = tuple(table.name for table in TABLES.values())
_REPLACED: Final = (*_TABLE_NAMES, "raft_log", "applied_entry")

_LOCK: Final = f"LOCK TABLE {', '.join(_REPLACED)} IN ACCESS EXCLUSIVE MODE"
_LOCK_PATIENCE: Final = "2s"
"""How long queries under way may take to end before they are ended: a user's takes 5 s at the
most, a backup's or our own snapshot's view minutes, and all of them read what is outdated."""
_LOCK_PATIENCE_AFTER_ENDING: Final = "10s"
_END_READERS: Final = """
SELECT pg_terminate_backend(pid) FROM (
    SELECT DISTINCT pid FROM pg_locks
    WHERE pid <> pg_backend_pid() AND relation = ANY($1::text[]::regclass[])
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
) AS readers
"""
_SET_START: Final = "UPDATE raft_log_start SET compacted_index = $1, compacted_term = $2"
_SET_APPLIED: Final = """
UPDATE applied_state SET applied_index = $1, state_hash = $2, log_time_ms = $3, conf_state = $4
"""
_SET_HARD_STATE: Final = """
UPDATE raft_state SET term = $1, vote = $2, "commit" = $3, has_lost_log = $4
"""


class PostgresSnapshots:
    """Gives snapshots away and takes them in; of each kind only so many at a time.

    `connect(name)` opens a connection that belongs to whoever asked for it. `log_writer` is the
    connection that holds the lock of the log: only the owner of the database can install.
    """

    def __init__(
        self,
        connect: Callable[[str], Awaitable[asyncpg.Connection]],
        log_writer: asyncpg.Connection,
        log: LogStore,
        state: StateStore,
    ) -> None:
        self._connect = connect
        self.log_writer = log_writer
        self._log = log
        self._state = state
        self._snapshots_out = 0
        self._stage: PostgresSnapshotStage | None = None

    async def open_snapshot(self) -> PostgresSnapshotReader:
        """A view of the flushed state, at least as new as at the call. Close it when done.

        Raises SnapshotBusy when SNAPSHOTS_OUT_MAX are open, DatabaseUnavailable, or
        DamagedDatabase.
        """
        if self._snapshots_out >= SNAPSHOTS_OUT_MAX:
            raise SnapshotBusy(f"{SNAPSHOTS_OUT_MAX} snapshots are being read already")
        self._snapshots_out += 1
        connection: asyncpg.Connection | None = None
        try:
            with reaching_the_database():
                connection = await self._connect("bitebyte snapshot out")
                return await PostgresSnapshotReader.open(connection, on_closed=self._on_closed)
        except BaseException:
            self._on_closed()
            if connection is not None:
                connection.terminate()
            raise

    async def stage(self, meta: SnapshotMeta) -> PostgresSnapshotStage:
        """Begins to take in a snapshot; an earlier stage that is not installed is dropped.

        Raises SnapshotDamaged for a format that this program does not know, or
        DatabaseUnavailable.
        """
        if meta.format_version != FORMAT_VERSION:
            raise SnapshotDamaged(
                f"the snapshot has format {meta.format_version}, this program reads"
                f" {FORMAT_VERSION}: run the version that the sender runs"
            )
        await self.drop_stage()
        with reaching_the_database():
            connection = await self._connect("bitebyte snapshot in")
            try:
                await drop_staged_tables(connection)
            except BaseException:
                connection.terminate()
                raise
        self._stage = PostgresSnapshotStage(connection, meta)
        return self._stage

    async def install(self, meta: SnapshotMeta, hard_state: HardState) -> None:
        """Makes the finished stage the state, in one transaction of some ten milliseconds.

        State, applied index and configuration become those of `meta`, the log becomes empty and
        begins after `meta.index`, the hard state is written, the kept applied entries and their
        events go. A crash leaves all of it or nothing. Both stores go on from there. No append
        and no flush may be under way. Readers of the old state are waited for, then ended.
        Permissions that people granted on the tables have to be granted anew.

        Raises WriteFailed, after which both stores refuse everything, as after any failed write.
        """
        stage = self._stage
        assert stage is not None, "stage comes first"
        assert stage.is_finished, "what is not complete is not installed"
        assert stage.meta == meta, "the stage holds another snapshot"
        assert meta.index > 0, "a snapshot of nothing helps nobody"
        with self._log.guard.writing(), self._state.guard.writing():
            await self.log_writer.execute("BEGIN")
            await self._lock_tables()
            await self._swap_tables()
            await self._set_position(meta, hard_state)
            await self.log_writer.execute("COMMIT")
        self._stage = None
        self._log.restart_after(meta.index, hard_state.commit)
        self._state.restart_at(meta.index)

    async def drop_stage(self) -> None:
        """Gives up an unfinished stage. Its complete tables go at the next stage or start."""
        if self._stage is not None and not self._stage.is_finished:
            await self._stage.abort()
        self._stage = None

    async def _lock_tables(self) -> None:
        execute = self.log_writer.execute
        await execute(f"SET LOCAL lock_timeout = '{_LOCK_PATIENCE}'")
        await execute("SAVEPOINT unlocked")
        try:
            await execute(_LOCK)
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
            await execute("ROLLBACK TO SAVEPOINT unlocked")
            await execute(_END_READERS, _REPLACED)
            await execute(f"SET LOCAL lock_timeout = '{_LOCK_PATIENCE_AFTER_ENDING}'")
            await execute(_LOCK)

    async def _swap_tables(self) -> None:
        schema = await self.log_writer.fetchval("SELECT quote_ident(current_schema())")
        for name in _TABLE_NAMES:
            await self.log_writer.execute(f"DROP TABLE {name}")
            await self.log_writer.execute(
                f"ALTER TABLE {STAGING_SCHEMA}.{name} SET SCHEMA {schema}"
            )

    async def _set_position(self, meta: SnapshotMeta, hard_state: HardState) -> None:
        await self.log_writer.execute("TRUNCATE raft_log, applied_entry")
        await self.log_writer.execute(_SET_START, meta.index, meta.term)
        await self.log_writer.execute(
            _SET_APPLIED,
            meta.index,
            meta.state_hash,
            meta.log_time_ms,
            encode_conf_state(meta.conf_state),
        )
        await self.log_writer.execute(_SET_HARD_STATE, *msgspec.structs.astuple(hard_state))

    def _on_closed(self) -> None:
        self._snapshots_out -= 1
