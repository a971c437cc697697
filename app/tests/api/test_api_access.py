"""Who may do what: every route, by everybody. A route that is missing here fails."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from api_scene import BarScene, Http, new_number, order

from bitebyte.api.openapi import openapi_document

pytestmark = pytest.mark.anyio

UNKNOWN_ID = "01890000-0000-7000-8000-000000000000"


@dataclass(frozen=True)
class Access:
    """A call, and the status for anonymous, customer, other customer, merchant of another bar and
    merchant of this bar. `{...}` in path and body are filled from the scene."""

    path: str
    statuses: tuple[int, int, int, int, int]
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict[str, str])


STAFF_ONLY = (401, 404, 404, 404, 200)
PUBLIC = (200, 200, 200, 200, 200)
SIGNED_IN = (401, 200, 200, 200, 200)
FORBIDDEN = {"If-Match": '"99"'}

MATRIX: dict[str, Access] = {
    "list_bars": Access("/bars", PUBLIC),
    "get_bar": Access("/bars/{slug}", PUBLIC),
    "get_menu": Access("/bars/{slug}/menu", PUBLIC),
    "get_cluster": Access("/cluster", PUBLIC),
    "get_profile": Access("/me", SIGNED_IN),
    "update_profile": Access("/me", SIGNED_IN, {"locale": "en"}),
    "list_my_orders": Access("/me/orders", SIGNED_IN),
    "create_bar": Access(
        "/bars",
        (401, 403, 403, 201, 201),
        {"name": "B", "slug": "bar-{new}", "currency": "EUR", "timezone": "UTC"},
    ),
    "list_ingredients": Access("/bars/{slug}/ingredients", STAFF_ONLY),
    "create_ingredient": Access(
        "/bars/{slug}/ingredients", (401, 404, 404, 404, 201), {"name": "I {new}", "unit": "ml"}
    ),
    "get_ingredient": Access("/ingredients/{gin}", STAFF_ONLY),
    "update_ingredient": Access("/ingredients/{gin}", STAFF_ONLY, {"name": "Gin"}),
    "list_stock_movements": Access("/bars/{slug}/stock-movements", STAFF_ONLY),
    "record_stock_movement": Access(
        "/bars/{slug}/stock-movements",
        (401, 404, 404, 404, 201),
        {"ingredient_id": "{gin}", "kind": "receive", "amount": "1", "unit": "ml"},
    ),
    "list_products": Access("/bars/{slug}/products", STAFF_ONLY),
    "create_product": Access(
        "/bars/{slug}/products",
        (401, 404, 404, 404, 201),
        {"name": "P {new}", "section": "S", "price_minor": 1},
    ),
    "get_product": Access("/products/{martini}", STAFF_ONLY),
    "update_product": Access("/products/{martini}", STAFF_ONLY, {"section": "Short"}),
    "upload_menu": Access("/bars/{slug}/menu-imports", (401, 404, 404, 404, 201), "{menu}"),
    "get_menu_import": Access("/bars/{slug}/menu-imports/{import}", STAFF_ONLY),
    "commit_menu_import": Access("/bars/{slug}/menu-imports/{import}/commit", STAFF_ONLY),
    "export_menu": Access("/bars/{slug}/menu-export", STAFF_ONLY),
    "place_order": Access(
        "/bars/{slug}/orders",
        (401, 201, 201, 201, 201),
        {"lines": [{"product_id": "{martini}", "quantity": 1}]},
        {"Idempotency-Key": "access-{new}"},
    ),
    "list_bar_orders": Access("/bars/{slug}/orders", STAFF_ONLY),
    "get_order": Access("/orders/{order}", (401, 200, 404, 404, 200)),
    "move_order": Access(
        "/orders/{order}/transitions",
        (401, 412, 404, 404, 412),
        {"to": "cancelled"},
        FORBIDDEN,
    ),
    "list_alerts": Access("/bars/{slug}/alerts", STAFF_ONLY),
    "acknowledge_alert": Access("/alerts/{alert}/acknowledge", STAFF_ONLY),
}

ELSEWHERE = {
    "register_account": "open to all; see the journey",
    "sign_in": "open to all; see the sessions",
    "sign_out": "ends the session that it is asked with; see the sessions",
    "stream_bar_events": "never ends; see the events",
    "stream_my_events": "never ends; see the events",
}


def _operations() -> dict[str, str]:
    """Method by operation."""
    return {
        operation["operationId"]: method.upper()
        for operations in openapi_document()["paths"].values()
        for method, operation in operations.items()
    }


OPERATIONS = _operations()


def test_every_route_is_in_the_matrix() -> None:
    assert set(OPERATIONS) == set(MATRIX) | set(ELSEWHERE)


@pytest.fixture(scope="module")
async def names(scene: BarScene) -> dict[str, str]:
    """What the placeholders stand for: things of the scene's bar and of its customer."""
    bar = scene.bar
    placed = await order(scene.customer, bar.slug, bar.martini)
    menu = (await scene.merchant.send("GET", f"/bars/{bar.slug}/menu-export")).json()
    uploaded = await scene.merchant.post(f"/bars/{bar.slug}/menu-imports", menu)
    await scene.merchant.send(
        "PATCH",
        f"/ingredients/{bar.gin}",
        {"low_stock_threshold": {"amount": "500", "unit": "l"}},
    )
    alerts = await scene.merchant.get(f"/bars/{bar.slug}/alerts")
    return {
        "slug": bar.slug,
        "gin": bar.gin,
        "martini": bar.martini,
        "order": placed["id"],
        "import": uploaded["id"],
        "alert": alerts["items"][0]["id"],
    }


@pytest.mark.parametrize("operation", sorted(MATRIX))
async def test_each_role_gets_its_status_and_no_more(
    operation: str, scene: BarScene, names: dict[str, str], http: Http
) -> None:
    access = MATRIX[operation]
    everybody = (
        http,
        scene.customer,
        scene.other_customer,
        scene.other_merchant,
        scene.merchant,
    )
    seen = list[int]()
    for who in everybody:
        values = {**names, "new": str(new_number())}
        body: Any = _filled(access.body, values)
        if body == "{menu}":
            body = (await scene.merchant.send("GET", f"/bars/{names['slug']}/menu-export")).json()
        answer = await who.send(
            OPERATIONS[operation],
            _filled(access.path, values),
            body,
            headers=_filled(access.headers, values),
        )
        seen.append(answer.status_code)
        if answer.status_code == 404:
            assert answer.json()["code"].endswith("_not_found")
    assert tuple(seen) == access.statuses


@pytest.mark.parametrize(
    "operation", sorted(name for name, access in MATRIX.items() if access.statuses[3] == 404)
)
async def test_what_is_hidden_looks_like_what_does_not_exist(
    operation: str, scene: BarScene, names: dict[str, str]
) -> None:
    access = MATRIX[operation]
    values = {**names, "new": str(new_number())}
    unknown = {**values, "slug": "no-such-bar"}
    unknown |= dict.fromkeys(("order", "import", "alert", "gin", "martini"), UNKNOWN_ID)
    answers = [
        await scene.other_merchant.send(
            OPERATIONS[operation],
            _filled(access.path, one),
            _menu() if access.body == "{menu}" else _filled(access.body, one),
            headers=_filled(access.headers, one),
        )
        for one in (values, unknown)
    ]
    hidden, missing = (answer.json() for answer in answers)
    del hidden["request_id"], missing["request_id"]
    assert hidden == missing


def _menu() -> Any:
    return {
        "format": "bitebyte-menu",
        "version": 1,
        "currency": "EUR",
        "sections": [{"name": "S", "products": [{"name": "P", "price_minor": 1}]}],
    }


def _filled(template: Any, values: dict[str, str]) -> Any:
    """The template with its placeholders filled in."""
    if isinstance(template, str):
        for name, value in values.items():
            template = template.replace(f"{{{name}}}", value)
        return template
    if isinstance(template, dict):
        return {key: _filled(value, values) for key, value in template.items()}
    if isinstance(template, list):
        return [_filled(item, values) for item in template]
    return template
