"""A snapshot coming in: its rows wait in tables of their own until they become the state.

Each staged table has the columns, checks and indexes of the real one, so that taking its place
is a matter of names. It is created, filled and indexed in one transaction: rows that are older
than their table need no WAL where the server's `wal_level` is minimal, and arrive frozen, so
that nobody has to visit them again.
"""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator, Sequence
from typing import Final

import asyncpg

from bitebyte.repository.availability import reaching_the_database
from bitebyte.repository.errors import SnapshotDamaged
from bitebyte.repository.snapshot_format import (
    PieceKind,
    TableEnd,
    TableStart,
    decode_payload,
    decode_piece,
)
from bitebyte.repository.tables import TABLES, Table
from bitebyte.repository.types import SnapshotMeta

STAGING_SCHEMA: Final = "bitebyte_staging"

_PIECES_WAITING_MAX: Final = 2
"""Pieces taken from the sender before the server took them from us."""

_TABLES: Final = {table.name: table for table in TABLES.values()}
_STORAGE_OPTIONS: Final = """
SELECT coalesce('WITH (' || array_to_string(reloptions, ', ') || ')', '')
FROM pg_class WHERE oid = $1::text::regclass
"""
_CREATE: Final = """
CREATE TABLE {schema}.{table} (LIKE {table} INCLUDING ALL EXCLUDING INDEXES) {options}
"""
_INDEXES: Final = """
SELECT pg_get_indexdef(indexrelid, 0, true), conname, pg_get_constraintdef(pg_constraint.oid)
FROM pg_index LEFT JOIN pg_constraint ON conindid = indexrelid AND conrelid = indrelid
WHERE indrelid = $1::text::regclass ORDER BY indexrelid
"""
_LEFT_OVER: Final = "SELECT tablename FROM pg_tables WHERE schemaname = $1 ORDER BY tablename"


class PostgresSnapshotStage:
    """Takes pieces in order. After the first error, and after `abort`, it takes no more."""

    def __init__(self, connection: asyncpg.Connection, meta: SnapshotMeta) -> None:
        self._connection = connection
        self.meta = meta
        self._pieces_taken = 0
        self._sha256 = hashlib.sha256()
        self._filling: _TableFilling | None = None
        self._staged: list[str] = []
        self._has_end = False
        self._is_usable = True
        self.is_finished = False
        """All of it is here and is what was sent."""

    async def write(self, chunk: bytes) -> None:
        """The next piece. Returns when there is room for another one; at the end of a table that
        includes building its indexes. Raises SnapshotDamaged or DatabaseUnavailable."""
        self._check_usable()
        try:
            await self._write(chunk)
        except BaseException:
            await self.abort()
            raise

    async def finish(self, sha256: bytes) -> None:
        """All pieces are here, and `sha256` is the hash over them. Raises SnapshotDamaged."""
        self._check_usable()
        if not self._has_end:
            await self.abort()
            raise SnapshotDamaged("the snapshot is not complete")
        if not hmac.compare_digest(sha256, self._sha256.digest()):
            await self.abort()
            raise SnapshotDamaged("the snapshot that arrived is not the one that was sent")
        self.is_finished = True
        await self.release()

    async def abort(self) -> None:
        """Forgets what arrived. Tables that are complete stay until the next snapshot or start."""
        self._is_usable = False
        if self._filling is not None:
            await self._filling.stop()
            self._filling = None
        self._connection.terminate()

    async def release(self) -> None:
        """Gives the connection back; the staged tables stay."""
        self._is_usable = False
        await self._connection.close()

    def _check_usable(self) -> None:
        if not self._is_usable:
            raise SnapshotDamaged("this snapshot was given up")

    async def _write(self, chunk: bytes) -> None:
        piece = decode_piece(chunk, self._pieces_taken)
        self._pieces_taken += 1
        self._sha256.update(chunk)
        if self._has_end:
            raise SnapshotDamaged("the snapshot goes on after its end")
        match piece.kind, self._filling:
            case PieceKind.TABLE, None:
                start = decode_payload(piece.payload, TableStart)
                self._filling = await self._start_table(start)
            case PieceKind.ROWS, _TableFilling() as filling:
                await filling.write(piece.payload)
            case PieceKind.TABLE_END, _TableFilling() as filling:
                await filling.finish(decode_payload(piece.payload, TableEnd).rows)
                self._staged.append(filling.table.name)
                self._filling = None
            case PieceKind.END, None:
                missing = sorted(_TABLES.keys() - self._staged)
                if missing:
                    raise SnapshotDamaged(f"the snapshot lacks {', '.join(missing)}")
                self._has_end = True
            case _:
                raise SnapshotDamaged(f"a piece of kind {piece.kind.name} is out of place")

    async def _start_table(self, start: TableStart) -> "_TableFilling":
        table = _TABLES.get(start.name)
        if table is None or start.name in self._staged:
            raise SnapshotDamaged(f"the snapshot holds the table {start.name!r}, unknown or again")
        for column, pg_type in start.columns.items():
            if table.columns.get(column) != pg_type:
                raise SnapshotDamaged(
                    f"the snapshot holds {start.name}.{column} of type {pg_type}, which this"
                    " version does not know: run the version that the sender runs"
                )
        with reaching_the_database():
            return await _TableFilling.start(self._connection, table, list(start.columns))


class _TableFilling:
    """One table under way: its transaction is open, the server is copying."""

    def __init__(
        self, connection: asyncpg.Connection, table: Table, columns: Sequence[str]
    ) -> None:
        self.table = table
        self._connection = connection
        self._pieces: asyncio.Queue[bytes | None] = asyncio.Queue(_PIECES_WAITING_MAX)
        self._copy: asyncio.Task[str] = asyncio.create_task(
            connection.copy_to_table(
                table.name,
                schema_name=STAGING_SCHEMA,
                columns=columns,
                source=self._take(),
                format="binary",
                freeze=True,
            )
        )

    @classmethod
    async def start(
        cls, connection: asyncpg.Connection, table: Table, columns: Sequence[str]
    ) -> "_TableFilling":
        await connection.execute("BEGIN")
        options = await connection.fetchval(_STORAGE_OPTIONS, table.name)
        await connection.execute(
            _CREATE.format(schema=STAGING_SCHEMA, table=table.name, options=options)
        )
        return cls(connection, table, columns)

    async def write(self, rows: bytes) -> None:
        put = asyncio.ensure_future(self._pieces.put(rows))
        await asyncio.wait({put, self._copy}, return_when=asyncio.FIRST_COMPLETED)
        if self._copy.done():
            put.cancel()
            await self._copied()
            raise SnapshotDamaged(f"the rows of {self.table.name} go on after their end")
        await put

    async def finish(self, rows: int) -> None:
        put = asyncio.ensure_future(self._pieces.put(None))
        await asyncio.wait({self._copy})
        put.cancel()
        status = await self._copied()
        if status != f"COPY {rows}":
            raise SnapshotDamaged(f"{self.table.name} has {rows} rows, but {status[5:]} arrived")
        with reaching_the_database():
            try:
                await self._build_indexes()
                await self._connection.execute(f"ANALYZE {STAGING_SCHEMA}.{self.table.name}")
                await self._connection.execute("COMMIT")
            except asyncpg.IntegrityConstraintViolationError as error:
                raise self._as_damage(error) from None

    async def stop(self) -> None:
        """Ends the copy and returns when nothing of it is running any more."""
        self._copy.cancel()
        await asyncio.wait({self._copy})
        if not self._copy.cancelled():
            self._copy.exception()  # told by `write` or `finish`, if anybody still asks

    async def _copied(self) -> str:
        with reaching_the_database():
            try:
                return await self._copy
            except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
                raise self._as_damage(error) from None

    def _as_damage(self, error: asyncpg.PostgresError) -> SnapshotDamaged:
        # Without the server's words: they repeat whole rows.
        return SnapshotDamaged(f"the rows of {self.table.name} are no rows: {type(error).__name__}")

    async def _take(self) -> AsyncIterator[bytes]:
        while (rows := await self._pieces.get()) is not None:
            yield rows

    async def _build_indexes(self) -> None:
        """Those of the real table, under the same names: names belong to a schema."""
        name = self.table.name
        target = f"{STAGING_SCHEMA}.{name}"
        for index, constraint, constraint_body in await self._connection.fetch(_INDEXES, name):
            if constraint is not None:
                statement = f"ALTER TABLE {target} ADD CONSTRAINT {constraint} {constraint_body}"
            else:
                assert index.count(f" ON {name} USING ") == 1, "made by our own migrations"
                statement = index.replace(f" ON {name} USING ", f" ON {target} USING ")
            await self._connection.execute(statement)


async def drop_staged_tables(connection: asyncpg.Connection) -> None:
    """Removes what earlier snapshots left: those that were given up, or were not installed."""
    for (name,) in await connection.fetch(_LEFT_OVER, STAGING_SCHEMA):
        await connection.execute(f'DROP TABLE {STAGING_SCHEMA}."{name}"')
