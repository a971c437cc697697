"""Lists: complete, in their stated order, page by page, whatever is inserted meanwhile."""

import base64
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import asyncpg
import pytest
from repository_examples import (
    BAR_ID,
    CUSTOMER_ID,
    GIN_ID,
    OWNER_ID,
    build_alert,
    build_bar,
    build_ingredient,
    build_movement,
    build_order,
    build_product,
    numbered_id,
)

from bitebyte.domain.entities import AnyEntity, BarMember
from bitebyte.repository import queries as queries_module
from bitebyte.repository.database import Database
from bitebyte.repository.errors import InvalidCursor
from bitebyte.repository.queries import Queries
from bitebyte.repository.types import AppliedEntry, FlushBatch, Page

pytestmark = pytest.mark.anyio

OTHER_BAR_ID = numbered_id(500)
LATER_MS = 1_700_000_200_000

ListPage = Callable[[int, str | None], Awaitable[Page[Any]]]


async def store(database: Database, rows: Sequence[AnyEntity]) -> None:
    index = database.state.applied_index + 1
    await database.state.flush(
        FlushBatch(tuple(rows), (AppliedEntry(index, bytes(32), ()),), index, bytes(32), 1)
    )


async def read_all(list_page: ListPage, limit: int) -> list[Any]:
    items: list[Any] = []
    page = await list_page(limit, None)
    items.extend(page.items)
    while page.next_cursor is not None:
        assert len(page.items) == limit, "only the last page may be short"
        page = await list_page(limit, page.next_cursor)
        items.extend(page.items)
    return items


def lists_of(queries: Queries) -> dict[str, ListPage]:
    return {
        "bars": queries.bars,
        "ingredients": lambda limit, cursor: queries.ingredients(BAR_ID, limit, cursor),
        "movements": lambda limit, cursor: queries.movements(BAR_ID, None, limit, cursor),
        "movements_of_ingredient": lambda limit, cursor: queries.movements(
            BAR_ID, GIN_ID, limit, cursor
        ),
        "orders_of_customer": lambda limit, cursor: queries.orders_of_customer(
            CUSTOMER_ID, limit, cursor
        ),
        "orders_of_bar": lambda limit, cursor: queries.orders_of_bar(BAR_ID, (), limit, cursor),
        "orders_oldest_first": lambda limit, cursor: queries.orders_of_bar(
            BAR_ID, (), limit, cursor, oldest_first=True
        ),
        "alerts": lambda limit, cursor: queries.alerts(BAR_ID, (), limit, cursor),
    }


LIST_NAMES = (
    "bars",
    "ingredients",
    "movements",
    "movements_of_ingredient",
    "orders_of_customer",
    "orders_of_bar",
    "orders_oldest_first",
    "alerts",
)
NEWEST_FIRST = {*LIST_NAMES} - {"bars", "ingredients", "orders_oldest_first"}


def seven_rows(name: str, *, first: int = 0, suffix: str = "") -> list[AnyEntity]:
    """Rows of one list in ascending order; neighbours share a time, so ids break ties."""
    ids = [numbered_id(600 + 10 * n + first) for n in range(7)]
    times = [LATER_MS + 1000 * (n // 2) for n in range(7)]
    if name == "bars":
        return [build_bar(id, f"Bar {n}{suffix}") for n, id in enumerate(ids)]
    if name == "ingredients":
        return [build_ingredient(id, f"Gin {n}{suffix}") for n, id in enumerate(ids)]
    if name.startswith("movements"):
        return [build_movement(id, at_ms=at) for id, at in zip(ids, times, strict=True)]
    if name.startswith("orders"):
        statuses = ("placed", "accepted", "ready", "completed", "placed", "cancelled", "placed")
        return [
            build_order(id, status=status, placed_at_ms=at)
            for id, status, at in zip(ids, statuses, times, strict=True)
        ]
    return [
        build_alert(
            id, state=state, ingredient_id=numbered_id(900 + 10 * n + first), opened_at_ms=at
        )
        for n, (id, state, at) in enumerate(
            zip(
                ids,
                ("open", "resolved", "acknowledged", "open", "open", "resolved", "open"),
                times,
                strict=True,
            )
        )
    ]


@pytest.mark.parametrize("name", LIST_NAMES)
async def test_pages_are_complete_and_in_order(database: Database, name: str) -> None:
    rows = seven_rows(name)
    await store(database, rows[::-1])

    for limit in (1, 2, 3, 6, 7, 200):
        listed = await read_all(lists_of(database.queries)[name], limit)
        assert listed == (rows[::-1] if name in NEWEST_FIRST else rows), limit


@pytest.mark.parametrize("name", LIST_NAMES)
async def test_pages_stay_stable_under_inserts(database: Database, name: str) -> None:
    rows = seven_rows(name)
    await store(database, rows)
    list_page = lists_of(database.queries)[name]
    first = await list_page(3, None)

    # Between all that is there, before and after.
    await store(database, seven_rows(name, first=1, suffix="b"))
    rest: list[Any] = []
    cursor = first.next_cursor
    while cursor is not None:
        page = await list_page(3, cursor)
        rest.extend(page.items)
        cursor = page.next_cursor

    seen = [*first.items, *rest]
    assert [item.id for item in seen if item in rows] == [
        item.id for item in (rows[::-1] if name in NEWEST_FIRST else rows)
    ]
    assert len({item.id for item in seen}) == len(seen), "nothing twice"


async def test_only_cursors_of_the_same_list_are_taken(database: Database) -> None:
    lists = lists_of(database.queries)
    del lists["movements_of_ingredient"]  # the ledger, narrowed: one list, one cursor
    for name in lists:
        await store(database, seven_rows(name))
    cursors = {name: (await lists[name](1, None)).next_cursor for name in lists}

    for name, list_page in lists.items():
        for other, cursor in cursors.items():
            assert cursor is not None
            if other == name:
                assert (await list_page(1, cursor)).items != ()
            else:
                with pytest.raises(InvalidCursor):
                    await list_page(1, cursor)


async def test_cursors_that_were_not_made_here_are_refused(database: Database) -> None:
    last_id = "ffffffff-ffff-ffff-ffff-ffffffffffff"
    forged = [
        b"null",
        b"[]",
        b'["orders",1,"x"]',
        b'["orders",1]',
        b'["orders","1","%s"]' % last_id.encode(),
        b'["orders",1,"%s",2]' % last_id.encode(),
        b'["orders",9223372036854775808,"%s"]' % last_id.encode(),
        b"\xff",
    ]
    encoded = [base64.urlsafe_b64encode(text).decode().rstrip("=") for text in forged]

    for cursor in ["", "x", "é", "!!!!", "A" * 5000, *encoded]:
        with pytest.raises(InvalidCursor):
            await database.queries.orders_of_bar(BAR_ID, (), 10, cursor)
    for name in ("nul\\u0000", "\\ud800"):
        text = f'["bars","{name}","{last_id}"]'.encode()
        with pytest.raises(InvalidCursor):
            await database.queries.bars(10, base64.urlsafe_b64encode(text).decode())


async def test_names_are_ordered_as_people_read_them(database: Database) -> None:
    names = ["ananas", "Éclair", "Basil", "apple", "Zest"]
    await store(
        database, [build_ingredient(numbered_id(n), name) for n, name in enumerate(names, 600)]
    )

    listed = await database.queries.ingredients_all(BAR_ID)

    assert [ingredient.name for ingredient in listed] == [
        "ananas",
        "apple",
        "Basil",
        "Zest",
        "Éclair",
    ]


async def test_the_menu_is_in_the_order_of_its_sections(database: Database) -> None:
    sour = build_product(numbered_id(601), "Daiquiri", section="Sour", position=5)
    bitter = build_product(numbered_id(602), "Negroni", section="Bitter", position=6)
    late_sour = build_product(numbered_id(603), "Gimlet", section="Sour", position=9)
    hidden = build_product(numbered_id(604), "Test", section="Lab", position=1, status="hidden")
    archived = build_product(
        numbered_id(605), "Gone", section="Sour", position=2, status="archived"
    )
    foreign = build_product(numbered_id(606), "Other", bar_id=OTHER_BAR_ID)
    await store(database, [late_sour, bitter, hidden, archived, sour, foreign])

    assert await database.queries.products(BAR_ID, include_hidden=False) == (
        sour,
        late_sour,
        bitter,
    )
    assert await database.queries.products(BAR_ID, include_hidden=True) == (
        hidden,
        sour,
        late_sour,
        bitter,
    )


async def test_lists_can_be_narrowed_by_status(database: Database) -> None:
    orders = seven_rows("orders_of_bar")
    alerts = seven_rows("alerts")
    await store(database, [*orders, *alerts])
    queries = database.queries

    live = await read_all(
        lambda limit, cursor: queries.orders_of_bar(
            BAR_ID, ("placed", "ready", "placed"), limit, cursor, oldest_first=True
        ),
        2,
    )
    unresolved = await queries.alerts(BAR_ID, ("open", "acknowledged"), 10)

    assert live == [order for order in orders if order.status in {"placed", "ready"}]
    assert list(unresolved.items) == [a for a in alerts[::-1] if a.state != "resolved"]
    assert (await queries.orders_of_bar(BAR_ID, ("no such status",), 10)).items == ()


async def test_nobody_sees_rows_of_another_bar(database: Database) -> None:
    await store(
        database,
        [
            build_ingredient(bar_id=OTHER_BAR_ID),
            build_product(bar_id=OTHER_BAR_ID),
            build_order(bar_id=OTHER_BAR_ID, customer_id=OWNER_ID),
            build_movement(numbered_id(600), bar_id=OTHER_BAR_ID),
            build_alert(bar_id=OTHER_BAR_ID),
        ],
    )
    for name, list_page in lists_of(database.queries).items():
        assert (await list_page(10, None)).items == (), name
    assert await database.queries.products(BAR_ID, include_hidden=True) == ()
    assert await database.queries.ingredients_all(BAR_ID) == ()


async def test_malformed_ids_find_nothing(database: Database) -> None:
    await store(database, [build_order(), BarMember(BAR_ID, OWNER_ID, "owner")])
    queries = database.queries

    for bad in ("", "x", f"{{{BAR_ID}}}", BAR_ID.replace("-", ""), "nul\0", BAR_ID + "\n"):
        assert (await queries.orders_of_bar(bad, (), 10)).items == ()
        assert (await queries.movements(BAR_ID, bad, 10)).items == ()
        assert (await queries.movements(bad, GIN_ID, 10)).items == ()
        assert await queries.products(bad, include_hidden=True) == ()
        assert await queries.bars_of_member(bad) == ()
        assert await queries.member_role(BAR_ID, bad) is None


async def test_members_are_found_from_both_sides(database: Database) -> None:
    bars = [build_bar(numbered_id(600 + n), name) for n, name in enumerate(("Zoo", "attic", "Bay"))]
    members = [BarMember(bar.id, OWNER_ID, "owner") for bar in bars[:2]]
    await store(database, [*bars, *members])

    assert await database.queries.bars_of_member(OWNER_ID) == (bars[1], bars[0])
    assert await database.queries.bars_of_member(CUSTOMER_ID) == ()
    assert await database.queries.member_role(bars[0].id, OWNER_ID) == "owner"
    assert await database.queries.member_role(bars[2].id, OWNER_ID) is None


async def test_queries_cannot_write(database: Database) -> None:
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        await database.queries._pool.execute("DELETE FROM orders")


async def test_queries_are_planned_on_indexes(database: Database) -> None:
    statements = {
        name: value
        for name, value in vars(queries_module).items()
        if isinstance(value, str) and "SELECT" in value
    }
    assert len(statements) >= 11
    async with database.queries._pool.acquire() as connection:
        await connection.execute("SET plan_cache_mode = force_generic_plan")
        for name, statement in statements.items():
            prepared = f"prepared{name.lower()}"
            await connection.execute(f"PREPARE {prepared} AS {statement}")
            count = await connection.fetchval(
                "SELECT cardinality(parameter_types) FROM pg_prepared_statements WHERE name = $1",
                prepared,
            )
            nulls = f"({', '.join(['NULL'] * count)})" if count else ""
            rows = await connection.fetch(f"EXPLAIN EXECUTE {prepared} {nulls}")
            plan = "\n".join(row[0] for row in rows)
            assert "Seq Scan" not in plan, f"{name}\n{plan}"
