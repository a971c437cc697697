"""What handlers are given: the services, who asks, and how fresh a read must be."""

from typing import Annotated, Final

import msgspec
from fastapi import Depends, Header, Query, Request, Security
from fastapi.security import APIKeyCookie, HTTPBearer

from bitebyte.api.answers import INDEX_HEADER
from bitebyte.api.cookies import (
    INDEX_COOKIE,
    INDEX_MAX,
    SECURE_SESSION_COOKIE,
    cookie_value,
    index_of_cookie,
    session_cookie_name,
)
from bitebyte.api.event_stream import OpenStreams
from bitebyte.api.settings import ApiSettings
from bitebyte.service.errors import Denied
from bitebyte.service.reading import Consistency, ReadIntent
from bitebyte.service.services import Services
from bitebyte.service.sessions import Caller, not_authenticated

MIN_INDEX_HEADER: Final = "BiteByte-Min-Index"
PAGE_LIMIT_MAX: Final = 200
PAGE_LIMIT_DEFAULT: Final = 50

ANSWER_HEADERS: Final = (INDEX_HEADER, "X-Request-Id")


class AppState(msgspec.Struct, frozen=True):
    """What the application holds for its handlers."""

    services: Services
    settings: ApiSettings
    streams: OpenStreams
    cluster_id: int


def app_state(request: Request) -> AppState:
    """The state of the application that serves this request."""
    state = request.app.state.bitebyte
    assert isinstance(state, AppState), "create_app sets the state"
    return state


async def _state(request: Request) -> AppState:
    # FastAPI runs plain functions in a thread, so every dependency here is a coroutine.
    return app_state(request)


async def _services(request: Request) -> Services:
    return app_state(request).services


_bearer = HTTPBearer(auto_error=False, description="The `token` of `POST /session`.")
_cookie = APIKeyCookie(
    name=SECURE_SESSION_COOKIE,
    auto_error=False,
    description="Set by `POST /session`. On plain HTTP its name is `bitebyte_session`.",
)


def token_of(request: Request) -> str | None:
    """The session token of the request. A bearer goes before a cookie."""
    authorization = request.headers.get("authorization")
    if authorization is not None:
        scheme, _, token = authorization.partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""
    name = session_cookie_name(is_secure=app_state(request).settings.cookie_secure)
    return cookie_value(request.headers.get("cookie", ""), name)


async def _min_index(
    request: Request,
    min_index: Annotated[
        str | None,
        Header(
            alias=MIN_INDEX_HEADER,
            description="Wait until the node has this log index; 503 `node_behind` if it is late.",
        ),
    ] = None,
) -> int:
    if min_index is not None:
        if not (min_index.isascii() and min_index.isdigit() and int(min_index[:20]) <= INDEX_MAX):
            raise Denied("min_index_invalid", f"{MIN_INDEX_HEADER} must be a log index.")
        return int(min_index)
    value = cookie_value(request.headers.get("cookie", ""), INDEX_COOKIE)
    return 0 if value is None else index_of_cookie(value, app_state(request).cluster_id)


ConsistencyParameter = Annotated[
    Consistency | None,
    Query(
        description="`linearizable`: sees everything confirmed anywhere before. `session`"
        " (default when signed in): sees your own writes. `stale` (default otherwise): whatever"
        " the node has at hand."
    ),
]


async def _caller(
    request: Request,
    bearer: Annotated[object, Security(_bearer)],
    cookie: Annotated[object, Security(_cookie)],
) -> Caller:
    del bearer, cookie  # They document; token_of decides.
    token = token_of(request)
    if not token:
        raise not_authenticated()
    return await app_state(request).services.sessions.authenticate(token)


async def _caller_or_guest(
    request: Request,
    bearer: Annotated[object, Security(_bearer)],
    cookie: Annotated[object, Security(_cookie)],
) -> Caller | None:
    del bearer, cookie
    token = token_of(request)
    if not token:
        return None
    try:
        return await app_state(request).services.sessions.authenticate(token)
    except Denied:
        # A browser keeps sending the cookie of a session that is over, and what is public stays
        # open to it. A program that sends a token means it.
        if "authorization" in request.headers:
            raise
        return None


async def _signed_in_intent(
    min_index: Annotated[int, Depends(_min_index)], consistency: ConsistencyParameter = None
) -> ReadIntent:
    return _intent(consistency, Consistency.SESSION, min_index)


async def _public_intent(
    request: Request,
    min_index: Annotated[int, Depends(_min_index)],
    consistency: ConsistencyParameter = None,
) -> ReadIntent:
    default = Consistency.SESSION if token_of(request) else Consistency.STALE
    return _intent(consistency, default, min_index)


def _intent(asked: Consistency | None, default: Consistency, min_index: int) -> ReadIntent:
    return ReadIntent(asked or default, min_index, denies_at_once=asked is Consistency.STALE)


class PageRequest(msgspec.Struct, frozen=True):
    """Which page of a list."""

    limit: int
    cursor: str | None


async def _page(
    limit: Annotated[int, Query(ge=1, le=PAGE_LIMIT_MAX)] = PAGE_LIMIT_DEFAULT,
    cursor: Annotated[
        str | None,
        Query(max_length=1024, description="`next_cursor` of the page before."),
    ] = None,
) -> PageRequest:
    return PageRequest(limit, cursor)


WithServices = Annotated[Services, Depends(_services)]
WithState = Annotated[AppState, Depends(_state)]
SignedIn = Annotated[Caller, Depends(_caller)]
MaybeSignedIn = Annotated[Caller | None, Depends(_caller_or_guest)]
OwnRead = Annotated[ReadIntent, Depends(_signed_in_intent)]
PublicRead = Annotated[ReadIntent, Depends(_public_intent)]
Paging = Annotated[PageRequest, Depends(_page)]
