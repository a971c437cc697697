"""The OpenAPI document is the truth: the one on disk is the current one, and answers obey it."""

import json
from pathlib import Path
from typing import Any

import pytest
from api_scene import BarScene, Http, new_number, order
from fastapi.routing import APIRoute
from pydantic import TypeAdapter

from bitebyte.api.errors import PROBLEMS
from bitebyte.api.openapi import build_api, openapi_document

pytestmark = pytest.mark.anyio

REPOSITORY = Path(__file__).parents[3]


async def test_the_document_that_the_client_is_generated_from_is_current() -> None:
    kept = json.loads((REPOSITORY / "web" / "openapi.json").read_text(encoding="utf-8"))
    assert kept == json.loads(json.dumps(openapi_document())), (
        "routes changed: run `bitebyte openapi > web/openapi.json` and generate the client anew"
    )


async def test_every_operation_is_named_tagged_and_explained() -> None:
    for path, operations in openapi_document()["paths"].items():
        for method, operation in operations.items():
            name = f"{method} {path}"
            assert operation["operationId"].replace("_", "").isalpha(), name
            assert operation["tags"], name
            assert operation["summary"], name
            assert operation["description"], name
            responses = operation["responses"]
            assert any(status.startswith("2") for status in responses), name
            assert {"422", "503"} <= set(responses), name


async def test_every_reference_in_the_document_leads_somewhere() -> None:
    document = openapi_document()

    def check(item: Any) -> None:
        if isinstance(item, dict):
            if "$ref" in item:
                target: Any = document
                for part in item["$ref"].removeprefix("#/").split("/"):
                    target = target[part]
            for value in item.values():
                check(value)
        elif isinstance(item, list):
            for value in item:
                check(value)

    check(document)


async def test_every_problem_has_a_status_that_is_an_error_and_a_title() -> None:
    for code, (status, title) in PROBLEMS.items():
        assert code.replace("_", "").isalpha()
        assert 400 <= status < 600
        assert title


async def test_every_code_that_the_domain_refuses_with_has_a_status() -> None:
    import ast

    domain = REPOSITORY / "app" / "bitebyte" / "domain"
    codes = set[str]()
    for file in domain.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in {"refuse", "Refused"}
                and node.args
                and isinstance(node.args[0], ast.Constant)
            ):
                codes.add(str(node.args[0].value))
    assert len(codes) > 10
    assert codes <= set(PROBLEMS)


async def test_answers_are_what_the_document_says(scene: BarScene) -> None:
    bar = scene.bar.slug
    placed = await order(scene.customer, bar, scene.bar.martini)
    menu = (await scene.merchant.send("GET", f"/bars/{bar}/menu-export")).json()
    uploaded = await scene.merchant.post(f"/bars/{bar}/menu-imports", menu)
    calls: dict[str, tuple[Http, str, str]] = {
        "list_bars": (scene.customer, "GET", "/bars"),
        "get_bar": (scene.customer, "GET", f"/bars/{bar}"),
        "get_menu": (scene.customer, "GET", f"/bars/{bar}/menu"),
        "get_profile": (scene.merchant, "GET", "/me"),
        "list_my_orders": (scene.customer, "GET", "/me/orders"),
        "get_order": (scene.merchant, "GET", f"/orders/{placed['id']}"),
        "list_bar_orders": (scene.merchant, "GET", f"/bars/{bar}/orders"),
        "list_ingredients": (scene.merchant, "GET", f"/bars/{bar}/ingredients"),
        "get_ingredient": (scene.merchant, "GET", f"/ingredients/{scene.bar.gin}"),
        "list_stock_movements": (scene.merchant, "GET", f"/bars/{bar}/stock-movements"),
        "list_products": (scene.merchant, "GET", f"/bars/{bar}/products"),
        "get_product": (scene.merchant, "GET", f"/products/{scene.bar.martini}"),
        "list_alerts": (scene.merchant, "GET", f"/bars/{bar}/alerts"),
        "get_menu_import": (scene.merchant, "GET", f"/bars/{bar}/menu-imports/{uploaded['id']}"),
        "get_cluster": (scene.customer, "GET", "/cluster"),
        "update_profile": (scene.customer, "PATCH", "/me"),
        "update_ingredient": (scene.merchant, "PATCH", f"/ingredients/{scene.bar.gin}"),
        "update_product": (scene.merchant, "PATCH", f"/products/{scene.bar.martini}"),
    }
    models = {
        route.operation_id: route.response_model
        for route in build_api().routes
        if isinstance(route, APIRoute)
    }
    for operation, (who, method, path) in calls.items():
        answer = await who.send(method, path, {} if method == "PATCH" else None)
        assert answer.status_code == 200, f"{operation}: {answer.text}"
        adapter: TypeAdapter[Any] = TypeAdapter(models[operation])
        body = answer.json()
        assert adapter.dump_python(adapter.validate_python(body, strict=True)) == body, operation
    created = await scene.customer.send(
        "POST",
        f"/bars/{bar}/orders",
        {"lines": [{"product_id": scene.bar.martini, "quantity": 1}]},
        headers={"Idempotency-Key": f"obey-{new_number()}"},
    )
    adapter = TypeAdapter(models["place_order"])
    body = created.json()
    assert adapter.dump_python(adapter.validate_python(body, strict=True)) == body
