"""Orders: placing, following, moving on."""

from typing import Annotated, Literal, NotRequired

from fastapi import APIRouter, Header, Path, Query, Response
from pydantic import AfterValidator, Field
from typing_extensions import TypedDict

from bitebyte.api.answers import JsonAnswer, etag_of_version
from bitebyte.api.bars import BarRef
from bitebyte.api.deps import OwnRead, Paging, SignedIn, WithServices
from bitebyte.api.fields import Id, Note, Reason, RequestModel
from bitebyte.api.idempotency import parse_idempotency_key
from bitebyte.api.if_match import parse_if_match
from bitebyte.api.quantities import time_answer
from bitebyte.api.responses import UNSAFE, answers
from bitebyte.api.route import BASE_PATH, StrictRoute
from bitebyte.domain.commands import OrderLineInput
from bitebyte.domain.entities import Order, OrderHistory, OrderStatus
from bitebyte.domain.limits import ORDER_LINE_QUANTITY_MAX, ORDER_LINES_MAX
from bitebyte.repository.types import Page
from bitebyte.service.errors import Denied
from bitebyte.service.ordering import Placed, SeenOrder

router = APIRouter(prefix=BASE_PATH, tags=["orders"], route_class=StrictRoute)

StatusName = Literal[
    "placed", "accepted", "preparing", "ready", "completed", "rejected", "cancelled", "abandoned"
]
DispositionName = Literal["release", "waste"]
OrderId = Annotated[Id, Path(description="Id of the order.")]


class OrderLineRequest(RequestModel):
    """What to order. The price is the menu's."""

    product_id: Id
    quantity: Annotated[int, Field(ge=1, le=ORDER_LINE_QUANTITY_MAX)]
    note: Note = ""


class OrderRequest(RequestModel):
    """One order: reserved whole, or not at all."""

    lines: Annotated[list[OrderLineRequest], Field(min_length=1, max_length=ORDER_LINES_MAX)]


class TransitionRequest(RequestModel):
    """Where the order goes. `disposition` says what becomes of what was mixed when an order is
    cancelled while it is being prepared: one for all lines, or one for each."""

    to: StatusName
    reason: Reason = ""
    disposition: (
        DispositionName
        | Annotated[list[DispositionName], Field(min_length=1, max_length=ORDER_LINES_MAX)]
        | None
    ) = None


class OrderLineAnswer(TypedDict):
    """A line as it was sold."""

    product_id: str
    name: str
    quantity: int
    unit_price_minor: int
    total_minor: int
    note: str


class OrderHistoryAnswer(TypedDict):
    """A step of the order. `actor_id` is for the bar's staff."""

    status: StatusName
    at: str
    by: Literal["customer", "bar"]
    reason: str
    actor_id: NotRequired[str]


class OrderAnswer(TypedDict):
    """An order. `number` counts per bar and day. `customer_name` is for the bar's staff."""

    id: str
    number: int
    business_day: str
    bar_id: str
    customer_id: str
    status: StatusName
    lines: list[OrderLineAnswer]
    total_minor: int
    currency: str
    version: int
    placed_at: str
    updated_at: str
    history: list[OrderHistoryAnswer]
    customer_name: NotRequired[str]


class OrderPage(TypedDict):
    """Orders, newest first unless asked otherwise."""

    items: list[OrderAnswer]
    next_cursor: str | None


def _check_statuses(text: str) -> str:
    known = {status.value for status in OrderStatus}
    for part in text.split(","):
        if part not in known:
            raise ValueError(f"must be one or more of {', '.join(sorted(known))}, with commas")
    return text


@router.post(
    "/bars/{bar}/orders",
    operation_id="place_order",
    summary="Place an order",
    status_code=201,
    response_model=OrderAnswer,
    responses=answers(
        *UNSAFE, 404, 409, ok=201, text="The order; its stock is reserved", etag=True
    ),
)
async def place_order(
    bar: BarRef,
    body: OrderRequest,
    caller: SignedIn,
    intent: OwnRead,
    services: WithServices,
    idempotency_key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            description="Required, 1 to 128 visible ASCII characters. A repeat with the same key"
            " and body is answered like the first request, with `Idempotent-Replayed: true`.",
        ),
    ] = None,
) -> Response:
    """Reserves all that it needs or nothing. 409 `insufficient_stock` names each short
    ingredient in `shortages`; 409 `product_not_available`; 422 `idempotency_key_reused`."""
    key = parse_idempotency_key(idempotency_key)
    found = await services.bars.find(bar, intent)
    placed = await services.ordering.place(
        caller,
        found.value,
        tuple(OrderLineInput(line.product_id, line.quantity, line.note) for line in body.lines),
        idempotency_key=key,
    )
    return JsonAnswer(
        order_answer(placed.value.order, is_staff=False),
        index=placed.index,
        status=201,
        headers=placed_headers(placed.value),
        is_write=True,
    )


def placed_headers(placed: Placed) -> dict[str, str]:
    """Headers of a placed order."""
    headers = {
        "Location": f"/api/v1/orders/{placed.order.id}",
        "ETag": etag_of_version(placed.order.version),
    }
    if placed.is_replay:
        headers["Idempotent-Replayed"] = "true"
    return headers


@router.get(
    "/bars/{bar}/orders",
    operation_id="list_bar_orders",
    summary="The queue",
    response_model=OrderPage,
    responses=answers(401, 404, text="A page of orders"),
)
async def list_bar_orders(
    bar: BarRef,
    caller: SignedIn,
    intent: OwnRead,
    page: Paging,
    services: WithServices,
    status: Annotated[
        str | None,
        Query(max_length=120, description="One or more statuses, with commas."),
        AfterValidator(lambda text: text if text is None else _check_statuses(text)),
    ] = None,
    sort: Annotated[Literal["newest", "oldest"], Query()] = "newest",
) -> Response:
    """For those who work at the bar."""
    found = await services.ordering.queue(
        caller,
        bar,
        intent,
        statuses=tuple(status.split(",")) if status else (),
        limit=page.limit,
        cursor=page.cursor,
        oldest_first=sort == "oldest",
    )
    return JsonAnswer(_page_answer(found.value, is_staff=True), index=found.index)


@router.get(
    "/me/orders",
    operation_id="list_my_orders",
    summary="Your orders",
    response_model=OrderPage,
    responses=answers(401, text="A page of your orders, newest first"),
)
async def list_my_orders(
    caller: SignedIn, intent: OwnRead, page: Paging, services: WithServices
) -> Response:
    """At all bars."""
    found = await services.ordering.history(caller, intent, limit=page.limit, cursor=page.cursor)
    return JsonAnswer(_page_answer(found.value, is_staff=False), index=found.index)


@router.get(
    "/orders/{order_id}",
    operation_id="get_order",
    summary="One order",
    response_model=OrderAnswer,
    responses=answers(401, 404, text="The order", etag=True),
)
async def get_order(
    order_id: OrderId, caller: SignedIn, intent: OwnRead, services: WithServices
) -> Response:
    """For whoever placed it and for those who work at its bar."""
    found = await services.ordering.one(caller, order_id, intent)
    return _order_response(found.value, found.index)


@router.post(
    "/orders/{order_id}/transitions",
    operation_id="move_order",
    summary="Move an order on",
    response_model=OrderAnswer,
    responses=answers(*UNSAFE, 404, 409, 412, 428, text="The order as it is now", etag=True),
)
async def move_order(
    order_id: OrderId,
    body: TransitionRequest,
    caller: SignedIn,
    services: WithServices,
    if_match: Annotated[
        str | None, Header(alias="If-Match", description="Required: the order's ETag.")
    ] = None,
) -> Response:
    """placed → accepted → preparing → ready → completed; rejected, cancelled, abandoned.
    Customers may cancel until it is being prepared. 409 `invalid_transition`."""
    expected_version = parse_if_match(if_match)
    if expected_version is None:
        raise Denied(
            "if_match_required", "Send If-Match with the ETag of the order that you looked at."
        )
    disposition = body.disposition or ()
    moved = await services.ordering.transition(
        caller,
        order_id,
        to=body.to,
        expected_version=expected_version,
        reason=body.reason,
        disposition=(disposition,) if isinstance(disposition, str) else tuple(disposition),
    )
    return _order_response(moved.value, moved.index, is_write=True)


def order_answer(order: Order, *, is_staff: bool) -> OrderAnswer:
    """An order for its customer or for the bar's staff."""
    answer: OrderAnswer = {
        "id": order.id,
        "number": order.number,
        "business_day": order.business_day,
        "bar_id": order.bar_id,
        "customer_id": order.customer_id,
        "status": _status(order.status),
        "lines": [
            {
                "product_id": line.product_id,
                "name": line.name,
                "quantity": line.quantity,
                "unit_price_minor": line.unit_price_minor,
                "total_minor": line.total_minor,
                "note": line.note,
            }
            for line in order.lines
        ],
        "total_minor": order.total_minor,
        "currency": order.currency,
        "version": order.version,
        "placed_at": time_answer(order.placed_at_ms),
        "updated_at": time_answer(order.updated_at_ms),
        "history": [_history_answer(order, step, is_staff=is_staff) for step in order.history],
    }
    if is_staff:
        answer["customer_name"] = order.customer_name
    return answer


def _history_answer(order: Order, step: OrderHistory, *, is_staff: bool) -> OrderHistoryAnswer:
    answer: OrderHistoryAnswer = {
        "status": _status(step.status),
        "at": time_answer(step.at_ms),
        "by": "customer" if step.actor_id == order.customer_id else "bar",
        "reason": step.reason,
    }
    if is_staff:
        answer["actor_id"] = step.actor_id
    return answer


_STATUSES: dict[str, StatusName] = {
    "placed": "placed",
    "accepted": "accepted",
    "preparing": "preparing",
    "ready": "ready",
    "completed": "completed",
    "rejected": "rejected",
    "cancelled": "cancelled",
    "abandoned": "abandoned",
}


def _status(name: str) -> StatusName:
    return _STATUSES[name]


def _order_response(seen: SeenOrder, index: int, *, is_write: bool = False) -> JsonAnswer:
    return JsonAnswer(
        order_answer(seen.order, is_staff=seen.is_staff),
        index=index,
        headers={"ETag": etag_of_version(seen.order.version)},
        is_write=is_write,
    )


def _page_answer(page: Page[Order], *, is_staff: bool) -> OrderPage:
    return {
        "items": [order_answer(order, is_staff=is_staff) for order in page.items],
        "next_cursor": page.next_cursor,
    }
