"""What holds for a whole state, whatever was applied: for tests, and for checks of a cluster.

Each rule speaks of rows alone, so it can be asked of memory, of a database or of a backup.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Final, TypeVar

from bitebyte.domain.entities import (
    Account,
    Alert,
    AlertState,
    AnyEntity,
    Bar,
    BarMember,
    Entity,
    IdempotencyRecord,
    Ingredient,
    MovementKind,
    NameClaim,
    Order,
    OrderStatus,
    Product,
    ReservationState,
    StockMovement,
    Tracking,
)
from bitebyte.domain.names import fold
from bitebyte.domain.results import Accepted, decode_result

E = TypeVar("E", bound=Entity)

_RESERVATION_OF: Final = {
    OrderStatus.PLACED: {ReservationState.ACTIVE},
    OrderStatus.ACCEPTED: {ReservationState.ACTIVE},
    OrderStatus.PREPARING: {ReservationState.ACTIVE},
    OrderStatus.READY: {ReservationState.CONSUMED},
    OrderStatus.COMPLETED: {ReservationState.CONSUMED},
    OrderStatus.ABANDONED: {ReservationState.CONSUMED},
    OrderStatus.REJECTED: {ReservationState.RELEASED},
    OrderStatus.CANCELLED: {ReservationState.RELEASED, ReservationState.WASTED},
}


class _State:
    """The rows by kind."""

    def __init__(self, rows: Iterable[AnyEntity]) -> None:
        self._by_kind: dict[type[Entity], list[Entity]] = defaultdict(list)
        for row in rows:
            self._by_kind[type(row)].append(row)
        self.ingredients = {ingredient.id: ingredient for ingredient in self.all(Ingredient)}
        self.orders = {order.id: order for order in self.all(Order)}
        self.alerts = {alert.id: alert for alert in self.all(Alert)}

    def all(self, kind: type[E]) -> list[E]:
        """All rows of a kind."""
        return [row for row in self._by_kind[kind] if isinstance(row, kind)]


def check(rows: Iterable[AnyEntity]) -> list[str]:
    """What is wrong with the state that consists of these rows, in sentences; empty if nothing.

    `rows` must be all of it, each key once: the ledger is summed up and claims are followed.
    """
    state = _State(rows)
    return [
        *_stock_is_sound(state),
        *_reserved_is_what_active_orders_hold(state),
        *_orders_are_sound(state),
        *_what_left_the_bar_is_what_orders_held(state),
        *_alerts_are_sound(state),
        *_names_are_held_once(state),
        *_answers_are_kept(state),
    ]


def _stock_is_sound(state: _State) -> Iterator[str]:
    moved: Counter[str] = Counter()
    for movement in state.all(StockMovement):
        moved[movement.ingredient_id] += movement.delta_base
        if movement.ingredient_id not in state.ingredients:
            yield f"movement {movement.id} is of an ingredient that does not exist"
    for ingredient in state.ingredients.values():
        if not 0 <= ingredient.reserved <= ingredient.on_hand:
            yield (
                f"ingredient {ingredient.id}: {ingredient.reserved} reserved of"
                f" {ingredient.on_hand} on hand"
            )
        if ingredient.on_hand != moved[ingredient.id]:
            yield (
                f"ingredient {ingredient.id}: {ingredient.on_hand} on hand, but its movements"
                f" sum up to {moved[ingredient.id]}"
            )


def _reserved_is_what_active_orders_hold(state: _State) -> Iterator[str]:
    held: Counter[str] = Counter()
    for order in state.orders.values():
        if order.reservation_state == ReservationState.ACTIVE:
            for line in order.reservation:
                held[line.ingredient_id] += line.quantity_base
    for ingredient_id in held.keys() - state.ingredients.keys():
        yield f"ingredient {ingredient_id} is reserved and does not exist"
    for ingredient in state.ingredients.values():
        if ingredient.reserved != held[ingredient.id]:
            yield (
                f"ingredient {ingredient.id}: {ingredient.reserved} reserved, but active orders"
                f" hold {held[ingredient.id]}"
            )


def _orders_are_sound(state: _State) -> Iterator[str]:
    bars = {bar.id: bar for bar in state.all(Bar)}
    numbers: Counter[tuple[str, str, int]] = Counter()
    for order in state.orders.values():
        numbers[(order.bar_id, order.business_day, order.number)] += 1
        if order.reservation_state not in _RESERVATION_OF[OrderStatus(order.status)]:
            yield f"order {order.id} is {order.status}, its reservation {order.reservation_state}"
        if order.total_minor != sum(line.total_minor for line in order.lines):
            yield f"order {order.id}: the total is not the sum of its lines"
        if any(line.total_minor != line.unit_price_minor * line.quantity for line in order.lines):
            yield f"order {order.id}: a line's total is not price times quantity"
        if not order.lines or any(line.quantity < 1 for line in order.lines):
            yield f"order {order.id} has no line, or one of nothing"
        if any(line.line_index >= len(order.lines) for line in order.reservation):
            yield f"order {order.id} reserves for a line that it does not have"
        if order.version != len(order.history) or order.history[-1].status != order.status:
            yield f"order {order.id}: version, status and history disagree"
        if order.bar_id not in bars:
            yield f"order {order.id} is of a bar that does not exist"
    for (bar_id, day, number), count in numbers.items():
        if count > 1:
            yield f"bar {bar_id}: {count} orders have number {number} of {day}"


def _what_left_the_bar_is_what_orders_held(state: _State) -> Iterator[str]:
    left: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for movement in state.all(StockMovement):
        if movement.order_id is None:
            if movement.kind == MovementKind.CONSUME:
                yield f"movement {movement.id} consumes for no order"
        elif movement.order_id not in state.orders:
            yield f"movement {movement.id} is of an order that does not exist"
        else:
            left[movement.order_id][movement.ingredient_id] -= movement.delta_base
    for order in state.orders.values():
        held: Counter[str] = Counter()
        for line in order.reservation:
            held[line.ingredient_id] += line.quantity_base
        if order.reservation_state == ReservationState.CONSUMED:
            is_right = left[order.id] == held
        elif order.reservation_state == ReservationState.WASTED:
            is_right = left[order.id] <= held
        else:
            is_right = not left[order.id]
        if not is_right:
            yield (
                f"order {order.id} ({order.reservation_state}) held {dict(held)}, but"
                f" {dict(left[order.id])} left the bar for it"
            )


def _alerts_are_sound(state: _State) -> Iterator[str]:
    open_alerts: defaultdict[str, list[Alert]] = defaultdict(list)
    for alert in state.alerts.values():
        if alert.state != AlertState.RESOLVED:
            open_alerts[alert.ingredient_id].append(alert)
        if (alert.state == AlertState.RESOLVED) != (alert.resolved_at_ms is not None):
            yield f"alert {alert.id} is {alert.state}, resolved at {alert.resolved_at_ms}"
    moved = {movement.ingredient_id for movement in state.all(StockMovement)}
    for ingredient in state.ingredients.values():
        unresolved = [alert.id for alert in open_alerts[ingredient.id]]
        named = [] if ingredient.open_alert_id is None else [ingredient.open_alert_id]
        if unresolved != named:
            yield f"ingredient {ingredient.id} names alert {named}, unresolved are {unresolved}"
        is_low = (
            ingredient.tracking == Tracking.EXACT
            and ingredient.threshold_base is not None
            and ingredient.available <= ingredient.threshold_base
        )
        if is_low and ingredient.id in moved and not unresolved:
            yield f"ingredient {ingredient.id} is low without an alert"
        is_marked_out = ingredient.tracking != Tracking.EXACT and ingredient.is_out
        for alert in open_alerts[ingredient.id]:
            if alert.reason == "threshold" and not is_low and not is_marked_out:
                yield f"alert {alert.id} is unresolved, but its ingredient is not low"


def _names_are_held_once(state: _State) -> Iterator[str]:
    holders = {(claim.scope, claim.name): claim.holder_id for claim in state.all(NameClaim)}
    members = {(member.bar_id, member.account_id) for member in state.all(BarMember)}
    named = [
        *(("email", account.email, account.id) for account in state.all(Account)),
        *(("slug", bar.slug, bar.id) for bar in state.all(Bar)),
        *((f"ingredient:{i.bar_id}", i.name, i.id) for i in state.ingredients.values()),
        *((f"product:{p.bar_id}", p.name, p.id) for p in state.all(Product)),
    ]
    for scope, name, holder_id in named:
        if holders.get((scope, fold(name))) != holder_id:
            yield f"{holder_id} is named {name!r}, but does not hold that name in {scope}"
    held = sum(1 for holder_id in holders.values() if holder_id)
    if held != len(named):
        yield f"{held} names are held by {len(named)} things"
    for bar in state.all(Bar):
        if (bar.id, bar.owner_id) not in members:
            yield f"the owner of bar {bar.id} does not work there"


def _answers_are_kept(state: _State) -> Iterator[str]:
    """An accepted order in an answer exists, so 'confirmed' and 'is there' are the same."""
    for record in state.all(IdempotencyRecord):
        result = decode_result(record.answer)
        if isinstance(result, Accepted) and result.order is not None:
            order = state.orders.get(result.order.id)
            if order is None or order.history[0] != result.order.history[0]:
                yield f"key {record.idempotency_key!r} confirmed an order that does not exist"
