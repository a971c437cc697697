"""The outermost callable: what is true of every request and of every answer.

Requests: bounded, printable addresses; no parameter twice. Answers: an id, the security
headers, the log index, no body for HEAD. An exception that nobody foresaw becomes a plain 500
that tells nothing but its request id, and a log line that tells all.
"""

import secrets
from collections.abc import Callable
from typing import Final
from urllib.parse import unquote_to_bytes

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bitebyte.api.errors import Problem, problem_of_denied, problem_of_unforeseen
from bitebyte.api.headers import Header
from bitebyte.api.strict_json import is_clean_text
from bitebyte.domain.results import FieldError
from bitebyte.service.errors import Denied

PATH_BYTES_MAX: Final = 2_048
QUERY_BYTES_MAX: Final = 4_096
PARAMETERS_MAX: Final = 32

API_PREFIX: Final = "/api/"

log = structlog.get_logger()


class Edge:
    """Wraps everything that this node serves."""

    def __init__(
        self,
        inner: ASGIApp,
        *,
        common_headers: tuple[Header, ...],
        applied_index: Callable[[], int],
        is_leaving: Callable[[], bool] = lambda: False,
        new_request_id: Callable[[], str] = lambda: secrets.token_hex(8),
    ) -> None:
        """While `is_leaving`, every answer is the last one on its connection: clients connect
        anew, and so come to a node that stays."""
        self._inner = inner
        self._common_headers = common_headers
        self._applied_index = applied_index
        self.is_leaving = is_leaving
        self.new_request_id = new_request_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request_id = self.new_request_id()
        answer = _Answer(self, scope, request_id, send)
        scope.setdefault("state", {})["request_id"] = request_id
        if scope["method"] == "HEAD":
            # Whoever answers GET answers HEAD; `_Answer` leaves the body out.
            scope = {**scope, "method": "GET", "bitebyte.is_head": True}
        try:
            refused = refuse_address(scope)
            if refused is not None:
                await send_problem(answer.send, problem_of_denied(refused, request_id))
                return
            await self._inner(scope, receive, answer.send)
        except OSError:
            # The client left while it was being answered.
            log.debug("http.client_left", request_id=request_id)
        except Exception as error:  # noqa: BLE001  one request must not end another
            await self._fail(error, scope, answer)

    async def _fail(self, error: Exception, scope: Scope, answer: "_Answer") -> None:
        log.error(
            "http.internal_error",
            request_id=answer.request_id,
            method=scope["method"],
            path=scope["path"],
            exc_info=error,
        )
        if answer.is_started:
            return
        await send_problem(answer.send, problem_of_unforeseen(answer.request_id))

    def finish_headers(self, scope: Scope, headers: list[Header], request_id: str) -> list[Header]:
        """The headers of an answer with those that every answer has."""
        finished = [*headers, *self._common_headers, (b"x-request-id", request_id.encode())]
        if self.is_leaving():
            finished.append((b"connection", b"close"))
        if scope["path"].startswith(API_PREFIX):
            names = {name for name, _ in headers}
            if b"bitebyte-index" not in names:
                finished.append((b"bitebyte-index", b"%d" % self._applied_index()))
            if b"cache-control" not in names:
                finished.append((b"cache-control", b"no-store"))
        return finished


class _Answer:
    """One answer on its way out."""

    def __init__(self, edge: Edge, scope: Scope, request_id: str, send: Send) -> None:
        self._edge = edge
        self._scope = scope
        self.request_id = request_id
        self._send = send
        self._is_head = scope["method"] == "HEAD"
        self.is_started = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.is_started = True
            headers = self._edge.finish_headers(
                self._scope, list(message.get("headers", ())), self.request_id
            )
            message = {**message, "headers": headers}
        elif self._is_head and message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await self._send(message)


async def send_problem(send: Send, sent: Problem) -> None:
    """Sends an error."""
    headers = [(b"content-length", b"%d" % len(sent.body)), *sent.headers]
    await send({"type": "http.response.start", "status": sent.status, "headers": headers})
    await send({"type": "http.response.body", "body": sent.body})


def refuse_address(scope: Scope) -> Denied | None:
    """Why this path or query is not even looked at; None if it is."""
    query = scope.get("query_string", b"")
    if len(scope.get("raw_path") or b"") > PATH_BYTES_MAX or len(query) > QUERY_BYTES_MAX:
        return Denied("path_too_long", "The address is too long.")
    if not is_clean_text(scope["path"]) or "\n" in scope["path"] or "\r" in scope["path"]:
        return Denied(
            "validation_failed",
            "The path contains control characters.",
            errors=(FieldError(pointer="", message="the path contains control characters"),),
        )
    return _refuse_query(query) if query else None


def _refuse_query(query: bytes) -> Denied | None:
    seen = set[bytes]()
    for part in query.split(b"&"):
        raw_name, _, raw_value = part.partition(b"=")
        name, value = _decode(raw_name), _decode(raw_value)
        if name is None or value is None:
            return _parameter_fault(raw_name, "must be UTF-8 without control characters")
        if name.encode() in seen:
            return _parameter_fault(raw_name, "is there more than once")
        seen.add(name.encode())
        if len(seen) > PARAMETERS_MAX:
            return _parameter_fault(b"", f"there are more than {PARAMETERS_MAX} parameters")
    return None


def _decode(part: bytes) -> str | None:
    try:
        text = unquote_to_bytes(part.replace(b"+", b" ")).decode("utf-8")
    except UnicodeDecodeError:
        return None
    return text if is_clean_text(text) else None


def _parameter_fault(raw_name: bytes, message: str) -> Denied:
    name = raw_name[:50].decode("ascii", "replace").replace("\ufffd", "?")
    return Denied(
        "validation_failed",
        "The query cannot be used.",
        errors=(FieldError(pointer=f"/{name}", message=message),),
    )
