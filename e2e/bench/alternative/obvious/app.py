"""The obvious alternative's server: one route, as a competent team writes it first.

One transaction an order, one statement a step, rows locked in one order, pydantic for the answer.
Nothing is left out that an order needs, and nothing is slow on purpose. What BiteByte also does
and this does not: events for the merchant, a state hash.
"""

import hashlib
import json
import uuid
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import FastAPI, Header, Request, Response
from pydantic import BaseModel

from bench.alternative.obvious import statements
from bench.alternative.served import NewOrder, Refusal, pooled_app, uuid7


class LineAnswer(BaseModel):
    """A line as it was sold."""

    product_id: uuid.UUID
    name: str
    quantity: int
    note: str
    unit_price_minor: int
    total_minor: int


class StatusAnswer(BaseModel):
    """A step of the order."""

    status: str
    at: datetime


class OrderAnswer(BaseModel):
    """An order."""

    id: uuid.UUID
    number: int
    bar_id: uuid.UUID
    customer_id: uuid.UUID
    status: str
    lines: list[LineAnswer]
    total_minor: int
    currency: str
    version: int
    placed_at: datetime
    history: list[StatusAnswer]


@dataclass(frozen=True)
class Attempt:
    """Who orders where, and the key that makes a repeat the same order."""

    bar_id: uuid.UUID
    account_id: uuid.UUID
    key: str
    request_hash: bytes


@dataclass(frozen=True)
class Outcome:
    """What the transaction led to. A refusal is committed too: a repeat is answered the same."""

    order: OrderAnswer | None = None
    refusal: Refusal | None = None
    is_replay: bool = False


def create_app() -> FastAPI:
    """For `uvicorn --factory`."""
    app = pooled_app()

    @app.post("/api/v1/bars/{bar_id}/orders", status_code=201, response_model=OrderAnswer)
    async def place_order(
        bar_id: uuid.UUID,
        order: NewOrder,
        request: Request,
        response: Response,
        authorization: Annotated[str, Header()] = "",
        idempotency_key: Annotated[str, Header(max_length=128)] = "",
    ) -> OrderAnswer:
        if not idempotency_key:
            raise Refusal(400, "idempotency_key_required")
        token_hash = hashlib.sha256(authorization.removeprefix("Bearer ").encode()).digest()
        request_hash = hashlib.sha256(bar_id.bytes + await request.body()).digest()
        async with app.state.pool.acquire() as connection:
            account = await connection.fetchrow(statements.SESSION, token_hash)
            if account is None:
                raise Refusal(401, "unauthenticated")
            attempt = Attempt(bar_id, account["id"], idempotency_key, request_hash)
            async with connection.transaction():
                outcome = await _place(connection, attempt, order)
        if outcome.refusal is not None:
            raise outcome.refusal
        assert outcome.order is not None
        if outcome.is_replay:
            response.headers["Idempotent-Replayed"] = "true"
        return outcome.order

    return app


async def _place(connection: Any, attempt: Attempt, order: NewOrder) -> Outcome:
    """The steps of an order, within a transaction."""
    order_id = uuid7()
    now = datetime.now(UTC)  # noqa: TID251 - the alternative has no log to take time from
    is_new = await connection.fetchval(
        statements.TAKE_KEY,
        attempt.account_id,
        attempt.key,
        attempt.request_hash,
        order_id,
        now,
    )
    if not is_new:
        return await _replay(connection, attempt)
    bar = await connection.fetchrow(statements.BAR, attempt.bar_id)
    if bar is None:
        raise Refusal(404, "bar_not_found")
    try:
        lines, demand = await _price(connection, attempt.bar_id, order)
        await _reserve(connection, demand, now)
    except Refusal as refusal:
        await connection.execute(
            statements.REMEMBER_REFUSAL,
            attempt.account_id,
            attempt.key,
            json.dumps(refusal.body),
        )
        return Outcome(refusal=refusal)
    numbered = await connection.fetchrow(statements.NEXT_NUMBER, attempt.bar_id, now.date())
    answer = OrderAnswer(
        id=order_id,
        number=numbered["number"],
        bar_id=attempt.bar_id,
        customer_id=attempt.account_id,
        status="placed",
        lines=lines,
        total_minor=sum(line.total_minor for line in lines),
        currency=bar["currency"],
        version=1,
        placed_at=now,
        history=[StatusAnswer(status="placed", at=now)],
    )
    await _store(connection, answer, numbered["order_day"], demand)
    return Outcome(answer)


async def _price(
    connection: Any, bar_id: uuid.UUID, order: NewOrder
) -> tuple[list[LineAnswer], Counter[uuid.UUID]]:
    """The lines at the menu's prices, and what they take of each counted ingredient."""
    ids = list({line.product_id for line in order.lines})
    products: dict[uuid.UUID, Any] = {}
    recipes: dict[uuid.UUID, list[tuple[uuid.UUID, int]]] = {product_id: [] for product_id in ids}
    for row in await connection.fetch(statements.PRODUCTS, bar_id, ids):
        products[row["id"]] = row
        if row["is_exact"]:
            recipes[row["id"]].append((row["ingredient_id"], row["quantity"]))
    if len(products) != len(ids):
        raise Refusal(409, "product_not_available")
    lines: list[LineAnswer] = []
    demand: Counter[uuid.UUID] = Counter()
    for line in order.lines:
        product = products[line.product_id]
        lines.append(
            LineAnswer(
                product_id=line.product_id,
                name=product["name"],
                quantity=line.quantity,
                note=line.note,
                unit_price_minor=product["price_minor"],
                total_minor=product["price_minor"] * line.quantity,
            )
        )
        for ingredient_id, quantity in recipes[line.product_id]:
            demand[ingredient_id] += quantity * line.quantity
    return lines, demand


async def _reserve(connection: Any, demand: Counter[uuid.UUID], now: datetime) -> None:
    """Takes all of it, or raises a refusal that names what is short."""
    locked = await connection.fetch(statements.LOCK_INGREDIENTS, list(demand))
    shortages = [
        {
            "ingredient_id": str(row["id"]),
            "name": row["name"],
            "needed": demand[row["id"]],
            "available": row["available"],
        }
        for row in locked
        if row["available"] < demand[row["id"]]
    ]
    if shortages:
        raise Refusal(409, "insufficient_stock", shortages=shortages)
    await connection.execute(statements.RESERVE, list(demand), list(demand.values()))
    low = [
        row["id"]
        for row in locked
        if row["threshold"] is not None and row["available"] - demand[row["id"]] <= row["threshold"]
    ]
    if low:
        await connection.executemany(statements.OPEN_ALERT, [(key, now) for key in low])


async def _store(
    connection: Any, order: OrderAnswer, business_day: Any, demand: Counter[uuid.UUID]
) -> None:
    await connection.execute(
        statements.INSERT_ORDER,
        order.id,
        order.bar_id,
        order.customer_id,
        business_day,
        order.number,
        order.total_minor,
        order.currency,
        order.placed_at,
    )
    await connection.executemany(
        statements.INSERT_LINE,
        [
            (
                order.id,
                position,
                line.product_id,
                line.name,
                line.quantity,
                line.note,
                line.unit_price_minor,
                line.total_minor,
            )
            for position, line in enumerate(order.lines)
        ],
    )
    await connection.executemany(
        statements.INSERT_RESERVATION,
        [(order.id, ingredient_id, quantity) for ingredient_id, quantity in demand.items()],
    )
    await connection.execute(statements.INSERT_STATUS, order.id, order.placed_at)


async def _replay(connection: Any, attempt: Attempt) -> Outcome:
    """What the key was answered with before."""
    found = await connection.fetchrow(statements.REMEMBERED, attempt.account_id, attempt.key)
    if found["request_hash"] != attempt.request_hash:
        raise Refusal(422, "idempotency_key_reused")
    if found["refusal"] is not None:
        body = json.loads(found["refusal"])
        return Outcome(refusal=Refusal(**body), is_replay=True)
    order_id = found["order_id"]
    order = await connection.fetchrow(statements.ORDER, order_id)
    lines = await connection.fetch(statements.LINES, order_id)
    history = await connection.fetch(statements.HISTORY, order_id)
    answer = OrderAnswer.model_validate(
        dict(order)
        | {"lines": [dict(line) for line in lines], "history": [dict(step) for step in history]}
    )
    return Outcome(answer, is_replay=True)
