"""The benchmark's arithmetic: medians, the better alternative, ratios of neighbouring turns."""

import json
from pathlib import Path

import pytest
from bench.load import Measured, Shop, write_load_file
from bench.menu import BAR_PRODUCTS, order_mix
from bench.report import (
    OBVIOUS,
    OURS,
    TUNED,
    NodeMemory,
    Run,
    below,
    compare,
    document,
    memory_line,
    table,
)


def run(system: str, repeat: int, orders_per_s: float, *, p99_ms: float = 1.0) -> Run:
    measured = Measured(64, 8.0, 1000, orders_per_s, 0.5, 0.8, p99_ms, 9.0)
    return Run(system, repeat, measured)


RUNS = [
    run(OURS, 1, 1000, p99_ms=10),
    run("obvious-1", 1, 100),
    run("obvious-2", 1, 250, p99_ms=40),
    run("tuned-1", 1, 500),
    run("tuned-2", 1, 400),
    run(OURS, 2, 3000, p99_ms=30),
    run("obvious-1", 2, 110),
    run("obvious-2", 2, 150, p99_ms=60),
    run("tuned-1", 2, 400),
    run("tuned-2", 2, 300),
    run(OURS, 3, 2000, p99_ms=20),
    run("obvious-1", 3, 300),
    run("obvious-2", 3, 200, p99_ms=50),
    run("tuned-1", 3, 800),
    run("tuned-2", 3, 100),
]


def test_medians_and_ratios_are_against_each_alternative_with_its_better_workers() -> None:
    obvious, tuned = compare(RUNS)
    assert obvious.better == "obvious-2", "its median is 200, that of one worker 110"
    assert (obvious.ours_orders_per_s, obvious.theirs_orders_per_s, obvious.ratio) == (
        2000,
        200,
        10,
    )
    assert (obvious.ratio_min, obvious.ratio_max) == (4, 20), "1000/250 and 3000/150, by repeat"
    assert (obvious.ours_p99_ms, obvious.theirs_p99_ms) == (20, 50)
    assert (tuned.better, tuned.ratio) == ("tuned-1", 4)
    assert (tuned.ratio_min, tuned.ratio_max) == (2, 7.5), "1000/500 and 3000/400"


def test_the_table_has_a_row_for_each_system() -> None:
    ours, obvious, tuned = table(compare(RUNS)).splitlines()[2:]
    assert ours.startswith("| 64 | BiteByte | 2,000 |")
    assert obvious.startswith("| 64 | obvious alternative, 2 workers | 200 |")
    assert "**10.0×** (4.0–20.0)" in obvious
    assert tuned.startswith("| 64 | tuned alternative, 1 worker | 500 |")
    assert "**4.0×** (2.0–7.5)" in tuned


def test_each_number_of_connections_is_compared_by_itself() -> None:
    rates = {OURS: 30.0, "obvious-1": 10.0, "obvious-2": 5.0, "tuned-1": 15.0, "tuned-2": 20.0}
    single = [
        Run(system, 1, Measured(1, 8.0, 10, rate, 1, 1, 1, 1)) for system, rate in rates.items()
    ]
    found = [
        (row.connections, row.alternative, row.better, row.ratio) for row in compare(RUNS + single)
    ]
    assert found == [
        (1, OBVIOUS, "obvious-1", 3),
        (1, TUNED, "tuned-2", 1.5),
        (64, OBVIOUS, "obvious-2", 10),
        (64, TUNED, "tuned-1", 4),
    ]


def test_demanded_ratios_are_each_to_their_own_alternative() -> None:
    rows = compare(RUNS)
    assert below(rows, OBVIOUS, [(64, 10)]) == []
    assert below(rows, TUNED, [(64, 4)]) == []
    assert below(rows, TUNED, [(64, 10)]) == [
        "4.00× of the tuned alternative at 64 connections, must be 10×"
    ]
    assert below(rows, OBVIOUS, [(1, 1)]), "what was not measured was not reached"


def test_memory_is_told_with_each_nodes_role() -> None:
    held = {"node-1": NodeMemory("follower", 90.2, 99), "node-2": NodeMemory("leader", 120, 130.6)}
    expected = "node-1 (follower) 90 MiB (99 resident), node-2 (leader) 120 MiB (131 resident)"
    assert memory_line(held) == expected
    method = dict.fromkeys(("repeats", "duration_s", "warm_up_s", "idle_percent_before", "pool"), 1)
    method |= dict.fromkeys(("accounts", "bars", "orders", "products", "orders_ours"), 1)
    text = document(comparisons=compare(RUNS), machine={}, method=method, memory=held)
    assert expected in text
    assert table(compare(RUNS)) in text


def test_load_goes_round_all_shops_and_customers(tmp_path: Path) -> None:
    products = {plan.name: f"id of {plan.name}" for plan in BAR_PRODUCTS}
    shops = [Shop("bar-1", products, ["a", "b"]), Shop("bar-2", products, ["c", "d"])]
    path = tmp_path / "load"
    write_load_file(path, shops=shops, mix=order_mix(1))
    requests = [line.split("\t") for line in path.read_text().splitlines()]
    assert {(token, bar) for token, bar, _ in requests} == {
        ("a", "/api/v1/bars/bar-1/orders"),
        ("b", "/api/v1/bars/bar-1/orders"),
        ("c", "/api/v1/bars/bar-2/orders"),
        ("d", "/api/v1/bars/bar-2/orders"),
    }
    bodies = [json.loads(body) for _, _, body in requests]
    assert all(1 <= len(body["lines"]) <= 3 for body in bodies)
    ordered = {line["product_id"] for body in bodies for line in body["lines"]}
    assert ordered == set(products.values())


@pytest.mark.parametrize("seed", [1, 2])
def test_the_same_seed_gives_the_same_orders(seed: int) -> None:
    assert order_mix(seed) == order_mix(seed)
    assert order_mix(seed) != order_mix(seed + 1)
