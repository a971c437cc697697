"""An evening at a home bar, by a client that was written from the contract's page alone."""

from typing import Any

import pytest
from api_scene import PASSWORD, Http, new_number, sign_up

pytestmark = pytest.mark.anyio

CSV = """\
section,product,description,price,ingredient,amount,unit,optional
Classics,Negroni,Bitter and red,9.50,Gin,30,ml,
,,,,Campari,30,ml,
,,,,Sweet vermouth,3,cl,
,,,,Orange,1,slice,yes
Classics,Americano,,8.00,Campari,1,oz,
,,,,Soda,60,ml,
"""


async def test_an_evening_from_registration_to_the_last_glass(http: Http) -> None:
    merchant, customer = await sign_up(http, "merchant"), await sign_up(http, "customer")
    bar = await _open_bar(merchant)
    await _upload_menu(merchant, bar["slug"])
    ingredients = await _stock_up(merchant, bar["slug"])

    menu = await http.get(f"/bars/{bar['slug']}/menu")
    classics = menu["sections"][0]
    assert [product["name"] for product in classics["products"]] == ["Negroni", "Americano"]
    negroni = classics["products"][0]
    assert (negroni["available"], negroni["servings_left"]) == (True, 23)
    assert (negroni["price_minor"], negroni["currency"]) == (950, "EUR")

    placed = await customer.post(
        f"/bars/{bar['id']}/orders",
        {"lines": [{"product_id": negroni["id"], "quantity": 2, "note": "no ice"}]},
        headers={"Idempotency-Key": "first-round"},
    )
    assert (placed["status"], placed["number"], placed["total_minor"]) == ("placed", 1, 1900)
    stock = (await merchant.get(f"/ingredients/{ingredients['Gin']}"))["stock"]
    assert stock["reserved"] == {"amount": "60", "unit": "ml", "base": 60_000, "base_unit": "ul"}

    await _serve(merchant, customer, placed)

    history = await customer.get("/me/orders")
    assert [order["id"] for order in history["items"]] == [placed["id"]]
    gin = await merchant.get(f"/ingredients/{ingredients['Gin']}")
    assert gin["stock"]["on_hand"]["base"] == 700_000 - 60_000
    assert gin["stock"]["reserved"]["base"] == 0
    ledger = await merchant.get(f"/bars/{bar['id']}/stock-movements")
    assert {m["kind"] for m in ledger["items"]} == {"receive", "consume"}

    signed_out = await customer.send("DELETE", "/session")
    assert signed_out.status_code == 204
    assert (await customer.send("GET", "/me")).status_code == 401


async def test_running_low_and_running_out_are_told_to_the_merchant(http: Http) -> None:
    merchant, customer = await sign_up(http, "merchant"), await sign_up(http, "customer")
    bar = await _open_bar(merchant)
    await _upload_menu(merchant, bar["slug"])
    ingredients = await _stock_up(merchant, bar["slug"])
    await merchant.send(
        "PATCH",
        f"/ingredients/{ingredients['Gin']}",
        {"low_stock_threshold": {"amount": "64", "unit": "cl"}},
    )
    menu = await http.get(f"/bars/{bar['slug']}/menu", params={"q": "negroni"})
    negroni = menu["sections"][0]["products"][0]["id"]

    await customer.post(
        f"/bars/{bar['id']}/orders",
        {"lines": [{"product_id": negroni, "quantity": 2}]},
        headers={"Idempotency-Key": "low"},
    )
    alerts = await merchant.get(f"/bars/{bar['id']}/alerts")
    assert [(a["ingredient_id"], a["state"]) for a in alerts["items"]] == [
        (ingredients["Gin"], "open")
    ]
    acknowledged = await merchant.post(
        f"/alerts/{alerts['items'][0]['id']}/acknowledge", status=200
    )
    assert acknowledged["state"] == "acknowledged"

    refused = await customer.post(
        f"/bars/{bar['id']}/orders",
        {"lines": [{"product_id": negroni, "quantity": 99}]},
        headers={"Idempotency-Key": "out"},
        status=409,
    )
    assert refused["code"] == "insufficient_stock"
    short = {shortage["name"]: shortage for shortage in refused["shortages"]}
    assert set(short) == {"Gin", "Campari", "Sweet vermouth"}
    assert short["Gin"]["needed"]["base"] == 99 * 30_000
    assert short["Gin"]["available"]["base"] == 640_000
    page = await merchant.get(f"/bars/{bar['id']}/alerts?state=open")
    assert {a["ingredient_name"] for a in page["items"]} == {"Campari", "Sweet vermouth"}
    await merchant.post(
        f"/bars/{bar['id']}/stock-movements",
        {
            "ingredient_id": ingredients["Gin"],
            "kind": "receive",
            "amount": "1",
            "unit": "l",
            "reason": "bottle",
        },
    )
    resolved = await merchant.get(f"/bars/{bar['id']}/alerts?state=resolved")
    assert [a["ingredient_id"] for a in resolved["items"]] == [ingredients["Gin"]]


async def test_a_profile_can_be_read_and_changed(http: Http) -> None:
    customer = await sign_up(http, "customer")
    answer = await customer.send("PATCH", "/me", {"display_name": "  Ada  L. ", "units": "oz"})
    assert answer.status_code == 200, answer.text
    profile = await customer.get("/me")
    assert (profile["display_name"], profile["units"], profile["locale"]) == ("Ada  L.", "oz", "en")
    assert profile["bars"] == []
    assert "password" not in str(profile)


async def test_an_address_registers_once_whatever_its_case(http: Http) -> None:
    email = f"Twice{new_number()}@Example.org"
    body = {"password": PASSWORD, "display_name": "T", "role": "customer"}
    await http.post("/accounts", {"email": email, **body})
    taken = await http.post("/accounts", {"email": email.upper(), **body}, status=409)
    assert taken["code"] == "email_taken"


async def _open_bar(merchant: Http) -> Any:
    bar = await merchant.post(
        "/bars",
        {
            "name": "The Night Owl",
            "slug": f"night-owl-{new_number()}",
            "currency": "EUR",
            "timezone": "Europe/Paris",
        },
    )
    profile = await merchant.get("/me")
    assert [(b["id"], b["role"]) for b in profile["bars"]] == [(bar["id"], "owner")]
    return bar


async def _upload_menu(merchant: Http, slug: str) -> None:
    uploaded = await merchant.post(
        f"/bars/{slug}/menu-imports",
        content=CSV.encode(),
        headers={"Content-Type": "text/csv; charset=utf-8"},
    )
    assert uploaded["errors"] == []
    assert uploaded["summary"]["products_created"] == 2
    assert (await merchant.get(f"/bars/{slug}/menu"))["sections"] == []
    await merchant.post(f"/bars/{slug}/menu-imports/{uploaded['id']}/commit", status=200)


async def _stock_up(merchant: Http, slug: str) -> dict[str, str]:
    page = await merchant.get(f"/bars/{slug}/ingredients")
    ingredients = {ingredient["name"]: ingredient["id"] for ingredient in page["items"]}
    assert set(ingredients) == {"Gin", "Campari", "Sweet vermouth", "Orange", "Soda"}
    for name in ("Gin", "Campari", "Sweet vermouth"):
        await merchant.post(
            f"/bars/{slug}/stock-movements",
            {
                "ingredient_id": ingredients[name],
                "kind": "receive",
                "amount": "0.7",
                "unit": "l",
                "reason": "delivery",
            },
        )
    return ingredients


async def _serve(merchant: Http, customer: Http, placed: Any) -> None:
    queue = await merchant.get(f"/bars/{placed['bar_id']}/orders?status=placed")
    assert [order["id"] for order in queue["items"]] == [placed["id"]]
    assert queue["items"][0]["customer_name"] == "The customer"
    for step in ("accepted", "preparing", "ready", "completed"):
        seen = await customer.send("GET", f"/orders/{placed['id']}")
        moved = await merchant.post(
            f"/orders/{placed['id']}/transitions",
            {"to": step, "reason": ""},
            headers={"If-Match": seen.headers["ETag"]},
            status=200,
        )
        assert moved["status"] == step
    done = await customer.get(f"/orders/{placed['id']}")
    assert [step["status"] for step in done["history"]] == [
        "placed", "accepted", "preparing", "ready", "completed",
    ]  # fmt: skip
    assert {step["by"] for step in done["history"][1:]} == {"bar"}
    assert "customer_name" not in done
