"""What FastAPI and the use cases raise, turned into problem+json."""

import difflib
from collections.abc import Sequence
from typing import Any, Final, cast

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match

from bitebyte.api.answers import ProblemResponse
from bitebyte.api.errors import (
    problem,
    problem_of_database,
    problem_of_denied,
    problem_of_invalid_cursor,
    problem_of_node_error,
    problem_of_unforeseen,
)
from bitebyte.api.strict_json import pointer_of
from bitebyte.node.types import NodeError
from bitebyte.repository.errors import DatabaseUnavailable, InvalidCursor
from bitebyte.service.errors import Busy, Denied

log = structlog.get_logger()

FAULTS_MAX: Final = 20
"""Faults listed in one answer."""


def add_exception_handlers(api: FastAPI) -> None:
    """Every foreseen exception gets its answer; the others end at the edge."""
    api.add_exception_handler(Denied, _on_denied)
    api.add_exception_handler(Busy, _on_node_error)
    api.add_exception_handler(NodeError, _on_node_error)
    api.add_exception_handler(InvalidCursor, _on_invalid_cursor)
    api.add_exception_handler(DatabaseUnavailable, _on_database_unavailable)
    api.add_exception_handler(RequestValidationError, _on_validation_error)
    api.add_exception_handler(HTTPException, _on_http_exception)
    api.add_exception_handler(Exception, _on_unforeseen)


def request_id_of(request: Request) -> str:
    """What the edge named this request."""
    return request.scope["state"]["request_id"]


async def _on_denied(request: Request, error: Exception) -> Response:
    assert isinstance(error, Denied), "registered for Denied"
    return ProblemResponse(problem_of_denied(error, request_id_of(request)))


async def _on_node_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, (NodeError, Busy)), "registered for these"
    return ProblemResponse(problem_of_node_error(error, request_id_of(request)))


async def _on_invalid_cursor(request: Request, error: Exception) -> Response:
    assert isinstance(error, InvalidCursor), "registered for InvalidCursor"
    return ProblemResponse(problem_of_invalid_cursor(error, request_id_of(request)))


async def _on_database_unavailable(request: Request, error: Exception) -> Response:
    assert isinstance(error, DatabaseUnavailable), "registered for DatabaseUnavailable"
    log.warning("http.database_unavailable", reason=str(error), request_id=request_id_of(request))
    return ProblemResponse(problem_of_database(error, request_id_of(request)))


async def _on_unforeseen(request: Request, error: Exception) -> Response:
    # Starlette raises it again after this, and the edge writes it to the log.
    del error
    return ProblemResponse(problem_of_unforeseen(request_id_of(request)))


async def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException), "registered for HTTPException"
    request_id = request_id_of(request)
    if error.status_code == 405:
        allowed = ", ".join(allowed_methods(request.app.routes, request.scope))
        refused = problem(
            "method_not_allowed",
            f"Only {allowed} are answered here.",
            request_id=request_id,
            headers=((b"allow", allowed.encode()),),
        )
        return ProblemResponse(refused)
    if error.status_code == 404:
        refused = problem("not_found", "There is nothing at this address.", request_id=request_id)
        return ProblemResponse(refused)
    # What is left is FastAPI's own for bodies that it cannot read.
    refused = problem("invalid_json", "The body could not be read.", request_id=request_id)
    return ProblemResponse(refused)


def allowed_methods(routes: Sequence[BaseRoute], scope: Any) -> list[str]:
    """All methods of all routes at this path; Starlette names those of the first one only."""
    methods = set[str]()
    for route in routes:
        match, _ = route.matches(scope)
        if match is not Match.NONE:
            methods |= set(getattr(route, "methods", None) or ())
    if "GET" in methods:
        methods.add("HEAD")
    return sorted(methods)


async def _on_validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError), "registered for RequestValidationError"
    faults = cast("Sequence[dict[str, Any]]", error.errors())
    request_id = request_id_of(request)
    if any(fault["loc"] == ("body",) and fault["type"] == "missing" for fault in faults):
        return ProblemResponse(
            problem("body_required", "A JSON body is required.", request_id=request_id)
        )
    listed = [_fault(fault, request.scope.get("route")) for fault in faults[:FAULTS_MAX]]
    return ProblemResponse(
        problem(
            "validation_failed",
            f"{len(faults)} {'field is' if len(faults) == 1 else 'fields are'} at fault.",
            request_id=request_id,
            errors=listed,
        )
    )


def _fault(fault: dict[str, Any], route: object) -> dict[str, str]:
    """One fault, without what was sent: it may be a password, or nothing that JSON can say."""
    where, *path = fault["loc"]
    message = str(fault["msg"]).removeprefix("Value error, ")
    message = message[:1].lower() + message[1:]
    if fault["type"] == "extra_forbidden":
        message = "unknown field" + _suggestion(path, route)
    # A union names its members in the path; they are no fields.
    fields = tuple(part for part in path if not _is_union_member(part))
    described = {"pointer": pointer_of(fields), "message": message}
    if where != "body":
        described["in"] = str(where)
    return described


def _is_union_member(part: str | int) -> bool:
    return isinstance(part, str) and ("[" in part or "(" in part)


def _suggestion(path: Sequence[str | int], route: object) -> str:
    """The nearest field that there is, for typing errors on the outermost level."""
    if len(path) != 1 or not isinstance(route, APIRoute) or route.body_field is None:
        return ""
    model = route.body_field.field_info.annotation
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        return ""
    nearest = difflib.get_close_matches(str(path[0]), model.model_fields, n=1)
    return f"; did you mean `{nearest[0]}`?" if nearest else ""
