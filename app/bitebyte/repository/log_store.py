"""The Raft log and the hard state, durable when `append` returns."""

import asyncio
from collections.abc import Sequence
from typing import Final

import asyncpg
import msgspec

from bitebyte.raft.messages import StorageAppend
from bitebyte.raft.types import Entry, HardState
from bitebyte.repository.availability import reaching_the_database
from bitebyte.repository.errors import DamagedDatabase
from bitebyte.repository.log_loading import load_log
from bitebyte.repository.types import StoredLog
from bitebyte.repository.write_guard import WriteGuard

FETCH_ENTRIES_MAX: Final = 4096
"""Entries read at once for a peer that lags, whatever `bytes_max` would allow: bounds what the
server looks at."""

COMPACT_ENTRIES_MAX: Final = 1000
"""Entries deleted in one transaction: some milliseconds and some 100 KB of WAL, little enough
for the append beside it."""
COMPACT_PAUSE_FACTOR: Final = 3
"""How many times longer than each of these a pause is. Still 40,000 entries a second."""
PAGE_BYTES_MAX: Final = 1024 * 1024
"""Of data in a page of the log."""

_UPDATE_STATE: Final = """
UPDATE raft_state SET term = $1, vote = $2, "commit" = $3, has_lost_log = $4
"""
_INSERT: Final = """
INSERT INTO raft_log (index, term, kind, data)
SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::smallint[], $4::bytea[])
"""
_INSERT_ONE: Final = "INSERT INTO raft_log (index, term, kind, data) VALUES ($1, $2, $3, $4)"
"""For a member that is not busy: an entry alone needs no arrays on either side."""

_INSERT_AND_UPDATE_STATE: Final = f"""
WITH hard_state AS (
    UPDATE raft_state SET term = $5, vote = $6, "commit" = $7, has_lost_log = $8
) {_INSERT}
"""
_TRUNCATE: Final = "DELETE FROM raft_log WHERE index >= $1"

_FETCH: Final = f"""
SELECT term, index, data, kind FROM (
    SELECT *, sum(octet_length(data)) OVER (ORDER BY index) AS bytes_total
    FROM (
        SELECT * FROM raft_log WHERE index >= $1 AND index < $2
        ORDER BY index LIMIT {FETCH_ENTRIES_MAX}
    ) AS wanted
) AS measured
WHERE bytes_total <= $3 OR index = $1
ORDER BY index
"""
_COMPACT_LIMIT: Final = """
SELECT applied_index, (SELECT term FROM raft_log WHERE index = $1) FROM applied_state
"""
_MOVE_START: Final = """
UPDATE raft_log_start SET compacted_index = $1, compacted_term = $2 WHERE compacted_index < $1
"""
_OLDEST: Final = "SELECT min(index) FROM raft_log"
_DELETE: Final = "DELETE FROM raft_log WHERE index > $1 AND index <= $2"
_NOT_DURABLE: Final = "SET LOCAL synchronous_commit = off"


class LogStore:
    """One writer's view of the stored log.

    Call `load` first. `append` calls must not overlap: one is in flight at a time, and what
    gathers meanwhile is the next batch. `fetch` and one `compact` may run beside it.
    """

    def __init__(self, connection: asyncpg.Connection, readers: asyncpg.Pool) -> None:
        self._connection = connection
        self._readers = readers
        self._first_index = 1
        self._last_index = -1
        self._commit = 0
        self._deleted_through: int | None = None
        self._is_compacting = False
        self.guard = WriteGuard("writing the log")
        """Around every write to the log, those of a snapshot that replaces it included."""

    @property
    def last_index(self) -> int:
        """Index of the newest stored entry, or of the last compacted one where there is none; 0
        for an empty log. Known after `load`."""
        return self._last_index

    @property
    def first_index(self) -> int:
        """Index of the oldest entry that is not compacted, stored or not yet."""
        return self._first_index

    async def load(self) -> StoredLog:
        """Reads what a core needs to continue: see `log_loading.load_log`. Raises
        DamagedDatabase."""
        stored = await load_log(self._connection)
        self._first_index = stored.first_index
        self._last_index = stored.last_index
        self._commit = stored.hard_state.commit
        self._deleted_through = None
        return stored

    async def append(self, appends: Sequence[StorageAppend]) -> None:
        """Makes entries and hard states of all `appends` durable, in order, in one transaction.

        Where entries begin at or below the stored last index, everything from there on is
        replaced. Raises WriteFailed; after that, and after a cancellation, the store is
        poisoned: an fsync that failed can't be repeated (and what reached the disk is unknown),
        so every later call raises too and the process must end.
        """
        assert self._last_index >= 0, "load comes first"
        tail, hard_state = _merge(appends, self._last_index)
        if not tail and hard_state is None:
            return
        if tail and tail[0].index <= self._last_index:
            assert tail[0].index > self._commit, "a committed entry is never replaced"
        with self.guard.writing():
            if tail and tail[0].index <= self._last_index:
                async with self._connection.transaction():
                    await self._connection.execute(_TRUNCATE, tail[0].index)
                    await self._write(tail, hard_state)
            else:
                await self._write(tail, hard_state)
        if tail:
            self._last_index = tail[-1].index
        if hard_state is not None:
            self._commit = max(self._commit, hard_state.commit)

    async def fetch(self, low: int, high: int, bytes_max: int) -> tuple[Entry, ...]:
        """Entries [low, high), at least one, up to `bytes_max` of data; empty if `low` is not
        stored, or is compacted. Raises DatabaseUnavailable, or DamagedDatabase on a gap."""
        if low < self._first_index:
            return ()
        with reaching_the_database():
            rows = await self._readers.fetch(_FETCH, low, high, bytes_max)
        if low < self._first_index:
            return ()  # compacted meanwhile: what was read may be half of it
        entries = tuple(Entry(*row) for row in rows)
        for offset, entry in enumerate(entries):
            if entry.index != low + offset:
                raise DamagedDatabase(f"raft_log has no entry {low + offset} but {entry.index}")
        return entries

    async def compact(self, through_index: int) -> None:
        """Deletes entries up to `through_index`, whose effect is durable in the flushed state.

        First the start of the log moves, then the rows go, COMPACT_ENTRIES_MAX at a time, with
        pauses between, so that a quarter of the disk's time at most goes to it. What is left
        undone by a crash or a cancellation, the next call makes good. Nobody waits for
        these commits to be durable. One call at a time. Raises DatabaseUnavailable.
        """
        assert not self._is_compacting, "one compaction at a time"
        if through_index < self._first_index:
            return
        self._is_compacting = True
        try:
            with reaching_the_database():
                await self._move_start(through_index)
                await self._delete_compacted()
        finally:
            self._is_compacting = False

    async def page(self, low: int, limit: int) -> tuple[Entry, ...]:
        """At most `limit` entries from `low` on, or from the oldest that is not compacted, for
        people to read: no more than FETCH_ENTRIES_MAX, and PAGE_BYTES_MAX unless the first alone
        is larger. Raises DatabaseUnavailable."""
        low = max(low, self._first_index)
        return await self.fetch(low, low + limit, PAGE_BYTES_MAX)

    def restart_after(self, index: int, commit: int) -> None:
        """The stored log was replaced by an empty one that begins after `index`, by somebody who
        held the guard."""
        self._first_index = index + 1
        self._last_index = index
        self._commit = max(index, commit)
        self._deleted_through = index

    async def _move_start(self, through_index: int) -> None:
        async with self._readers.acquire() as connection, connection.transaction():
            limit = await connection.fetchrow(_COMPACT_LIMIT, through_index)
            assert limit is not None, "applied_state has a row"
            applied_index, term = limit
            assert through_index <= applied_index, "what is not flushed is needed to replay"
            if term is None:
                raise DamagedDatabase(f"raft_log has no entry {through_index}")
            # From here on nobody may read below, whether the commit is seen to succeed or not.
            self._first_index = through_index + 1
            await connection.execute(_NOT_DURABLE)
            await connection.execute(_MOVE_START, through_index, term)

    async def _delete_compacted(self) -> None:
        loop = asyncio.get_running_loop()
        deleted_through = self._deleted_through
        if deleted_through is None:
            # Only after a start: later, the rows deleted before would all be visited again.
            oldest = await self._readers.fetchval(_OLDEST)
            deleted_through = self._first_index - 1 if oldest is None else oldest - 1
        while deleted_through < self._first_index - 1:
            started_at = loop.time()
            high = min(deleted_through + COMPACT_ENTRIES_MAX, self._first_index - 1)
            async with self._readers.acquire() as connection, connection.transaction():
                await connection.execute(_NOT_DURABLE)
                await connection.execute(_DELETE, deleted_through, high)
            self._deleted_through = deleted_through = high
            await asyncio.sleep(COMPACT_PAUSE_FACTOR * (loop.time() - started_at))

    async def _write(self, tail: Sequence[Entry], hard_state: HardState | None) -> None:
        """One statement, hence one round trip and, outside a transaction, one commit."""
        if not tail:
            assert hard_state is not None
            await self._connection.execute(_UPDATE_STATE, *msgspec.structs.astuple(hard_state))
            return
        if hard_state is None and len(tail) == 1:
            entry = tail[0]
            await self._connection.execute(
                _INSERT_ONE, entry.index, entry.term, entry.kind, entry.data
            )
            return
        columns = (
            [entry.index for entry in tail],
            [entry.term for entry in tail],
            [entry.kind for entry in tail],
            [entry.data for entry in tail],
        )
        if hard_state is None:
            await self._connection.execute(_INSERT, *columns)
        else:
            await self._connection.execute(
                _INSERT_AND_UPDATE_STATE, *columns, *msgspec.structs.astuple(hard_state)
            )


def _merge(
    appends: Sequence[StorageAppend], last_index: int
) -> tuple[list[Entry], HardState | None]:
    """What several appends come to: one run of entries, and the last hard state.

    A later append may replace entries of an earlier one that never reached the disk.
    """
    tail: list[Entry] = []
    hard_state: HardState | None = None
    for append in appends:
        assert append.snapshot is None, "SnapshotStore.install takes in a snapshot"
        if append.hard_state is not None:
            hard_state = append.hard_state
        if not append.entries:
            continue
        first = append.entries[0].index
        assert 0 < first <= (tail[-1].index if tail else last_index) + 1, "no gap in the log"
        for offset, entry in enumerate(append.entries):
            assert entry.index == first + offset, "entries are contiguous"
        if tail and first > tail[0].index:
            del tail[first - tail[0].index :]
            tail.extend(append.entries)
        else:
            tail = list(append.entries)
    return tail, hard_state
