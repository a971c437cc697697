"""All HTTP of one node in one ASGI callable."""

from functools import partial
from pathlib import Path
from typing import Final

import msgspec
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from bitebyte.api.deps import AppState
from bitebyte.api.edge import API_PREFIX, Edge
from bitebyte.api.event_stream import OpenStreams
from bitebyte.api.headers import common_headers
from bitebyte.api.health import health_routes
from bitebyte.api.hot_orders import HotOrders
from bitebyte.api.http_protocol import NodeHttpProtocol
from bitebyte.api.openapi import build_api, document_of
from bitebyte.api.problems import add_exception_handlers
from bitebyte.api.route import BASE_PATH
from bitebyte.api.settings import ApiSettings
from bitebyte.api.site import Site, load_site
from bitebyte.node.node import Node
from bitebyte.repository.queries import Queries
from bitebyte.service.clock import Clock, SystemClock
from bitebyte.service.ids import IdSource, Uuid7Source
from bitebyte.service.services import build_services
from bitebyte.service.tokens import TokenSource, new_token

HEALTH_PATHS: Final = frozenset({"/livez", "/readyz"})


class App:
    """The ASGI callable of a node. `close_streams` lets the node stop without waiting for
    browsers that watch."""

    def __init__(self, edge: Edge, orders: HotOrders, streams: OpenStreams) -> None:
        self._outermost = edge
        self._streams = streams
        self.http_protocol = partial(NodeHttpProtocol, orders=orders, edge=edge)
        """For `uvicorn.Config(http=...)`: serves the same, ordinary orders faster."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._outermost(scope, receive, send)

    def close_streams(self) -> None:
        """Ends the event streams; their clients resume at another node."""
        self._streams.close()


def create_app(
    *,
    node: Node,
    queries: Queries,
    settings: ApiSettings,
    site_dir: Path | None,
    clock: Clock | None = None,
    ids: IdSource | None = None,
    token_source: TokenSource = new_token,
) -> App:
    """Site, API and health of a running node.

    `site_dir` is the built site, or None. Raises SiteError if it is something else.
    """
    services = build_services(
        node=node,
        queries=queries,
        clock=clock or SystemClock(),
        ids=ids or Uuid7Source(),
        new_token=token_source,
    )
    streams = OpenStreams(settings.streams_max)
    cluster_id = node.identity.cluster_id
    api = _build_served_api(node)
    api.state.bitebyte = AppState(services, settings, streams, cluster_id)
    hot_orders = HotOrders(services=services, settings=settings, cluster_id=cluster_id)
    site = Site(load_site(site_dir))

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        if path.startswith(API_PREFIX) or path == "/api" or path in HEALTH_PATHS:
            await api(scope, receive, send)
        else:
            await site(scope, receive, send)

    edge = Edge(
        dispatch,
        common_headers=common_headers(is_secure=settings.cookie_secure),
        applied_index=lambda: node.applied_index,
        is_leaving=lambda: node.is_leaving,
    )
    return App(edge, hot_orders, streams)


def _build_served_api(node: Node) -> FastAPI:
    api = build_api()
    add_exception_handlers(api)
    document = msgspec.json.encode(document_of(api))

    async def openapi(request: Request) -> Response:
        del request
        return Response(
            document, media_type="application/json", headers={"Cache-Control": "no-cache"}
        )

    api.router.routes.append(Route(f"{BASE_PATH}/openapi.json", openapi, methods=["GET"]))
    api.router.routes.extend(health_routes(node))
    return api
