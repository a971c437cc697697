"""Both alternatives of the benchmark take orders rightly: a wrong one would be no comparison."""

import asyncio
import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from bench.alternative.replicated import ReplicatedPostgres
from bench.alternative.system import Alternative
from bench.load import Shop
from bench.menu import BAR_INGREDIENTS
from bench.report import ALTERNATIVES, OBVIOUS, TUNED

from bitebyte_e2e.bar import INGREDIENTS

SCARCE = tuple(
    scarce if scarce.name == "Violet liqueur" else plenty
    for scarce, plenty in zip(INGREDIENTS, BAR_INGREDIENTS, strict=True)
)
"""350 ml of violet liqueur, of which an Aviation takes 7.5: 46 of them. Everything else lasts."""

DIFFERENCES = {
    OBVIOUS: (
        "SELECT count(*) FROM customer_order o WHERE o.total_minor IS DISTINCT FROM"
        " (SELECT sum(l.total_minor) FROM order_line l WHERE l.order_id = o.id)"
        " OR NOT EXISTS (SELECT FROM order_status s WHERE s.order_id = o.id)",
        "SELECT count(*) FROM ingredient i WHERE i.reserved <> coalesce((SELECT sum(r.quantity)"
        " FROM reservation r WHERE r.ingredient_id = i.id), 0)",
    ),
    TUNED: (
        "SELECT count(*) FROM customer_order o WHERE o.total_minor IS DISTINCT FROM"
        " (SELECT sum((l ->> 'total_minor')::bigint) FROM json_array_elements(o.lines) l)",
        "SELECT count(*) FROM ingredient i WHERE i.reserved <> coalesce("
        "(SELECT sum((r ->> 'quantity')::bigint)"
        " FROM customer_order o, json_array_elements(o.reservation) r"
        " WHERE (r ->> 'ingredient_id')::uuid = i.id), 0)",
    ),
}
"""How many orders' totals differ from their lines, and how many ingredients' reserved stock from
what the orders have taken."""


@dataclass(frozen=True)
class Open:
    """An alternative that serves, with one bar and three customers."""

    alternative: Alternative
    shop: Shop

    def sent(
        self, *orders: tuple[str, dict[str, int]], token: str | None = None, guest: int = 0
    ) -> list[httpx.Response]:
        """The answers to these orders (key, and quantity by drink), all sent at once."""
        url = f"{self.alternative.urls[1]}/api/v1/bars/{self.shop.bar_id}/orders"
        bearer = self.shop.tokens[guest] if token is None else token

        async def send() -> list[httpx.Response]:
            async with httpx.AsyncClient(timeout=20) as client:
                return await asyncio.gather(
                    *(
                        client.post(
                            url,
                            json={"lines": self._lines(wanted)},
                            headers={"Authorization": f"Bearer {bearer}", "Idempotency-Key": key},
                        )
                        for key, wanted in orders
                    )
                )

        return asyncio.run(send())

    def one(self, key: str, wanted: dict[str, int], **more: Any) -> httpx.Response:
        [answer] = self.sent((key, wanted), **more)
        return answer

    def _lines(self, wanted: dict[str, int]) -> list[dict[str, Any]]:
        return [
            {"product_id": self.shop.products[name], "quantity": quantity, "note": ""}
            for name, quantity in wanted.items()
        ]

    def reserved(self, ingredient: str) -> int:
        return self.alternative.query("SELECT reserved FROM ingredient WHERE name = $1", ingredient)


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReplicatedPostgres]:
    servers = ReplicatedPostgres(tmp_path_factory.mktemp("theirs"))
    try:
        servers.start()
        yield servers
    finally:
        servers.close()


@pytest.fixture(scope="module", params=ALTERNATIVES)
def opened(
    request: pytest.FixtureRequest, postgres: ReplicatedPostgres, tmp_path_factory: Any
) -> Iterator[Open]:
    folder: Path = tmp_path_factory.mktemp(request.param)
    alternative = Alternative(request.param, postgres, folder)
    try:
        [shop] = alternative.fill(bars=1, accounts=3, ingredients=SCARCE)
        alternative.serve(workers=(1,))
        yield Open(alternative, shop)
    finally:
        alternative.close()


def test_an_order_is_priced_reserved_and_numbered(opened: Open) -> None:
    gin, lime = opened.reserved("Gin"), opened.reserved("Lime juice")
    before = opened.alternative.orders_count()
    answer = opened.one("priced", {"Negroni": 2, "Gimlet": 1})
    assert answer.status_code == 201
    order = answer.json()
    assert [(line["name"], line["quantity"], line["total_minor"]) for line in order["lines"]] == [
        ("Negroni", 2, 2300),
        ("Gimlet", 1, 1000),
    ]
    assert (order["total_minor"], order["currency"], order["status"]) == (3300, "EUR", "placed")
    assert opened.reserved("Gin") - gin == 120_000, "2 × 30 ml and 60 ml"
    assert opened.reserved("Lime juice") - lime == 20_000
    following = opened.one("priced next", {"Negroni": 1}).json()
    assert following["number"] == order["number"] + 1
    assert opened.alternative.orders_count() == before + 2


def test_a_repeat_is_the_same_order(opened: Open) -> None:
    first = opened.one("again", {"Daiquiri": 1})
    before = opened.alternative.orders_count(), opened.reserved("White rum")
    repeat = opened.one("again", {"Daiquiri": 1})
    assert repeat.status_code == 201
    assert repeat.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    for answer in (first, repeat):
        assert {"id", "number", "lines", "total_minor", "history"} <= answer.json().keys()
    assert _comparable(repeat) == _comparable(first)
    assert (opened.alternative.orders_count(), opened.reserved("White rum")) == before
    assert opened.one("again", {"Daiquiri": 2}).status_code == 422, "the key was for another order"
    assert opened.one("again", {"Daiquiri": 1}, guest=1).json()["id"] != first.json()["id"], (
        "a key belongs to its customer"
    )


def test_repeats_that_arrive_together_are_one_order(opened: Open) -> None:
    before = opened.alternative.orders_count()
    answers = opened.sent(*[("together", {"Martini": 1})] * 10)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert opened.alternative.orders_count() == before + 1


def test_drinks_are_sold_until_an_ingredient_is_gone_and_not_one_more(opened: Open) -> None:
    # Half of the orders name the drinks the other way round: locks must still be taken in one order
    # of ingredients, or PostgreSQL ends one of them as a deadlock, which is a 500 here.
    orders = [
        (f"rush {n}", {"Aviation": 5, "Gimlet": 1} if n % 2 else {"Gimlet": 1, "Aviation": 5})
        for n in range(24)
    ]
    answers = opened.sent(*orders)
    accepted = [answer for answer in answers if answer.status_code == 201]
    refused = [answer for answer in answers if answer.status_code == 409]
    assert (len(accepted), len(refused)) == (9, 15), "9 × 5 × 7.5 of 350 ml"
    assert opened.reserved("Violet liqueur") == 337_500
    numbers = sorted(answer.json()["number"] for answer in accepted)
    assert numbers == list(range(numbers[0], numbers[0] + 9))
    problem = refused[0].json()
    assert problem["code"] == "insufficient_stock"
    assert refused[0].headers["Content-Type"] == "application/problem+json"
    [shortage] = problem["shortages"]
    assert (shortage["name"], shortage["needed"], shortage["available"]) == (
        "Violet liqueur",
        37_500,
        12_500,
    )
    assert opened.one("a last one", {"Aviation": 1}).status_code == 201, "12.5 ml were left"
    alerts = opened.alternative.query(
        "SELECT count(*) FROM alert a JOIN ingredient i ON i.id = a.ingredient_id"
        " WHERE i.name = 'Violet liqueur'"
    )
    assert alerts == 1, "however many orders found it low"


def test_a_refusal_is_remembered_even_when_there_is_stock_again(opened: Open) -> None:
    refused = opened.one("too many", {"Aviation": 100})
    assert refused.status_code == 409
    opened.alternative.query(
        "UPDATE ingredient SET on_hand = on_hand + 1000000 WHERE name = 'Violet liqueur'"
    )
    repeat = opened.one("too many", {"Aviation": 100})
    assert (repeat.status_code, repeat.json()) == (409, refused.json())
    assert opened.one("now", {"Aviation": 100}).status_code == 201


def test_an_order_from_before_midnight_counts_in_the_day_that_has_begun(opened: Open) -> None:
    # Two workers at midnight: one has numbered an order of the new day when the other, which had
    # built its order in the old day, gets the bar's row.
    today = datetime.datetime.now(datetime.UTC).date()  # noqa: TID251 - the server's own clock
    tomorrow = today + datetime.timedelta(days=1)
    opened.alternative.query(
        "UPDATE bar SET order_day = $1, order_number_last = 7 RETURNING 1", tomorrow
    )
    answers = [opened.one(f"late {n}", {"Negroni": 1}) for n in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert [answer.json()["number"] for answer in answers] == [8, 9]
    stored = opened.alternative.query(
        "SELECT array_agg(number ORDER BY number) FROM customer_order WHERE business_day = $1",
        tomorrow,
    )
    assert stored == [8, 9]


def test_strangers_and_requests_without_a_key_are_refused(opened: Open) -> None:
    before = opened.alternative.orders_count()
    assert opened.one("stranger", {"Negroni": 1}, token="guessed").status_code == 401
    assert opened.one("", {"Negroni": 1}).status_code == 400
    assert opened.alternative.orders_count() == before


def test_reservations_and_totals_of_all_orders_add_up(opened: Open) -> None:
    totals_differ, reserved_differ = DIFFERENCES[opened.alternative.name]
    assert opened.alternative.orders_count() > 0
    assert opened.alternative.query(totals_differ) == 0
    assert opened.alternative.query(reserved_differ) == 0


def _comparable(answer: httpx.Response) -> dict[str, Any]:
    """Its body with times as instants: one alternative writes them in two ways."""
    order = answer.json()
    times = [order.pop("placed_at"), *(step.pop("at") for step in order["history"])]
    return order | {"times": [datetime.datetime.fromisoformat(time) for time in times]}
