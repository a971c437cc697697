"""The way out when a quorum is lost for good: one member goes on alone, as a new cluster.

Nothing can promise that no confirmed order is lost then: what this member never received is
gone. So it is done by hand, with the member stopped, on the member that has the longest log,
after reading what it holds. The new cluster has a new id; members of the old one are refused by
it and refuse it, so whoever comes back of them cannot take part by accident.
"""

import secrets
from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

import asyncpg
import msgspec

from bitebyte.raft.confchange import decode_change, encode_change
from bitebyte.raft.types import ConfState, Entry, EntryKind, TermRun
from bitebyte.repository.availability import reaching_the_database
from bitebyte.repository.database import Database, new_random_id
from bitebyte.repository.errors import RecoveryRefused
from bitebyte.repository.stored_configuration import encode_conf_state
from bitebyte.repository.types import Identity, StoredLog

_SET_IDENTITY: Final = "UPDATE member_identity SET cluster_id = $1, member_id = $2"
_SET_CONF_STATE: Final = "UPDATE applied_state SET conf_state = $1"
_SET_HARD_STATE: Final = "UPDATE raft_state SET term = $1, vote = 0, has_lost_log = false"
_SET_DATA: Final = "UPDATE raft_log SET data = $2 WHERE index = $1"
_RECORD: Final = """
INSERT INTO recovery_history (
    new_cluster_id, new_member_id, new_term, old_cluster_id, old_member_id, old_term,
    old_conf_state, last_index, last_term, commit_index, applied_index
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""


class RecoveryReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a stopped member holds: to choose the right one, and to know what is at stake."""

    identity: Identity
    conf_state: ConfState
    """As of `applied_index`."""
    term: int
    has_lost_log: bool
    """Its disk once forgot entries that it had acknowledged: any other member is better."""
    first_index: int
    last_index: int
    last_term: int
    """The member to recover is the one with the greatest (last_term, last_index)."""
    commit_index: int
    """Known to be committed. More may be: the others may have heard of it first."""
    commit_term: int
    applied_index: int
    applied_term: int
    log_time_ms: int
    """Largest time of a command that is applied here: what happened after it is in the entries
    after `applied_index`, or lost."""
    last_entry: Entry | None
    """The newest one; None if the log is empty after a compaction or a snapshot."""
    changes_to_void: int
    """Changes of the configuration that are not applied yet: they would bring members of the old
    cluster into the new one, so they will change nothing."""
    confirmation: str
    """What `recover` wants to hear: it names this member and this log, and no other."""

    @property
    def uncertain_entries(self) -> int:
        """Entries above the known commit index. Their proposers may have been told that they are
        confirmed, or not; all of them will count."""
        return self.last_index - self.commit_index


async def inspect(dsn: str) -> RecoveryReport:
    """What the database of a stopped member holds; changes nothing of it.

    Raises RecoveryRefused if it belongs to nobody, DatabaseInUse while the member runs, and
    whatever `Database.open` and `LogStore.load` raise.
    """
    database = await Database.open(dsn)
    try:
        with reaching_the_database():
            return (await _inspect(database))[0]
    finally:
        await database.close()


async def recover(dsn: str, *, confirmation: str) -> Identity:
    """Makes the stopped member the only voter of a new cluster and returns who it is now.

    In one transaction: a new cluster id and member id, a configuration of itself alone, the
    next term, a line in `recovery_history`. The whole log stays and becomes committed when the
    member is started. Raises RecoveryRefused unless `confirmation` is that of a report of this
    very state, changing nothing; else as `inspect`.
    """
    database = await Database.open(dsn)
    try:
        with reaching_the_database():
            report, stored = await _inspect(database)
            if not secrets.compare_digest(confirmation.encode(), report.confirmation.encode()):
                raise RecoveryRefused(
                    f"the confirmation is {report.confirmation!r} for what this database holds"
                    f" now, not {confirmation!r}: read the report again"
                )
            identity = Identity(new_random_id(), new_random_id(), report.identity.name)
            async with database.log_writer.transaction():
                await _void_changes(database.log_writer, _changes(stored.entries))
                await _become_sole_voter(database.log_writer, report, identity)
            return identity
    finally:
        await database.close()


async def _inspect(database: Database) -> tuple[RecoveryReport, StoredLog]:
    identity = await database.identity()
    if identity is None:
        raise RecoveryRefused("the database belongs to no member yet: there is nothing to recover")
    stored = await database.log.load()
    last = await database.log.fetch(stored.last_index, stored.last_index + 1, 1)
    hard_state = stored.hard_state
    report = RecoveryReport(
        identity=identity,
        conf_state=stored.conf_state,
        term=hard_state.term,
        has_lost_log=hard_state.has_lost_log,
        first_index=stored.first_index,
        last_index=stored.last_index,
        last_term=_term_at(stored.term_runs, stored.last_index),
        commit_index=hard_state.commit,
        commit_term=_term_at(stored.term_runs, hard_state.commit),
        applied_index=stored.applied_index,
        applied_term=_term_at(stored.term_runs, stored.applied_index),
        log_time_ms=stored.log_time_ms,
        last_entry=last[0] if last else None,
        changes_to_void=len(_changes(stored.entries)),
        confirmation=f"{identity.member_id:x}-{hard_state.term}-{stored.last_index}",
    )
    return report, stored


def _term_at(term_runs: Sequence[TermRun], index: int) -> int:
    position = bisect_right(term_runs, index, key=lambda run: run.first_index)
    return term_runs[position - 1].term if position else 0


def _changes(entries: Sequence[Entry]) -> list[Entry]:
    """Unapplied entries that would change the configuration."""
    return [
        entry
        for entry in entries
        if entry.kind == EntryKind.CONF_CHANGE and not decode_change(entry.data).is_void
    ]


async def _void_changes(connection: asyncpg.Connection, changes: Sequence[Entry]) -> None:
    """They keep their places and say that they change nothing. Nobody else will ever compare
    this log with another copy of it: the old members are of another cluster now."""
    for entry in changes:
        void = msgspec.structs.replace(decode_change(entry.data), is_void=True)
        await connection.execute(_SET_DATA, entry.index, encode_change(void))


async def _become_sole_voter(
    connection: asyncpg.Connection, old: RecoveryReport, new: Identity
) -> None:
    await connection.execute(_SET_IDENTITY, new.cluster_id, new.member_id)
    await connection.execute(_SET_CONF_STATE, encode_conf_state(ConfState(voters=(new.member_id,))))
    # This one may have voted in its own term: that promise stays kept.
    new_term = old.term + 1
    await connection.execute(_SET_HARD_STATE, new_term)
    await connection.execute(
        _RECORD,
        new.cluster_id,
        new.member_id,
        new_term,
        old.identity.cluster_id,
        old.identity.member_id,
        old.term,
        encode_conf_state(old.conf_state),
        old.last_index,
        old.last_term,
        old.commit_index,
        old.applied_index,
    )
