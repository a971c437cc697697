"""Stock and its alerts. Every change of on_hand or reserved goes through `set_stock`.

What always holds, for every ingredient:
- 0 <= reserved <= on_hand, so available = on_hand - reserved is never negative;
- on_hand is the sum of its movements;
- at most one alert is unresolved, and `open_alert_id` names it;
- if available was changed and is at or below the threshold, an alert is unresolved.
"""

from typing import Final

import msgspec

from bitebyte.domain import rows
from bitebyte.domain.changeset import Changeset
from bitebyte.domain.entities import Alert, AlertState, Ingredient, Tracking
from bitebyte.domain.results import Shortage
from bitebyte.domain.units import format_amount

EXACT: Final = Tracking.EXACT.value
THRESHOLD: Final = "threshold"
SHORTAGE: Final = "shortage"


def set_stock(
    changes: Changeset, ingredient: Ingredient, on_hand: int, reserved: int, at_ms: int
) -> Ingredient:
    """Puts the new stock and whatever alert follows from it, and returns the ingredient.

    Does not emit `stock.changed`: a command emits one for all that it changed.
    """
    assert 0 <= reserved <= on_hand, (
        f"ingredient {ingredient.id}: reserved {reserved} of {on_hand} on hand"
    )
    after = msgspec.structs.replace(ingredient, on_hand=on_hand, reserved=reserved)
    available = on_hand - reserved
    threshold = ingredient.threshold_base
    has_risen = available > ingredient.available
    # A fall that ends above the threshold changes no alert: one that is unresolved there is of a
    # refused order. So placing an order never reads an alert.
    if (ingredient.open_alert_id is not None and has_risen) or (
        threshold is not None and available <= threshold
    ):
        after = settle_alert(changes, ingredient, after, at_ms)
    changes.put(after)
    return after


def settle_alert(
    changes: Changeset, before: Ingredient, after: Ingredient, at_ms: int
) -> Ingredient:
    """Opens or resolves the alert that the change from `before` to `after` calls for.

    An alert of either reason stays while available is at or below the threshold. Above it (or
    without one) a threshold alert is over at once, and one for a refused order is over with the
    next rise. What is not counted is low only as long as it is marked as out.
    """
    if after.tracking == EXACT:
        threshold = after.threshold_base
        available = after.on_hand - after.reserved
        if threshold is not None and available <= threshold:
            if after.open_alert_id is None:
                return open_alert(changes, after, THRESHOLD, available, at_ms)
            return after
    elif after.is_out:
        return after
    if after.open_alert_id is None or (
        before.tracking == after.tracking == EXACT
        and after.available <= before.available
        and _alert_of(changes, after).reason == SHORTAGE
    ):
        return after
    return _resolve_alert(changes, after, at_ms)


def open_alert(
    changes: Changeset, ingredient: Ingredient, reason: str, available: int, at_ms: int
) -> Ingredient:
    """Opens the alert of an ingredient that has none, tells the staff, and returns the ingredient
    that names it; the caller puts that."""
    assert ingredient.open_alert_id is None, "at most one alert is unresolved"
    alert = Alert(
        id=changes.next_id(),
        bar_id=ingredient.bar_id,
        ingredient_id=ingredient.id,
        ingredient_name=ingredient.name,
        state=AlertState.OPEN.value,
        reason=reason,
        available=available,
        threshold=ingredient.threshold_base,
        base_unit=ingredient.base_unit,
        opened_at_ms=at_ms,
    )
    changes.put(alert)
    changes.emit(
        "stock.low",
        ingredient.bar_id,
        {
            "alert_id": alert.id,
            "ingredient_id": ingredient.id,
            "name": ingredient.name,
            "reason": reason,
            "available": available,
            "threshold": ingredient.threshold_base,
            "base_unit": ingredient.base_unit,
        },
    )
    changes.emit(
        "notification.created",
        ingredient.bar_id,
        {
            "kind": "stock.low",
            "alert_id": alert.id,
            "ingredient_id": ingredient.id,
            "name": ingredient.name,
        },
    )
    return msgspec.structs.replace(ingredient, open_alert_id=alert.id)


def _alert_of(changes: Changeset, ingredient: Ingredient) -> Alert:
    assert ingredient.open_alert_id is not None
    alert = rows.alert(changes, ingredient.open_alert_id)
    assert alert is not None, f"alert {ingredient.open_alert_id} is missing"
    return alert


def _resolve_alert(changes: Changeset, ingredient: Ingredient, at_ms: int) -> Ingredient:
    alert = _alert_of(changes, ingredient)
    changes.put(
        msgspec.structs.replace(
            alert,
            state=AlertState.RESOLVED.value,
            resolved_at_ms=at_ms,
            version=alert.version + 1,
        )
    )
    changes.emit(
        "stock.recovered",
        ingredient.bar_id,
        {"alert_id": alert.id, "ingredient_id": ingredient.id},
    )
    return msgspec.structs.replace(ingredient, open_alert_id=None)


def emit_stock_changed(changes: Changeset, bar_id: str, ingredients: list[Ingredient]) -> None:
    """One event for all stock that a command changed; for the staff only."""
    if ingredients:
        changes.emit(
            "stock.changed",
            bar_id,
            {
                "ingredients": [
                    {
                        "ingredient_id": ingredient.id,
                        "on_hand": ingredient.on_hand,
                        "reserved": ingredient.reserved,
                        "available": ingredient.on_hand - ingredient.reserved,
                    }
                    for ingredient in ingredients
                ]
            },
        )


def in_unit(ingredient: Ingredient, base: int) -> str:
    """The quantity for people, in the ingredient's own unit."""
    return f"{format_amount(base, ingredient.unit)} {ingredient.unit}"


def shortage(ingredient: Ingredient, needed: int, available: int) -> Shortage:
    """What is needed of an ingredient and what there is."""
    return Shortage(ingredient.id, ingredient.name, needed, available, ingredient.base_unit)
