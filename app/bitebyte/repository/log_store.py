"""The Raft log and the hard state, durable when `append` returns."""

from collections.abc import Sequence
from typing import Final

import asyncpg
import msgspec

from bitebyte.raft.messages import StorageAppend
from bitebyte.raft.types import ConfState, Entry, HardState, TermRun
from bitebyte.repository.availability import reaching_the_database
from bitebyte.repository.errors import DamagedDatabase
from bitebyte.repository.types import StoredLog
from bitebyte.repository.write_guard import WriteGuard

FETCH_ENTRIES_MAX: Final = 4096
"""Entries read at once for a peer that lags, whatever `bytes_max` would allow: bounds what the
server looks at."""

_UPDATE_STATE: Final = 'UPDATE raft_state SET term = $1, vote = $2, "commit" = $3'
_INSERT: Final = """
INSERT INTO raft_log (index, term, kind, data)
SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::smallint[], $4::bytea[])
"""
_INSERT_ONE: Final = "INSERT INTO raft_log (index, term, kind, data) VALUES ($1, $2, $3, $4)"
"""For a member that is not busy: an entry alone needs no arrays on either side."""

_INSERT_AND_UPDATE_STATE: Final = f"""
WITH hard_state AS (UPDATE raft_state SET term = $5, vote = $6, "commit" = $7) {_INSERT}
"""
_TRUNCATE: Final = "DELETE FROM raft_log WHERE index >= $1"

_LOAD_STATE: Final = """
SELECT term, vote, "commit", conf_state::text, applied_index, state_hash, log_time_ms
FROM raft_state, applied_state
"""
_LOAD_BOUNDS: Final = "SELECT min(index), max(index), count(*) FROM raft_log"
_LOAD_TERM_RUNS: Final = "SELECT min(index), term FROM raft_log GROUP BY term ORDER BY term"
_LOAD_ENTRIES: Final = """
SELECT term, index, data, kind FROM raft_log WHERE index > $1 ORDER BY index
"""
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

_conf_state_decoder = msgspec.json.Decoder(ConfState)


class LogStore:
    """One writer's view of the stored log.

    Call `load` first. `append` calls must not overlap: one is in flight at a time, and what
    gathers meanwhile is the next batch. `fetch` may run beside it.
    """

    def __init__(self, connection: asyncpg.Connection, readers: asyncpg.Pool) -> None:
        self._connection = connection
        self._readers = readers
        self._last_index = -1
        self._commit = 0
        self._guard = WriteGuard("writing the log")

    @property
    def last_index(self) -> int:
        """Index of the newest stored entry, 0 for none; known after `load`."""
        return self._last_index

    async def load(self) -> StoredLog:
        """Reads what a core needs to continue. Raises DamagedDatabase on a gap in the log or
        when the applied state is ahead of it."""
        async with self._connection.transaction(isolation="repeatable_read", readonly=True):
            state = await self._connection.fetchrow(_LOAD_STATE)
            bounds = await self._connection.fetchrow(_LOAD_BOUNDS)
            runs = await self._connection.fetch(_LOAD_TERM_RUNS)
            if state is None or bounds is None:
                raise DamagedDatabase("the row of raft_state or applied_state is missing")
            term, vote, commit, conf_state, applied_index, state_hash, log_time_ms = state
            rows = await self._connection.fetch(_LOAD_ENTRIES, applied_index)
        first_index = bounds[0] or 1
        last_index = bounds[1] or 0
        if bounds[2] != last_index - first_index + 1:
            raise DamagedDatabase(
                f"raft_log has {bounds[2]} entries between {first_index} and {last_index}"
            )
        if applied_index > last_index:
            raise DamagedDatabase(
                f"the applied index {applied_index} is ahead of the log, which ends at {last_index}"
            )
        if [run[0] for run in runs] != sorted(run[0] for run in runs):
            raise DamagedDatabase("the terms of raft_log do not grow with its index")
        # The stored commit index is a hint. What was applied was committed for certain.
        commit = max(min(commit, last_index), applied_index)
        self._last_index = last_index
        self._commit = commit
        return StoredLog(
            hard_state=HardState(term, vote, commit),
            conf_state=_conf_state_decoder.decode(conf_state),
            first_index=first_index,
            last_index=last_index,
            term_runs=tuple(TermRun(*run) for run in runs),
            entries=tuple(Entry(*row) for row in rows),
            applied_index=applied_index,
            state_hash=state_hash,
            log_time_ms=log_time_ms,
        )

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
        with self._guard.writing():
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
        stored. Raises DatabaseUnavailable, or DamagedDatabase on a gap."""
        with reaching_the_database():
            rows = await self._readers.fetch(_FETCH, low, high, bytes_max)
        entries = tuple(Entry(*row) for row in rows)
        for offset, entry in enumerate(entries):
            if entry.index != low + offset:
                raise DamagedDatabase(f"raft_log has no entry {low + offset} but {entry.index}")
        return entries

    async def _write(self, tail: Sequence[Entry], hard_state: HardState | None) -> None:
        """One statement, hence one round trip and, outside a transaction, one commit."""
        if not tail:
            assert hard_state is not None
            await self._connection.execute(
                _UPDATE_STATE, hard_state.term, hard_state.vote, hard_state.commit
            )
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
                _INSERT_AND_UPDATE_STATE,
                *columns,
                hard_state.term,
                hard_state.vote,
                hard_state.commit,
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
