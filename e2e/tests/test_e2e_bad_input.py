"""Bad input at every endpoint of a real cluster: refused with a clear text, never a 500, and
nothing is changed by it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from bitebyte_e2e.bad_input import (
    UNKNOWN_ID,
    BadBody,
    bad_fields,
    broken_bodies,
    missing_fields,
)
from bitebyte_e2e.bar import Bar, open_bar, register_customers
from bitebyte_e2e.client import Answer, Client, Json
from bitebyte_e2e.cluster import Cluster
from bitebyte_e2e.endpoints import ENDPOINTS, Endpoint

BAD_PATH_IDS = (UNKNOWN_ID, "1", "no-such-thing", "%00", "..%2f..", "x" * 5000, "%F0%9F%8D%B8")
BAD_QUERIES = (
    {"limit": "0"},
    {"limit": "-1"},
    {"limit": "1000000000000"},
    {"limit": "NaN"},
    {"limit": "1", "cursor": "not-a-cursor"},
    {"limit": "1", "cursor": "AAAA"},
    {"consistency": "perfect"},
)
BAD_KEYS = (b"", b"k" * 129, b"with space", b"tab\there", "Gläser".encode(), b"\xff\xfe")


@dataclass
class Evening:
    """A bar with an order of somebody else's, and who may do what."""

    bar: Bar
    merchant: Client
    customer: Client
    anonymous: Client
    foreign_order: Json
    """Placed by another customer of the same bar."""
    import_id: str


@pytest.fixture(scope="module")
def evening(cluster: Cluster) -> Iterator[Evening]:
    url = cluster.urls[cluster.wait_leader().name]
    with Client(url) as merchant, Client(url) as customer, Client(url) as anonymous:
        bar = open_bar(merchant, slug="bad-input")
        mine, other = register_customers(anonymous, slug="bad-input", count=2)
        customer.token = other
        body = {"lines": [{"product_id": bar.products["Negroni"], "quantity": 1, "note": ""}]}
        placed = customer.place_order(bar.id, body, key="theirs")
        assert placed.status == 201, placed.content
        customer.token = mine
        uploaded = merchant.expect(
            201,
            "POST",
            f"/bars/{bar.id}/menu-imports",
            content="section,product,description,price,ingredient,amount,unit,optional\n"
            "Sours,Broken,,nine,Gin,many,ml,\n",
            headers={"Content-Type": "text/csv"},
        )
        assert uploaded["errors"], "a broken row was not reported"
        yield Evening(bar, merchant, customer, anonymous, placed.body, uploaded["id"])


def snapshot(evening: Evening) -> dict[str, Any]:
    """All that a merchant and a customer can see."""
    bar = evening.bar.id
    found: dict[str, Any] = {
        path: list(evening.merchant.every(f"/bars/{bar}/{path}"))
        for path in ("ingredients", "orders", "alerts", "stock-movements")
    }
    found["menu"] = evening.merchant.expect(200, "GET", f"/bars/{bar}/menu")
    found["bars"] = list(evening.merchant.every("/bars"))
    found["merchant"] = evening.merchant.expect(200, "GET", "/me")
    found["customer"] = evening.customer.expect(200, "GET", "/me")
    found["history"] = list(evening.customer.every("/me/orders"))
    return found


def faults_of(answer: Answer, why: str) -> list[str]:
    """How an answer to bad input falls short; empty if it is a proper refusal."""
    if not 400 <= answer.status < 500:
        return [f"{why}: {answer.status} {answer.content[:200]!r}"]
    if not answer.headers.get("Content-Type", "").startswith("application/problem+json"):
        return [f"{why}: {answer.status} as {answer.headers.get('Content-Type')}"]
    needed = ("type", "title", "status", "detail", "code", "request_id")
    lacking = [name for name in needed if not answer.body.get(name)]
    if lacking or answer.body["status"] != answer.status:
        return [f"{why}: {answer.status} lacks {lacking}: {answer.content[:200]!r}"]
    return []


def filled(value: Any, evening: Evening) -> Any:
    """The value with the ids of the running bar."""
    if isinstance(value, dict):
        return {name: filled(inner, evening) for name, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner, evening) for inner in value]
    known = {
        "INGREDIENT": evening.bar.ingredients["Gin"],
        "PRODUCT": evening.bar.products["Negroni"],
    }
    return known.get(value, value) if isinstance(value, str) else value


def path_of(endpoint: Endpoint, evening: Evening) -> str:
    return endpoint.path.format(
        bar=evening.bar.id,
        ingredient=evening.bar.ingredients["Gin"],
        product=evening.bar.products["Negroni"],
        order=evening.foreign_order["id"],
    )


def send_all(client: Client, endpoint: Endpoint, path: str, bodies: Iterable[BadBody]) -> list[str]:
    faults: list[str] = []
    for bad in bodies:
        answer = client.request(
            endpoint.method,
            path,
            content=bad.content,
            headers={"Content-Type": bad.content_type} | endpoint.headers,
        )
        faults += faults_of(answer, bad.why)
    return faults


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.name)
def test_bad_bodies_are_refused(evening: Evening, endpoint: Endpoint) -> None:
    before = snapshot(evening)
    client: Client = getattr(evening, endpoint.who)
    good = filled(endpoint.body, evening)
    path = path_of(endpoint, evening)
    faults = send_all(client, endpoint, path, broken_bodies(good))
    faults += send_all(client, endpoint, path, bad_fields(good))
    faults += send_all(client, endpoint, path, missing_fields(good, endpoint.optional))
    assert faults == []
    assert snapshot(evening) == before


GETS = (
    ("/bars/{id}", "anonymous"),
    ("/bars/{id}/menu", "anonymous"),
    ("/bars/{id}/ingredients", "merchant"),
    ("/bars/{id}/stock-movements", "merchant"),
    ("/bars/{id}/orders", "merchant"),
    ("/bars/{id}/alerts", "merchant"),
    ("/bars/{id}/events", "merchant"),
    ("/bars/{id}/menu-export", "merchant"),
    ("/ingredients/{id}", "merchant"),
    ("/products/{id}", "merchant"),
    ("/orders/{id}", "customer"),
)


@pytest.mark.parametrize(("path", "who"), GETS)
def test_bad_ids_are_refused(evening: Evening, path: str, who: str) -> None:
    client: Client = getattr(evening, who)
    faults: list[str] = []
    for bad in BAD_PATH_IDS:
        faults += faults_of(client.request("GET", path.format(id=bad)), bad[:40])
    assert faults == []


@pytest.mark.parametrize("path", ["ingredients", "orders", "alerts", "stock-movements"])
def test_bad_queries_are_refused(evening: Evening, path: str) -> None:
    faults: list[str] = []
    for params in BAD_QUERIES:
        answer = evening.merchant.request("GET", f"/bars/{evening.bar.id}/{path}", params=params)
        faults += faults_of(answer, str(params))
    assert faults == []


@pytest.mark.parametrize("index", ["-1", "x", "1.5", "9" * 40, "NaN"])
def test_a_bad_minimum_index_is_refused(evening: Evening, index: str) -> None:
    answer = evening.merchant.request("GET", "/me", headers={"BiteByte-Min-Index": index})
    assert faults_of(answer, index) == []


@pytest.mark.parametrize("at", ["-1", "x", "1.5", "9" * 40, "999999999"])
def test_a_bad_cluster_index_is_refused(evening: Evening, at: str) -> None:
    answer = evening.anonymous.request("GET", "/cluster", params={"at": at})
    assert faults_of(answer, at) == []


def test_unknown_paths_and_methods_are_problems_too(evening: Evening) -> None:
    missing = evening.anonymous.request("GET", "/no/such/thing")
    assert (missing.status, faults_of(missing, "path")) == (404, [])
    wrong = evening.anonymous.request("DELETE", "/bars")
    assert (wrong.status, faults_of(wrong, "method")) == (405, [])
    assert "GET" in wrong.headers["Allow"]


def test_orders_need_a_good_key_and_their_own_body(evening: Evening) -> None:
    before = snapshot(evening)
    body = {"lines": [{"product_id": evening.bar.products["Negroni"], "quantity": 1, "note": ""}]}
    path = f"/bars/{evening.bar.id}/orders"
    missing = evening.customer.request("POST", path, json=body)
    assert (missing.status, missing.code) == (400, "idempotency_key_required")
    faults: list[str] = []
    for key in BAD_KEYS:
        answer = evening.customer.request("POST", path, json=body, headers={"Idempotency-Key": key})
        faults += faults_of(answer, f"key {key!r}")
    assert faults == []
    assert snapshot(evening) == before

    assert evening.customer.place_order(evening.bar.id, body, key="once").status == 201
    body["lines"][0]["quantity"] = 2
    reused = evening.customer.place_order(evening.bar.id, body, key="once")
    assert (reused.status, reused.code) == (422, "idempotency_key_reused")


def test_other_peoples_orders_do_not_exist(evening: Evening) -> None:
    order = evening.foreign_order
    assert evening.customer.request("GET", f"/orders/{order['id']}").status == 404
    moved = evening.customer.transition(order, "cancelled", reason="not mine")
    assert moved.status == 404
    assert evening.anonymous.request("GET", f"/orders/{order['id']}").status == 401
    queue = evening.customer.request("GET", f"/bars/{evening.bar.id}/orders")
    assert queue.status in {403, 404}


def test_transitions_need_the_current_version(evening: Evening) -> None:
    path = f"/orders/{evening.foreign_order['id']}/transitions"
    body = {"to": "accepted"}
    missing = evening.merchant.request("POST", path, json=body)
    assert (missing.status, missing.code) == (428, "if_match_required")
    stale = evening.merchant.request("POST", path, json=body, headers={"If-Match": '"99"'})
    assert (stale.status, stale.code) == (412, "stale_version")
    faults: list[str] = []
    for tag in ("", "x", '"-1"', '"' + "9" * 40 + '"', '"1.5"'):
        answer = evening.merchant.request("POST", path, json=body, headers={"If-Match": tag})
        faults += faults_of(answer, f"If-Match {tag}")
    assert faults == []


BROKEN_CSV = {
    "empty": b"",
    "no header": b"Sours,Daiquiri,,10.50,White rum,60,ml,\n",
    "unknown column": b"section,product,description,price,ingredient,amount,unit,optional,x\n",
    "not UTF-8": b"section,product\xff\n",
    "open quote": b'section,product,description,price,ingredient,amount,unit,optional\n"Sours',
    "NUL": b"section,product,description,price,ingredient,amount,unit,optional\n\x00,,,,,,,\n",
    "UTF-16": "section,product\n".encode("utf-16"),
    "too large": b"x" * (3 * 1024 * 1024),
}


@pytest.mark.parametrize("why", BROKEN_CSV)
def test_a_broken_menu_file_changes_nothing(evening: Evening, why: str) -> None:
    """It is refused, or previewed with its errors; and then it cannot be committed."""
    before = snapshot(evening)
    path = f"/bars/{evening.bar.id}/menu-imports"
    answer = evening.merchant.request(
        "POST", path, content=BROKEN_CSV[why], headers={"Content-Type": "text/csv"}
    )
    if answer.status == 201:
        assert answer.body["errors"], answer.body
        commit = evening.merchant.request("POST", f"{path}/{answer.body['id']}/commit")
        assert (commit.status, commit.code) == (409, "import_has_errors")
    else:
        assert faults_of(answer, why) == []
    assert snapshot(evening) == before


def test_an_import_with_errors_cannot_be_committed(evening: Evening) -> None:
    before = snapshot(evening)
    path = f"/bars/{evening.bar.id}/menu-imports/{evening.import_id}/commit"
    commit = evening.merchant.request("POST", path)
    assert (commit.status, commit.code) == (409, "import_has_errors")
    assert snapshot(evening) == before


def test_all_nodes_agree_afterwards(cluster: Cluster, evening: Evening) -> None:
    assert evening.bar.id
    index = cluster.wait_settled()
    hashes = cluster.state_hashes(index)
    assert None not in hashes.values()
    assert len(set(hashes.values())) == 1
