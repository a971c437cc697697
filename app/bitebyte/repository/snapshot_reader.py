"""A snapshot going out: one consistent view of the flushed state, read piece by piece."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Final

import asyncpg

from bitebyte.repository.availability import reaching_the_database
from bitebyte.repository.errors import DamagedDatabase
from bitebyte.repository.snapshot_format import (
    FORMAT_VERSION,
    PAYLOAD_BYTES_MAX,
    PieceKind,
    TableEnd,
    TableStart,
    encode_payload,
    encode_piece,
)
from bitebyte.repository.stored_configuration import decode_conf_state
from bitebyte.repository.tables import TABLES, Table
from bitebyte.repository.types import SnapshotMeta

PIECES_AHEAD_MAX: Final = 2
"""Pieces that wait for whoever sends them: one being sent, one ready. What the driver and the
kernel buffer comes on top and is bounded as well."""

_META: Final = """
SELECT applied_index, state_hash, log_time_ms, conf_state::text,
       CASE applied_index
           WHEN 0 THEN 0
           WHEN compacted_index THEN compacted_term
           ELSE (SELECT term FROM raft_log WHERE index = applied_index)
       END
FROM applied_state, raft_log_start
"""


class PostgresSnapshotReader:
    """Reads ahead by PIECES_AHEAD_MAX pieces and then waits, so a slow receiver costs no memory.

    Holds a connection and a view of its own until it is closed. The view keeps the server from
    clearing away old versions of rows, so close it soon.
    """

    def __init__(
        self,
        connection: asyncpg.Connection,
        meta: SnapshotMeta,
        *,
        on_closed: Callable[[], None],
    ) -> None:
        self._connection = connection
        self._meta = meta
        self._on_closed = on_closed
        self._pieces: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._room = asyncio.Semaphore(PIECES_AHEAD_MAX)
        self._pieces_made = 0
        self._pieces_taken = 0
        self._export: asyncio.Task[None] | None = None
        self._is_closed = False

    @classmethod
    async def open(
        cls,
        connection: asyncpg.Connection,
        *,
        on_closed: Callable[[], None],
    ) -> "PostgresSnapshotReader":
        """Fixes the view: the state as of now. `connection` becomes the reader's own; it is the
        caller's to close if this raises DamagedDatabase or a driver's error."""
        await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        row = await connection.fetchrow(_META)
        if row is None:
            raise DamagedDatabase("the row of applied_state or raft_log_start is lost")
        index, state_hash, log_time_ms, conf_state, term = row
        if term is None:
            raise DamagedDatabase(f"raft_log has no entry {index}, which is applied")
        meta = SnapshotMeta(
            index=index,
            term=term,
            conf_state=decode_conf_state(conf_state),
            state_hash=state_hash,
            log_time_ms=log_time_ms,
            format_version=FORMAT_VERSION,
        )
        return cls(connection, meta, on_closed=on_closed)

    @property
    def meta(self) -> SnapshotMeta:
        """What the pieces amount to."""
        return self._meta

    @property
    def pieces_ahead(self) -> int:
        """Pieces that are made and not taken yet, PIECES_AHEAD_MAX at most."""
        return self._pieces_made - self._pieces_taken

    async def chunks(self) -> AsyncIterator[bytes]:
        """All pieces, each at most PIECE_BYTES_MAX, in order; once. Raises DatabaseUnavailable,
        also when the reader is closed, or its view had to give way, in the middle."""
        assert self._export is None, "a snapshot is read once"
        self._export = asyncio.create_task(self._export_all())
        self._export.add_done_callback(lambda _: self._pieces.put_nowait(None))
        while (piece := await self._pieces.get()) is not None:
            self._pieces_taken += 1
            self._room.release()
            yield piece
        with reaching_the_database():
            if self._export.cancelled():
                raise asyncpg.InterfaceError("the snapshot was closed")
            self._export.result()

    async def close(self) -> None:
        """Gives view and connection back, also in the middle. Calling it again does nothing."""
        if self._is_closed:
            return
        self._is_closed = True
        if self._export is not None:
            self._export.cancel()
            await asyncio.wait({self._export})
            if not self._export.cancelled():
                self._export.exception()  # told by `chunks`, if anybody still reads
        # Without a word to the server, which may be waiting for us to take more of the rows.
        self._connection.terminate()
        self._on_closed()

    async def _export_all(self) -> None:
        for table in TABLES.values():
            await self._export_table(table)
        await self._put(PieceKind.END)

    async def _export_table(self, table: Table) -> None:
        start = TableStart(table.name, dict(table.columns))
        await self._put(PieceKind.TABLE, encode_payload(start))
        buffer = bytearray()

        async def take(data: bytes) -> None:
            buffer.extend(data)
            while len(buffer) >= PAYLOAD_BYTES_MAX:
                await self._put(PieceKind.ROWS, bytes(buffer[:PAYLOAD_BYTES_MAX]))
                del buffer[:PAYLOAD_BYTES_MAX]

        status = await self._connection.copy_from_table(
            table.name, columns=list(table.columns), output=take, format="binary"
        )
        if buffer:
            await self._put(PieceKind.ROWS, bytes(buffer))
        end = TableEnd(rows=int(status.split()[-1]))
        await self._put(PieceKind.TABLE_END, encode_payload(end))

    async def _put(self, kind: PieceKind, payload: bytes = b"") -> None:
        await self._room.acquire()
        self._pieces.put_nowait(encode_piece(kind, self._pieces_made, payload))
        self._pieces_made += 1
