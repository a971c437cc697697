"""The checker bites: each kind of damage, planted into a good history, is reported."""

import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace

import httpx
import pytest

from bitebyte_e2e import checks
from bitebyte_e2e.bar import Bar
from bitebyte_e2e.checks import NodeState, Stock
from bitebyte_e2e.client import Answer, Json
from bitebyte_e2e.database import Rows, check_rows
from bitebyte_e2e.history import Attempt, History
from bitebyte_e2e.workload import ConfirmedTransition

GIN = "ingredient-gin"
MARTINI = "product-martini"
BAR = Bar(
    id="bar-1",
    slug="test",
    merchant_email="",
    products={"Martini": MARTINI},
    ingredients={"Gin": GIN},
    initial_base={GIN: 1_000},
    demand_base={MARTINI: {GIN: 60}},
    prices_minor={MARTINI: 1200},
)


def order(number: int, *, status: str = "placed", quantity: int = 1) -> Json:
    line = {"product_id": MARTINI, "name": "Martini", "quantity": quantity, "note": f"k{number}"}
    line |= {"unit_price_minor": 1200, "total_minor": 1200 * quantity}
    return {
        "id": f"order-{number}",
        "number": number,
        "status": status,
        "lines": [line],
        "total_minor": 1200 * quantity,
        "placed_at": f"2026-05-01T20:00:0{number}Z",
        "customer_id": "guest",
        "version": 2,
        "history": [{"status": "placed"}, {"status": status}],
    }


def answered(status: int | None, body: Json | None, *, from_ns: int, to_ns: int) -> Attempt:
    content = b"" if body is None else json.dumps(body).encode()
    code = None if body is None else body.get("code")
    return Attempt("node-1", from_ns, to_ns, status, code, content)


SHORTAGE: Json = {"code": "insufficient_stock", "request_id": "r-1", "shortages": []}


def good_history() -> History:
    """k1 and k2 confirmed one after the other, k3 refused, k4 unknown."""
    history = History()
    outcomes = [(201, order(1)), (201, order(2)), (409, SHORTAGE), (None, None)]
    for position, (status, body) in enumerate(outcomes):
        operation = history.open(key=f"k{position + 1}", token="t", body={})
        operation.attempts.append(
            answered(status, body, from_ns=position * 10, to_ns=position * 10 + 5)
        )
    return history


def good_state() -> NodeState:
    """Both confirmed orders, one of them ready, and the unknown one, which did happen."""
    orders = [order(1, status="ready"), order(2, quantity=1), order(4)]
    orders[2]["number"] = 3
    return NodeState("node-1", orders, {GIN: Stock(on_hand=940, reserved=120, available=820)})


def all_broken(state: NodeState, history: History) -> list[str]:
    steps = [ConfirmedTransition("order-1", "ready", 2)]
    return (
        checks.check_orders(state, history)
        + checks.check_totals(state, BAR)
        + checks.check_stock(state, BAR)
        + checks.check_order_numbers(state, history)
        + checks.check_transitions(state, steps)
        + checks.check_same_everywhere([good_state(), state])
        + checks.check_refusals(history)
    )


def test_a_good_run_breaks_nothing() -> None:
    assert all_broken(good_state(), good_history()) == []


def lose(state: NodeState) -> None:
    del state.orders[1]


def double(state: NodeState) -> None:
    state.orders.append(deepcopy(state.orders[1]) | {"id": "order-9", "number": 4})


def invent(state: NodeState) -> None:
    state.orders.append(order(9) | {"number": 4})


def keep_refused(state: NodeState) -> None:
    state.orders.append(order(3) | {"number": 4})


def change_content(state: NodeState) -> None:
    state.orders[1]["placed_at"] = "2026-05-01T21:00:00Z"


def repeat_number(state: NodeState) -> None:
    state.orders[2]["number"] = 2


def swap_numbers(state: NodeState) -> None:
    state.orders[0]["number"], state.orders[1]["number"] = 2, 1


def forget_step(state: NodeState) -> None:
    state.orders[0]["history"].pop()


def repeat_step(state: NodeState) -> None:
    state.orders[0]["history"].append({"status": "ready"})


def set_own_price(state: NodeState) -> None:
    state.orders[2]["total_minor"] = 1


def leak_reservation(state: NodeState) -> None:
    state.stock[GIN] = Stock(on_hand=940, reserved=180, available=760)


def consume_twice(state: NodeState) -> None:
    state.stock[GIN] = Stock(on_hand=880, reserved=120, available=760)


def oversell(state: NodeState) -> None:
    state.orders[2]["lines"][0]["quantity"] = 20
    state.orders[2]["total_minor"] = 24_000
    state.stock[GIN] = Stock(on_hand=940, reserved=1260, available=-320)


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lose, "confirmed order order-2 is lost"),
        (double, "key k2 made 2 orders"),
        (invent, "nobody asked for the order with key k9"),
        (keep_refused, "the order with key k3 exists but was refused"),
        (change_content, "order order-2 has placed_at"),
        (repeat_number, "order numbers are not 1..3"),
        (swap_numbers, "order number 1 was asked for after number 2 had been confirmed"),
        (forget_step, "order order-1 was ready 0 times"),
        (repeat_step, "order order-1 was ready 2 times"),
        (set_own_price, "order order-4 costs 1, not 1200"),
        (leak_reservation, "Gin is Stock(on_hand=940, reserved=180"),
        (consume_twice, "Gin is Stock(on_hand=880"),
        (oversell, "Gin was oversold"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_damage_is_named(damage: Callable[[NodeState], None], sentence: str) -> None:
    state = good_state()
    damage(state)
    broken = all_broken(state, good_history())
    assert any(sentence in line for line in broken), broken


def test_nodes_that_differ_are_named() -> None:
    other = replace(good_state(), node="node-2")
    other.orders[0]["status"] = "completed"
    broken = checks.check_same_everywhere([good_state(), other])
    assert broken == ["order order-1 differs between node-1 and node-2"]


def test_a_refusal_for_any_other_reason_is_broken() -> None:
    history = good_history()
    operation = history.open(key="k5", token="t", body={})
    operation.attempts.append(answered(401, {"code": "unauthenticated"}, from_ns=1, to_ns=2))
    assert checks.check_refusals(history) == [
        'key k5: 401 b\'{"code": "unauthenticated"}\'',
    ]


def replay(status: int, content: bytes, *, is_marked: bool = True) -> Answer:
    headers = httpx.Headers({"Idempotent-Replayed": "true"} if is_marked else {})
    return Answer(status, headers, content, json.loads(content))


def test_a_repeat_must_be_the_first_answer() -> None:
    confirmed, _, refused, _ = good_history().operations
    first = confirmed.last.content
    assert checks.check_replay(confirmed, replay(201, first)) == []
    assert checks.check_replay(confirmed, replay(201, first + b" ")) != []
    assert checks.check_replay(confirmed, replay(201, first, is_marked=False)) != []
    assert checks.check_replay(confirmed, replay(409, first)) != []
    again = json.dumps(SHORTAGE | {"request_id": "r-2"}).encode()
    assert checks.check_replay(refused, replay(409, again)) == []
    other = json.dumps(SHORTAGE | {"shortages": ["gin"]}).encode()
    assert checks.check_replay(refused, replay(409, other)) != []


def test_unequal_and_unknown_hashes_are_broken() -> None:
    good: dict[int, dict[str, str | None]] = {5: {"node-1": "ab", "node-2": "ab"}}
    assert checks.check_hashes(good) == []
    assert checks.check_hashes({5: {"node-1": "ab", "node-2": "cd"}}) != []
    assert checks.check_hashes({5: {"node-1": "ab", "node-2": None}}) != []


def good_rows() -> Rows:
    state = good_state()
    return Rows(
        node="node-1",
        orders={
            order["id"]: (order["number"], order["status"], order["total_minor"], order["version"])
            for order in state.orders
        },
        stock=dict(state.stock),
        ledger={GIN: 940},
        answers={"k1": 1, "k2": 1, "k3": 1, "k4": 1},
    )


DEFINITE = {"k1", "k2", "k3"}


def test_a_database_that_agrees_breaks_nothing() -> None:
    assert check_rows(good_rows(), good_state(), DEFINITE) == []


@pytest.mark.parametrize(
    ("damaged", "sentence"),
    [
        (replace(good_rows(), orders={}), "order order-1 is None in the database"),
        (replace(good_rows(), stock={GIN: Stock(940, 0, 940)}), "ingredient ingredient-gin is"),
        (replace(good_rows(), ledger={GIN: 1000}), "adds up to 1000, on hand is 940"),
        (replace(good_rows(), answers={"k1": 1, "k2": 1}), "key k3 is remembered 0 times"),
        (replace(good_rows(), answers={"k1": 2, "k2": 1, "k3": 1}), "key k1 is remembered 2"),
    ],
    ids=["orders", "stock", "ledger", "forgotten answer", "two answers"],
)
def test_a_database_that_differs_is_named(damaged: Rows, sentence: str) -> None:
    broken = check_rows(damaged, good_state(), DEFINITE)
    assert any(sentence in line for line in broken), broken
