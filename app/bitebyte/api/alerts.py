"""Low-stock alerts; for those who work at the bar."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response
from pydantic import AfterValidator
from typing_extensions import TypedDict

from bitebyte.api.answers import JsonAnswer
from bitebyte.api.bars import BarRef
from bitebyte.api.deps import OwnRead, Paging, SignedIn, WithServices
from bitebyte.api.fields import Id
from bitebyte.api.quantities import QuantityAnswer, quantity_answer, time_answer
from bitebyte.api.responses import UNSAFE, answers
from bitebyte.api.route import BASE_PATH, StrictRoute
from bitebyte.domain.entities import Alert, AlertState

router = APIRouter(prefix=BASE_PATH, tags=["stock"], route_class=StrictRoute)

AlertId = Annotated[Id, Path(description="Id of the alert.")]


class AlertAnswer(TypedDict):
    """`reason` is `threshold` (available fell to it) or `shortage` (an order was refused).
    `available` is what there was when the alert last changed."""

    id: str
    bar_id: str
    ingredient_id: str
    ingredient_name: str
    state: Literal["open", "acknowledged", "resolved"]
    reason: str
    available: QuantityAnswer
    threshold: QuantityAnswer | None
    opened_at: str
    acknowledged_at: str | None
    resolved_at: str | None
    version: int


class AlertPage(TypedDict):
    """Alerts, newest first."""

    items: list[AlertAnswer]
    next_cursor: str | None


def _check_states(text: str) -> str:
    known = {state.value for state in AlertState}
    for part in text.split(","):
        if part not in known:
            raise ValueError(f"must be one or more of {', '.join(sorted(known))}, with commas")
    return text


@router.get(
    "/bars/{bar}/alerts",
    operation_id="list_alerts",
    summary="Low-stock alerts",
    response_model=AlertPage,
    responses=answers(401, 404, text="A page of alerts, newest first"),
)
async def list_alerts(
    bar: BarRef,
    caller: SignedIn,
    intent: OwnRead,
    page: Paging,
    services: WithServices,
    state: Annotated[
        str | None,
        Query(max_length=60, description="One or more states, with commas."),
        AfterValidator(lambda text: text if text is None else _check_states(text)),
    ] = None,
) -> Response:
    """At most one per ingredient is not resolved."""
    found = await services.alerts.page(
        caller,
        bar,
        intent,
        states=tuple(state.split(",")) if state else (),
        limit=page.limit,
        cursor=page.cursor,
    )
    return JsonAnswer(
        AlertPage(
            items=[alert_answer(alert) for alert in found.value.items],
            next_cursor=found.value.next_cursor,
        ),
        index=found.index,
    )


@router.post(
    "/alerts/{alert_id}/acknowledge",
    operation_id="acknowledge_alert",
    summary="Acknowledge an alert",
    response_model=AlertAnswer,
    responses=answers(*UNSAFE, 404, text="The alert as it is now"),
)
async def acknowledge_alert(
    alert_id: AlertId, caller: SignedIn, services: WithServices
) -> Response:
    """Somebody has seen it. Acknowledging twice changes nothing."""
    acknowledged = await services.alerts.acknowledge(caller, alert_id)
    return JsonAnswer(alert_answer(acknowledged.value), index=acknowledged.index, is_write=True)


def alert_answer(alert: Alert) -> AlertAnswer:
    """An alert with quantities."""
    return {
        "id": alert.id,
        "bar_id": alert.bar_id,
        "ingredient_id": alert.ingredient_id,
        "ingredient_name": alert.ingredient_name,
        "state": _state(alert.state),
        "reason": alert.reason,
        "available": quantity_answer(alert.available, alert.base_unit),
        "threshold": None
        if alert.threshold is None
        else quantity_answer(alert.threshold, alert.base_unit),
        "opened_at": time_answer(alert.opened_at_ms),
        "acknowledged_at": _time_or_none(alert.acknowledged_at_ms),
        "resolved_at": _time_or_none(alert.resolved_at_ms),
        "version": alert.version,
    }


def _state(name: str) -> Literal["open", "acknowledged", "resolved"]:
    if name == "acknowledged":
        return "acknowledged"
    return "resolved" if name == "resolved" else "open"


def _time_or_none(at_ms: int | None) -> str | None:
    return None if at_ms is None else time_answer(at_ms)
