"""One member's database: opened safely, held exclusively, closed in order.

Who uses which connection:

    log writer   1   holds the lock of the log; Raft appends only
    flusher      1   holds the lock of the state; flushes only
    readers      4   rows by key, log entries for lagging peers, events
    queries      4   lists and searches of users
    views        ≤ 4   one for each snapshot or digest under way, two of them going out at most

A lock is held by the very connection that writes under it: a writer that lost its lock has lost
its connection, so it can't write beside its successor, not even for a moment.
"""

import asyncio
import functools
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import asyncpg

from bitebyte.raft.types import ConfState
from bitebyte.repository.availability import reaching_the_database
from bitebyte.repository.errors import DatabaseInUse, ForeignDatabase, UnsafeDatabase
from bitebyte.repository.log_store import LogStore
from bitebyte.repository.migrations import load_migrations, migrate
from bitebyte.repository.queries import Queries
from bitebyte.repository.retirement import SetAside, is_retired, note_retired, set_aside
from bitebyte.repository.snapshot_stage import drop_staged_tables
from bitebyte.repository.snapshots import PostgresSnapshots
from bitebyte.repository.state_store import StateStore
from bitebyte.repository.stored_configuration import NO_CONFIGURATION, encode_conf_state
from bitebyte.repository.types import Identity

SERVER_VERSION_MIN: Final = 17
READER_CONNECTIONS_MAX: Final = 4
QUERY_CONNECTIONS_MAX: Final = 4

_LOG_LOCK: Final = 0x42_69_74_65_42_79_00_00  # "BiteBy" and a number
_STATE_LOCK: Final = 0x42_69_74_65_42_79_00_01
_LOCK_POLL_INTERVAL_S: Final = 0.05

# A flush with rows of all kinds is longer than asyncpg's default of 15 KiB for what it caches.
_CACHEABLE_STATEMENT_BYTES_MAX: Final = 64 * 1024
_CONNECT_TIMEOUT_S: Final = 10
_CLOSE_TIMEOUT_S: Final = 5.0

_WRITER_SETTINGS: Final = {
    "synchronous_commit": "on",
    # A disk may stall for seconds and come back; what takes longer ends the member.
    "statement_timeout": "60s",
    "lock_timeout": "10s",
}
_READER_SETTINGS: Final = {
    "statement_timeout": "30s",
    "lock_timeout": "5s",
    # Every query has an index. A plan made while a table was empty would scan it forever.
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
}
_QUERY_SETTINGS: Final = {
    "default_transaction_read_only": "on",
    "statement_timeout": "5s",
    "lock_timeout": "2s",
    "enable_seqscan": "off",
}

_VIEW_SETTINGS: Final = {
    # As long as a snapshot may take on its way: whoever needs longer has to begin anew.
    "statement_timeout": "30min",
    "lock_timeout": "10s",
    "maintenance_work_mem": "64MB",
}

BOOTSTRAP_INDEX: Final = 1
"""Where the first configuration stands. No entry is there: the log begins after it."""

_INSERT_IDENTITY: Final = """
INSERT INTO member_identity (cluster_id, member_id, name) VALUES ($1, $2, $3)
"""
_IS_EMPTY: Final = """
SELECT NOT EXISTS (SELECT FROM raft_log) AND term = 0 AND applied_index = 0
FROM raft_state, applied_state
"""
_IS_WAITING: Final = f"""
SELECT ({_IS_EMPTY}) AND conf_state::text = $1 FROM applied_state
"""
_NO_CONFIGURATION_TEXT: Final = encode_conf_state(NO_CONFIGURATION)


class Database:
    """An open database of this member. Make it with `open`; `close` when the node has stopped."""

    def __init__(
        self,
        log_writer: asyncpg.Connection,
        flusher: asyncpg.Connection,
        readers: asyncpg.Pool,
        queries: asyncpg.Pool,
        state: StateStore,
        connect: Callable[[str], Awaitable[asyncpg.Connection]],
    ) -> None:
        self.log_writer = log_writer
        """Holds the lock of the log: whatever is changed through it, the owner changes."""
        self._flusher = flusher
        self._readers = readers
        self._connect = connect
        self._query_pool = queries
        self.log = LogStore(log_writer, readers)
        self.state = state
        self.snapshots = PostgresSnapshots(connect, log_writer, self.log, state)
        self.queries = Queries(queries)

    @classmethod
    async def open(
        cls, dsn: str, *, expect: Identity | None = None, lock_timeout_s: float = 5.0
    ) -> "Database":
        """Connects, refuses what is unsafe, locks the database, brings its schema up to date.

        A lock that a process which just died still holds is waited for up to `lock_timeout_s`.
        `expect`: refuse a database that belongs to somebody else; one that belongs to nobody
        yet is fine (`identity()` tells). Raises UnsafeDatabase, DatabaseInUse, SchemaTooNew,
        ForeignDatabase, or DatabaseUnavailable when there is no server to talk to.
        """
        opened: list[asyncpg.Connection | asyncpg.Pool] = []
        try:
            with reaching_the_database():
                return await cls._open(dsn, expect, time.monotonic() + lock_timeout_s, opened)
        except BaseException:
            for resource in reversed(opened):
                resource.terminate()
            raise

    @classmethod
    async def _open(
        cls,
        dsn: str,
        expect: Identity | None,
        lock_deadline: float,
        opened: list[asyncpg.Connection | asyncpg.Pool],
    ) -> "Database":
        """As `open`; what must be closed if it fails is in `opened`."""
        log_writer = await _connect(dsn, "bitebyte log", _WRITER_SETTINGS)
        opened.append(log_writer)
        await _refuse_unsafe(log_writer)
        flusher = await _connect(dsn, "bitebyte flush", _WRITER_SETTINGS)
        opened.append(flusher)
        await _lock(log_writer, _LOG_LOCK, lock_deadline)
        await _lock(flusher, _STATE_LOCK, lock_deadline)
        await migrate(log_writer, load_migrations())
        await drop_staged_tables(log_writer)
        _refuse_foreign(await _read_identity(log_writer), expect)
        readers = await _create_pool(dsn, "bitebyte read", _READER_SETTINGS, READER_CONNECTIONS_MAX)
        opened.append(readers)
        queries = await _create_pool(dsn, "bitebyte query", _QUERY_SETTINGS, QUERY_CONNECTIONS_MAX)
        opened.append(queries)
        connect = functools.partial(_connect, dsn, settings=_VIEW_SETTINGS)
        state = await StateStore.open(flusher, readers, connect=connect)
        return cls(log_writer, flusher, readers, queries, state, connect)

    async def identity(self) -> Identity | None:
        """Whose database this is; None until `bootstrap`."""
        async with self._readers.acquire() as connection:
            return await _read_identity(connection)

    async def bootstrap(
        self, identity: Identity, conf_state: ConfState, *, log_begins_after: int = BOOTSTRAP_INDEX
    ) -> None:
        """Makes this the database of `identity`, with `conf_state` as its first configuration.

        The configuration stands behind `log_begins_after`, like that of a snapshot: who joins later
        and has none can therefore not be given the log alone, which does not hold it.

        Once, by an explicit order, on an empty database, before `log.load`. Raises
        ForeignDatabase on any other, changing nothing.
        """
        await self._claim(identity, conf_state, "bootstrap happens", log_begins_after)

    async def join(self, cluster_id: int, name: str) -> Identity:
        """Makes this the database of a new member of `cluster_id`, under an id that nobody ever
        had, and without a configuration: it takes part once the members have added it.

        Once, by an explicit order, on an empty database, before `log.load`. Raises
        ForeignDatabase on any other, changing nothing.
        """
        identity = Identity(cluster_id, new_random_id(), name)
        await self._claim(identity, NO_CONFIGURATION, "joining happens")
        return identity

    async def found(self) -> bool:
        """Makes the member that joined the only voter of a new cluster, before `log.load`.

        Once, by an explicit order. False, changing nothing: it has a configuration already, or
        heard of a term or an entry; its database belongs to it, so an order that was carried out
        and is repeated ends here too.
        """
        async with self.log_writer.transaction():
            owner = await _read_identity(self.log_writer)
            is_waiting = await self.log_writer.fetchval(_IS_WAITING, _NO_CONFIGURATION_TEXT)
            if owner is None or not is_waiting:
                return False
            await self._set_first_configuration(
                ConfState(voters=(owner.member_id,)), BOOTSTRAP_INDEX
            )
        self.state.restart_at(BOOTSTRAP_INDEX)
        return True

    async def note_retired(self, member_id: int) -> None:
        """Remembers that the cluster has removed this member, for the starts to come. The log goes
        on beside it. Raises DatabaseUnavailable."""
        with reaching_the_database():
            connection = await self._connect("bitebyte note")
            try:
                await note_retired(connection, member_id)
            finally:
                await connection.close()

    async def is_retired(self) -> bool:
        """Whether that was noted."""
        async with self._readers.acquire() as connection:
            return await is_retired(connection)

    @classmethod
    async def set_aside(cls, dsn: str, *, lock_timeout_s: float = 5.0) -> SetAside:
        """Puts the tables of a retired member out of the way, so that `open` finds an empty
        database; the newest KEPT_MAX are kept. Nobody may have the database open.

        Raises DatabaseInUse or DatabaseUnavailable.
        """
        deadline = time.monotonic() + lock_timeout_s
        with reaching_the_database():
            connection = await _connect(dsn, "bitebyte set aside", _VIEW_SETTINGS)
            try:
                await _lock(connection, _LOG_LOCK, deadline)
                await _lock(connection, _STATE_LOCK, deadline)
                return await set_aside(connection)
            finally:
                await connection.close()

    async def _claim(
        self, identity: Identity, conf_state: ConfState, what: str, log_begins_after: int = 0
    ) -> None:
        async with self.log_writer.transaction():
            owner = await _read_identity(self.log_writer)
            if owner is not None or not await self.log_writer.fetchval(_IS_EMPTY):
                whose = f"of member {owner.member_id:x} ({owner.name})" if owner else "in use"
                raise ForeignDatabase(
                    f"the database is not empty, it is {whose}: {what} once, on an empty database"
                )
            await self.log_writer.execute(
                _INSERT_IDENTITY, identity.cluster_id, identity.member_id, identity.name
            )
            await self._set_first_configuration(conf_state, log_begins_after)
        self.state.restart_at(log_begins_after)

    async def _set_first_configuration(self, conf_state: ConfState, log_begins_after: int) -> None:
        await self.log_writer.execute(
            "UPDATE applied_state SET conf_state = $1, applied_index = $2",
            encode_conf_state(conf_state),
            log_begins_after,
        )
        if log_begins_after:
            await self.log_writer.execute(
                "UPDATE raft_log_start SET compacted_index = $1, compacted_term = 1",
                log_begins_after,
            )
            await self.log_writer.execute(
                'UPDATE raft_state SET term = 1, "commit" = $1', log_begins_after
            )

    async def close(self) -> None:
        """Closes all connections and so gives the locks back. Calling it again does nothing."""
        resources = (self._query_pool, self._readers, self._flusher, self.log_writer)
        for resource in resources:
            try:
                async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                    await resource.close()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
                resource.terminate()  # the server is gone or hangs: there is nothing to say to it


def new_random_id() -> int:
    """Random, 63 bits wide and not 0: no two members, nor clusters, get the same one, whatever
    became of their disks."""
    return secrets.randbelow(2**63 - 1) + 1


async def _connect(dsn: str, name: str, settings: Mapping[str, str]) -> asyncpg.Connection:
    return await asyncpg.connect(
        dsn,
        timeout=_CONNECT_TIMEOUT_S,
        max_cacheable_statement_size=_CACHEABLE_STATEMENT_BYTES_MAX,
        server_settings={"application_name": name, "jit": "off", **settings},
    )


async def _create_pool(
    dsn: str, name: str, settings: dict[str, str], connections_max: int
) -> asyncpg.Pool:
    return await asyncpg.create_pool(
        dsn,
        min_size=1,
        max_size=connections_max,
        timeout=_CONNECT_TIMEOUT_S,
        # Nothing here leaves session state behind, so the round trip of a reset is saved.
        reset=_keep_session,
        server_settings={"application_name": name, "jit": "off", **settings},
    )


async def _keep_session(connection: Any) -> None:
    del connection


async def _refuse_unsafe(connection: asyncpg.Connection) -> None:
    version = connection.get_server_version()
    if version.major < SERVER_VERSION_MIN:
        raise UnsafeDatabase(
            f"PostgreSQL {version.major} is too old: {SERVER_VERSION_MIN} or newer is needed"
        )
    advice = {
        "fsync": "set fsync = on: without it a power cut loses confirmed orders",
        "full_page_writes": "set full_page_writes = on: without it a power cut can tear pages",
        "data_checksums": "run pg_checksums --enable: without them rotten pages go unnoticed",
    }
    for setting, text in advice.items():
        value = await connection.fetchval("SELECT current_setting($1)", setting)
        if value != "on":
            raise UnsafeDatabase(f"{setting} is {value}: {text}")
    if await connection.fetchval("SELECT pg_is_in_recovery()"):
        raise UnsafeDatabase("the server is a standby (pg_is_in_recovery): give it the primary")
    encoding = await connection.fetchval("SELECT current_setting('server_encoding')")
    if encoding != "UTF8":
        raise UnsafeDatabase(f"server_encoding is {encoding}: create the database with UTF8")


async def _lock(connection: asyncpg.Connection, lock: int, deadline: float) -> None:
    """Session-level: PostgreSQL gives it back when the connection ends, however that happens."""
    while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", lock):
        if time.monotonic() > deadline:
            raise DatabaseInUse(
                "another process uses this database: every member needs one of its own"
            )
        await asyncio.sleep(_LOCK_POLL_INTERVAL_S)


async def _read_identity(connection: Any) -> Identity | None:
    row = await connection.fetchrow("SELECT cluster_id, member_id, name FROM member_identity")
    return None if row is None else Identity(*row)


def _refuse_foreign(owner: Identity | None, expect: Identity | None) -> None:
    if owner is None or expect is None:
        return
    if (owner.cluster_id, owner.member_id) != (expect.cluster_id, expect.member_id):
        raise ForeignDatabase(
            f"the database belongs to member {owner.member_id:x} ({owner.name}) of cluster"
            f" {owner.cluster_id:x}, expected was member {expect.member_id:x} ({expect.name}) of"
            f" cluster {expect.cluster_id:x}: give every member its own database"
        )
