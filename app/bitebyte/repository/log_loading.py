"""Reads, at the start, what a core needs of the stored log, without reading a long log."""

from collections.abc import Mapping, Sequence
from typing import Final

import asyncpg

from bitebyte.raft.types import Entry, HardState, TermRun
from bitebyte.repository.errors import DamagedDatabase
from bitebyte.repository.stored_configuration import decode_conf_state
from bitebyte.repository.term_runs import find_term_runs
from bitebyte.repository.types import StoredLog

_STATE: Final = """
SELECT term, vote, "commit", has_lost_log,
       conf_state::text, applied_index, state_hash, log_time_ms,
       compacted_index, compacted_term
FROM raft_state, applied_state, raft_log_start
"""
_LAST: Final = "SELECT index, term FROM raft_log WHERE index > $1 ORDER BY index DESC LIMIT 1"
_TERMS: Final = "SELECT index, term FROM raft_log WHERE index = ANY($1::bigint[])"
_ENTRIES: Final = "SELECT term, index, data, kind FROM raft_log WHERE index > $1 ORDER BY index"


async def load_log(connection: asyncpg.Connection) -> StoredLog:
    """What is stored, read in one view. `connection` is in no transaction.

    Takes some twenty look-ups however long the log is: the terms are found by bisection, and
    only the entries after the applied index are read. A gap below that is found when somebody
    fetches there. Raises DamagedDatabase on a gap among the entries that are read, and when
    applied state, log and its start contradict each other.
    """
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        state = await connection.fetchrow(_STATE)
        if state is None:
            raise DamagedDatabase("the row of raft_state, applied_state or raft_log_start is lost")
        term, vote, commit, has_lost_log = state[:4]
        conf_state, applied_index, state_hash, log_time_ms = state[4:8]
        start = TermRun(*state[8:])
        term_runs, last_index = await _load_terms(connection, start)
        rows = await connection.fetch(_ENTRIES, max(applied_index, start.first_index))
    entries = tuple(Entry(*row) for row in rows)
    _check(start.first_index, applied_index, last_index, entries)
    return StoredLog(
        # The stored commit index is a hint. What was applied was committed for certain.
        hard_state=HardState(term, vote, max(min(commit, last_index), applied_index), has_lost_log),
        conf_state=decode_conf_state(conf_state),
        first_index=start.first_index + 1,
        last_index=last_index,
        term_runs=term_runs,
        entries=entries,
        applied_index=applied_index,
        state_hash=state_hash,
        log_time_ms=log_time_ms,
    )


async def _load_terms(
    connection: asyncpg.Connection, start: TermRun
) -> tuple[tuple[TermRun, ...], int]:
    """The runs, from the last compacted entry on if there is one, and the last index."""

    async def terms_at(indexes: Sequence[int]) -> Mapping[int, int]:
        return {row[0]: row[1] for row in await connection.fetch(_TERMS, indexes)}

    compacted_index = start.first_index
    last = await connection.fetchrow(_LAST, compacted_index)
    if last is None:
        return ((start,) if compacted_index else (), compacted_index)
    terms = await terms_at([compacted_index + 1])
    if compacted_index + 1 not in terms:
        raise DamagedDatabase(
            f"raft_log has no entry {compacted_index + 1}, where it begins, but {last[0]}"
        )
    first = start if compacted_index else TermRun(1, terms[1])
    return await find_term_runs(first, TermRun(*last), terms_at), last[0]


def _check(
    compacted_index: int, applied_index: int, last_index: int, entries: Sequence[Entry]
) -> None:
    if applied_index > last_index:
        raise DamagedDatabase(
            f"the applied index {applied_index} is ahead of the log, which ends at {last_index}"
        )
    if applied_index < compacted_index:
        raise DamagedDatabase(
            f"the applied index is {applied_index}, but the log begins after {compacted_index}"
        )
    for index, entry in enumerate(entries, applied_index + 1):
        if entry.index != index:
            raise DamagedDatabase(f"raft_log has no entry {index} but {entry.index}")
    if applied_index + len(entries) != last_index:
        raise DamagedDatabase(f"raft_log ends at {last_index}, but not all of it can be read")
