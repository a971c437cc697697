"""The addresses of a process: they stay open while one member ends and the next one begins."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator, Generator
from typing import Final

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from bitebyte.api.admin.listener import serving_admin
from bitebyte.api.app import App
from bitebyte.api.edge import send_problem
from bitebyte.api.errors import problem
from bitebyte.config import Address, NodeConfig
from bitebyte.transport import PeerTls

HTTP_BACKLOG: Final = 1024
HTTP_SHUTDOWN_S: Final = 5
"""Time for answers under way when the node is told to stop. Streams end at once."""

LAST_CALL_S: Final = 0.1
"""For the first bytes of a request on a connection that was made before the address was closed."""

MEMBER_PATIENCE_S: Final = 5.0
"""How long an admin request waits for a member to be there. The next one needs a tenth of that."""


class CurrentApp:
    """Serves whichever app is shown last; in between requests wait for the next one."""

    def __init__(self) -> None:
        self._app: ASGIApp | None = None
        self._is_shown = asyncio.Event()

    def show(self, app: ASGIApp) -> None:
        """From now on this one answers."""
        self._app = app
        self._is_shown.set()

    def hide(self) -> None:
        """Until the next one is shown, requests wait."""
        self._is_shown.clear()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with asyncio.timeout(MEMBER_PATIENCE_S):
                await self._is_shown.wait()
        except TimeoutError:
            text = "This node is starting: its database does not answer yet. Try again."
            await send_problem(send, problem("node_starting", text, request_id=""))
            return
        assert self._app is not None, "it was shown"
        await self._app(scope, receive, send)


class HttpServer(uvicorn.Server):
    """uvicorn for the site and the API of one member, without signal handlers: the process decides
    when it ends."""

    def __init__(self, app: App) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                loop="none",
                http=app.http_protocol,  # pyright: ignore[reportArgumentType]  any callable that makes a protocol
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                date_header=True,
                proxy_headers=False,
                backlog=HTTP_BACKLOG,
                timeout_graceful_shutdown=HTTP_SHUTDOWN_S,
            )
        )

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield

    async def last_call(self) -> None:
        """Takes no more connections, and lets those that were just made say what they want: uvicorn
        would close them unheard."""
        for server in self.servers:
            server.close()
        await asyncio.sleep(LAST_CALL_S)


def listen(address: Address) -> socket.socket:
    """A listening socket. Raises OSError if the address is taken."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    return socket.create_server((address.host, address.port), family=family, backlog=HTTP_BACKLOG)


@contextlib.asynccontextmanager
async def admin_listener(config: NodeConfig, app: ASGIApp) -> AsyncGenerator[None]:
    """The admin API for the length of the context, if there shall be one. Raises TlsConfigError,
    or OSError if the address is taken."""
    address = config.admin_listen
    if address is None:
        yield
        return
    tls = None
    if config.admin_ca_file is not None:
        assert config.admin_certificate_file is not None, "the configuration was checked"
        assert config.admin_key_file is not None, "the configuration was checked"
        tls = PeerTls(config.admin_ca_file, config.admin_certificate_file, config.admin_key_file)
    async with serving_admin(app, host=address.host, port=address.port, tls=tls):
        yield
