"""The admin API of one node as an ASGI callable."""

import ipaddress
from collections.abc import Iterable
from typing import Final

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from bitebyte.api.admin import identity, log_pages, members, snapshots, verification
from bitebyte.api.admin.founding import Found, founding_router
from bitebyte.api.admin.problems import add_admin_exception_handlers
from bitebyte.api.admin.state import AdminState, StoredEntries
from bitebyte.api.edge import Edge, send_problem
from bitebyte.api.errors import problem_of_denied
from bitebyte.api.headers import SECURITY_HEADERS
from bitebyte.api.health import health_routes
from bitebyte.node.node import Node
from bitebyte.service.errors import Denied

ADMIN_PATH: Final = "/admin/v1"

BROWSER_HEADERS: Final = frozenset({b"origin", b"sec-fetch-site", b"sec-fetch-mode"})


def create_admin_app(
    node: Node, entries: StoredEntries, *, is_tls: bool, found: Found | None = None
) -> ASGIApp:
    """Everything that an operator can ask of a running node.

    Without TLS it believes whoever reaches it: to be served on loopback only. Without `found` this
    process cannot begin a cluster, and there is no such route.
    """
    api = FastAPI(title="BiteByte admin API", openapi_url=None, docs_url=None, redoc_url=None)
    api.state.admin = AdminState(node, entries)
    add_admin_exception_handlers(api)
    for part in (identity, members, log_pages, verification, snapshots):
        api.include_router(part.router, prefix=ADMIN_PATH)
    if found is not None:
        api.include_router(founding_router(found), prefix=ADMIN_PATH)
    api.router.routes.extend(health_routes(node, prefix=ADMIN_PATH))
    return Edge(
        ProgramsOnly(api, is_tls=is_tls),
        common_headers=SECURITY_HEADERS,
        applied_index=lambda: node.applied_index,
    )


class ProgramsOnly:
    """Keeps browsers out: a page that an operator happens to look at must not reach the listener
    on the same machine (OWASP: CSRF, DNS rebinding)."""

    def __init__(self, inner: ASGIApp, *, is_tls: bool) -> None:
        self._inner = inner
        self._is_tls = is_tls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._is_from_browser(scope["headers"]):
            refused = Denied("cross_site_request", "The admin API is for programs, not browsers.")
            await send_problem(send, problem_of_denied(refused, scope["state"]["request_id"]))
            return
        await self._inner(scope, receive, send)

    def _is_from_browser(self, headers: Iterable[tuple[bytes, bytes]]) -> bool:
        named = dict(headers)
        if not BROWSER_HEADERS.isdisjoint(named):
            return True
        # A name that an attacker owns and lets point to this machine is no name of this machine.
        return not self._is_tls and not _is_loopback(named.get(b"host", b"").decode("latin-1"))


def _is_loopback(host_header: str) -> bool:
    host = host_header.rpartition(":")[0] if not host_header.endswith("]") else host_header
    host = (host or host_header).removeprefix("[").removesuffix("]")
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
