"""The menu: what guests see, how they search it, and how it comes in and goes out."""

import json
from typing import Any

import httpx
import pytest
from api_scene import BarScene, Http, new_number, open_bar, order, receive, sign_up

pytestmark = pytest.mark.anyio

HEADER = "section,product,description,price,ingredient,amount,unit,optional\n"
CSV_TYPE = {"Content-Type": "text/csv"}


async def _menu(http: Http, bar: str, query: str = "") -> list[dict[str, Any]]:
    """All products of the menu, in its order."""
    menu = await http.get(f"/bars/{bar}/menu{query}")
    return [product for section in menu["sections"] for product in section["products"]]


async def test_servings_left_follow_the_scarcest_counted_ingredient(http: Http) -> None:
    merchant, customer = await sign_up(http, "merchant"), await sign_up(http, "customer")
    bar = await open_bar(merchant, gin_ml=170)
    left = {p["name"]: (p["available"], p["servings_left"]) for p in await _menu(http, bar.slug)}
    assert left == {"Gin & Tonic": (True, 3), "Martini": (True, 2)}
    await order(customer, bar.slug, bar.martini, 2)
    left = {p["name"]: (p["available"], p["servings_left"]) for p in await _menu(customer, bar.id)}
    assert left == {"Gin & Tonic": (True, 1), "Martini": (False, 0)}
    await merchant.send("PATCH", f"/ingredients/{bar.tonic}", {"is_out": True})
    left = {p["name"]: p["available"] for p in await _menu(merchant, bar.slug)}
    assert left == {"Gin & Tonic": False, "Martini": False}
    assert [p["ingredients"] for p in await _menu(merchant, bar.slug)] == [["Gin", "Tonic"]] * 2


async def test_hidden_products_are_not_on_the_menu_and_cannot_be_ordered(scene: BarScene) -> None:
    product = await scene.merchant.post(
        f"/bars/{scene.bar.slug}/products",
        {"name": f"Secret {new_number()}", "section": "Short", "price_minor": 1},
    )
    await scene.merchant.send("PATCH", f"/products/{product['id']}", {"status": "hidden"})
    assert product["id"] not in {p["id"] for p in await _menu(scene.merchant, scene.bar.slug)}
    refused = await scene.customer.send(
        "POST",
        f"/bars/{scene.bar.slug}/orders",
        {"lines": [{"product_id": product["id"], "quantity": 1}]},
        headers={"Idempotency-Key": f"hidden-{new_number()}"},
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "product_not_available")


async def test_search_ignores_case_and_accents_and_looks_at_ingredients(http: Http) -> None:
    merchant = await sign_up(http, "merchant")
    bar = await open_bar(merchant)
    await merchant.send(
        "PATCH", f"/products/{bar.martini}", {"description": "Très sec, à la vôtre"}
    )
    for query, names in {
        "?q=MARTINI": ["Martini"],
        "?q=tres%20votre": ["Martini"],
        "?q=tonic": ["Gin & Tonic", "Martini"],
        "?q=gin%20sec": ["Martini"],
        "?section=long": ["Gin & Tonic"],
        "?q=whisky": [],
        "?q=%25": [],
        "?q=": ["Gin & Tonic", "Martini"],
    }.items():
        found = [product["name"] for product in await _menu(merchant, bar.slug, query)]
        assert found == names, query


async def test_a_menu_that_did_not_change_is_not_sent_again(http: Http) -> None:
    merchant = await sign_up(http, "merchant")
    bar = await open_bar(merchant)
    path = f"/bars/{bar.slug}/menu"
    first = await merchant.send("GET", path)
    assert first.headers["Cache-Control"] == "no-cache"
    for tag in (first.headers["ETag"], f'"other", W/{first.headers["ETag"]}', "*"):
        same = await merchant.send("GET", path, headers={"If-None-Match": tag})
        assert (same.status_code, same.content) == (304, b"")
        assert same.headers["ETag"] == first.headers["ETag"]
    await receive(merchant, bar.slug, bar.gin, 500)
    changed = await merchant.send("GET", path, headers={"If-None-Match": first.headers["ETag"]})
    assert changed.status_code == 200
    assert changed.headers["ETag"] != first.headers["ETag"]


async def test_an_upload_lists_every_bad_row_and_changes_nothing(http: Http) -> None:
    merchant = await sign_up(http, "merchant")
    bar = await open_bar(merchant)
    rows = "A,Good,,5.00,Gin,30,ml,\nA,Bad price,,€5,Gin,30,ml,\nA,Bad unit,,5,Gin,1,shot,\n"
    uploaded = await _upload(merchant, bar.slug, (HEADER + rows).encode())
    assert uploaded.status_code == 201
    body = uploaded.json()
    assert [(error["row"], error["column"]) for error in body["errors"]] == [
        (3, "price"),
        (4, "unit"),
    ]
    assert body["summary"]["errors"] == 2
    before = await _menu(merchant, bar.slug)
    refused = await merchant.post(f"/bars/{bar.slug}/menu-imports/{body['id']}/commit", status=409)
    assert refused["code"] == "import_has_errors"
    assert await _menu(merchant, bar.slug) == before


MESSY = (
    HEADER
    + "Messy,Sour,,9.00,Bourbon,1 1/2,oz,\n"
    + ",,,,Lemon juice,Juice of 1/2,,\n"
    + ",,,,Egg white,1-2,,\n"
    + "Messy,Shooter,,5.00,Vodka,2,shots,\n"
    + "Messy,Long,,7.00,Gin,1,glug,\n"
)


async def test_the_preview_says_how_every_line_was_read(http: Http) -> None:
    merchant = await sign_up(http, "merchant")
    bar = await open_bar(merchant)
    body = (await _upload(merchant, bar.slug, MESSY.encode())).json()
    assert [
        (line["row"], line["typed"], line["quantity"] and line["quantity"]["base"])
        for line in body["lines"]
    ] == [
        (2, "1 1/2 oz", 45_000),
        (3, "Juice of 1/2", 22_500),
        (4, "1-2", 2_000),
        (5, "2 shots", None),
        (6, "1 glug", None),
    ]
    bourbon, lemon, egg, vodka, gin = body["lines"]
    assert bourbon["reading"] == "1 1/2 oz → 1.5 oz = 45 ml (45,000 µl)"
    assert lemon["notes"] == ["one lemon gives 45 ml of juice"]
    assert egg["notes"][0] == "of 1 to 2 the upper end is taken"
    assert vodka["reading"] is None
    assert [vodka["reason"], gin["reason"]] == [error["message"] for error in body["errors"]]
    assert (body["summary"]["lines_read"], body["summary"]["lines_refused"]) == (3, 2)
    suggestion = {"amount": "45", "unit": "ml"}
    assert body["unsized"] == [{"measure": "shot", "lines": 1, "suggestion": suggestion}]
    assert [(change["product"], change["change"]) for change in body["changes"]] == [
        ("Sour", "new"),
        ("Shooter", "new"),
        ("Long", "new"),
        ("Gin & Tonic", "not_in_file"),
        ("Martini", "not_in_file"),
    ]


async def test_a_bar_says_how_large_its_shot_is_and_leaves_out_the_rest(http: Http) -> None:
    merchant = await sign_up(http, "merchant")
    bar = await open_bar(merchant)
    uploaded = await merchant.post(
        f"/bars/{bar.slug}/menu-imports?sizes=shot:4%20cl&faulty=leave_out",
        content=MESSY.encode(),
        headers=CSV_TYPE,
    )
    assert uploaded["errors"] == []
    assert uploaded["products_left_out"] == ["Long"]
    assert [error["row"] for error in uploaded["left_out"]] == [6]
    assert uploaded["lines"][3]["notes"] == ["shot: 4 cl, as this upload says"]
    path = f"/bars/{bar.slug}/menu-imports/{uploaded['id']}"
    kept = await merchant.get(path)
    assert [line["quantity"] for line in kept["lines"]] == [
        line["quantity"] for line in uploaded["lines"][:4]
    ]
    assert {line["typed"] for line in kept["lines"]} == {None}
    await merchant.post(f"{path}/commit", status=200)
    assert {product["name"] for product in await _menu(merchant, bar.slug)} == {
        "Gin & Tonic",
        "Martini",
        "Sour",
        "Shooter",
    }
    assert {change["change"] for change in (await merchant.get(path))["changes"]} == {
        "unchanged",
        "not_in_file",
    }


async def test_the_preview_knows_in_what_the_bar_keeps_its_ingredients(http: Http) -> None:
    merchant = await sign_up(http, "merchant")
    bar = await open_bar(merchant)
    rows = "A,New,,5.00,Gin,30,g,\n"
    body = (await _upload(merchant, bar.slug, (HEADER + rows).encode())).json()
    assert "at this bar" in body["errors"][0]["message"]


async def test_a_collection_of_hundreds_of_recipes_is_previewed_committed_and_exported(
    http: Http,
) -> None:
    """As large as a file may be: every line is accounted for, and the log takes it."""
    measures = ["1 1/2 oz", "½ cl", "2 dashes", "3-4 cl", "70ml/2fl oz", "1 tblsp", "1 (12 oz) can"]
    refused = ["3 parts", "top up with", "to taste"]
    rows = [
        f"Collection,Drink {number // 7},,7.00,Spirit {number % 90},{spelling},,"
        for number in range(4_900)
        for spelling in [refused[number % 3] if number % 490 == 0 else measures[number % 7]]
    ]
    merchant = await sign_up(http, "merchant")
    bar = await open_bar(merchant)
    uploaded = await merchant.post(
        f"/bars/{bar.slug}/menu-imports?faulty=leave_out",
        content=(HEADER + "\n".join(rows)).encode(),
        headers=CSV_TYPE,
    )
    assert len(uploaded["lines"]) == 4_900
    assert all((line["quantity"] is None) == bool(line["reason"]) for line in uploaded["lines"])
    assert uploaded["summary"]["lines_refused"] == 10
    assert (uploaded["summary"]["products"], len(uploaded["products_left_out"])) == (690, 10)
    path = f"/bars/{bar.slug}/menu-imports/{uploaded['id']}"
    await merchant.post(f"{path}/commit", status=200)
    exported = await merchant.send("GET", f"/bars/{bar.slug}/menu-export?format=csv")
    again = (await _upload(merchant, bar.slug, exported.content)).json()
    assert {change["change"] for change in again["changes"]} == {"unchanged"}


@pytest.mark.parametrize(
    "query",
    [
        "sizes=shot",
        "sizes=shot:",
        "sizes=glug:4%20cl",
        "sizes=shot:2%20shots",
        "sizes=shot:-1%20cl",
        "sizes=shot:4%20cl%3B%20shot:2%20cl",
        "sizes=" + "%3B" * 1_001,
        "faulty=maybe",
    ],
)
async def test_a_size_that_is_none_is_refused(query: str, scene: BarScene) -> None:
    answer = await scene.merchant.send(
        "POST",
        f"/bars/{scene.bar.slug}/menu-imports?{query}",
        content=MESSY.encode(),
        headers=CSV_TYPE,
    )
    assert answer.status_code == 422, answer.text
    (fault,) = answer.json()["errors"]
    assert fault["in"] == "query"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "empty"),
        (HEADER.encode(), "no products"),
        (b"section,product,description,ingredient,amount,unit\nA,B,,Gin,1,ml\n", "price"),
        ((HEADER + "A,B,,5,Gin,1,ml,\n").encode("utf-16"), "UTF-8"),
        (HEADER.encode() + b"A,B\x00,,5,Gin,1,ml,\n", "NUL"),
        (b"\xff\xfe\x00", "NUL"),
        (b"just some text\n", "column"),
        (b",".join([b"x"] * 100_000), "column"),
    ],
)
async def test_a_file_that_is_no_menu_is_refused(
    content: bytes, text: str, scene: BarScene
) -> None:
    answer = await _upload(scene.merchant, scene.bar.slug, content)
    assert answer.status_code == 422, answer.text
    assert text in answer.text
    assert answer.json()["errors"]


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"{", 422),
        (b"[]", 422),
        (b"[" * 100_000, 422),
        (b'{"format": NaN}', 422),
        (b'{"format": "bitebyte-menu", "version": 2, "currency": "EUR", "sections": []}', 422),
        (b" " * (2 * 1024 * 1024 + 1), 413),
    ],
)
async def test_json_that_is_no_menu_is_refused(
    content: bytes, status: int, scene: BarScene
) -> None:
    answer = await scene.merchant.send(
        "POST",
        f"/bars/{scene.bar.slug}/menu-imports",
        content=content,
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == status, answer.text


async def test_an_upload_of_another_kind_of_file_is_refused(scene: BarScene) -> None:
    answer = await scene.merchant.send(
        "POST",
        f"/bars/{scene.bar.slug}/menu-imports",
        content=b"%PDF-1.7",
        headers={"Content-Type": "application/pdf"},
    )
    assert answer.status_code == 415


@pytest.mark.parametrize("file_format", ["json", "csv"])
async def test_an_export_uploads_to_the_same_menu(file_format: str, http: Http) -> None:
    merchant = await sign_up(http, "merchant")
    source, target = await open_bar(merchant), await open_bar(merchant, gin_ml=0)
    await merchant.post(
        f"/bars/{source.slug}/products",
        {
            "name": '=cmd("x"), "quoted"',
            "section": "Odd",
            "description": "two\nlines",
            "price_minor": 1,
            "recipe": [{"ingredient_id": source.gin, "amount": "2.5", "unit": "oz"}],
        },
    )
    exported = await merchant.send("GET", f"/bars/{source.slug}/menu-export?format={file_format}")
    assert f"{source.slug}-menu.{file_format}" in exported.headers["Content-Disposition"]
    uploaded = await merchant.post(
        f"/bars/{target.slug}/menu-imports",
        content=exported.content,
        headers={"Content-Type": exported.headers["Content-Type"]},
    )
    assert uploaded["errors"] == []
    path = f"/bars/{target.slug}/menu-imports/{uploaded['id']}"
    for _ in range(2):
        committed = await merchant.post(f"{path}/commit", status=200)
        assert committed["state"] == "committed"
    assert (await merchant.get(path))["state"] == "committed"
    again = await merchant.send("GET", f"/bars/{target.slug}/menu-export?format={file_format}")
    assert again.content == exported.content
    if file_format == "json":
        assert json.loads(again.content)["sections"][-1]["name"] == "Odd"


async def _upload(who: Http, bar: str, content: bytes) -> httpx.Response:
    return await who.send("POST", f"/bars/{bar}/menu-imports", content=content, headers=CSV_TYPE)
