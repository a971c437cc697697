"""/livez, /readyz and /metrics, over plain HTTP: nothing is secret, nothing can be changed."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from typing import Final

import msgspec

from bitebyte_operator.metrics import Metrics

REQUEST_S_MAX: Final = 5.0
REQUEST_BYTES_MAX: Final = 8192
CONNECTIONS_MAX: Final = 32
"""A kubelet and a few scrapers; more are closed at once."""


class Health(msgspec.Struct, frozen=True):
    """How the operator is. Both answer with what is wrong, or with nothing."""

    why_not_alive: Callable[[], str]
    why_not_ready: Callable[[], str]


@contextlib.asynccontextmanager
async def serving_health(
    health: Health, metrics: Metrics, *, host: str, port: int
) -> AsyncGenerator[int]:
    """Serves for the length of the context, and yields the port. Raises OSError."""
    open_now = 0

    async def on_connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal open_now
        open_now += 1
        try:
            if open_now <= CONNECTIONS_MAX:
                async with asyncio.timeout(REQUEST_S_MAX):
                    await _answer(reader, writer, health, metrics)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            open_now -= 1
            writer.close()

    server = await asyncio.start_server(on_connection, host, port, limit=REQUEST_BYTES_MAX)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def _answer(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, health: Health, metrics: Metrics
) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    method, _, rest = head.partition(b" ")
    path = rest.partition(b" ")[0].partition(b"?")[0]
    content_type = "text/plain; charset=utf-8"
    if method not in (b"GET", b"HEAD"):
        status, body = "405 Method Not Allowed", b"GET only\n"
    elif path == b"/metrics":
        status, body, content_type = "200 OK", metrics.exposition(), metrics.content_type
    elif path in (b"/livez", b"/readyz"):
        told = health.why_not_alive() if path == b"/livez" else health.why_not_ready()
        status = "503 Service Unavailable" if told else "200 OK"
        body = f"{told or 'ok'}\n".encode()
    else:
        status, body = "404 Not Found", b"/metrics, /livez, /readyz\n"
    writer.write(
        f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
        "Connection: close\r\n\r\n".encode()
    )
    if method != b"HEAD":
        writer.write(body)
    await writer.drain()
