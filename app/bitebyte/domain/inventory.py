"""Ingredients, the movements that people record, and the alerts that they acknowledge."""

from typing import Final

import msgspec

from bitebyte.domain import rows
from bitebyte.domain.bars import bar_not_found
from bitebyte.domain.changeset import Changeset, accept, refuse
from bitebyte.domain.commands import (
    AcknowledgeAlert,
    CreateIngredient,
    RecordStockMovement,
    UpdateIngredient,
)
from bitebyte.domain.entities import (
    AlertState,
    Ingredient,
    MovementKind,
    NameClaim,
    StockMovement,
    Tracking,
)
from bitebyte.domain.idempotency import apply_once
from bitebyte.domain.limits import ON_HAND_BASE_MAX, QUANTITY_BASE_MAX
from bitebyte.domain.names import fold
from bitebyte.domain.results import Accepted, Applied, FieldError
from bitebyte.domain.stock import (
    EXACT,
    emit_stock_changed,
    in_unit,
    set_stock,
    settle_alert,
    shortage,
)
from bitebyte.domain.units import UNITS, QuantityError, find_unit
from bitebyte.domain.view import View

TRACKINGS: Final = frozenset(tracking.value for tracking in Tracking)


def ingredient_scope(bar_id: str) -> str:
    """The scope of NameClaim in which ingredient names of a bar are unique."""
    return f"ingredient:{bar_id}"


def new_ingredient(
    changes: Changeset,
    *,
    ingredient_id: str,
    bar_id: str,
    name: str,
    unit: str,
    base_unit: str,
    tracking: str,
    threshold: tuple[int | None, str | None, str | None],
    at_ms: int,
) -> Ingredient:
    """Puts a new ingredient with nothing on hand, and its name. No alert: what was never there
    is not running low."""
    threshold_base, threshold_amount, threshold_unit = threshold
    ingredient = Ingredient(
        id=ingredient_id,
        bar_id=bar_id,
        name=name,
        unit=unit,
        base_unit=base_unit,
        tracking=tracking,
        on_hand=0,
        reserved=0,
        threshold_base=threshold_base,
        threshold_amount=threshold_amount,
        threshold_unit=threshold_unit,
        is_out=False,
        open_alert_id=None,
        created_at_ms=at_ms,
    )
    changes.put(ingredient)
    changes.put(NameClaim(ingredient_scope(bar_id), fold(name), ingredient.id))
    return ingredient


def create_ingredient(view: View, command: CreateIngredient) -> Applied:
    """A new ingredient of the bar, unless its name is taken there."""
    if not rows.is_member(view, command.bar_id, command.actor_id):
        return bar_not_found()
    unit = UNITS.get(command.unit)
    if (
        unit is None
        or unit.base_unit != command.base_unit
        or command.tracking not in TRACKINGS
        or not _is_threshold(command.threshold_base)
    ):
        return refuse("invalid_ingredient", "The unit, tracking or threshold is not valid.")
    if rows.name_holder_id(view, ingredient_scope(command.bar_id), fold(command.name)):
        return _name_taken(command.name)
    changes = Changeset(view, command.id)
    ingredient = new_ingredient(
        changes,
        ingredient_id=command.id,
        bar_id=command.bar_id,
        name=command.name,
        unit=command.unit,
        base_unit=command.base_unit,
        tracking=command.tracking,
        threshold=(command.threshold_base, command.threshold_amount, command.threshold_unit),
        at_ms=command.at_ms,
    )
    emit_stock_changed(changes, command.bar_id, [ingredient])
    return changes.close(Accepted(ingredient=ingredient))


def _is_threshold(threshold_base: int | None) -> bool:
    return threshold_base is None or 0 <= threshold_base <= QUANTITY_BASE_MAX


def _name_taken(name: str) -> Applied:
    return refuse(
        "name_taken",
        f"This bar has an ingredient named {name!r}.",
        errors=(FieldError("/name", "is taken"),),
    )


def update_ingredient(view: View, command: UpdateIngredient) -> Applied:
    """The ingredient's description as asked, and the alert that follows from it."""
    before = rows.ingredient(view, command.ingredient_id)
    if before is None or not rows.is_member(view, before.bar_id, command.actor_id):
        return refuse("ingredient_not_found", "This ingredient does not exist.")
    if command.expected_version is not None and command.expected_version != before.version:
        return refuse(
            "stale_version",
            "The ingredient has changed since you read it.",
            current_version=before.version,
        )
    refusal = _refuse_update(command, before)
    if refusal is not None:
        return refusal
    changes = Changeset(view, command.id)
    if command.name is not None and not move_name(
        changes, ingredient_scope(before.bar_id), before.name, command.name, before.id
    ):
        return _name_taken(command.name)
    after = redescribe(
        before,
        name=command.name,
        unit=None if command.unit is None else find_unit(command.unit).code,
        tracking=command.tracking,
        is_out=command.is_out,
        threshold=_updated_threshold(command, before),
    )
    if after == before:
        return accept(Accepted(ingredient=before))
    after = put_redescribed(changes, before, after, command.at_ms)
    emit_stock_changed(changes, before.bar_id, [after])
    return changes.close(Accepted(ingredient=after))


def _refuse_update(command: UpdateIngredient, before: Ingredient) -> Applied | None:
    if command.unit is not None:
        try:
            base_unit = find_unit(command.unit).base_unit
        except QuantityError as error:
            return refuse(
                "invalid_ingredient",
                "The unit is unknown.",
                errors=(FieldError("/unit", str(error)),),
            )
        if base_unit != before.base_unit or command.base_unit not in {None, base_unit}:
            return refuse(
                "unit_mismatch",
                f"{before.name} is kept in {before.unit}; {command.unit} measures something else.",
                errors=(FieldError("/unit", f"must convert to {before.unit}"),),
            )
    if (command.tracking is not None and command.tracking not in TRACKINGS) or not _is_threshold(
        command.threshold_base
    ):
        return refuse("invalid_ingredient", "The tracking or threshold is not valid.")
    return None


Threshold = tuple[int | None, str | None, str | None]


def _updated_threshold(command: UpdateIngredient, before: Ingredient) -> Threshold:
    if command.clears_threshold:
        return (None, None, None)
    if command.threshold_base is not None:
        return (command.threshold_base, command.threshold_amount, command.threshold_unit)
    return (before.threshold_base, before.threshold_amount, before.threshold_unit)


def move_name(changes: Changeset, scope: str, old: str, new: str, holder_id: str) -> bool:
    """Moves the holder's claim from the old name to the new; False if another holds that."""
    old_folded, new_folded = fold(old), fold(new)
    if old_folded == new_folded:
        return True
    if rows.name_holder_id(changes, scope, new_folded):
        return False
    changes.put(NameClaim(scope, old_folded, ""))
    changes.put(NameClaim(scope, new_folded, holder_id))
    return True


def redescribe(
    before: Ingredient,
    *,
    name: str | None,
    unit: str | None,
    tracking: str | None,
    is_out: bool | None,
    threshold: Threshold,
) -> Ingredient:
    """The ingredient with these in place of what it had; None keeps. The version stays."""
    tracking = before.tracking if tracking is None else tracking
    threshold_base, threshold_amount, threshold_unit = threshold
    return msgspec.structs.replace(
        before,
        name=before.name if name is None else name,
        unit=before.unit if unit is None else unit,
        tracking=tracking,
        is_out=tracking != EXACT and (before.is_out if is_out is None else is_out),
        threshold_base=threshold_base,
        threshold_amount=threshold_amount,
        threshold_unit=threshold_unit,
    )


def put_redescribed(
    changes: Changeset, before: Ingredient, after: Ingredient, at_ms: int
) -> Ingredient:
    """Puts a changed description with the next version. The alert is looked at only if what it
    depends on has changed, so that renaming what never was in stock alarms nobody."""
    if (before.tracking, before.is_out, before.threshold_base) != (
        after.tracking,
        after.is_out,
        after.threshold_base,
    ):
        after = settle_alert(changes, before, after, at_ms)
    after = msgspec.structs.replace(after, version=before.version + 1)
    changes.put(after)
    return after


def record_stock_movement(view: View, command: RecordStockMovement) -> Applied:
    """One line of the ledger, by hand; once for each key, if it has one."""
    if command.idempotency_key:
        return apply_once(view, command, _record_stock_movement)
    return _record_stock_movement(view, command)


def _record_stock_movement(view: View, command: RecordStockMovement) -> Applied:
    if not rows.is_member(view, command.bar_id, command.actor_id):
        return bar_not_found()
    ingredient = rows.ingredient(view, command.ingredient_id)
    if ingredient is None or ingredient.bar_id != command.bar_id:
        return refuse(
            "ingredient_not_found",
            "This ingredient does not exist in this bar.",
            errors=(FieldError("/ingredient_id", "is unknown"),),
        )
    if ingredient.tracking != EXACT:
        return refuse(
            "not_tracked",
            f"{ingredient.name} is not counted (tracking is {ingredient.tracking!r}).",
        )
    refusal = _refuse_movement(command, ingredient)
    if refusal is not None:
        return refusal
    delta = _delta_of(command, ingredient)
    changes = Changeset(view, command.id)
    movement = StockMovement(
        id=command.id,
        bar_id=command.bar_id,
        ingredient_id=ingredient.id,
        kind=command.kind,
        delta_base=delta,
        amount=command.amount,
        unit=command.unit,
        reason=command.reason,
        actor_id=command.actor_id,
        order_id=None,
        at_ms=command.at_ms,
    )
    changes.put(movement)
    after = set_stock(
        changes,
        ingredient,
        ingredient.on_hand + delta,
        ingredient.reserved,
        command.at_ms,
    )
    emit_stock_changed(changes, command.bar_id, [after])
    return changes.close(Accepted(movement=movement))


def _delta_of(command: RecordStockMovement, ingredient: Ingredient) -> int:
    if command.kind == MovementKind.WASTE.value:
        return -command.quantity_base
    if command.kind == MovementKind.COUNT.value:
        return command.quantity_base - ingredient.on_hand
    return command.quantity_base


def _refuse_movement(command: RecordStockMovement, ingredient: Ingredient) -> Applied | None:
    quantity = command.quantity_base
    smallest = {
        MovementKind.RECEIVE.value: 1,
        MovementKind.WASTE.value: 1,
        MovementKind.COUNT.value: 0,
        MovementKind.ADJUST.value: -QUANTITY_BASE_MAX,
    }.get(command.kind)
    if smallest is None:
        return refuse(
            "invalid_movement",
            "People receive, waste, adjust or count.",
            errors=(FieldError("/kind", "must be `receive`, `waste`, `adjust` or `count`"),),
        )
    if not smallest <= quantity <= QUANTITY_BASE_MAX or (
        quantity == 0 and command.kind == MovementKind.ADJUST.value
    ):
        return refuse(
            "invalid_movement",
            "The amount is out of range.",
            errors=(FieldError("/amount", "is out of range"),),
        )
    on_hand = ingredient.on_hand + _delta_of(command, ingredient)
    if on_hand > ON_HAND_BASE_MAX:
        return refuse(
            "stock_limit_exceeded",
            f"No more than {in_unit(ingredient, ON_HAND_BASE_MAX)} can be on hand.",
        )
    if on_hand >= ingredient.reserved:
        return None
    if command.kind == MovementKind.WASTE.value:
        return refuse(
            "insufficient_stock",
            f"Only {in_unit(ingredient, ingredient.available)} of {ingredient.name} are not"
            " reserved for orders.",
            shortages=(shortage(ingredient, quantity, ingredient.available),),
        )
    return refuse(
        "stock_below_reserved",
        f"{in_unit(ingredient, ingredient.reserved)} of {ingredient.name} are reserved for orders;"
        f" {in_unit(ingredient, on_hand)} on hand would be too little."
        " Reject or cancel orders first.",
    )


def acknowledge_alert(view: View, command: AcknowledgeAlert) -> Applied:
    """Someone of the staff has seen it. An alert that is over stays as it is."""
    alert = rows.alert(view, command.alert_id)
    if alert is None or not rows.is_member(view, alert.bar_id, command.actor_id):
        return refuse("alert_not_found", "This alert does not exist.")
    if alert.state != AlertState.OPEN.value:
        return accept(Accepted(alert=alert))
    changes = Changeset(view, command.id)
    acknowledged = msgspec.structs.replace(
        alert,
        state=AlertState.ACKNOWLEDGED.value,
        acknowledged_at_ms=command.at_ms,
        version=alert.version + 1,
    )
    changes.put(acknowledged)
    changes.emit(
        "stock.alert_acknowledged",
        alert.bar_id,
        {"alert_id": alert.id, "ingredient_id": alert.ingredient_id},
    )
    return changes.close(Accepted(alert=acknowledged))
