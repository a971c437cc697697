"""What really is in a node's own PostgreSQL, past the program: the second witness.

The node's embedded server listens on a Unix socket only; any program of the same user may look.
"""

import asyncio
import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncpg

from bitebyte_e2e.checks import NodeState, Stock
from bitebyte_e2e.waiting import wait_until

_SOCKET_NAME = ".s.PGSQL.5432"


@dataclass(frozen=True)
class Rows:
    """Of one bar, in one node's database."""

    node: str
    orders: dict[str, tuple[int, str, int, int]]
    """Number, status, total in minor units and version, by order id."""
    stock: dict[str, Stock]
    """Of all ingredients, by id."""
    ledger: dict[str, int]
    """Sum of all stock movements, by ingredient id."""
    answers: dict[str, int]
    """How many remembered answers there are, by idempotency key."""


def dsn_of(data_dir: Path) -> str:
    """Where the node's server listens: in its folder, or in the system's temporary folder when
    that path would be too long for a socket."""
    socket_dir = data_dir / "postgres-socket"
    if not (socket_dir / _SOCKET_NAME).exists():
        digest = hashlib.sha256(os.fsencode(data_dir.absolute())).hexdigest()[:16]
        socket_dir = Path(tempfile.gettempdir()) / f"bitebyte-{os.geteuid()}-{digest}"
    return f"postgresql://bitebyte@/postgres?host={quote(str(socket_dir))}"


def staged_tables(data_dir: Path) -> int:
    """How many tables hold parts of snapshots that are not installed (yet)."""

    async def count() -> int:
        connection = await asyncpg.connect(dsn_of(data_dir), timeout=5)
        try:
            found = await connection.fetchval(
                "SELECT count(*) FROM pg_tables WHERE schemaname = 'bitebyte_staging'"
            )
            return int(found)
        finally:
            await connection.close()

    return asyncio.run(count())


def read_rows(node: str, data_dir: Path, bar_id: str, *, at_least: int) -> Rows:
    """The bar's rows, once the database reflects log index `at_least`."""

    def once() -> Rows | None:
        return asyncio.run(_read(node, dsn_of(data_dir), bar_id, at_least))

    return wait_until(once, what=f"{node} has flushed {at_least}", timeout_s=10)


async def _read(node: str, dsn: str, bar_id: str, at_least: int) -> Rows | None:
    connection = await asyncpg.connect(dsn, timeout=5)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            if await connection.fetchval("SELECT applied_index FROM applied_state") < at_least:
                return None
            return await _read_tables(node, connection, bar_id)
    finally:
        await connection.close()


async def _read_tables(node: str, connection: Any, bar_id: str) -> Rows:
    orders = await connection.fetch(
        "SELECT id::text, number, status, total_minor, version FROM orders WHERE bar_id = $1",
        bar_id,
    )
    ingredients = await connection.fetch(
        "SELECT id::text, on_hand, reserved FROM ingredients WHERE bar_id = $1", bar_id
    )
    ledger = await connection.fetch(
        "SELECT ingredient_id::text AS id, sum(delta_base)::bigint AS total"
        " FROM stock_movements WHERE bar_id = $1 GROUP BY ingredient_id",
        bar_id,
    )
    answers = await connection.fetch(
        "SELECT idempotency_key, count(*) AS count FROM idempotency_records GROUP BY 1"
    )
    return Rows(
        node=node,
        orders={
            row["id"]: (row["number"], row["status"], row["total_minor"], row["version"])
            for row in orders
        },
        stock={
            row["id"]: Stock(row["on_hand"], row["reserved"], row["on_hand"] - row["reserved"])
            for row in ingredients
        },
        ledger={row["id"]: row["total"] for row in ledger},
        answers={row["idempotency_key"]: row["count"] for row in answers},
    )


def check_rows(rows: Rows, state: NodeState, definite_keys: set[str]) -> list[str]:
    """The database holds what the node's API tells, the ledger adds up to what is on hand, and
    each definite answer is remembered exactly once."""
    broken: list[str] = []
    told = {
        order["id"]: (order["number"], order["status"], order["total_minor"], order["version"])
        for order in state.orders
    }
    broken += [
        f"{rows.node}: order {order_id} is {rows.orders.get(order_id)} in the database,"
        f" {told.get(order_id)} by the API"
        for order_id in sorted(told.keys() | rows.orders.keys())
        if told.get(order_id) != rows.orders.get(order_id)
    ]
    for ingredient_id, stock in state.stock.items():
        if rows.stock.get(ingredient_id) != stock:
            broken.append(
                f"{rows.node}: ingredient {ingredient_id} is {rows.stock.get(ingredient_id)}"
                f" in the database, {stock} by the API"
            )
        if rows.ledger.get(ingredient_id, 0) != stock.on_hand:
            broken.append(
                f"{rows.node}: the ledger of {ingredient_id} adds up to"
                f" {rows.ledger.get(ingredient_id, 0)}, on hand is {stock.on_hand}"
            )
    broken += [
        f"{rows.node}: the answer to key {key} is remembered {rows.answers.get(key, 0)} times"
        for key in sorted(definite_keys)
        if rows.answers.get(key, 0) != 1
    ]
    return broken
