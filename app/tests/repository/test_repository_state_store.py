"""The state store: rows come back as they went in, and move only together with their index."""

from collections.abc import Sequence

import asyncpg
import msgspec
import pytest
from repository_examples import (
    ALERT_ID,
    CUSTOMER_ID,
    GIN_ID,
    ONE_OF_EACH,
    build_alert,
    build_idempotency_record,
    build_ingredient,
    build_order,
    numbered_id,
)

from bitebyte.domain.entities import AnyEntity, Key
from bitebyte.domain.limits import IDEMPOTENCY_DELETE_AFTER_MS
from bitebyte.domain.results import Event
from bitebyte.raft.messages import StorageAppend
from bitebyte.raft.types import ConfState, Entry
from bitebyte.repository import state_store
from bitebyte.repository.database import Database
from bitebyte.repository.errors import WriteFailed
from bitebyte.repository.tables import TABLES
from bitebyte.repository.types import AppliedEntry, FlushBatch

pytestmark = pytest.mark.anyio

EVENT = Event("order.placed", numbered_id(1), CUSTOMER_ID, False, {"number": 17, "name": "Zoë"})


def hash_of(index: int) -> bytes:
    return index.to_bytes(32, "big")


def batch_of(
    rows: Sequence[AnyEntity] = (),
    *,
    first: int,
    last: int,
    log_time_ms: int = 1,
    events: tuple[Event, ...] = (EVENT,),
) -> FlushBatch:
    applied = tuple(AppliedEntry(i, hash_of(i), events) for i in range(first, last + 1))
    return FlushBatch(tuple(rows), applied, last, hash_of(last), log_time_ms)


async def test_every_kind_of_entity_comes_back_equal(database: Database) -> None:
    assert {entity.KIND for entity in ONE_OF_EACH} == set(TABLES)
    await database.state.flush(batch_of(ONE_OF_EACH, first=1, last=1))

    found = await database.state.load([entity.key for entity in ONE_OF_EACH])

    assert found == {entity.key: entity for entity in ONE_OF_EACH}
    assert [row async for row in database.state.all_rows()] == list(ONE_OF_EACH)


async def test_every_kind_of_entity_comes_back_as_it_was_written_last(
    database: Database,
) -> None:
    await database.state.flush(batch_of(ONE_OF_EACH, first=1, last=1))
    changed = (
        build_order(status="accepted"),
        build_ingredient(name="Dry gin"),
        build_alert(state="acknowledged"),
    )

    await database.state.flush(batch_of(changed, first=2, last=2))

    found = await database.state.load([entity.key for entity in changed])
    assert list(found.values()) == list(changed)


async def test_the_configuration_moves_with_the_applied_index(database: Database) -> None:
    joint = ConfState((11, 12), (14,), voters_outgoing=(11, 12, 13), auto_leave=True)
    await database.log.append([StorageAppend(tuple(Entry(1, i, b"x") for i in (1, 2)), None, ())])
    await database.state.flush(msgspec.structs.replace(batch_of(first=1, last=1), conf_state=joint))
    assert (await database.log.load()).conf_state == joint

    await database.state.flush(batch_of(first=2, last=2))

    assert (await database.log.load()).conf_state == joint


async def test_tables_and_schema_agree(database: Database, postgres_dsn: str) -> None:
    connection = await asyncpg.connect(postgres_dsn)
    for table in TABLES.values():
        rows = await connection.fetch(
            "SELECT column_name, data_type FROM information_schema.columns"
            " WHERE table_name = $1 ORDER BY ordinal_position",
            table.name,
        )
        assert [tuple(row) for row in rows] == list(table.columns.items()), table.name
    await connection.close()


async def test_absent_rows_are_left_out(database: Database) -> None:
    await database.state.flush(batch_of([build_order()], first=1, last=1))
    present = build_order().key

    found = await database.state.load(
        [present, Key("order", (numbered_id(99),)), Key("idempotency", (CUSTOMER_ID, "new"))]
    )

    assert list(found) == [present]
    assert await database.state.load([]) == {}


@pytest.mark.parametrize(
    "key",
    [
        Key("order", ("not an id",)),
        Key("order", ("",)),
        Key("order", (numbered_id(1).upper() + "\n",)),
        Key("name_claim", ("email", "nul\0byte")),
        Key("idempotency", ("nobody", "key")),
    ],
)
async def test_keys_that_no_row_can_have_are_absent(database: Database, key: Key) -> None:
    assert await database.state.load([key]) == {}


async def test_sixty_absent_keys_are_one_query(database: Database, postgres_dsn: str) -> None:
    keys = [Key("idempotency", (CUSTOMER_ID, f"key-{n}")) for n in range(60)]
    record = build_idempotency_record("key-7")
    await database.state.flush(batch_of([record], first=1, last=1))

    assert await database.state.load(keys) == {record.key: record}


async def test_a_flush_is_all_or_nothing(database: Database, postgres_dsn: str) -> None:
    await database.state.flush(batch_of([build_ingredient()], first=1, last=1))
    oversold = msgspec.structs.replace(build_ingredient(), on_hand=10, reserved=11)

    with pytest.raises(WriteFailed, match="ingredients_never_oversold"):
        await database.state.flush(batch_of([build_order(), oversold], first=2, last=3))

    await database.close()
    reopened = await Database.open(postgres_dsn)
    assert reopened.state.applied_index == 1
    assert [row async for row in reopened.state.all_rows()] == [build_ingredient()]
    assert await reopened.state.hashes(10) == ((1, hash_of(1)),)
    await reopened.close()


async def test_after_a_failed_flush_the_store_refuses_everything(database: Database) -> None:
    oversold = msgspec.structs.replace(build_ingredient(), on_hand=10, reserved=11)
    with pytest.raises(WriteFailed):
        await database.state.flush(batch_of([oversold], first=1, last=1))

    with pytest.raises(WriteFailed, match="failed before"):
        await database.state.flush(batch_of(first=1, last=1))


@pytest.mark.parametrize(("first", "last"), [(1, 1), (3, 3), (4, 5)])
async def test_the_applied_index_moves_on_exactly_from_the_last_flush(
    database: Database, first: int, last: int
) -> None:
    await database.state.flush(batch_of(first=1, last=2))

    if first == 3:
        await database.state.flush(batch_of(first=first, last=last))
        assert database.state.applied_index == 3
    else:
        with pytest.raises(AssertionError, match="follow each other"):
            await database.state.flush(batch_of(first=first, last=last))


async def test_the_position_survives_a_restart(database: Database, postgres_dsn: str) -> None:
    await database.close()
    reopened = await Database.open(postgres_dsn)
    await reopened.log.load()
    log = tuple(Entry(1, i, b"x") for i in range(1, 6))
    await reopened.log.append([StorageAppend(entries=log, hard_state=None, responses=())])
    await reopened.state.flush(batch_of(first=1, last=3, log_time_ms=1234))

    stored = await reopened.log.load()
    await reopened.close()

    assert (stored.applied_index, stored.state_hash) == (3, hash_of(3))
    assert stored.log_time_ms == 1234
    assert stored.entries == log[3:]
    assert stored.hard_state.commit == 3, "what was applied was committed"


async def test_one_flush_may_resolve_an_alert_and_open_the_next(database: Database) -> None:
    await database.state.flush(batch_of([build_alert(state="open")], first=1, last=1))
    following = build_alert(numbered_id(70), state="open")
    resolved = build_alert(state="resolved")

    await database.state.flush(batch_of([following, resolved], first=2, last=2))

    found = await database.state.load([following.key, resolved.key])
    assert found == {following.key: following, resolved.key: resolved}


async def test_an_ingredient_has_at_most_one_unresolved_alert(database: Database) -> None:
    await database.state.flush(batch_of([build_alert(ALERT_ID, state="open")], first=1, last=1))

    with pytest.raises(WriteFailed, match="alerts_one_unresolved"):
        await database.state.flush(
            batch_of([build_alert(numbered_id(70), state="acknowledged")], first=2, last=2)
        )


async def test_events_come_back_in_order_with_their_index(database: Database) -> None:
    await database.state.flush(batch_of(first=1, last=2))
    await database.state.flush(batch_of(first=3, last=3, events=()))
    await database.state.flush(batch_of(first=4, last=5))

    after_1 = await database.state.events_after(1, 10)

    assert [entry.index for entry in after_1] == [2, 4, 5]
    assert after_1[0] == AppliedEntry(2, hash_of(2), (EVENT,))
    assert [entry.index for entry in await database.state.events_after(0, 2)] == [1, 2]
    assert await database.state.events_after(5, 10) == ()
    assert await database.state.hashes(2) == ((4, hash_of(4)), (5, hash_of(5)))


async def test_old_applied_entries_are_pruned_in_bounded_steps(
    database: Database, postgres_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state_store, "APPLIED_ENTRIES_KEPT", 100)
    monkeypatch.setattr(state_store, "PRUNE_INTERVAL_ENTRIES", 10)
    monkeypatch.setattr(state_store, "PRUNE_ROWS_MAX", 150)
    assert await database.state.oldest_event_index() == 1

    await database.state.flush(batch_of(first=1, last=400))
    assert await database.state.oldest_event_index() == 151, "no more than 150 at once"
    await database.state.flush(batch_of(first=401, last=405))
    assert await database.state.oldest_event_index() == 151, "now and then"
    for first in (406, 416):
        await database.state.flush(batch_of(first=first, last=first + 9))
    assert await database.state.oldest_event_index() == 326
    assert [entry.index for entry in await database.state.events_after(0, 1)] == [326]
    assert len(await database.state.hashes(1000)) == 100

    await database.close()
    reopened = await Database.open(postgres_dsn)
    assert await reopened.state.oldest_event_index() == 326
    await reopened.close()


async def test_idempotency_records_are_pruned_by_log_time(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state_store, "PRUNE_INTERVAL_ENTRIES", 1)
    now_ms = 1_700_000_000_000
    expired = build_idempotency_record(
        "old", created_at_ms=now_ms - IDEMPOTENCY_DELETE_AFTER_MS - 1
    )
    kept = build_idempotency_record("new", created_at_ms=now_ms - IDEMPOTENCY_DELETE_AFTER_MS)

    await database.state.flush(batch_of([expired, kept], first=1, last=1, log_time_ms=now_ms))

    assert await database.state.load([expired.key, kept.key]) == {kept.key: kept}


async def test_loads_use_an_index_even_when_planned_on_an_empty_table(
    database: Database,
) -> None:
    """The plan of the first calls is kept: a scan that was cheap on an empty table would stay."""
    async with database.state._readers.acquire() as connection:
        await connection.execute("SET plan_cache_mode = force_generic_plan")
        for table in TABLES.values():
            types = ", ".join(f"{table.columns[column]}[]" for column in table.key)
            nothing = ", ".join("'{}'" for _ in table.key)
            await connection.execute(
                f"PREPARE load_{table.name} ({types}) AS {table.select_by_key}"
            )
            rows = await connection.fetch(f"EXPLAIN EXECUTE load_{table.name} ({nothing})")
            plan = "\n".join(row[0] for row in rows)
            assert "Index" in plan, plan
            assert "Seq Scan" not in plan, plan


async def test_a_reader_never_sees_half_a_flush(database: Database) -> None:
    await database.state.flush(batch_of([build_ingredient()], first=1, last=1))
    seen = database.state.all_rows()
    first = await anext(seen)

    await database.state.flush(batch_of([build_order()], first=2, last=2))

    assert [first] + [row async for row in seen] == [build_ingredient()]
    assert (await database.state.load([Key("ingredient", (GIN_ID,))])) != {}
