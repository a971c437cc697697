"""How an order moves on. All transitions are in the table; whatever is not there is refused.

placed → accepted → preparing → ready → completed
placed → rejected            placed, accepted, preparing → cancelled        ready → abandoned
"""

from typing import Final

import msgspec

from bitebyte.domain import rows
from bitebyte.domain.changeset import Changeset, refuse
from bitebyte.domain.commands import TransitionOrder
from bitebyte.domain.entities import (
    Ingredient,
    MovementKind,
    Order,
    OrderHistory,
    OrderStatus,
    ReservationState,
    StockMovement,
)
from bitebyte.domain.ordering import emit_order, notify_staff_of_order
from bitebyte.domain.results import Accepted, Applied, FieldError
from bitebyte.domain.stock import emit_stock_changed, set_stock
from bitebyte.domain.view import View

RELEASE: Final = "release"
WASTE: Final = "waste"
_CONSUME: Final = "consume"
_DISPOSE: Final = "dispose"
_NOTHING: Final = ""


class Transition(msgspec.Struct, frozen=True, gc=False):
    """What a step does to the stock, and whether the customer may take it too."""

    stock_effect: str
    is_open_to_customer: bool = False


TRANSITIONS: Final[dict[tuple[str, str], Transition]] = {
    (source.value, target.value): transition
    for source, target, transition in (
        (OrderStatus.PLACED, OrderStatus.ACCEPTED, Transition(_NOTHING)),
        (OrderStatus.PLACED, OrderStatus.REJECTED, Transition(RELEASE)),
        (OrderStatus.PLACED, OrderStatus.CANCELLED, Transition(RELEASE, True)),
        (OrderStatus.ACCEPTED, OrderStatus.PREPARING, Transition(_NOTHING)),
        (OrderStatus.ACCEPTED, OrderStatus.CANCELLED, Transition(RELEASE, True)),
        (OrderStatus.PREPARING, OrderStatus.READY, Transition(_CONSUME)),
        (OrderStatus.PREPARING, OrderStatus.CANCELLED, Transition(_DISPOSE)),
        (OrderStatus.READY, OrderStatus.COMPLETED, Transition(_NOTHING)),
        (OrderStatus.READY, OrderStatus.ABANDONED, Transition(_NOTHING)),
    )
}

CUSTOMER_TARGETS: Final = frozenset(
    target for (_, target), step in TRANSITIONS.items() if step.is_open_to_customer
)

_ENDS: Final = {
    _CONSUME: ReservationState.CONSUMED.value,
    RELEASE: ReservationState.RELEASED.value,
}


def transition_order(view: View, command: TransitionOrder) -> Applied:
    """The order, one step further, with what that does to the stock.

    Checked in this order: it exists for the actor, the actor may, the version, the step, the
    disposition.
    """
    order = rows.order(view, command.order_id)
    if order is None:
        return _order_not_found()
    is_staff = rows.is_member(view, order.bar_id, command.actor_id)
    if not is_staff and order.customer_id != command.actor_id:
        return _order_not_found()
    if not is_staff and command.to not in CUSTOMER_TARGETS:
        return refuse("forbidden", "Only the bar can do this. You may cancel your order.")
    if command.expected_version != order.version:
        return refuse(
            "stale_version",
            f"The order has changed since you read it; it is {order.status} now.",
            current_version=order.version,
        )
    step = TRANSITIONS.get((order.status, command.to))
    if step is None or not (is_staff or step.is_open_to_customer):
        return _invalid_transition(order, command.to, is_staff=is_staff)
    effects = _effects(order, step, command.disposition)
    if effects is None:
        return _disposition_required(order)
    return _move(view, command, order, effects, is_staff=is_staff)


def _order_not_found() -> Applied:
    return refuse("order_not_found", "This order does not exist.")


def _invalid_transition(order: Order, to: str, *, is_staff: bool) -> Applied:
    targets = [
        target
        for (source, target), step in TRANSITIONS.items()
        if source == order.status and (is_staff or step.is_open_to_customer)
    ]
    allowed = f"It can become {', '.join(targets)}." if targets else "It stays so."
    return refuse(
        "invalid_transition",
        f"The order is {order.status} and cannot become {to!r}. {allowed}",
        current_version=order.version,
    )


def _disposition_required(order: Order) -> Applied:
    return refuse(
        "disposition_required",
        "The drinks are being made: say for the ingredients of all lines, or of each, whether to"
        " `release` or `waste` them.",
        errors=(
            FieldError(
                "/disposition",
                f"must be `release` or `waste`, once or {len(order.lines)} times",
            ),
        ),
    )


def _effects(order: Order, step: Transition, disposition: tuple[str, ...]) -> list[str] | None:
    """What happens to the ingredients of each order line; None if the disposition must say."""
    count = len(order.lines)
    if step.stock_effect != _DISPOSE:
        return [step.stock_effect] * count
    if len(disposition) not in {1, count} or not set(disposition) <= {RELEASE, WASTE}:
        return None
    return list(disposition) * (count if len(disposition) == 1 else 1)


def _move(
    view: View, command: TransitionOrder, order: Order, effects: list[str], *, is_staff: bool
) -> Applied:
    changes = Changeset(view, command.id)
    moved = msgspec.structs.replace(
        order,
        status=command.to,
        updated_at_ms=command.at_ms,
        history=(
            *order.history,
            OrderHistory(command.to, command.at_ms, command.actor_id, command.reason),
        ),
        reservation_state=_reservation_state(order, effects),
        version=order.version + 1,
    )
    changes.put(moved)
    emit_order(changes, moved)
    if not is_staff:
        notify_staff_of_order(changes, moved)
    emit_stock_changed(changes, order.bar_id, _end_reservation(changes, command, order, effects))
    return changes.close(Accepted(order=moved))


def _reservation_state(order: Order, effects: list[str]) -> str:
    if WASTE in effects:
        return ReservationState.WASTED.value
    return _ENDS.get(effects[0], order.reservation_state)


def _end_reservation(
    changes: Changeset, command: TransitionOrder, order: Order, effects: list[str]
) -> list[Ingredient]:
    """Releases, consumes or wastes what the order holds, summed per ingredient in the order of
    first use: one movement for each ingredient of which something leaves the bar."""
    if effects[0] == _NOTHING:
        return []
    released: dict[str, int] = {}
    taken: dict[str, int] = {}
    for line in order.reservation:
        released[line.ingredient_id] = released.get(line.ingredient_id, 0) + line.quantity_base
        if effects[line.line_index] != RELEASE:
            taken[line.ingredient_id] = taken.get(line.ingredient_id, 0) + line.quantity_base
    kind = MovementKind.CONSUME if effects[0] == _CONSUME else MovementKind.WASTE
    changed: list[Ingredient] = []
    for ingredient_id, quantity in released.items():
        ingredient = rows.ingredient_of(changes, ingredient_id)
        leaves = taken.get(ingredient_id, 0)
        if leaves:
            changes.put(
                StockMovement(
                    id=changes.next_id(),
                    bar_id=order.bar_id,
                    ingredient_id=ingredient_id,
                    kind=kind.value,
                    delta_base=-leaves,
                    amount="",
                    unit="",
                    reason=command.reason,
                    actor_id=command.actor_id,
                    order_id=order.id,
                    at_ms=command.at_ms,
                )
            )
        changed.append(
            set_stock(
                changes,
                ingredient,
                ingredient.on_hand - leaves,
                ingredient.reserved - quantity,
                command.at_ms,
            )
        )
    return changed
