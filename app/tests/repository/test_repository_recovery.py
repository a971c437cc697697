"""Recovery of a lost quorum: by hand, of one stopped member, with nothing of its log lost."""

import asyncpg
import msgspec
import pytest
from repository_examples import IDENTITY, ONE_OF_EACH
from snapshot_scene import (
    CONF,
    LOG_TIME_MS,
    SNAPSHOT_INDEX,
    SNAPSHOT_TERM,
    STATE_HASH,
    all_rows,
    fill,
)

from bitebyte.raft.confchange import decode_change, encode_change
from bitebyte.raft.messages import StorageAppend
from bitebyte.raft.types import (
    ChangeKind,
    ConfChange,
    ConfState,
    Entry,
    EntryKind,
    HardState,
    SingleChange,
)
from bitebyte.repository.database import Database
from bitebyte.repository.errors import DatabaseInUse, ForeignDatabase, RecoveryRefused
from bitebyte.repository.recovery import inspect, recover

pytestmark = pytest.mark.anyio

CHANGE = ConfChange((SingleChange(ChangeKind.ADD_VOTER, 14),), context=b"of its proposer")
PENDING = (
    Entry(4, 8, b"an order"),
    Entry(4, 9, encode_change(CHANGE), EntryKind.CONF_CHANGE),
    Entry(4, 10, b"another order"),
)


@pytest.fixture
async def survivor_dsn(database: Database, postgres_dsn: str) -> str:
    """The database of a stopped member with six applied entries of ten."""
    await fill(database, ONE_OF_EACH)
    await database.log.compact(2)
    await database.log.append([StorageAppend(PENDING, HardState(5, 13, 7), ())])
    await database.close()
    return postgres_dsn


async def test_the_report_says_what_the_member_holds(survivor_dsn: str) -> None:
    report = await inspect(survivor_dsn)

    assert (report.identity, report.conf_state, report.term) == (IDENTITY, CONF, 5)
    assert (report.first_index, report.last_index, report.last_term) == (3, 10, 4)
    assert (report.commit_index, report.commit_term) == (7, SNAPSHOT_TERM)
    assert (report.applied_index, report.applied_term) == (SNAPSHOT_INDEX, SNAPSHOT_TERM)
    assert (report.uncertain_entries, report.changes_to_void) == (3, 1)
    assert (report.last_entry, report.log_time_ms) == (PENDING[-1], LOG_TIME_MS)
    assert not report.has_lost_log
    assert await inspect(survivor_dsn) == report


async def test_the_member_goes_on_alone_as_a_new_cluster(survivor_dsn: str) -> None:
    report = await inspect(survivor_dsn)

    identity = await recover(survivor_dsn, confirmation=report.confirmation)

    assert identity.name == IDENTITY.name
    assert identity.cluster_id != IDENTITY.cluster_id
    assert identity.member_id != IDENTITY.member_id
    database = await Database.open(survivor_dsn, expect=identity)
    stored = await database.log.load()
    assert stored.conf_state == ConfState(voters=(identity.member_id,))
    assert stored.hard_state == HardState(6, 0, 7)
    assert (stored.applied_index, stored.state_hash) == (SNAPSHOT_INDEX, STATE_HASH)
    assert await all_rows(database) == list(ONE_OF_EACH)
    await database.close()


async def test_the_whole_log_stays_and_pending_changes_of_members_count_for_nothing(
    survivor_dsn: str,
) -> None:
    report = await inspect(survivor_dsn)
    await recover(survivor_dsn, confirmation=report.confirmation)

    database = await Database.open(survivor_dsn)
    first, change, last = await database.log.fetch(8, 11, 10_000)
    stored = await database.log.load()
    await database.close()

    assert (stored.first_index, stored.last_index) == (3, 10)
    assert (first, last) == (PENDING[0], PENDING[2])
    assert (change.term, change.index, change.kind) == (4, 9, EntryKind.CONF_CHANGE)
    assert decode_change(change.data) == msgspec.structs.replace(CHANGE, is_void=True)


async def test_old_members_find_the_door_closed(survivor_dsn: str) -> None:
    report = await inspect(survivor_dsn)
    await recover(survivor_dsn, confirmation=report.confirmation)

    with pytest.raises(ForeignDatabase, match="expected was member b"):
        await Database.open(survivor_dsn, expect=IDENTITY)


async def test_a_recovery_is_recorded(survivor_dsn: str) -> None:
    report = await inspect(survivor_dsn)
    identity = await recover(survivor_dsn, confirmation=report.confirmation)

    connection = await asyncpg.connect(survivor_dsn)
    row = await connection.fetchrow(
        "SELECT new_cluster_id, new_member_id, new_term, old_cluster_id, old_member_id, old_term,"
        " last_index, last_term, commit_index, applied_index FROM recovery_history"
    )
    await connection.close()

    assert row is not None
    new = (identity.cluster_id, identity.member_id, 6)
    assert tuple(row) == (*new, IDENTITY.cluster_id, IDENTITY.member_id, 5, 10, 4, 7, 6)


async def test_without_its_confirmation_nothing_changes(survivor_dsn: str) -> None:
    report = await inspect(survivor_dsn)

    for wrong in ("", "yes", report.confirmation + "0"):
        with pytest.raises(RecoveryRefused, match="read the report again"):
            await recover(survivor_dsn, confirmation=wrong)

    assert await inspect(survivor_dsn) == report


async def test_a_confirmation_is_worth_nothing_when_the_log_went_on(survivor_dsn: str) -> None:
    report = await inspect(survivor_dsn)
    database = await Database.open(survivor_dsn)
    await database.log.load()
    await database.log.append([StorageAppend((Entry(5, 11, b"late"),), None, ())])
    await database.close()

    with pytest.raises(RecoveryRefused):
        await recover(survivor_dsn, confirmation=report.confirmation)


async def test_a_running_member_is_left_alone(database: Database, postgres_dsn: str) -> None:
    with pytest.raises(DatabaseInUse):
        await inspect(postgres_dsn)


async def test_a_database_of_nobody_has_nothing_to_recover(joiner_dsn: str) -> None:
    with pytest.raises(RecoveryRefused, match="belongs to no member"):
        await inspect(joiner_dsn)


async def test_a_member_that_lost_its_log_says_so_and_may_vote_again_alone(
    database: Database, postgres_dsn: str
) -> None:
    await fill(database, ONE_OF_EACH)
    lost = HardState(5, 0, 7, has_lost_log=True)
    await database.log.append([StorageAppend((), lost, ())])
    await database.close()

    report = await inspect(postgres_dsn)
    assert report.has_lost_log
    await recover(postgres_dsn, confirmation=report.confirmation)

    assert not (await inspect(postgres_dsn)).has_lost_log
