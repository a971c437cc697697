"""Set-based reads for lists and searches, on the flushed state.

Each takes `limit` (1..200) and an opaque `cursor`; a cursor that was not made here raises
InvalidCursor, a database that does not answer in time DatabaseUnavailable. Ordering is stated
per method and stable under inserts. Ids that are malformed are ids that nobody has: they find
nothing. Lists by time are sorted by time first; ids (UUIDv7) break ties.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Any, Final

import asyncpg

from bitebyte.domain.entities import (
    Alert,
    AlertState,
    Bar,
    Ingredient,
    Order,
    OrderStatus,
    Product,
    ProductStatus,
    StockMovement,
)
from bitebyte.domain.ids import is_id
from bitebyte.domain.names import fold
from bitebyte.repository.availability import reaching_the_database
from bitebyte.repository.cursors import NameCursor, TimeCursor, decode_cursor, encode_cursor
from bitebyte.repository.tables import (
    ALERTS,
    BARS,
    INGREDIENTS,
    ORDERS,
    PRODUCTS,
    STOCK_MOVEMENTS,
    Table,
)
from bitebyte.repository.types import Page

PAGE_ITEMS_MAX: Final = 200

_FIRST_ID: Final = "00000000-0000-0000-0000-000000000000"
_LAST_ID: Final = "ffffffff-ffff-ffff-ffff-ffffffffffff"
_FIRST_AT_MS: Final = -1
_LAST_AT_MS: Final = 2**63 - 1


def _by_time(table: Table, time_column: str, where: str, *, oldest_first: bool = False) -> str:
    """One list by time: $1 narrows it, ($2, $3) is where the last page ended, $4 the limit."""
    compare, direction = (">", "ASC") if oldest_first else ("<", "DESC")
    return (
        f"SELECT {table.select_list} FROM {table.name}"
        f" WHERE {where} AND ({time_column}, id) {compare} ($2, $3)"
        f" ORDER BY {time_column} {direction}, {table.name}.id {direction} LIMIT $4"
    )


def _by_state_and_time(
    table: Table, state_column: str, time_column: str, *, oldest_first: bool = False
) -> str:
    """As `_by_time`, over the states in $5: the first items of each state come from one index
    in order, then the few are merged. One index scan over all would have to sort everything."""
    direction = "ASC" if oldest_first else "DESC"
    of_state = _by_time(
        table,
        time_column,
        f"bar_id = $1 AND {state_column} = wanted_state",
        oldest_first=oldest_first,
    ).replace(f"SELECT {table.select_list}", "SELECT *")
    return (
        f"SELECT {table.select_list}"
        f" FROM unnest($5::text[]) AS wanted_state CROSS JOIN LATERAL ({of_state}) AS {table.name}"
        f" ORDER BY {time_column} {direction}, {table.name}.id {direction} LIMIT $4"
    )


_BARS: Final = f"""
SELECT {BARS.select_list} FROM bars WHERE (name_folded, id) > ($1, $2)
ORDER BY name_folded, bars.id LIMIT $3
"""
_BARS_OF_MEMBER: Final = f"""
SELECT {BARS.select_list} FROM bar_members JOIN bars ON bars.id = bar_members.bar_id
WHERE bar_members.account_id = $1 ORDER BY name_folded, bars.id LIMIT {PAGE_ITEMS_MAX}
"""
_INGREDIENTS: Final = f"""
SELECT {INGREDIENTS.select_list} FROM ingredients
WHERE bar_id = $1 AND (name_folded, id) > ($2, $3) ORDER BY name_folded, ingredients.id LIMIT $4
"""
_INGREDIENTS_ALL: Final = f"""
SELECT {INGREDIENTS.select_list} FROM ingredients WHERE bar_id = $1
ORDER BY name_folded, ingredients.id
"""
_PRODUCTS: Final = f"""
SELECT {PRODUCTS.select_list} FROM products WHERE bar_id = $1 AND status = ANY ($2::text[])
ORDER BY min(position) OVER (PARTITION BY section), section, position, products.id
"""
_MOVEMENTS_OF_BAR: Final = _by_time(STOCK_MOVEMENTS, "at_ms", "bar_id = $1")
_MOVEMENTS_OF_INGREDIENT: Final = _by_time(
    STOCK_MOVEMENTS, "at_ms", "ingredient_id = $1 AND bar_id = $5"
)
_ORDERS_OF_CUSTOMER: Final = _by_time(ORDERS, "placed_at_ms", "customer_id = $1")
_ORDERS_OF_BAR: Final = _by_state_and_time(ORDERS, "status", "placed_at_ms")
_ORDERS_OF_BAR_OLDEST_FIRST: Final = _by_state_and_time(
    ORDERS, "status", "placed_at_ms", oldest_first=True
)
_ALERTS: Final = _by_state_and_time(ALERTS, "state", "opened_at_ms")
_MEMBER_ROLE: Final = "SELECT role FROM bar_members WHERE bar_id = $1 AND account_id = $2"

_ON_THE_MENU: Final = (ProductStatus.ACTIVE.value,)
_NOT_ARCHIVED: Final = (ProductStatus.ACTIVE.value, ProductStatus.HIDDEN.value)
_ALL_STATUSES: Final = tuple(status.value for status in OrderStatus)
_ALL_STATES: Final = tuple(state.value for state in AlertState)


class Queries:
    """Lists and searches. Safe to call from many tasks at once; at most 4 run in the database,
    the others wait their turn."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def bars(self, limit: int, cursor: str | None = None) -> Page[Bar]:
        """All bars, by folded name."""
        after = _decode_name_cursor(cursor, "bars")
        return await self._page(BARS, _by_name("bars"), limit, _BARS, *after)

    async def bars_of_member(self, account_id: str) -> tuple[Bar, ...]:
        """The bars that the account works at, by folded name; the first 200."""
        return await self._all(BARS, _BARS_OF_MEMBER, (account_id,))

    async def ingredients(
        self, bar_id: str, limit: int, cursor: str | None = None
    ) -> Page[Ingredient]:
        """Ingredients of a bar, by folded name."""
        after = _decode_name_cursor(cursor, "ingredients")
        return await self._page(
            INGREDIENTS, _by_name("ingredients"), limit, _INGREDIENTS, *after, ids=(bar_id,)
        )

    async def ingredients_all(self, bar_id: str) -> tuple[Ingredient, ...]:
        """All ingredients of a bar, by folded name."""
        return await self._all(INGREDIENTS, _INGREDIENTS_ALL, (bar_id,))

    async def products(self, bar_id: str, *, include_hidden: bool) -> tuple[Product, ...]:
        """All products on the menu, in its order: sections by their smallest position, products
        by position. With `include_hidden` the hidden ones too; archived ones never."""
        statuses = _NOT_ARCHIVED if include_hidden else _ON_THE_MENU
        return await self._all(PRODUCTS, _PRODUCTS, (bar_id,), statuses)

    async def movements(
        self, bar_id: str, ingredient_id: str | None, limit: int, cursor: str | None = None
    ) -> Page[StockMovement]:
        """The stock ledger of a bar, or of one ingredient of it, newest first."""
        after = _decode_time_cursor(cursor, "movements")
        mark = _by_time_of("movements", lambda movement: movement.at_ms)
        if ingredient_id is None:
            return await self._page(
                STOCK_MOVEMENTS, mark, limit, _MOVEMENTS_OF_BAR, *after, ids=(bar_id,)
            )
        if not is_id(bar_id):
            return Page((), None)
        return await self._page(
            STOCK_MOVEMENTS,
            mark,
            limit,
            _MOVEMENTS_OF_INGREDIENT,
            *after,
            ids=(ingredient_id,),
            more=(bar_id,),
        )

    async def orders_of_customer(
        self, account_id: str, limit: int, cursor: str | None = None
    ) -> Page[Order]:
        """A customer's own orders at all bars, newest first."""
        after = _decode_time_cursor(cursor, "orders_of_customer")
        mark = _by_time_of("orders_of_customer", lambda order: order.placed_at_ms)
        return await self._page(ORDERS, mark, limit, _ORDERS_OF_CUSTOMER, *after, ids=(account_id,))

    async def orders_of_bar(
        self,
        bar_id: str,
        statuses: Collection[str],
        limit: int,
        cursor: str | None = None,
        *,
        oldest_first: bool = False,
    ) -> Page[Order]:
        """Orders of a bar in any of `statuses` (empty: in any at all), newest first, or oldest
        first as a queue is worked. A cursor serves the direction that it came from."""
        name = "orders_oldest_first" if oldest_first else "orders"
        after = _decode_time_cursor(cursor, name, oldest_first=oldest_first)
        query = _ORDERS_OF_BAR_OLDEST_FIRST if oldest_first else _ORDERS_OF_BAR
        mark = _by_time_of(name, lambda order: order.placed_at_ms)
        wanted = sorted(set(statuses)) or _ALL_STATUSES
        return await self._page(ORDERS, mark, limit, query, *after, ids=(bar_id,), more=(wanted,))

    async def alerts(
        self, bar_id: str, states: Collection[str], limit: int, cursor: str | None = None
    ) -> Page[Alert]:
        """Low-stock alerts of a bar in any of `states` (empty: in any at all), newest first."""
        after = _decode_time_cursor(cursor, "alerts")
        mark = _by_time_of("alerts", lambda alert: alert.opened_at_ms)
        wanted = sorted(set(states)) or _ALL_STATES
        return await self._page(ALERTS, mark, limit, _ALERTS, *after, ids=(bar_id,), more=(wanted,))

    async def member_role(self, bar_id: str, account_id: str) -> str | None:
        """What the account is at the bar; None: a stranger."""
        if not (is_id(bar_id) and is_id(account_id)):
            return None
        with reaching_the_database():
            return await self._pool.fetchval(_MEMBER_ROLE, bar_id, account_id)

    async def _all(
        self, table: Table, query: str, ids: Sequence[str], *more: Any
    ) -> tuple[Any, ...]:
        if not all(map(is_id, ids)):
            return ()
        with reaching_the_database():
            rows = await self._pool.fetch(query, *ids, *more)
        return tuple(map(table.to_entity, rows))

    async def _page(
        self,
        table: Table,
        mark: Callable[[Any], str],
        limit: int,
        query: str,
        *after: Any,
        ids: Sequence[str] = (),
        more: Sequence[Any] = (),
    ) -> Page[Any]:
        """Reads one row more than asked for, which tells whether there is a next page."""
        assert 1 <= limit <= PAGE_ITEMS_MAX, "the API bounds the limit"
        if not all(map(is_id, ids)):
            return Page((), None)
        with reaching_the_database():
            rows = await self._pool.fetch(query, *ids, *after, limit + 1, *more)
        items = tuple(map(table.to_entity, rows[:limit]))
        return Page(items, mark(items[-1]) if len(rows) > limit else None)


def _decode_name_cursor(cursor: str | None, of_list: str) -> tuple[str, str]:
    if cursor is None:
        return "", _FIRST_ID
    after = decode_cursor(cursor, NameCursor, of_list)
    return after.name_folded, after.id


def _decode_time_cursor(
    cursor: str | None, of_list: str, *, oldest_first: bool = False
) -> tuple[int, str]:
    if cursor is None:
        return (_FIRST_AT_MS, _FIRST_ID) if oldest_first else (_LAST_AT_MS, _LAST_ID)
    after = decode_cursor(cursor, TimeCursor, of_list)
    return after.at_ms, after.id


def _by_name(of_list: str) -> Callable[[Bar | Ingredient], str]:
    return lambda item: encode_cursor(NameCursor(of_list, fold(item.name), item.id))


def _by_time_of(of_list: str, at_ms: Callable[[Any], int]) -> Callable[[Any], str]:
    return lambda item: encode_cursor(TimeCursor(of_list, at_ms(item), item.id))
