"""The bar is loaded through the public API of a real node, once, whatever interrupts it."""

import random
import subprocess
import sys
import threading
from collections.abc import Generator
from pathlib import Path

import pytest
from port_blocks import free_port

from bitebyte.demo.bar_loader import BAR_SLUG, is_bar_there, load_bar
from bitebyte.demo.plan import NodePlan, node_command
from bitebyte.demo.public_api import Answer, PublicApi, Unreachable
from bitebyte.demo.stock_file import menu_csv, parse_stock, stock_csv
from bitebyte.domain.units import parse_quantity

READY_DEADLINE_S = 60.0
STOCK = parse_stock(stock_csv())


@pytest.fixture
def node_url(tmp_path: Path) -> Generator[str]:
    """A cluster of one node, in a process of its own, with its own PostgreSQL."""
    plan = NodePlan(
        name="node-1",
        member_id=random.getrandbits(62) + 1,
        http_port=free_port(),
        peer_port=free_port(),
        data_dir=tmp_path,
    )
    command = node_command(
        plan, [plan], python=sys.executable, cluster_id=7, site_dir=None, is_bootstrap=True
    )
    with plan.log_path.open("wb") as log:
        node = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            yield plan.url
        finally:
            node.terminate()
            node.wait(30)


class InterruptedApi(PublicApi):
    """Stops answering after so many calls, as if the demo had been ended there."""

    def __init__(self, url: str, *, calls_max: int) -> None:
        super().__init__([url], deadline_s=READY_DEADLINE_S, stopping=threading.Event())
        self._calls_left = calls_max
        self._counting = threading.Lock()

    def request(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        csv: bytes | None = None,
        idempotency_key: str | None = None,
    ) -> Answer:
        with self._counting:
            self._calls_left -= 1
            if self._calls_left < 0:
                raise Unreachable("interrupted")
        return super().request(method, path, json=json, csv=csv, idempotency_key=idempotency_key)


def items(api: PublicApi, path: str) -> list[dict[str, object]]:
    """All items of a list, over all of its pages."""
    found: list[dict[str, object]] = []
    cursor = ""
    while True:
        answer = api.request("GET", f"{path}?consistency=linearizable&limit=100{cursor}")
        assert answer.status == 200, answer.text
        page = answer.field("items")
        assert isinstance(page, list)
        found += page
        if answer.field("next_cursor") is None:
            return found
        cursor = f"&cursor={answer.field('next_cursor')}"


def assert_bar_is_as_written(api: PublicApi) -> None:
    ingredients = {str(one["name"]): one for one in items(api, f"/bars/{BAR_SLUG}/ingredients")}
    assert set(ingredients) == {item.ingredient for item in STOCK}
    for item in STOCK:
        shown = ingredients[item.ingredient]
        assert shown["tracking"] == item.tracking, item.ingredient
        stock, threshold = shown["stock"], shown["low_stock_threshold"]
        assert isinstance(stock, dict)
        expected = parse_quantity(item.stock, item.unit).base if item.stock else 0
        assert stock["on_hand"]["base"] == expected, item.ingredient
        if item.threshold:
            assert isinstance(threshold, dict)
            assert threshold["base"] == parse_quantity(item.threshold, item.unit).base
        else:
            assert threshold is None
    movements = items(api, f"/bars/{BAR_SLUG}/stock-movements")
    assert len(movements) == sum(item.tracking == "exact" for item in STOCK)
    assert items(api, f"/bars/{BAR_SLUG}/alerts") == [], "the bar opens without an alert"
    menu = api.request("GET", f"/bars/{BAR_SLUG}/menu?consistency=linearizable")
    sections = menu.field("sections")
    assert isinstance(sections, list)
    drinks = [drink for section in sections for drink in section["products"]]
    assert len(drinks) == menu_csv().count(b".00,") + menu_csv().count(b".50,")
    assert all(drink["available"] for drink in drinks)
    assert all(drink["servings_left"] is None or drink["servings_left"] >= 20 for drink in drinks)


def test_a_load_that_was_interrupted_is_finished_and_repeated_without_doubling(
    node_url: str,
) -> None:
    for calls_max in (5, 60):
        interrupted = InterruptedApi(node_url, calls_max=calls_max)
        with pytest.raises(Unreachable, match="interrupted"):
            load_bar(interrupted, menu=menu_csv(), stock=STOCK)
    api = PublicApi([node_url], deadline_s=READY_DEADLINE_S, stopping=threading.Event())
    for _ in range(2):
        load_bar(api, menu=menu_csv(), stock=STOCK)
        assert_bar_is_as_written(api)
    assert is_bar_there(api)
