"""The OpenAPI document, the source of the site's client."""

from typing import Any

from fastapi import FastAPI
from pydantic import TypeAdapter

from bitebyte import __version__
from bitebyte.api import (
    accounts,
    alerts,
    bars,
    cluster,
    event_streams,
    ingredients,
    menu,
    menu_imports,
    orders,
    products,
    stock_movements,
)
from bitebyte.api.answers import ProblemAnswer

DESCRIPTION = """\
Ordering for home bars that no dead machine can stop. Any node answers any request.

Ids are UUIDv7 strings; `{bar}` is the id or the slug of a bar. Money is an integer of minor units.
Quantities go in as a decimal string and a unit and come out the same, with the exact base quantity.
Every answer carries `BiteByte-Index`; send it back as `BiteByte-Min-Index` to read your own writes
at any node. Errors are `application/problem+json` (RFC 9457) with a stable `code`.
"""


def build_api() -> FastAPI:
    """The routes without anything behind them: `app.state.bitebyte` is set by `create_app`."""
    api = FastAPI(
        title="BiteByte",
        version=__version__,
        description=DESCRIPTION,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    for noun in (
        accounts,
        bars,
        menu,
        orders,
        ingredients,
        stock_movements,
        alerts,
        products,
        menu_imports,
        event_streams,
        cluster,
    ):
        # Not by include_router, which nests: the routes of one path must be seen together, so that
        # a refused method can be answered with all those that work.
        api.router.routes.extend(noun.router.routes)
    return api


def openapi_document() -> dict[str, Any]:
    """The contract of this version; needs no node."""
    return document_of(build_api())


def document_of(api: FastAPI) -> dict[str, Any]:
    """The contract of these routes."""
    document = api.openapi()
    schemas = document["components"]["schemas"]
    problem = TypeAdapter(ProblemAnswer).json_schema(
        ref_template="#/components/schemas/{model}", mode="serialization"
    )
    schemas.update(problem.pop("$defs", {}))
    schemas["ProblemAnswer"] = problem
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    _share_problems(document)
    return document


def _share_problems(document: dict[str, Any]) -> None:
    """Errors look the same on every route, so they are described once."""
    shared = document["components"].setdefault("responses", {})
    for operations in document["paths"].values():
        for operation in operations.values():
            for status, answer in operation["responses"].items():
                if "application/problem+json" in answer.get("content", {}):
                    name = f"Problem{status}"
                    assert shared.setdefault(name, answer) == answer, f"{status} differs"
                    operation["responses"][status] = {"$ref": f"#/components/responses/{name}"}
