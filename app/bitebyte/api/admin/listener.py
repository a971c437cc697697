"""Serves the admin API at an address of its own."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncGenerator, Generator
from typing import Final

import structlog
import uvicorn
from starlette.types import ASGIApp

from bitebyte.transport import PeerTls

ADMIN_BACKLOG: Final = 64
ADMIN_CONNECTIONS_MAX: Final = 64
"""A few operators and a controller; requests beyond that are refused, not queued."""

ADMIN_SHUTDOWN_S: Final = 5
"""Time for answers under way when the node is told to stop."""

log = structlog.get_logger()


class _AdminServer(uvicorn.Server):
    """uvicorn without signal handlers: the composition root decides when the process ends."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


@contextlib.asynccontextmanager
async def serving_admin(
    app: ASGIApp, *, host: str, port: int, tls: PeerTls | None
) -> AsyncGenerator[int]:
    """Serves `app` for the length of the context, and yields the port.

    With `tls` only to whoever shows a certificate of its CA. Raises TlsConfigError, or OSError if
    the address cannot be listened on.
    """
    context = tls.server_context() if tls is not None else None
    listening = socket.create_server(
        (host, port),
        family=socket.AF_INET6 if ":" in host else socket.AF_INET,
        backlog=ADMIN_BACKLOG,
    )
    with listening:
        port = listening.getsockname()[1]
        server = _AdminServer(_server_config(app, context))
        task = asyncio.create_task(server.serve(sockets=[listening]))
        log.info("admin.started", host=host, port=port, is_tls=context is not None)
        try:
            yield port
        finally:
            server.should_exit = True
            await task


def _server_config(app: ASGIApp, context: ssl.SSLContext | None) -> uvicorn.Config:
    def made_before(*_: object) -> ssl.SSLContext:
        assert context is not None, "asked for with TLS only"
        return context

    return uvicorn.Config(
        app,
        loop="none",
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=ADMIN_CONNECTIONS_MAX,
        timeout_graceful_shutdown=ADMIN_SHUTDOWN_S,
        ssl_context_factory=made_before if context is not None else None,
    )
