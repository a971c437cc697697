"""Placing orders: exactly once, by either way through the server; and moving them on."""

import asyncio
import json
from typing import Any

import pytest
from api_scene import BarScene, Http, new_number, open_bar, order, sign_up

from bitebyte.api.hot_orders import HotOrders, decode_lines
from bitebyte.api.settings import ApiSettings
from bitebyte.main import OpenMember
from bitebyte.service.clock import SystemClock
from bitebyte.service.ids import Uuid7Source
from bitebyte.service.services import build_services
from bitebyte.service.tokens import new_token

pytestmark = pytest.mark.anyio

# A query keeps a request off the raw route, and means the default.
BOTH_WAYS = pytest.mark.parametrize("query", ["", "?consistency=session"], ids=["raw", "long"])

UNKNOWN_ID = "01890000-0000-7000-8000-000000000000"


@BOTH_WAYS
async def test_a_repeat_with_the_same_key_is_answered_like_the_first(
    query: str, scene: BarScene
) -> None:
    path = f"/bars/{scene.bar.slug}/orders{query}"
    body = {"lines": [{"product_id": scene.bar.martini, "quantity": 1, "note": "dry"}]}
    key = {"Idempotency-Key": f"repeat-{new_number()}"}
    first = await scene.customer.send("POST", path, body, headers=key)
    assert first.status_code == 201
    assert "Idempotent-Replayed" not in first.headers
    for again in (path, path.partition("?")[0], path.replace(scene.bar.slug, scene.bar.id)):
        replay = await scene.customer.send("POST", again, body, headers=key)
        assert (replay.status_code, replay.headers["Idempotent-Replayed"]) == (201, "true")
        assert replay.json() == first.json()
        assert replay.headers["ETag"] == first.headers["ETag"]
    # The order of keys and the whitespace say nothing, nor does a note that is empty.
    spaced = json.dumps({"lines": [dict(reversed(body["lines"][0].items()))]}, indent=3)
    replay = await scene.customer.send(
        "POST", path, content=spaced, headers={**key, "Content-Type": "application/json"}
    )
    assert replay.json() == first.json()


@BOTH_WAYS
async def test_the_same_key_with_another_body_is_refused(query: str, scene: BarScene) -> None:
    path = f"/bars/{scene.bar.slug}/orders{query}"
    key = {"Idempotency-Key": f"reuse-{new_number()}"}
    for quantity, status in ((1, 201), (2, 422), (1, 201)):
        body = {"lines": [{"product_id": scene.bar.martini, "quantity": quantity}]}
        answer = await scene.customer.send("POST", path, body, headers=key)
        assert answer.status_code == status
    other_bar = path.replace(scene.bar.slug, scene.other_bar.slug)
    answer = await scene.customer.send("POST", other_bar, body, headers=key)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


async def test_keys_are_each_customers_own(scene: BarScene) -> None:
    key = f"shared-{new_number()}"
    one = await order(scene.customer, scene.bar.slug, scene.bar.martini, key=key)
    other = await order(scene.other_customer, scene.bar.slug, scene.bar.martini, key=key)
    assert one["id"] != other["id"]


async def test_ten_at_once_with_one_key_are_one_order(scene: BarScene) -> None:
    key = f"race-{new_number()}"
    placed = await asyncio.gather(
        *(order(scene.customer, scene.bar.slug, scene.bar.martini, key=key) for _ in range(10))
    )
    assert len({one["id"] for one in placed}) == 1


@BOTH_WAYS
async def test_a_refusal_is_repeated_too(query: str, http: Http) -> None:
    merchant, customer = await sign_up(http, "merchant"), await sign_up(http, "customer")
    bar = await open_bar(merchant, gin_ml=100)
    path = f"/bars/{bar.slug}/orders{query}"
    body = {"lines": [{"product_id": bar.gin_and_tonic, "quantity": 3}]}
    key = {"Idempotency-Key": "too-much"}
    first = await customer.send("POST", path, body, headers=key)
    assert (first.status_code, first.json()["code"]) == (409, "insufficient_stock")
    assert first.json()["shortages"] == [
        {
            "ingredient_id": bar.gin,
            "name": "Gin",
            "needed": {"amount": "150", "unit": "ml", "base": 150_000, "base_unit": "ul"},
            "available": {"amount": "100", "unit": "ml", "base": 100_000, "base_unit": "ul"},
        }
    ]
    await merchant.post(
        f"/bars/{bar.slug}/stock-movements",
        {"ingredient_id": bar.gin, "kind": "receive", "amount": "1", "unit": "l"},
    )
    again = await customer.send("POST", path, body, headers=key)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.json()["shortages"] == first.json()["shortages"]


async def test_lines_that_share_an_ingredient_are_summed_before_they_are_checked(
    http: Http,
) -> None:
    merchant, customer = await sign_up(http, "merchant"), await sign_up(http, "customer")
    bar = await open_bar(merchant, gin_ml=100)
    lines = [{"product_id": drink, "quantity": 1} for drink in (bar.gin_and_tonic, bar.martini)]
    answer = await customer.send(
        "POST", f"/bars/{bar.id}/orders", {"lines": lines}, headers={"Idempotency-Key": "sum"}
    )
    assert answer.status_code == 409
    assert answer.json()["shortages"][0]["needed"]["base"] == 110_000
    gin = await merchant.get(f"/ingredients/{bar.gin}")
    assert gin["stock"]["reserved"]["base"] == 0


REQUESTS: list[tuple[str, dict[str, str]]] = [
    ('{"lines":[{"product_id":"PRODUCT","quantity":1}]}', {}),
    ('{"lines":[{"product_id":"PRODUCT","quantity":1,"note":"caf\u00e9"}]}', {}),
    ('{"lines":[{"product_id":"PRODUCT","quantity":1,"note":"caf\\u00e9"}]}', {}),
    ('{"lines":[{"product_id":"PRODUCT","quantity":1,"note":" trimmed "}]}', {}),
    ('{"lines":[{"product_id":"PRODUCT","quantity":1,"note":"\\"quantity\\""}]}', {}),
    ('{"lines":[{"product_id":"PRODUCT","quantity":1.0}]}', {}),
    ('{"lines":[{"product_id":"PRODUCT","quantity":1e0}]}', {}),
    ('{"lines":[{"product_id":"PRODUCT","quantity":true}]}', {}),
    ('{"lines":[{"product_id":"PRODUCT","quantity":1,"quantity":2}]}', {}),
    ('{"lines":[{"product_id":"PRODUCT","quantity":1,"price":1}]}', {}),
    ('{"lines":[],"lines":[{"product_id":"PRODUCT","quantity":1}]}', {}),
    ('{"lines":[{"product_id":"PRODUCT","quantity":1,"note":"a","note":"b"}]}', {}),
    ('{"lines":[{"product_id":"PRODUCT","quantity":1,"note":null}]}', {}),
    ('{"lines":[{"product_id":"PRODUCT","quantity":1,"note":"a\tb"}]}', {}),
    ('{"lines":[{"product_id":"PRODUCT","quantity":1,"note":"\x7f"}]}', {}),
    ('{"lines":[{"product_id":"PRODUCT","quantity":101}]}', {}),
    ('{"lines":[{"product_id":"' + UNKNOWN_ID + '","quantity":1}]}', {}),
    ('{"lines":[{"product_id":"PRODUCT","quantity":1}]} x', {}),
    ('{"lines":[{"product_id":"PRODUCT","quantity":1}]}', {"Idempotency-Key": "a b"}),
    ('{"lines":[{"product_id":"PRODUCT","quantity":1}]}', {"Authorization": "Bearer nonsense"}),
    ('{"lines":[{"product_id":"PRODUCT","quantity":1}]}', {"Authorization": "Basic Zm9v"}),
    ('{"lines":[{"product_id":"PRODUCT","quantity":1}]}', {"Content-Type": "text/plain"}),
]


@pytest.mark.parametrize(("content", "headers"), REQUESTS)
async def test_both_ways_answer_alike(
    content: str, headers: dict[str, str], scene: BarScene
) -> None:
    answers = list[Any]()
    for query in ("", "?consistency=session"):
        key = f"alike-{new_number()}"
        answer = await scene.customer.send(
            "POST",
            f"/bars/{scene.bar.slug}/orders{query}",
            content=content.replace("PRODUCT", scene.bar.martini).encode(),
            headers={"Idempotency-Key": key, "Content-Type": "application/json", **headers},
        )
        body = answer.json()
        for unique in ("id", "number", "placed_at", "updated_at", "history", "request_id"):
            body.pop(unique, None)
        varying = {"x-request-id", "bitebyte-index", "location", "date", "content-length"}
        answers.append(
            (
                answer.status_code,
                body,
                {n: v for n, v in answer.headers.items() if n not in varying},
            )
        )
    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    ("body", "is_certain"),
    [
        (b'{"lines": [{"product_id": "%s", "quantity": 7, "note": "dry"}]}', True),
        (b'{"lines":[{"product_id":"%s","quantity":7}]}', True),
        (b'{"lines":[{"product_id":"%s","quantity":7,"note":"\\u0000"}]}', False),
        (b'{"lines":[{"product_id":"%s","quantity":7.0}]}', False),
        (b'{"lines":[{"product_id":"%s","quantity":7,"quantity":8}]}', False),
        (b'{"lines":[{"product_id":"%s","quantity":7.0,"quantity":8}]}', False),
        (b'{"lines":[{"product_id":"%s","quantity":0}]}', False),
        (b'{"lines":[{"product_id":"%s","quantity":7,"note":"\xff"}]}', False),
    ],
)
async def test_the_raw_route_takes_only_bodies_beyond_doubt(body: bytes, is_certain: bool) -> None:
    assert (decode_lines(body % UNKNOWN_ID.encode()) is not None) is is_certain


async def test_an_ordinary_order_does_not_go_the_long_way(
    scene: BarScene, member: OpenMember
) -> None:
    hot_orders = HotOrders(
        services=build_services(
            node=member.node,
            queries=member.database.queries,
            clock=SystemClock(),
            ids=Uuid7Source(),
            new_token=new_token,
        ),
        settings=ApiSettings(cookie_secure=False),
        cluster_id=1,
    )
    body = json.dumps(
        {"lines": [{"product_id": scene.bar.martini, "quantity": 1, "note": "dry"}]}
    ).encode()
    lines = decode_lines(body)
    assert lines is not None, "went the long way"
    for credential in (
        (b"authorization", f"Bearer {scene.customer.token}".encode()),
        (b"cookie", f"theme=dark; bitebyte_session={scene.customer.token}".encode()),
    ):
        headers = [
            (b"host", b"localhost"),
            credential,
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            (b"idempotency-key", f"hot-{new_number()}".encode()),
        ]
        recognised = hot_orders.recognise(f"/api/v1/bars/{scene.bar.slug}/orders", headers)
        assert recognised is not None, "went the long way"
        status, _, _ = await hot_orders.answer(recognised, lines, "r")
        assert status == 201


async def test_a_stale_version_is_refused_with_the_current_one(scene: BarScene) -> None:
    placed = await order(scene.customer, scene.bar.slug, scene.bar.martini)
    path = f"/orders/{placed['id']}/transitions"
    await scene.merchant.post(path, {"to": "accepted"}, headers={"If-Match": '"1"'}, status=200)
    late = await scene.merchant.send(
        "POST", path, {"to": "rejected", "reason": "full"}, headers={"If-Match": '"1"'}
    )
    assert (late.status_code, late.json()["code"]) == (412, "stale_version")
    assert (late.headers["ETag"], late.json()["current_version"]) == ('"2"', 2)


async def test_two_bartenders_at_once_move_an_order_once(scene: BarScene) -> None:
    placed = await order(scene.customer, scene.bar.slug, scene.bar.martini)
    answers = await asyncio.gather(
        *(
            scene.merchant.send(
                "POST",
                f"/orders/{placed['id']}/transitions",
                {"to": to},
                headers={"If-Match": '"1"'},
            )
            for to in ("accepted", "rejected")
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200, 412]


async def test_customers_cancel_until_it_is_being_prepared_and_do_nothing_else(
    scene: BarScene,
) -> None:
    placed = await order(scene.customer, scene.bar.slug, scene.bar.martini)
    path = f"/orders/{placed['id']}/transitions"
    match = {"If-Match": '"1"'}
    refused = await scene.customer.send("POST", path, {"to": "accepted"}, headers=match)
    assert refused.status_code == 403
    cancelled = await scene.customer.post(path, {"to": "cancelled"}, headers=match, status=200)
    assert cancelled["status"] == "cancelled"
    again = await scene.merchant.send("POST", path, {"to": "accepted"}, headers={"If-Match": '"2"'})
    assert (again.status_code, again.json()["code"]) == (409, "invalid_transition")


async def test_cancelling_what_is_being_mixed_asks_what_becomes_of_it(scene: BarScene) -> None:
    placed = await order(scene.customer, scene.bar.slug, scene.bar.martini)
    path = f"/orders/{placed['id']}/transitions"
    for version, to in ((1, "accepted"), (2, "preparing")):
        await scene.merchant.post(
            path, {"to": to}, headers={"If-Match": f'"{version}"'}, status=200
        )
    match = {"If-Match": '"3"'}
    asked = await scene.merchant.send("POST", path, {"to": "cancelled"}, headers=match)
    assert (asked.status_code, asked.json()["code"]) == (422, "disposition_required")
    wasted = await scene.merchant.post(
        path,
        {"to": "cancelled", "reason": "spilled", "disposition": ["waste"]},
        headers=match,
        status=200,
    )
    assert wasted["history"][-1]["reason"] == "spilled"


async def test_pages_of_orders_hold_each_order_once(http: Http) -> None:
    merchant, customer = await sign_up(http, "merchant"), await sign_up(http, "customer")
    bar = await open_bar(merchant)
    placed = [(await order(customer, bar.slug, bar.martini))["id"] for _ in range(5)]
    seen = list[str]()
    cursor: str | None = ""
    while cursor is not None:
        page = await customer.get(f"/me/orders?limit=2&cursor={cursor}" if cursor else
                                  "/me/orders?limit=2")  # fmt: skip
        seen += [one["id"] for one in page["items"]]
        cursor = page["next_cursor"]
    assert seen == list(reversed(placed))
    queue = await merchant.get(f"/bars/{bar.slug}/orders?sort=oldest&status=placed,accepted")
    assert [one["id"] for one in queue["items"]] == placed
    assert [one["number"] for one in queue["items"]] == [1, 2, 3, 4, 5]
