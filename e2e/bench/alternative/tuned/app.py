"""The tuned alternative's server: one route, with as few round trips and as short locks as SQL
allows.

It checks the session, takes prices and recipes from the database, sums the demand of all lines,
reserves all or nothing, numbers the order, and remembers the answer under its key, in one
transaction that is confirmed once the primary and one standby have it on disk.
What BiteByte also does and this does not: events for the merchant, a state hash.
"""

import hashlib
import uuid
from collections import Counter
from datetime import UTC, datetime
from typing import Annotated, Any

import asyncpg
import msgspec
from fastapi import FastAPI, Header, Request
from fastapi.responses import Response

from bench.alternative.served import NewOrder, Refusal, pooled_app, uuid7
from bench.alternative.tuned import statements


def create_app() -> FastAPI:
    """For `uvicorn --factory`."""
    app = pooled_app()

    @app.post("/api/v1/bars/{bar_id}/orders")
    async def place_order(
        bar_id: uuid.UUID,
        order: NewOrder,
        request: Request,
        authorization: Annotated[str, Header()] = "",
        idempotency_key: Annotated[str, Header(max_length=128)] = "",
    ) -> Response:
        if not idempotency_key:
            raise Refusal(400, "idempotency_key_required")
        token_hash = hashlib.sha256(authorization.removeprefix("Bearer ").encode()).digest()
        request_hash = hashlib.sha256(await request.body()).digest()
        async with app.state.pool.acquire() as connection:
            account = await connection.fetchrow(statements.SESSION, token_hash)
            if account is None:
                raise Refusal(401, "unauthenticated")
            placing = _Placing(connection, bar_id, account, idempotency_key, request_hash)
            return await placing.run(order)

    return app


class _Placing:
    """One order on its way."""

    def __init__(
        self,
        connection: Any,
        bar_id: uuid.UUID,
        account: Any,
        key: str,
        request_hash: bytes,
    ) -> None:
        self._connection = connection
        self._bar_id = bar_id
        self._account_id: uuid.UUID = account["id"]
        self._key = key
        self._request_hash = request_hash

    async def run(self, order: NewOrder) -> Response:
        lines, demand, total = await self._price(order)
        try:
            return await self._place(lines, demand, total)
        except asyncpg.UniqueViolationError:
            return await self._replay()
        except Refusal as refusal:
            if refusal.status == 409:
                await self._connection.execute(
                    statements.REMEMBER_REFUSAL,
                    self._account_id,
                    self._key,
                    self._request_hash,
                    msgspec.json.encode(refusal.body).decode(),
                )
                return await self._replay()
            raise

    async def _price(self, order: NewOrder) -> tuple[list[dict[str, Any]], Counter[uuid.UUID], int]:
        ids = list({line.product_id for line in order.lines})
        rows = await self._connection.fetch(statements.PRODUCTS, self._bar_id, ids)
        products = {row["id"]: row for row in rows}
        if len(products) != len(ids):
            raise Refusal(422, "product_not_available")
        demand: Counter[uuid.UUID] = Counter()
        lines: list[dict[str, Any]] = []
        for line in order.lines:
            product = products[line.product_id]
            for ingredient_id, quantity in zip(
                product["ingredient_ids"] or (), product["quantities"] or (), strict=True
            ):
                demand[ingredient_id] += quantity * line.quantity
            lines.append(
                {
                    "product_id": str(line.product_id),
                    "name": product["name"],
                    "quantity": line.quantity,
                    "note": line.note,
                    "unit_price_minor": product["price_minor"],
                    "total_minor": product["price_minor"] * line.quantity,
                }
            )
        return lines, demand, sum(line["total_minor"] for line in lines)

    async def _place(
        self, lines: list[dict[str, Any]], demand: Counter[uuid.UUID], total: int
    ) -> Response:
        order_id = uuid7()
        now = datetime.now(UTC)  # noqa: TID251 - the alternative has no log to take time from
        history = [{"status": "placed", "at": now.isoformat()}]
        reservation = [{"ingredient_id": str(key), "quantity": demand[key]} for key in demand]
        async with self._connection.transaction():
            reserved = await self._connection.fetch(
                statements.RESERVE, list(demand), list(demand.values())
            )
            _refuse_shortages(reserved)
            low = [row["id"] for row in reserved if row["is_low"]]
            if low:
                await self._connection.execute(statements.OPEN_ALERTS, low)
            placed = await self._connection.fetchrow(
                statements.PLACE,
                order_id,
                self._bar_id,
                self._account_id,
                now.date(),
                msgspec.json.encode(lines).decode(),
                total,
                now,
                msgspec.json.encode(reservation).decode(),
                msgspec.json.encode(history).decode(),
                self._key,
                self._request_hash,
            )
        body = {
            "id": str(order_id),
            "number": placed["number"],
            "bar_id": str(self._bar_id),
            "customer_id": str(self._account_id),
            "status": "placed",
            "lines": lines,
            "total_minor": total,
            "currency": placed["currency"],
            "version": 1,
            "placed_at": now.isoformat(),
            "history": history,
        }
        return _json(201, body)

    async def _replay(self) -> Response:
        found = await self._connection.fetchrow(statements.REMEMBERED, self._account_id, self._key)
        if found["request_hash"] != self._request_hash:
            raise Refusal(422, "idempotency_key_reused")
        if found["refusal"] is not None:
            return Response(found["refusal"], 409, media_type="application/problem+json")
        row = await self._connection.fetchrow(statements.ORDER, found["order_id"])
        body = {
            "id": str(row["id"]),
            "number": row["number"],
            "bar_id": str(row["bar_id"]),
            "customer_id": str(row["customer_id"]),
            "status": "placed",
            "lines": msgspec.json.decode(row["lines"]),
            "total_minor": row["total_minor"],
            "currency": row["currency"],
            "version": 1,
            "placed_at": row["placed_at"].isoformat(),
            "history": [{"status": "placed", "at": row["placed_at"].isoformat()}],
        }
        return _json(201, body, {"Idempotent-Replayed": "true"})


def _refuse_shortages(reserved: list[Any]) -> None:
    shortages = [
        {
            "ingredient_id": str(row["id"]),
            "name": row["name"],
            "needed": row["quantity"],
            "available": row["available"],
        }
        for row in reserved
        if row["is_short"]
    ]
    if shortages:
        raise Refusal(409, "insufficient_stock", shortages=shortages)


def _json(status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(body), status, headers, "application/json")
