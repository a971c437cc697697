"""The benchmark's arithmetic: medians, the better alternative, ratios of neighbouring turns."""

import json
from pathlib import Path

import pytest
from bench.load import Measured, Shop, write_load_file
from bench.menu import BAR_PRODUCTS, order_mix
from bench.report import OURS, Run, compare, table


def run(system: str, repeat: int, orders_per_s: float, *, p99_ms: float = 1.0) -> Run:
    measured = Measured(64, 8.0, 1000, orders_per_s, 0.5, 0.8, p99_ms, 9.0)
    return Run(system, repeat, measured)


RUNS = [
    run(OURS, 1, 1000, p99_ms=10),
    run("alternative-1", 1, 100),
    run("alternative-2", 1, 250, p99_ms=40),
    run(OURS, 2, 3000, p99_ms=30),
    run("alternative-1", 2, 110),
    run("alternative-2", 2, 150, p99_ms=60),
    run(OURS, 3, 2000, p99_ms=20),
    run("alternative-1", 3, 300),
    run("alternative-2", 3, 200, p99_ms=50),
]


def test_medians_and_ratios_are_against_the_better_alternative() -> None:
    [row] = compare(RUNS)
    assert row.better == "alternative-2", "its median is 200, that of one worker 110"
    assert (row.ours_orders_per_s, row.theirs_orders_per_s, row.ratio) == (2000, 200, 10)
    assert (row.ratio_min, row.ratio_max) == (4, 20), "1000/250 and 3000/150, turn by turn"
    assert (row.ours_p99_ms, row.theirs_p99_ms) == (20, 50)


def test_the_table_tells_which_alternative_it_was() -> None:
    assert "200 (2 workers)" in table(compare(RUNS))
    assert "**10.0×** (4.0–20.0)" in table(compare(RUNS))


def test_each_number_of_connections_is_compared_by_itself() -> None:
    single = [
        Run(system, 1, Measured(1, 8.0, 10, rate, 1, 1, 1, 1))
        for system, rate in ((OURS, 30.0), ("alternative-1", 10.0), ("alternative-2", 5.0))
    ]
    one, many = compare(RUNS + single)
    assert (one.connections, one.better, one.ratio) == (1, "alternative-1", 3)
    assert many.connections == 64


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
