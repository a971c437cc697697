"""Bad input, at every endpoint: a 4xx that says what was wrong, and a state that did not change."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from api_scene import BarScene, Http, order

from bitebyte.main import OpenMember

pytestmark = pytest.mark.anyio

UNKNOWN_ID = "01890000-0000-7000-8000-000000000000"
KEY = {"Idempotency-Key": "bad-input"}
IF_MATCH = {"If-Match": '"1"'}


@dataclass(frozen=True)
class Endpoint:
    """A route with a body that it accepts. `staff` says who asks."""

    method: str
    path: str
    body: dict[str, Any]
    headers: dict[str, str]
    staff: bool = True


ENDPOINTS = {
    "register": Endpoint(
        "POST",
        "/accounts",
        {
            "email": "new@example.org",
            "password": "a long enough one",
            "display_name": "N",
            "role": "customer",
        },
        {},
    ),
    "sign_in": Endpoint("POST", "/session", {"email": "a@b.c", "password": "something"}, {}),
    "profile": Endpoint("PATCH", "/me", {"display_name": "N", "locale": "en", "units": "ml"}, {}),
    "bar": Endpoint(
        "POST",
        "/bars",
        {"name": "N", "slug": "a-new-bar", "currency": "EUR", "timezone": "UTC"},
        {},
    ),
    "ingredient": Endpoint(
        "POST",
        "/bars/{slug}/ingredients",
        {
            "name": "Rum",
            "unit": "ml",
            "tracking": "exact",
            "low_stock_threshold": {"amount": "1", "unit": "ml"},
        },
        {},
    ),
    "ingredient_patch": Endpoint(
        "PATCH",
        "/ingredients/{gin}",
        {"name": "Gin", "unit": "ml", "tracking": "exact", "is_out": False},
        {},
    ),
    "movement": Endpoint(
        "POST",
        "/bars/{slug}/stock-movements",
        {
            "ingredient_id": "{gin}",
            "kind": "receive",
            "amount": "1",
            "unit": "ml",
            "reason": "because",
        },
        {},
    ),
    "product": Endpoint(
        "POST",
        "/bars/{slug}/products",
        {
            "name": "Gimlet",
            "section": "Short",
            "description": "d",
            "price_minor": 900,
            "recipe": [{"ingredient_id": "{gin}", "amount": "50", "unit": "ml", "optional": False}],
        },
        {},
    ),
    "product_patch": Endpoint(
        "PATCH",
        "/products/{martini}",
        {"name": "Martini", "section": "Short", "price_minor": 1100, "status": "active"},
        {},
    ),
    "order": Endpoint(
        "POST",
        "/bars/{slug}/orders",
        {"lines": [{"product_id": "{martini}", "quantity": 1, "note": "cold"}]},
        KEY,
        staff=False,
    ),
    "transition": Endpoint(
        "POST",
        "/orders/{order}/transitions",
        {"to": "accepted", "reason": "now", "disposition": "waste"},
        IF_MATCH,
    ),
}

RAW_BODIES = {
    "an empty body": (b"", 400),
    "half an object": (b"{", 400),
    "a list": (b"[]", 422),
    "a text": (b'"text"', 422),
    "null": (b"null", 422),
    "UTF-16": ('{"name": "x"}'.encode("utf-16"), 400),
    "Latin-1": ('{"name": "é"}'.encode("latin-1"), 400),
    "a byte order mark": (b"\xef\xbb\xbf{}", 400),
    "depth 100,000": (b"[" * 100_000, 400),
    "depth 100": (b'{"a":' * 100 + b"1" + b"}" * 100, 400),
    "NaN": (b'{"name": NaN}', 422),
    "Infinity": (b'{"name": Infinity}', 422),
    "-Infinity": (b'{"name": -Infinity}', 422),
    "1e400": (b'{"name": 1e400}', 422),
    "5,000 digits": (b'{"name": ' + b"9" * 5000 + b"}", 422),
    "a key twice": (b'{"name": "a", "name": "b"}', 422),
    "NUL in a key": (b'{"a\\u0000": 1}', 422),
    "a lone surrogate in a key": (b'{"\\ud800": 1}', 422),
    "over a mebibyte": (b'{"name": "' + b"a" * 1_050_000 + b'"}', 413),
}

BAD_VALUES: dict[str, Any] = {
    "true": True,
    "null in a list": [None],
    "an object": {"a": 1},
    "1.5": 1.5,
    "1.0": 1.0,
    "-1": -1,
    "2^63": 2**63,
    "10^30": 10**30,
    '"1"': "1",
    '"NaN"': "NaN",
    '"1e3"': "1e3",
    "a NUL": "a\x00b",
    "an escape character": "a\x1bb",
    "a lone surrogate": "a\ud800b",
    "nothing but spaces": "   ",
    "100,000 characters": "a" * 100_000,
    "a direction override": "a\u202eb",
    "markup that nobody asked for": ["<script>"],
}


def _fields(body: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Paths to every leaf of a body."""
    if isinstance(body, dict):
        for key, value in body.items():
            yield from _fields(value, (*path, key))
    elif isinstance(body, list):
        yield from _fields(body[0], (*path, 0))
    else:
        yield path


ALLOWED = {
    # Values of the list above that are what the field takes.
    ("name", '"1"'), ("name", '"NaN"'), ("name", '"1e3"'),
    ("section", '"1"'), ("section", '"NaN"'), ("section", '"1e3"'),
    ("display_name", '"1"'), ("display_name", '"NaN"'), ("display_name", '"1e3"'),
    ("description", '"1"'), ("description", '"NaN"'), ("description", '"1e3"'),
    ("description", "nothing but spaces"),
    ("reason", '"1"'), ("reason", '"NaN"'), ("reason", '"1e3"'),
    ("note", '"1"'), ("note", '"NaN"'), ("note", '"1e3"'),
    ("amount", '"1"'), ("slug", '"1e3"'),
    ("optional", "true"), ("is_out", "true"),
}  # fmt: skip


def _cases() -> list[tuple[str, tuple[str | int, ...], str]]:
    return [
        (name, path, value)
        for name, endpoint in ENDPOINTS.items()
        for path in _fields(endpoint.body)
        for value in BAD_VALUES
        if (path[-1], value) not in ALLOWED
    ]


@pytest.fixture(scope="module")
async def names(scene: BarScene) -> dict[str, str]:
    placed = await order(scene.customer, scene.bar.slug, scene.bar.martini)
    return {
        "slug": scene.bar.slug,
        "gin": scene.bar.gin,
        "martini": scene.bar.martini,
        "order": placed["id"],
    }


@pytest.mark.parametrize("name", ENDPOINTS)
async def test_every_value_of_the_wrong_kind_is_refused_with_its_field(
    name: str, scene: BarScene, names: dict[str, str], member: OpenMember
) -> None:
    endpoint = ENDPOINTS[name]
    before = member.node.status().state_hash
    for case_name, path, value_name in _cases():
        if case_name != name:
            continue
        body = _filled(endpoint.body, names)
        _set(body, path, BAD_VALUES[value_name])
        content = json.dumps(body).encode()
        answer = await _send(scene, endpoint, names, content)
        case = f"{name} {path} {value_name}: {answer.status_code} {answer.text}"
        if name == "sign_in" and answer.status_code in {401, 429}:
            continue
        assert answer.status_code == 422, case
        problem = answer.json()
        pointers = [fault["pointer"] for fault in problem["errors"]]
        expected = "/" + "/".join(str(part) for part in path)
        assert any(p == expected or p.startswith(expected + "/") for p in pointers), case
        assert all(fault["message"] for fault in problem["errors"])
    assert member.node.status().state_hash == before


@pytest.mark.parametrize("name", ENDPOINTS)
async def test_every_body_that_is_no_object_of_ours_is_refused(
    name: str, scene: BarScene, names: dict[str, str], member: OpenMember
) -> None:
    endpoint = ENDPOINTS[name]
    before = member.node.status().state_hash
    for case, (content, status) in RAW_BODIES.items():
        answer = await _send(scene, endpoint, names, content)
        assert answer.status_code == status, f"{name}, {case}: {answer.text}"
        _check_problem(answer)
    assert member.node.status().state_hash == before


@pytest.mark.parametrize("name", ENDPOINTS)
async def test_unknown_and_forbidden_fields_are_refused_by_name(
    name: str, scene: BarScene, names: dict[str, str]
) -> None:
    endpoint = ENDPOINTS[name]
    for extra in ("price", "total_minor", "user_id", "bar_id", "id", "created_at", "paid"):
        content = json.dumps({**_filled(endpoint.body, names), extra: "x"}).encode()
        answer = await _send(scene, endpoint, names, content)
        assert answer.status_code == 422, answer.text
        assert [fault["pointer"] for fault in answer.json()["errors"]] == [f"/{extra}"]


@pytest.mark.parametrize("name", ENDPOINTS)
async def test_only_json_is_taken_and_only_uncompressed(
    name: str, scene: BarScene, names: dict[str, str]
) -> None:
    endpoint = ENDPOINTS[name]
    content = json.dumps(_filled(endpoint.body, names)).encode()
    for headers in (
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "text/csv"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    ):
        answer = await _send(scene, endpoint, names, content, headers)
        assert answer.status_code == 415, f"{headers}: {answer.text}"
        _check_problem(answer)


async def test_a_body_without_a_length_is_cut_off_at_the_bound(scene: BarScene) -> None:
    async def endless() -> Any:
        for _ in range(40):
            yield b"a" * 65_536

    answer = await scene.merchant.send(
        "POST", "/bars", content=endless(), headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/orders/17", 422),
        ("/orders/' OR 1=1 --", 422),
        ("/orders/%00", 422),
        ("/orders/" + "a" * 300, 422),
        (f"/orders/{UNKNOWN_ID}", 404),
        (f"/orders/{UNKNOWN_ID.upper().replace('0', 'A')}", 422),
        (f"/products/{UNKNOWN_ID}", 404),
        (f"/ingredients/{UNKNOWN_ID}", 404),
        ("/bars/no-such-bar", 404),
        ("/bars/%00", 422),
        ("/bars/%0a", 422),
        ("/bars/%f0%9f%8d%b8", 404),
        ("/bars/" + "a" * 200, 422),
        (f"/bars/{UNKNOWN_ID}/menu", 404),
        ("/bars/..%2f..%2fetc%2fpasswd", 404),
        ("/" + "a" * 9_000, 414),
        ("/nowhere", 404),
        ("/me/orders?limit=0", 422),
        ("/me/orders?limit=201", 422),
        ("/me/orders?limit=1e3", 422),
        ("/me/orders?limit=999999999999999999999", 422),
        ("/me/orders?limit=", 422),
        ("/me/orders?cursor=abc", 422),
        ("/me/orders?cursor=%00", 422),
        ("/me/orders?cursor=%ff", 422),
        ("/me/orders?cursor=" + "a" * 3_000, 422),
        ("/me/orders?limit=5&limit=6", 422),
        ("/me/orders?consistency=strong", 422),
        ("/me/events?last_event_id=x", 422),
        ("/me/events?last_event_id=-1", 422),
        ("/cluster?at=x", 422),
        ("/cluster?at=-1", 422),
        ("/cluster?at=99999999", 404),
        ("/cluster?at=1e400", 422),
    ],
)
async def test_addresses_that_mean_nothing_are_refused(
    path: str, status: int, scene: BarScene
) -> None:
    answer = await scene.customer.send("GET", path)
    assert answer.status_code == status, answer.text
    _check_problem(answer)


async def test_lists_of_the_bar_refuse_unknown_filters(
    scene: BarScene, names: dict[str, str]
) -> None:
    for path in ("orders?status=gone", "orders?sort=up", "alerts?state=x", "menu-export?format=xml",
                 "stock-movements?ingredient_id=1", "orders?status=placed,"):  # fmt: skip
        answer = await scene.merchant.send("GET", f"/bars/{names['slug']}/{path}")
        assert answer.status_code == 422, f"{path}: {answer.text}"


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "idempotency_key_required"),
        ({"Idempotency-Key": ""}, "idempotency_key_required"),
        ({"Idempotency-Key": "a" * 129}, "idempotency_key_invalid"),
        ({"Idempotency-Key": "a" * 32_000}, "idempotency_key_invalid"),
        ({"Idempotency-Key": "a b"}, "idempotency_key_invalid"),
        ({"Idempotency-Key": b"caf\xe9"}, "idempotency_key_invalid"),
        ({**KEY, "BiteByte-Min-Index": "soon"}, "min_index_invalid"),
    ],
)
async def test_headers_of_an_order_are_checked(
    headers: dict[str, str], code: str, scene: BarScene, names: dict[str, str]
) -> None:
    body = {"lines": [{"product_id": names["martini"], "quantity": 1}]}
    answer = await scene.customer.send(
        "POST", f"/bars/{names['slug']}/orders", body, headers=headers
    )
    assert (answer.status_code, answer.json()["code"]) == (400, code)


@pytest.mark.parametrize("quantity", [0, -1, 101, 1000, 2**63])
async def test_quantities_out_of_bounds_are_refused(
    quantity: int, scene: BarScene, names: dict[str, str]
) -> None:
    body = {"lines": [{"product_id": names["martini"], "quantity": quantity}]}
    answer = await scene.customer.send("POST", f"/bars/{names['slug']}/orders", body, headers=KEY)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/lines/0/quantity"


@pytest.mark.parametrize("lines", [[], [{}] * 51])
async def test_orders_of_no_or_too_many_lines_are_refused(
    lines: list[Any], scene: BarScene, names: dict[str, str]
) -> None:
    answer = await scene.customer.send(
        "POST", f"/bars/{names['slug']}/orders", {"lines": lines}, headers=KEY
    )
    assert answer.status_code == 422


async def test_an_order_of_another_bars_drink_is_refused(
    scene: BarScene, member: OpenMember
) -> None:
    for product_id in (scene.other_bar.martini, UNKNOWN_ID):
        answer = await scene.customer.send(
            "POST",
            f"/bars/{scene.bar.slug}/orders",
            {"lines": [{"product_id": product_id, "quantity": 1}]},
            headers={"Idempotency-Key": f"foreign-{product_id}"},
        )
        assert (answer.status_code, answer.json()["code"]) == (409, "product_not_available")
        assert answer.json()["errors"][0]["pointer"] == "/lines/0/product_id"


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (None, 428),
        ('"999"', 412),
        ('"abc"', 412),
        ("1", 400),
        ("*", 400),
        ('"1", "2"', 400),
        ('"99999999999999999999999999"', 412),
    ],
)
async def test_transitions_need_the_version_that_was_looked_at(
    header: str | None, status: int, scene: BarScene, names: dict[str, str]
) -> None:
    answer = await scene.merchant.send(
        "POST",
        f"/orders/{names['order']}/transitions",
        {"to": "accepted"},
        headers={} if header is None else {"If-Match": header},
    )
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize(
    ("amount", "unit"),
    [("0", "ml"), ("-1", "ml"), ("1e3", "ml"), ("0.0000001", "ml"), ("9" * 20, "ml"), ("1,5", "ml"),
     (" ", "ml"), ("١", "ml"), ("1", "shot"), ("1", "bottle"), ("1", ""), ("1", "g"),
     ("Infinity", "ml")],
)  # fmt: skip
async def test_amounts_that_cannot_be_measured_are_refused(
    amount: str, unit: str, scene: BarScene, names: dict[str, str]
) -> None:
    body = {"ingredient_id": names["gin"], "kind": "receive", "amount": amount, "unit": unit}
    answer = await scene.merchant.send("POST", f"/bars/{names['slug']}/stock-movements", body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["detail"]


async def _send(
    scene: BarScene,
    endpoint: Endpoint,
    names: dict[str, str],
    content: bytes,
    headers: dict[str, str] | None = None,
) -> Any:
    who: Http = scene.merchant if endpoint.staff else scene.customer
    return await who.send(
        endpoint.method,
        _filled(endpoint.path, names),
        content=content,
        headers={"Content-Type": "application/json", **endpoint.headers, **(headers or {})},
    )


def _check_problem(answer: Any) -> None:
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["request_id"] == answer.headers["X-Request-Id"]
    assert problem["type"] == f"urn:bitebyte:problem:{problem['code'].replace('_', '-')}"
    assert problem["title"]
    assert problem["detail"]
    assert "BiteByte-Index" in answer.headers


def _set(body: Any, path: tuple[str | int, ...], value: Any) -> None:
    for part in path[:-1]:
        body = body[part]
    body[path[-1]] = value


def _filled(template: Any, names: dict[str, str]) -> Any:
    filled = json.dumps(template)
    for name, value in names.items():
        filled = filled.replace(f"{{{name}}}", value)
    return json.loads(filled)
