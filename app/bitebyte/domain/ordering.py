"""Orders: placing one, and the one function that moves it on.

An order reserves everything or nothing when it is placed, and holds exactly what it reserved
then: later edits of recipes do not reach it. The reservation is active while the order is
placed, accepted or preparing, and ends exactly once.
"""

from typing import Final

import msgspec

from bitebyte.domain import rows
from bitebyte.domain.bars import bar_not_found
from bitebyte.domain.changeset import Changeset, refuse
from bitebyte.domain.commands import OrderLineInput, PlaceOrder
from bitebyte.domain.entities import (
    Bar,
    Ingredient,
    Order,
    OrderHistory,
    OrderLine,
    OrderStatus,
    Product,
    ProductStatus,
    ReservationLine,
    ReservationState,
)
from bitebyte.domain.idempotency import apply_once
from bitebyte.domain.limits import (
    ORDER_LINE_QUANTITY_MAX,
    ORDER_LINES_MAX,
    ORDER_NOTE_LENGTH_MAX,
)
from bitebyte.domain.results import Accepted, Applied, FieldError, Refused, Shortage
from bitebyte.domain.stock import (
    EXACT,
    SHORTAGE,
    emit_stock_changed,
    open_alert,
    set_stock,
    shortage,
)
from bitebyte.domain.view import View

_ACTIVE: Final = ProductStatus.ACTIVE.value
_PLACED: Final = OrderStatus.PLACED.value
_RESERVED: Final = ReservationState.ACTIVE.value


def place_order(view: View, command: PlaceOrder) -> Applied:
    """The order, with all its stock reserved; or a refusal that names what is short.

    Both are kept under the idempotency key, so a repeat gets the first answer.
    """
    if not command.idempotency_key:
        return refuse("idempotency_key_required", "Placing an order needs an Idempotency-Key.")
    return apply_once(view, command, _place_order)


def _place_order(view: View, command: PlaceOrder) -> Applied:
    bar = rows.bar(view, command.bar_id)
    if bar is None:
        return bar_not_found()
    account = rows.account(view, command.actor_id)
    if account is None:
        return refuse("account_not_found", "This account does not exist.")
    refusal = _refuse_lines(command.lines)
    if refusal is not None:
        return refusal
    products = _products_on_menu(view, command)
    if isinstance(products, Applied):
        return products

    draft = _draft(view, command.lines, products)
    shortages: list[Shortage] = []
    for ingredient, needed in draft.demand:
        if ingredient.tracking == EXACT:
            available = ingredient.on_hand - ingredient.reserved
            if available < needed:
                shortages.append(shortage(ingredient, needed, available))
        elif ingredient.is_out:
            shortages.append(shortage(ingredient, needed, 0))
    if shortages:
        return _refuse_for_shortages(view, command, draft, tuple(shortages))
    return _accept(view, command, bar, account.display_name, draft)


def _refuse_lines(lines: tuple[OrderLineInput, ...]) -> Applied | None:
    if not 1 <= len(lines) <= ORDER_LINES_MAX:
        return _invalid_order("/lines", f"must have 1 to {ORDER_LINES_MAX} lines")
    for index, line in enumerate(lines):
        if not 1 <= line.quantity <= ORDER_LINE_QUANTITY_MAX:
            return _invalid_order(
                f"/lines/{index}/quantity", f"must be 1 to {ORDER_LINE_QUANTITY_MAX}"
            )
        if len(line.note) > ORDER_NOTE_LENGTH_MAX:
            return _invalid_order(
                f"/lines/{index}/note", f"must have at most {ORDER_NOTE_LENGTH_MAX} characters"
            )
    return None


def _invalid_order(pointer: str, message: str) -> Applied:
    return refuse(
        "invalid_order", "The order is not valid.", errors=(FieldError(pointer, message),)
    )


def _products_on_menu(view: View, command: PlaceOrder) -> list[Product] | Applied:
    """The product of each line, or a refusal that points at every line without one."""
    products: list[Product] = []
    errors: list[FieldError] = []
    for index, line in enumerate(command.lines):
        product = rows.product(view, line.product_id)
        if product is None or product.bar_id != command.bar_id or product.status != _ACTIVE:
            errors.append(FieldError(f"/lines/{index}/product_id", "is not on this bar's menu"))
        else:
            products.append(product)
    if errors:
        return refuse(
            "product_not_available", "Some of this is not on the menu.", errors=tuple(errors)
        )
    return products


class _Draft(msgspec.Struct, gc=False):
    """An order before anybody has looked whether there is enough."""

    lines: tuple[OrderLine, ...]
    total_minor: int
    takes: list[ReservationLine]
    """What each line takes of each ingredient that is not optional."""
    demand: list[tuple[Ingredient, int]]
    """The same summed over all lines, in the order of first use."""


def _draft(view: View, lines: tuple[OrderLineInput, ...], products: list[Product]) -> _Draft:
    """Prices the lines and sums up what they take, before anything is compared with the stock:
    two drinks that share lime need the lime of both."""
    order_lines: list[OrderLine] = []
    takes: list[ReservationLine] = []
    demand: dict[str, int] = {}
    total_minor = 0
    for index, product in enumerate(products):
        line = lines[index]
        quantity = line.quantity
        price_minor = product.price_minor
        line_total_minor = price_minor * quantity
        total_minor += line_total_minor
        order_lines.append(
            OrderLine(
                product.id,
                product.name,
                quantity,
                price_minor,
                line_total_minor,
                line.note,
                product.recipe_version,
            )
        )
        for recipe_line in product.recipe:
            if not recipe_line.is_optional:
                ingredient_id = recipe_line.ingredient_id
                needed = recipe_line.quantity_base * quantity
                takes.append(ReservationLine(index, ingredient_id, needed))
                demand[ingredient_id] = demand.get(ingredient_id, 0) + needed
    return _Draft(
        tuple(order_lines),
        total_minor,
        takes,
        [(rows.ingredient_of(view, key), needed) for key, needed in demand.items()],
    )


def _refuse_for_shortages(
    view: View, command: PlaceOrder, draft: _Draft, shortages: tuple[Shortage, ...]
) -> Applied:
    """Nothing is reserved, and the staff learn what they could not sell."""
    changes = Changeset(view, command.id)
    ingredients = {ingredient.id: ingredient for ingredient, _ in draft.demand}
    for short in shortages:
        ingredient = ingredients[short.ingredient_id]
        if ingredient.open_alert_id is None:
            changes.put(open_alert(changes, ingredient, SHORTAGE, short.available, command.at_ms))
    names = ", ".join(short.name for short in shortages)
    return changes.close(
        Refused("insufficient_stock", f"Not enough in stock: {names}.", shortages=shortages)
    )


def _accept(
    view: View, command: PlaceOrder, bar: Bar, customer_name: str, draft: _Draft
) -> Applied:
    at_ms = command.at_ms
    uncounted = {ingredient.id for ingredient, _ in draft.demand if ingredient.tracking != EXACT}
    reservation = [take for take in draft.takes if take.ingredient_id not in uncounted]
    bar = _count_order(bar, command.business_day)
    order = Order(
        command.id,
        bar.order_number_last,
        bar.order_day,
        bar.id,
        command.actor_id,
        customer_name,
        _PLACED,
        draft.lines,
        draft.total_minor,
        bar.currency,
        at_ms,
        at_ms,
        tuple(reservation),
        _RESERVED,
        (OrderHistory(_PLACED, at_ms, command.actor_id),),
    )
    changes = Changeset(view, command.id)
    changes.put(order)
    changes.put(bar)
    emit_order(changes, order)
    notify_staff_of_order(changes, order)
    changed = [
        set_stock(changes, ingredient, ingredient.on_hand, ingredient.reserved + needed, at_ms)
        for ingredient, needed in draft.demand
        if ingredient.tracking == EXACT
    ]
    emit_stock_changed(changes, bar.id, changed)
    return changes.close(Accepted(order=order))


def _count_order(bar: Bar, business_day: str) -> Bar:
    """The bar with the order counted. A day that is already over (a clock that is behind, an order
    built before midnight) counts in the newer one, so no number comes twice."""
    if business_day > bar.order_day:
        return msgspec.structs.replace(bar, order_day=business_day, order_number_last=1)
    return msgspec.structs.replace(bar, order_number_last=bar.order_number_last + 1)


def emit_order(changes: Changeset, order: Order) -> None:
    """Tells the customer and the staff where the order stands."""
    changes.emit(
        f"order.{order.status}",
        order.bar_id,
        {
            "order_id": order.id,
            "number": order.number,
            "status": order.status,
            "version": order.version,
            "bar_id": order.bar_id,
            "total_minor": order.total_minor,
        },
        account_id=order.customer_id,
    )


def notify_staff_of_order(changes: Changeset, order: Order) -> None:
    """A notification for the bar: something happened that the staff did not do themselves."""
    changes.emit(
        "notification.created",
        order.bar_id,
        {"kind": f"order.{order.status}", "order_id": order.id, "number": order.number},
    )
