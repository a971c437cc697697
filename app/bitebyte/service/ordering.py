"""Orders: placing, following, moving on."""

import hashlib
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from bitebyte.domain.commands import OrderLineInput, PlaceOrder, TransitionOrder
from bitebyte.domain.entities import Bar, Order
from bitebyte.repository.queries import Queries
from bitebyte.repository.types import Page
from bitebyte.service.bars import Bars
from bitebyte.service.clock import Clock
from bitebyte.service.errors import Denied
from bitebyte.service.ids import IdSource
from bitebyte.service.proposing import Proposer
from bitebyte.service.reading import At, Reader, ReadIntent
from bitebyte.service.sessions import Caller

DAYS_CACHED_MAX: Final = 512
"""Time zones that orders come from within a minute or two."""


class Placed(msgspec.Struct, frozen=True):
    """An order, and whether it had been placed before with the same key."""

    order: Order
    is_replay: bool


class SeenOrder(msgspec.Struct, frozen=True):
    """An order, and whether whoever asked works at its bar."""

    order: Order
    is_staff: bool


class Ordering:
    """What guests order, and the bar's queue of it."""

    def __init__(
        self,
        *,
        bars: Bars,
        reader: Reader,
        proposer: Proposer,
        queries: Queries,
        clock: Clock,
        ids: IdSource,
    ) -> None:
        self._bars = bars
        self._reader = reader
        self._proposer = proposer
        self._queries = queries
        self._clock = clock
        self._ids = ids

    async def place(
        self, caller: Caller, bar: Bar, lines: tuple[OrderLineInput, ...], *, idempotency_key: str
    ) -> At[Placed]:
        """Reserves all that the lines need, or nothing. Prices are the menu's.

        Raises Denied `product_not_available`, `insufficient_stock`, `invalid_order` or
        `idempotency_key_reused`.
        """
        now_ms = self._clock.now_ms()
        placed = await self._proposer.propose(
            PlaceOrder(
                id=self._ids.new_id(now_ms),
                at_ms=now_ms,
                actor_id=caller.account_id,
                bar_id=bar.id,
                lines=lines,
                idempotency_key=idempotency_key,
                request_hash=request_hash(caller.account_id, bar.id, lines),
                business_day=business_day(now_ms, bar.timezone),
            )
        )
        return At(Placed(_order(placed.value.order), placed.value.is_replay), placed.index)

    async def one(self, caller: Caller, order_id: str, intent: ReadIntent) -> At[SeenOrder]:
        """An order of the caller, or of a bar where the caller works. Raises Denied
        `order_not_found`."""
        index = await self._reader.settle(intent)
        order = await self._reader.row(Order, (order_id,), intent)
        if order is None:
            raise order_not_found()
        if order.customer_id == caller.account_id:
            return At(SeenOrder(order, is_staff=False), index)
        if not await self._bars.is_staff(caller, order.bar_id, intent):
            raise order_not_found()
        return At(SeenOrder(order, is_staff=True), index)

    async def history(
        self, caller: Caller, intent: ReadIntent, *, limit: int, cursor: str | None
    ) -> At[Page[Order]]:
        """The caller's own orders, newest first. Raises InvalidCursor."""
        index = await self._reader.settle_flushed(intent)
        return At(await self._queries.orders_of_customer(caller.account_id, limit, cursor), index)

    async def queue(
        self,
        caller: Caller,
        bar_ref: str,
        intent: ReadIntent,
        *,
        statuses: tuple[str, ...],
        limit: int,
        cursor: str | None,
        oldest_first: bool,
    ) -> At[Page[Order]]:
        """Orders of a bar where the caller works; no statuses means all. Raises Denied
        `bar_not_found`, or InvalidCursor."""
        bar = await self._bars.find_as_staff(caller, bar_ref, intent)
        index = await self._reader.settle_flushed(intent)
        page = await self._queries.orders_of_bar(
            bar.value.id, statuses, limit, cursor, oldest_first=oldest_first
        )
        return At(page, index)

    async def transition(
        self,
        caller: Caller,
        order_id: str,
        *,
        to: str,
        expected_version: int,
        reason: str,
        disposition: tuple[str, ...],
    ) -> At[SeenOrder]:
        """Moves an order on.

        Raises Denied `order_not_found`, `stale_version`, `invalid_transition`, `forbidden` or
        `disposition_required`.
        """
        now_ms = self._clock.now_ms()
        moved = await self._proposer.propose(
            TransitionOrder(
                id=self._ids.new_id(now_ms),
                at_ms=now_ms,
                actor_id=caller.account_id,
                order_id=order_id,
                to=to,
                expected_version=expected_version,
                reason=reason,
                disposition=disposition,
            )
        )
        order = _order(moved.value.order)
        # The domain let it happen, so whoever is not the customer works at the bar.
        return At(SeenOrder(order, is_staff=order.customer_id != caller.account_id), moved.index)


def order_not_found() -> Denied:
    """No such order, or none that the caller may know of."""
    return Denied("order_not_found", "This order does not exist.")


def request_hash(account_id: str, bar_id: str, lines: tuple[OrderLineInput, ...]) -> str:
    """Names the request: whitespace and the order of keys in its JSON make no difference."""
    return hashlib.sha256(msgspec.json.encode((account_id, bar_id, lines))).hexdigest()


def business_day(at_ms: int, timezone: str) -> str:
    """The day, YYYY-MM-DD, in the bar's time zone."""
    # Zones change on whole minutes, so a minute has one day; orders come many a minute.
    return _day_of_minute(at_ms // 60_000, timezone)


@lru_cache(maxsize=DAYS_CACHED_MAX)
def _day_of_minute(minute: int, timezone: str) -> str:
    at = datetime.fromtimestamp(minute * 60, UTC)
    return at.astimezone(ZoneInfo(timezone)).strftime("%Y-%m-%d")


def _order(order: Order | None) -> Order:
    assert order is not None, "commands on orders answer with an order"
    return order
