"""Many at once, over all nodes: one key is one order, one bottle is one drink, a sign-out counts
everywhere, and an event stream goes on at another node."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass

import pytest

from bitebyte_e2e.bar import (
    INGREDIENTS,
    Bar,
    IngredientPlan,
    ProductPlan,
    open_bar,
    register_customers,
)
from bitebyte_e2e.client import Answer, Client, Json
from bitebyte_e2e.cluster import Cluster
from bitebyte_e2e.event_stream import StreamEvent, open_events, wait_event
from bitebyte_e2e.waiting import wait_until

AT_ONCE = 24
LAST_BOTTLE = (IngredientPlan("Last bottle", "ml", "50", "10"), *INGREDIENTS)
RARE = ProductPlan("Rarity", "Stirred", 2500, {"Last bottle": "40", "Gin": "10"})
COMMON = ProductPlan("Gin neat", "Stirred", 500, {"Gin": "40"})


@dataclass
class Place:
    """A bar with one rare and one common drink, and many customers."""

    bar: Bar
    merchant_token: str
    tokens: list[str]


@pytest.fixture(scope="module")
def place(cluster: Cluster) -> Place:
    with Client(cluster.urls["node-1"]) as client:
        bar = open_bar(client, slug="races", ingredients=LAST_BOTTLE, products=(RARE, COMMON))
        merchant_token = str(client.token)
        tokens = register_customers(client, slug="races", count=AT_ONCE)
    return Place(bar, merchant_token, tokens)


def order_of(bar: Bar, drink: str) -> Json:
    return {"lines": [{"product_id": bar.products[drink], "quantity": 1, "note": ""}]}


def at_once(cluster: Cluster, tokens: list[str], job: Callable[[Client], Answer]) -> list[Answer]:
    """Lets everybody do the same at the same time, nodes in turn."""
    urls = sorted(cluster.urls.values())

    def one(number: int) -> Answer:
        with Client(urls[number % len(urls)], token=tokens[number]) as client:
            return job(client)

    with ThreadPoolExecutor(len(tokens)) as pool:
        return list(pool.map(one, range(len(tokens))))


def test_one_key_is_one_order_however_often_and_wherever_it_is_sent(
    cluster: Cluster, place: Place
) -> None:
    token = place.tokens[0]
    body = order_of(place.bar, "Gin neat")
    answers = at_once(
        cluster,
        [token] * AT_ONCE,
        lambda client: client.place_order(place.bar.id, body, key="double-click"),
    )
    assert {answer.status for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert [answer.is_replay for answer in answers].count(False) == 1
    with Client(cluster.urls["node-1"], token=token) as client:
        client.min_index = max(answer.index or 0 for answer in answers)
        assert len(list(client.every("/me/orders"))) == 1


def test_the_last_bottle_is_sold_once(cluster: Cluster, place: Place) -> None:
    body = order_of(place.bar, "Rarity")
    answers = at_once(
        cluster,
        place.tokens,
        lambda client: client.place_order(place.bar.id, body, key="last-bottle"),
    )
    statuses = [answer.status for answer in answers]
    assert (statuses.count(201), statuses.count(409)) == (1, AT_ONCE - 1), statuses
    for answer in answers:
        if answer.status == 409:
            assert answer.code == "insufficient_stock"
            assert [short["name"] for short in answer.body["shortages"]] == ["Last bottle"]
    with Client(cluster.urls["node-2"], token=place.merchant_token) as merchant:
        merchant.min_index = max(answer.index or 0 for answer in answers)
        alerts = list(merchant.every(f"/bars/{place.bar.id}/alerts"))
        mine = [a for a in alerts if a["ingredient_id"] == place.bar.ingredients["Last bottle"]]
        assert len(mine) == 1, "one alert, however many were refused"


def test_a_sign_out_counts_at_every_node(cluster: Cluster) -> None:
    with Client(cluster.urls["node-1"]) as client:
        [token] = register_customers(client, slug="leaving", count=1)
        client.token = token
        for url in cluster.urls.values():
            assert client.request("GET", "/me", base_url=url).status == 200
        client.expect(204, "DELETE", "/session")
        client.min_index = 0  # a thief of the token carries no index
        for name, url in cluster.urls.items():
            wait_until(
                lambda url=url: client.request("GET", "/me", base_url=url).status == 401,
                what=f"the token is dead at {name}",
                timeout_s=1.0,
            )


def test_a_stream_goes_on_at_another_node_without_gap_or_repeat(
    cluster: Cluster, place: Place
) -> None:
    def events_at(
        node: str, last: StreamEvent | None = None
    ) -> AbstractContextManager[Iterator[StreamEvent]]:
        return open_events(
            f"{cluster.urls[node]}/api/v1/bars/{place.bar.id}/events",
            token=place.merchant_token,
            last_event_id=None if last is None else last.id,
        )

    body = order_of(place.bar, "Gin neat")
    with Client(cluster.urls["node-3"], token=place.tokens[1]) as guest:
        with events_at("node-1") as events:
            hello = wait_event(events, "hello")
            first = guest.place_order(place.bar.id, body, key="live").body
            seen = wait_event(events, "order.placed")
            assert seen.data["order_id"] == first["id"]
            # The last event of a log entry carries its position: what one entry did is told whole.
            while seen.id == hello.id:
                seen = next(events)
        missed = [guest.place_order(place.bar.id, body, key=f"gap-{n}").body for n in range(3)]
        with events_at("node-2", seen) as events:
            resumed = [wait_event(events, "order.placed").data["order_id"] for _ in missed]
            assert resumed == [order["id"] for order in missed]
            live = guest.place_order(place.bar.id, body, key="live-again").body
            assert wait_event(events, "order.placed").data["order_id"] == live["id"]
