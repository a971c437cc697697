"""How a route takes its body: bounded, in time, and strict before anything looks at it."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, ClassVar, Final

from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Message, Receive

from bitebyte.api.answers import JsonAnswer
from bitebyte.api.cookies import index_cookie
from bitebyte.api.cross_site import has_session_cookie, refuse_cross_site
from bitebyte.api.deps import app_state
from bitebyte.api.strict_json import parse_json
from bitebyte.domain.limits import MENU_FILE_BYTES_MAX
from bitebyte.service.errors import Denied
from bitebyte.service.sessions import SESSION_LIFETIME_MS

BASE_PATH: Final = "/api/v1"

BODY_BYTES_MAX: Final = 1024 * 1024
BODY_TIMEOUT_S: Final = 10.0
"""For the whole body: a client that trickles bytes holds no connection for longer."""

UNSAFE_METHODS: Final = frozenset({"POST", "PATCH", "PUT", "DELETE"})

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class StrictRoute(APIRoute):
    """A route whose body is JSON or nothing."""

    body_bytes_max: ClassVar[int] = BODY_BYTES_MAX
    media_types: ClassVar[tuple[str, ...]] = ("application/json",)
    reads_json: ClassVar[bool] = True

    def get_route_handler(self) -> Handler:
        handle = super().get_route_handler()

        async def handle_strictly(request: Request) -> Response:
            if request.method not in UNSAFE_METHODS:
                return await handle(request)
            refuse_cross_site(request.scope["headers"])
            body = await read_body(request, self.body_bytes_max)
            media_type = media_type_of(request)
            if body or media_type:
                self._check_media_type(media_type)
            if self.reads_json and body:
                parse_json(body)
            answer = await handle(Request(request.scope, replay(body, request.receive)))
            _remember_index(request, answer)
            return answer

        return handle_strictly

    def _check_media_type(self, media_type: str) -> None:
        if media_type not in self.media_types:
            raise Denied(
                "unsupported_media_type",
                f"Send {' or '.join(self.media_types)}, and say so in Content-Type.",
            )


class UploadRoute(StrictRoute):
    """A route that takes a menu file, which `domain` reads, off the event loop."""

    body_bytes_max = MENU_FILE_BYTES_MAX
    media_types = ("text/csv", "application/json")
    reads_json = False


def _remember_index(request: Request, answer: Response) -> None:
    """A browser is told the index of what it wrote, so that it reads that at any node."""
    if not isinstance(answer, JsonAnswer) or answer.written_index is None:
        return
    is_signing_in = "set-cookie" in answer.headers
    is_browser = "authorization" not in request.headers and has_session_cookie(
        request.headers.get("cookie", "").encode()
    )
    if not (is_signing_in or is_browser):
        return
    state = app_state(request)
    cookie = index_cookie(
        state.cluster_id,
        answer.written_index,
        age_s_max=SESSION_LIFETIME_MS // 1000,
        is_secure=state.settings.cookie_secure,
    )
    answer.headers.append("Set-Cookie", cookie)


async def read_body(request: Request, bytes_max: int) -> bytes:
    """The whole body.

    Raises Denied: `body_too_large` as soon as that is clear, `body_timeout` after 10 s,
    `unsupported_media_type` for a compressed body, which could unpack to anything.
    """
    if request.headers.get("content-encoding", "identity") != "identity":
        raise Denied("unsupported_media_type", "Send the body uncompressed.")
    declared = request.headers.get("content-length", "0")
    # The HTTP server has refused lengths that are no number.
    if declared.isascii() and declared.isdigit() and int(declared[:12]) > bytes_max:
        raise body_too_large(bytes_max)
    chunks = list[bytes]()
    size = 0
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            async for chunk in request.stream():
                size += len(chunk)
                if size > bytes_max:
                    raise body_too_large(bytes_max)
                chunks.append(chunk)
    except TimeoutError:
        raise Denied(
            "body_timeout", f"The body did not arrive within {BODY_TIMEOUT_S:g} seconds."
        ) from None
    except ClientDisconnect:
        raise Denied("body_timeout", "The connection was closed before the body ended.") from None
    return b"".join(chunks)


def body_too_large(bytes_max: int) -> Denied:
    """The body is over its bound."""
    return Denied("body_too_large", f"The body may have at most {bytes_max} bytes.")


def media_type_of(request: Request) -> str:
    """The content type without parameters, lower case; empty if there is none."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def replay(body: bytes, receive: Receive) -> Receive:
    """A channel that delivers `body` again, and after it what `receive` has to say."""
    is_delivered = False

    async def receive_again() -> Message:
        nonlocal is_delivered
        if is_delivered:
            return await receive()
        is_delivered = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_again
