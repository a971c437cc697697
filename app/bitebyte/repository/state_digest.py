"""A hash over all rows of the state, kind by kind, that equal states share.

The chained state hash proves that members applied the same entries; this proves that their
tables hold what those entries made of them.
"""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import asyncpg

from bitebyte.domain.entities import IdempotencyRecord
from bitebyte.domain.limits import IDEMPOTENCY_DELETE_AFTER_MS
from bitebyte.repository.availability import reaching_the_database
from bitebyte.repository.errors import DamagedDatabase
from bitebyte.repository.tables import TABLES, Table

_POSITION: Final = """
SELECT applied_index, log_time_ms, (SELECT max(version) FROM schema_migration) FROM applied_state
"""

# The rows are hashed where they are: reading a million of them into the event loop would hold it
# for half a minute. Sums do not depend on the order of rows, so nothing has to be sorted.
_HASH_ROWS: Final = """
SELECT count(*), coalesce(sum(high), 0)::text, coalesce(sum(low), 0)::text FROM (
    SELECT ('x' || left(hash, 16))::bit(64)::bigint AS high,
           ('x' || substr(hash, 17, 16))::bit(64)::bigint AS low
    FROM (
        SELECT encode(sha256(convert_to(row_text, 'UTF8')), 'hex') AS hash FROM (
            SELECT ROW({columns})::text AS row_text FROM {table} WHERE {condition} OFFSET 0
        ) AS texts OFFSET 0
    ) AS hashes
) AS halves
"""


class StateDigest:
    """A repeatable-read view of the state. Close it: it has a connection of its own and keeps the
    server from clearing away old versions of rows."""

    def __init__(
        self,
        connection: asyncpg.Connection,
        applied_index: int,
        log_time_ms: int,
        schema_version: int,
    ) -> None:
        self._connection = connection
        self._log_time_ms = log_time_ms
        self.applied_index = applied_index
        """The log index that the rows reflect."""
        self.schema_version = schema_version
        """Digests of different schemas are not comparable: their rows have other columns."""

    @classmethod
    async def open(cls, connect: Callable[[str], Awaitable[asyncpg.Connection]]) -> "StateDigest":
        """Fixes the view. Raises DatabaseUnavailable or DamagedDatabase."""
        with reaching_the_database():
            connection = await connect("bitebyte digest")
            try:
                await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                position = await connection.fetchrow(_POSITION)
                if position is None:
                    raise DamagedDatabase("the row of applied_state is missing")
                applied_index, log_time_ms, schema_version = position
            except BaseException:
                connection.terminate()
                raise
        return cls(connection, applied_index, log_time_ms, schema_version)

    async def digests(self) -> Mapping[str, bytes]:
        """Kind → 32 bytes, equal wherever the rows are equal, in whatever order they lie. The
        server does the work, some seconds for a million rows. Raises DatabaseUnavailable."""
        with reaching_the_database():
            return {kind: await self._digest(table) for kind, table in TABLES.items()}

    async def close(self) -> None:
        """Gives the view back, also in the middle. Calling it again does nothing."""
        self._connection.terminate()

    async def _digest(self, table: Table) -> bytes:
        condition, arguments = "true", ()
        if table.entity is IdempotencyRecord:
            # Each member deletes these in its own time once they count for nothing.
            condition = "created_at_ms >= $1"
            arguments = (self._log_time_ms - IDEMPOTENCY_DELETE_AFTER_MS,)
        columns = ", ".join(f'"{column}"' for column in table.columns)
        statement = _HASH_ROWS.format(columns=columns, table=table.name, condition=condition)
        sums = await self._connection.fetchrow(statement, *arguments)
        assert sums is not None, "an aggregate has a row"
        return hashlib.sha256(" ".join([table.name, *map(str, sums)]).encode()).digest()
