"""The ledger of stock: append-only; for those who work at the bar."""

from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query, Response
from typing_extensions import TypedDict

from bitebyte.api.answers import JsonAnswer
from bitebyte.api.bars import BarRef
from bitebyte.api.deps import OwnRead, Paging, SignedIn, WithServices
from bitebyte.api.fields import Amount, Id, Reason, RequestModel, UnitName
from bitebyte.api.idempotency import parse_idempotency_key
from bitebyte.api.quantities import DISPLAY_UNITS, time_answer
from bitebyte.api.responses import UNSAFE, answers
from bitebyte.api.route import BASE_PATH, StrictRoute
from bitebyte.domain.entities import StockMovement
from bitebyte.domain.units import format_amount
from bitebyte.service.inventory import NewMovement
from bitebyte.service.quantities import TypedQuantity

router = APIRouter(prefix=BASE_PATH, tags=["stock"], route_class=StrictRoute)

TypedKind = Literal["receive", "waste", "adjust", "count"]


class MovementRequest(RequestModel):
    """receive and waste take a positive amount, adjust a signed one, count what is there now."""

    ingredient_id: Id
    kind: TypedKind
    amount: Amount
    unit: UnitName
    reason: Reason = ""


class MovementAnswer(TypedDict):
    """A line of the ledger. `delta_base` is the change of what is on hand, in `base_unit`;
    `amount` and `unit` are as typed."""

    id: str
    bar_id: str
    ingredient_id: str
    kind: str
    amount: str
    unit: str
    delta_base: int
    base_unit: str
    reason: str
    actor_id: str
    order_id: str | None
    at: str


class MovementPage(TypedDict):
    """Movements, newest first."""

    items: list[MovementAnswer]
    next_cursor: str | None


@router.post(
    "/bars/{bar}/stock-movements",
    operation_id="record_stock_movement",
    summary="Receive, waste, adjust or count",
    status_code=201,
    response_model=MovementAnswer,
    responses=answers(*UNSAFE, 404, 409, ok=201, text="The movement"),
)
async def record_stock_movement(
    bar: BarRef,
    body: MovementRequest,
    caller: SignedIn,
    intent: OwnRead,
    services: WithServices,
    idempotency_key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            description="Optional: a repeat with the same key answers with the first movement.",
        ),
    ] = None,
) -> Response:
    """409 `insufficient_stock`, `stock_below_reserved` or `not_tracked`."""
    recorded = await services.inventory.record_movement(
        caller,
        bar,
        intent,
        NewMovement(
            ingredient_id=body.ingredient_id,
            kind=body.kind,
            quantity=TypedQuantity(body.amount, body.unit),
            reason=body.reason,
            idempotency_key=""
            if idempotency_key is None
            else parse_idempotency_key(idempotency_key),
        ),
    )
    headers = {"Idempotent-Replayed": "true"} if recorded.value.is_replay else {}
    return JsonAnswer(
        movement_answer(recorded.value.movement, recorded.value.base_unit),
        index=recorded.index,
        status=201,
        headers=headers,
        is_write=True,
    )


@router.get(
    "/bars/{bar}/stock-movements",
    operation_id="list_stock_movements",
    summary="The ledger",
    response_model=MovementPage,
    responses=answers(401, 404, text="A page of movements, newest first"),
)
async def list_stock_movements(
    bar: BarRef,
    caller: SignedIn,
    intent: OwnRead,
    page: Paging,
    services: WithServices,
    ingredient_id: Annotated[Id | None, Query(description="Only of this ingredient.")] = None,
) -> Response:
    """All that ever changed what is on hand."""
    found = await services.inventory.movements(
        caller, bar, intent, ingredient_id=ingredient_id, limit=page.limit, cursor=page.cursor
    )
    base_units = found.value.base_units
    return JsonAnswer(
        MovementPage(
            items=[
                movement_answer(movement, base_units[movement.ingredient_id])
                for movement in found.value.page.items
            ],
            next_cursor=found.value.page.next_cursor,
        ),
        index=found.index,
    )


def movement_answer(movement: StockMovement, base_unit: str) -> MovementAnswer:
    """A movement that nobody typed (`consume`) shows its change in the usual unit."""
    unit = movement.unit or DISPLAY_UNITS[base_unit]
    return {
        "id": movement.id,
        "bar_id": movement.bar_id,
        "ingredient_id": movement.ingredient_id,
        "kind": movement.kind,
        "amount": movement.amount or format_amount(abs(movement.delta_base), unit),
        "unit": unit,
        "delta_base": movement.delta_base,
        "base_unit": base_unit,
        "reason": movement.reason,
        "actor_id": movement.actor_id,
        "order_id": movement.order_id,
        "at": time_answer(movement.at_ms),
    }
