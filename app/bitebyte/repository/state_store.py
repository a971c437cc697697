"""The replicated state as rows: loaded by key, flushed in bulk with the index that it reflects."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from typing import Final

import asyncpg
import msgspec

from bitebyte.domain.entities import AnyEntity, Key
from bitebyte.domain.limits import IDEMPOTENCY_DELETE_AFTER_MS
from bitebyte.domain.results import Event
from bitebyte.repository.availability import reaching_the_database
from bitebyte.repository.errors import DamagedDatabase
from bitebyte.repository.state_digest import StateDigest
from bitebyte.repository.stored_configuration import encode_conf_state
from bitebyte.repository.tables import TABLES
from bitebyte.repository.types import AppliedEntry, FlushBatch
from bitebyte.repository.write_guard import WriteGuard

APPLIED_ENTRIES_KEPT: Final = 100_000
"""Newest applied entries whose hash and events are kept: about a minute at full load and days
at a bar's pace, for streams that resume; some 50 MB."""

PRUNE_INTERVAL_ENTRIES: Final = 1000
PRUNE_ROWS_MAX: Final = 4000
"""Rows deleted of each kind at one pruning: more than can arrive in an interval (at most one
idempotency record and one applied entry per log entry), so that pruning catches up, and few
enough for some milliseconds."""

_READ_POSITION: Final = """
SELECT applied_index, (SELECT min(index) FROM applied_entry) FROM applied_state
"""
_INSERT_APPLIED_ENTRIES: Final = """
INSERT INTO applied_entry (index, state_hash, events)
SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::bytea[])
"""
_MOVE_APPLIED_STATE: Final = """
UPDATE applied_state SET applied_index = $4, state_hash = $5, log_time_ms = $6,
    conf_state = coalesce($8::json, conf_state)
WHERE applied_index = $7
"""
_FIRST_ROW_PARAMETER: Final = 9

_PRUNE_APPLIED_ENTRIES: Final = "DELETE FROM applied_entry WHERE index < $1"
_IDEMPOTENCY_KEYS: Final = """
SELECT account_id::text, idempotency_key FROM idempotency_records
"""
_PRUNE_IDEMPOTENCY: Final = f"""
DELETE FROM idempotency_records WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM idempotency_records WHERE created_at_ms < $1
    ORDER BY created_at_ms LIMIT {PRUNE_ROWS_MAX}
))
"""
_HASHES: Final = """
SELECT index, state_hash FROM applied_entry ORDER BY index DESC LIMIT $1
"""
_EVENTS_AFTER: Final = """
SELECT index, state_hash, events FROM applied_entry
WHERE index > $1 AND events IS NOT NULL ORDER BY index LIMIT $2
"""
_ALL_ROWS_PREFETCH: Final = 500

_events_encoder = msgspec.json.Encoder()
_events_decoder = msgspec.json.Decoder(tuple[Event, ...])


class StateStore:
    """The only writer of the state. `flush` calls must not overlap; reads may run beside it and
    see whole flushes only."""

    def __init__(
        self,
        connection: asyncpg.Connection,
        readers: asyncpg.Pool,
        *,
        applied_index: int,
        oldest_kept_index: int,
        connect: Callable[[str], Awaitable[asyncpg.Connection]],
    ) -> None:
        self._connection = connection
        self._connect = connect
        self._readers = readers
        self._applied_index = applied_index
        self._oldest_kept_index = oldest_kept_index
        self._pruned_at_index = applied_index
        self.guard = WriteGuard("flushing the state")
        """Around every write to the state, that of a snapshot that replaces it included."""
        self._flush_statements: dict[tuple[str, ...], str] = {}

    @classmethod
    async def open(
        cls,
        connection: asyncpg.Connection,
        readers: asyncpg.Pool,
        *,
        connect: Callable[[str], Awaitable[asyncpg.Connection]],
    ) -> "StateStore":
        """Reads where the state stands. `connection` becomes the store's own; `connect(name)`
        opens one for a view that stays for long. Raises DamagedDatabase."""
        position = await connection.fetchrow(_READ_POSITION)
        if position is None:
            raise DamagedDatabase("the row of applied_state is missing")
        applied_index, oldest = position
        return cls(
            connection,
            readers,
            applied_index=applied_index,
            oldest_kept_index=applied_index + 1 if oldest is None else oldest,
            connect=connect,
        )

    @property
    def applied_index(self) -> int:
        """The log index that the tables reflect."""
        return self._applied_index

    def restart_at(self, index: int) -> None:
        """The state was replaced by that of `index`, without applied entries, by somebody who
        held the guard."""
        self._applied_index = index
        self._oldest_kept_index = index + 1
        self._pruned_at_index = index

    async def load(self, keys: Collection[Key]) -> dict[Key, AnyEntity]:
        """The rows that exist among `keys`, in one query per kind. Keys that can't exist, such
        as malformed ids, are absent like any other. Raises DatabaseUnavailable."""
        by_kind: dict[str, list[Key]] = {}
        for key in keys:
            by_kind.setdefault(key.kind, []).append(key)
        if not by_kind:
            return {}
        with reaching_the_database():
            rows = await self._load_kinds(by_kind)
        return {entity.key: entity for entity in rows}

    async def _load_kinds(self, by_kind: Mapping[str, Sequence[Key]]) -> list[AnyEntity]:
        rows: list[AnyEntity] = []
        # One connection for all kinds: two queries in turn beat two connections in parallel,
        # as each takes less time than waking a second backend.
        async with self._readers.acquire() as connection:
            for kind, wanted in by_kind.items():
                table = TABLES[kind]
                arguments = table.to_key_columns(wanted)
                if arguments[0]:
                    found = await connection.fetch(table.select_by_key, *arguments)
                    rows.extend(map(table.to_entity, found))
        return rows

    async def flush(self, batch: FlushBatch) -> None:
        """Writes rows, applied entries, the new applied index and, where it changed, the
        configuration in one transaction.

        `batch.applied` must follow exactly on the last flush. Raises WriteFailed; after that,
        and after a cancellation, every later call raises too and the process must end.
        """
        assert batch.applied, "a flush moves forward"
        for index, entry in enumerate(batch.applied, self._applied_index + 1):
            assert entry.index == index, "applied entries follow each other"
        assert batch.applied[-1].index == batch.applied_index, "the index is the last entry's"
        by_kind: dict[str, list[AnyEntity]] = {}
        for row in batch.rows:
            by_kind.setdefault(row.KIND, []).append(row)
        kinds = tuple(kind for kind in TABLES if kind in by_kind)
        rows = [column for kind in kinds for column in TABLES[kind].to_columns(by_kind[kind])]
        with self.guard.writing():
            status = await self._connection.execute(
                self._flush_statement(kinds),
                [entry.index for entry in batch.applied],
                [entry.state_hash for entry in batch.applied],
                [_encode_events(entry.events) for entry in batch.applied],
                batch.applied_index,
                batch.state_hash,
                batch.log_time_ms,
                self._applied_index,
                None if batch.conf_state is None else encode_conf_state(batch.conf_state),
                *rows,
            )
            assert status == "UPDATE 1", "nobody else moves the applied index"
            self._applied_index = batch.applied_index
            await self._prune(batch.log_time_ms)

    async def hashes(self, last_n: int) -> tuple[tuple[int, bytes], ...]:
        """(index, state hash) of the newest `last_n` applied entries that are kept, oldest
        first."""
        with reaching_the_database():
            rows = await self._readers.fetch(_HASHES, last_n)
        return tuple((row[0], row[1]) for row in reversed(rows))

    async def events_after(self, index: int, limit: int) -> tuple[AppliedEntry, ...]:
        """Flushed entries after `index` that have events, oldest first, at most `limit`: fewer
        mean that there are no more."""
        with reaching_the_database():
            rows = await self._readers.fetch(_EVENTS_AFTER, index, limit)
        return tuple(AppliedEntry(row[0], row[1], _events_decoder.decode(row[2])) for row in rows)

    async def oldest_event_index(self) -> int:
        """The oldest index whose events are still kept; the one after the newest if none is."""
        return self._oldest_kept_index

    async def all_rows(self) -> AsyncIterator[AnyEntity]:
        """Every row of the state as of one moment, kind by kind, by key within a kind.

        For verification and export. Holds one of the readers' connections: iterate to the end,
        or close the iterator.
        """
        async with (
            self._readers.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            for table in TABLES.values():
                key = ", ".join(f'{table.name}."{column}"' for column in table.key)
                query = f"SELECT {table.select_list} FROM {table.name} ORDER BY {key}"
                async for row in connection.cursor(query, prefetch=_ALL_ROWS_PREFETCH):
                    yield table.to_entity(row)

    async def begin_digest(self) -> StateDigest:
        """A view of the state as of now, whose rows can be compared with another member's. Close
        it when done; it has a connection of its own. Raises DatabaseUnavailable."""
        return await StateDigest.open(self._connect)

    async def idempotency_keys(self) -> AsyncIterator[tuple[str, ...]]:
        """The key parts of every idempotency record that is kept, in no order. For the start,
        before anything is flushed. Iterate to the end, or close the iterator."""
        async with self._readers.acquire() as connection, connection.transaction(readonly=True):
            async for row in connection.cursor(_IDEMPOTENCY_KEYS, prefetch=_ALL_ROWS_PREFETCH):
                yield (row[0], row[1])

    def _flush_statement(self, kinds: tuple[str, ...]) -> str:
        """All of a flush as one statement, so that it is one round trip and one commit. Its
        parts share a snapshot and touch different tables, so their order doesn't matter."""
        statement = self._flush_statements.get(kinds)
        if statement is None:
            parts = [f"applied AS ({_INSERT_APPLIED_ENTRIES})"]
            parameter = _FIRST_ROW_PARAMETER
            for table in (TABLES[kind] for kind in kinds):
                parts.append(f"{table.name}_rows AS ({table.build_upsert(parameter)})")
                parameter += len(table.columns)
            statement = f"WITH {', '.join(parts)} {_MOVE_APPLIED_STATE}"
            self._flush_statements[kinds] = statement
        return statement

    async def _prune(self, log_time_ms: int) -> None:
        """Deletes what is too old, a bounded number of rows now and then."""
        if self._applied_index - self._pruned_at_index < PRUNE_INTERVAL_ENTRIES:
            return
        self._pruned_at_index = self._applied_index
        keep_from = min(
            self._applied_index - APPLIED_ENTRIES_KEPT + 1,
            self._oldest_kept_index + PRUNE_ROWS_MAX,
        )
        if keep_from > self._oldest_kept_index:
            await self._connection.execute(_PRUNE_APPLIED_ENTRIES, keep_from)
            self._oldest_kept_index = keep_from
        # Whether a record still counts is decided by the state machine, from log time alone.
        # It ignores this one since long, so members may delete it at different moments.
        await self._connection.execute(
            _PRUNE_IDEMPOTENCY, log_time_ms - IDEMPOTENCY_DELETE_AFTER_MS
        )


def _encode_events(events: Sequence[Event]) -> bytes | None:
    return _events_encoder.encode(events) if events else None
