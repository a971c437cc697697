"""What must hold after the faults, whatever happened. Pure: history and node states in, the
broken promises out, each as a sentence. An empty list is the only good answer.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bitebyte_e2e.bar import Bar
from bitebyte_e2e.client import Answer, Json
from bitebyte_e2e.history import History, Operation
from bitebyte_e2e.workload import ConfirmedTransition

RESERVING = frozenset({"placed", "accepted", "preparing"})
"""An order in these states holds its ingredients."""
CONSUMED = frozenset({"ready", "completed", "abandoned"})
"""Its ingredients are gone: taken off on_hand when it became ready."""


@dataclass(frozen=True)
class Stock:
    """Of one counted ingredient, in base units."""

    on_hand: int
    reserved: int
    available: int


@dataclass(frozen=True)
class NodeState:
    """What one node holds of one bar."""

    node: str
    orders: list[Json]
    stock: dict[str, Stock]
    """By ingredient id; counted ingredients only."""


def key_of(order: Json) -> str:
    """The Idempotency-Key that the workload put into the first line's note."""
    return order["lines"][0]["note"]


def check_orders(state: NodeState, history: History) -> list[str]:
    """Every confirmed order exactly once, with the promised content; nothing else but what a
    customer asked for and never got an answer to."""
    broken: list[str] = []
    operations = {operation.key: operation for operation in history.operations}
    found = {key_of(order): order for order in state.orders}
    for key, count in Counter(key_of(order) for order in state.orders).items():
        if count > 1:
            broken.append(f"{state.node}: key {key} made {count} orders")
        operation = operations.get(key)
        if operation is None:
            broken.append(f"{state.node}: nobody asked for the order with key {key}")
        elif operation.is_refused:
            broken.append(f"{state.node}: the order with key {key} exists but was refused")
    for operation in history.confirmed:
        promised = json.loads(operation.last.content)
        order = found.get(operation.key)
        if order is None:
            broken.append(f"{state.node}: confirmed order {promised['id']} is lost")
            continue
        broken += [
            f"{state.node}: order {promised['id']} has {name} {order[name]!r},"
            f" promised was {promised[name]!r}"
            for name in ("id", "number", "total_minor", "lines", "placed_at", "customer_id")
            if order[name] != promised[name]
        ]
    return broken


def check_totals(state: NodeState, bar: Bar) -> list[str]:
    """Each total is the sum of the menu's prices, never the client's."""
    broken: list[str] = []
    for order in state.orders:
        total = sum(
            line["quantity"] * bar.prices_minor[line["product_id"]] for line in order["lines"]
        )
        if order["total_minor"] != total:
            broken.append(
                f"{state.node}: order {order['id']} costs {order['total_minor']}, not {total}"
            )
    return broken


def check_stock(state: NodeState, bar: Bar) -> list[str]:
    """on_hand = delivered - consumed, reserved = what open orders hold, and never negative."""
    broken: list[str] = []
    reserved: Counter[str] = Counter()
    consumed: Counter[str] = Counter()
    for order in state.orders:
        for line in order["lines"]:
            for ingredient_id, one in bar.demand_base[line["product_id"]].items():
                if order["status"] in RESERVING:
                    reserved[ingredient_id] += one * line["quantity"]
                elif order["status"] in CONSUMED:
                    consumed[ingredient_id] += one * line["quantity"]
    names = {ingredient_id: name for name, ingredient_id in bar.ingredients.items()}
    for ingredient_id, initial in bar.initial_base.items():
        expected = Stock(
            on_hand=initial - consumed[ingredient_id],
            reserved=reserved[ingredient_id],
            available=initial - consumed[ingredient_id] - reserved[ingredient_id],
        )
        seen = state.stock.get(ingredient_id)
        if seen != expected:
            broken.append(f"{state.node}: {names[ingredient_id]} is {seen}, must be {expected}")
        if seen is not None and seen.available < 0:
            broken.append(f"{state.node}: {names[ingredient_id]} was oversold: {seen}")
    return broken


def check_order_numbers(state: NodeState, history: History) -> list[str]:
    """Numbers are 1..n without gap or repeat, and an order that was confirmed before another
    was asked for has the smaller one (linearizability of the bar's counter)."""
    broken: list[str] = []
    numbers = sorted(order["number"] for order in state.orders)
    if numbers != list(range(1, len(numbers) + 1)):
        broken.append(f"{state.node}: order numbers are not 1..{len(numbers)}: {numbers[:50]}")
    by_key = {key_of(order): order["number"] for order in state.orders}
    timed = [
        (operation, by_key[operation.key])
        for operation in history.confirmed
        if operation.key in by_key
    ]
    by_end = sorted(timed, key=lambda pair: pair[0].ended_ns)
    highest_ended = 0
    position = 0
    for operation, number in sorted(timed, key=lambda pair: pair[0].invoked_ns):
        while position < len(by_end) and by_end[position][0].ended_ns < operation.invoked_ns:
            highest_ended = max(highest_ended, by_end[position][1])
            position += 1
        if number < highest_ended:
            broken.append(
                f"{state.node}: order number {number} was asked for after number"
                f" {highest_ended} had been confirmed"
            )
    return broken


def check_transitions(state: NodeState, confirmed: Iterable[ConfirmedTransition]) -> list[str]:
    """Every step that the merchant was told of is in the order's history, once."""
    broken: list[str] = []
    orders = {order["id"]: order for order in state.orders}
    for step in confirmed:
        order = orders.get(step.order_id)
        if order is None:
            broken.append(f"{state.node}: order {step.order_id} is lost after {step.to}")
            continue
        times = [entry["status"] for entry in order["history"]].count(step.to)
        if times != 1 or order["version"] < step.version:
            broken.append(
                f"{state.node}: order {step.order_id} was {step.to} {times} times,"
                f" version {order['version']} of at least {step.version}"
            )
    return broken


def check_same_everywhere(states: Sequence[NodeState]) -> list[str]:
    """All nodes hold the same orders and the same stock, field by field."""
    broken: list[str] = []
    first = states[0]
    expected = {order["id"]: order for order in first.orders}
    for state in states[1:]:
        seen = {order["id"]: order for order in state.orders}
        broken += [
            f"order {order_id} differs between {first.node} and {state.node}"
            for order_id in sorted(expected.keys() | seen.keys())
            if expected.get(order_id) != seen.get(order_id)
        ]
        if first.stock != state.stock:
            broken.append(f"stock differs between {first.node} and {state.node}")
    return broken


def check_replay(operation: Operation, answer: Answer) -> list[str]:
    """A repeat with the same key gives the first answer: byte for byte if it was confirmed, the
    same refusal if it was refused; and says that it is a repeat."""
    first = operation.last
    where = f"repeat of key {operation.key}"
    if answer.status != first.status:
        return [f"{where}: {answer.status} {answer.code}, first was {first.status} {first.code}"]
    broken: list[str] = []
    if operation.is_confirmed and answer.content != first.content:
        broken.append(f"{where}: {answer.content!r}, first was {first.content!r}")
    if operation.is_refused and _refusal(answer.content) != _refusal(first.content):
        broken.append(f"{where}: {answer.content!r}, first was {first.content!r}")
    if operation.is_confirmed and not answer.is_replay:
        broken.append(f"{where}: not marked as a repeat")
    return broken


def _refusal(content: bytes) -> Json:
    """A problem without the id of the one request that it answered."""
    return {name: value for name, value in json.loads(content).items() if name != "request_id"}


def check_refusals(history: History) -> list[str]:
    """A well-formed order of a signed-in customer is refused for one reason only."""
    return [
        f"key {operation.key}: {operation.last.status} {operation.last.content[:300]!r}"
        for operation in history.refused
        if (operation.last.status, operation.last.code) != (409, "insufficient_stock")
    ]


def check_hashes(hashes_at: dict[int, dict[str, str | None]]) -> list[str]:
    """At each index all nodes have the same state hash, and each knows it."""
    return [
        f"state hashes at {index} differ or are unknown: {hashes}"
        for index, hashes in hashes_at.items()
        if len(set(hashes.values())) != 1 or None in hashes.values()
    ]
