"""Digests: equal rows give equal digests however they lie; any other row gives another one."""

from collections.abc import Mapping

import asyncpg
import msgspec
import pytest
from repository_examples import ONE_OF_EACH, build_idempotency_record, build_order, numbered_id
from snapshot_scene import SNAPSHOT_INDEX, export, fill, many_rows, stage

from bitebyte.domain.entities import AnyEntity
from bitebyte.domain.limits import IDEMPOTENCY_DELETE_AFTER_MS
from bitebyte.raft.types import HardState
from bitebyte.repository.database import Database
from bitebyte.repository.tables import TABLES
from bitebyte.repository.types import AppliedEntry, FlushBatch

pytestmark = pytest.mark.anyio


async def digests_of(database: Database) -> Mapping[str, bytes]:
    digest = await database.state.begin_digest()
    digests = await digest.digests()
    await digest.close()
    return digests


async def test_every_kind_has_a_digest_of_its_own(database: Database) -> None:
    await fill(database, ONE_OF_EACH)

    digests = await digests_of(database)

    assert list(digests) == list(TABLES)
    assert {len(digest) for digest in digests.values()} == {32}
    assert len(set(digests.values())) == len(TABLES)


async def test_the_order_of_writing_does_not_show(database: Database, joiner: Database) -> None:
    rows = many_rows()
    await fill(database, rows)
    await fill(joiner, [row for row in reversed(rows) if row.KIND != "stock_movement"])
    await flush(joiner, [row for row in reversed(rows) if row.KIND == "stock_movement"])

    assert await digests_of(joiner) == await digests_of(database)


async def test_a_snapshot_has_the_digests_of_its_origin(
    database: Database, joiner: Database
) -> None:
    await fill(database, many_rows())
    meta, pieces = await export(database)
    await stage(joiner, meta, pieces)
    await joiner.snapshots.install(meta, HardState(5, 12, SNAPSHOT_INDEX))

    assert await digests_of(joiner) == await digests_of(database)


@pytest.mark.parametrize("kind", [row.KIND for row in ONE_OF_EACH])
async def test_a_missing_row_changes_the_digest_of_its_kind_alone(
    database: Database, postgres_dsn: str, kind: str
) -> None:
    await fill(database, ONE_OF_EACH)
    before = await digests_of(database)
    connection = await asyncpg.connect(postgres_dsn)
    await connection.execute(f"DELETE FROM {TABLES[kind].name}")
    await connection.close()

    after = await digests_of(database)

    assert {kind for kind in TABLES if after[kind] != before[kind]} == {kind}


@pytest.mark.parametrize(
    "changed",
    [
        build_order(status="served"),
        msgspec.structs.replace(build_order(), reservation=()),
        msgspec.structs.replace(build_order(), version=2),
    ],
)
async def test_a_row_that_differs_in_one_field_changes_the_digest(
    database: Database, changed: AnyEntity
) -> None:
    await fill(database, ONE_OF_EACH)
    before = await digests_of(database)
    await flush(database, [changed])

    assert (await digests_of(database))["order"] != before["order"]


async def test_two_rows_that_swap_a_field_change_the_digest(
    database: Database, joiner: Database
) -> None:
    a, b = numbered_id(91), numbered_id(92)
    await fill(database, [build_order(a, number=1), build_order(b, number=2)])
    await fill(joiner, [build_order(a, number=2), build_order(b, number=1)])

    assert (await digests_of(database))["order"] != (await digests_of(joiner))["order"]


async def test_a_digest_is_of_the_moment_in_which_it_was_begun(database: Database) -> None:
    await fill(database, ONE_OF_EACH)
    before = await digests_of(database)
    digest = await database.state.begin_digest()

    await flush(database, [build_order(numbered_id(91))])

    assert digest.applied_index == SNAPSHOT_INDEX
    assert await digest.digests() == before
    await digest.close()
    await digest.close()


async def test_records_that_count_for_nothing_any_more_do_not_count(
    database: Database, joiner: Database
) -> None:
    """Each member deletes them in its own time."""
    log_time_ms = 1_700_000_000_000
    expired = build_idempotency_record(
        "old", created_at_ms=log_time_ms - IDEMPOTENCY_DELETE_AFTER_MS - 1
    )
    for member, rows in ((database, [expired]), (joiner, [])):
        await fill(member, rows)
        await flush(member, [], log_time_ms=log_time_ms)

    assert await digests_of(database) == await digests_of(joiner)


async def flush(
    database: Database, rows: list[AnyEntity], *, log_time_ms: int = 1_700_000_000_000
) -> None:
    """One more entry."""
    index = database.state.applied_index + 1
    applied = (AppliedEntry(index, bytes(32), ()),)
    await database.state.flush(FlushBatch(tuple(rows), applied, index, bytes(32), log_time_ms))
