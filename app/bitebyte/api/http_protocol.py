"""uvicorn's HTTP protocol, with a short way for ordinary orders and fewer system calls.

Measured: of the time that a leader spends on an order, half went into HTTP, and most of that
into what uvicorn and ASGI do for any request: a cycle object, several nested callables and
messages, two regular expressions a header, two writes. An ordinary order (`HotOrders` says which
those are) is answered here, straight from the parser to the socket. Everything else, and an order
whose body turns out to be out of the ordinary, goes uvicorn's way, as if it had been there from
the start; both ways give the same answers, and a test compares them.
"""

import asyncio
from http import HTTPStatus
from typing import Any, Final, cast

import structlog
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from bitebyte.api.edge import API_PREFIX, Edge
from bitebyte.api.errors import problem_of_denied, problem_of_unforeseen
from bitebyte.api.hot_orders import (
    BODY_BYTES_MAX,
    Answer,
    HotOrders,
    Recognised,
    answer_of,
    decode_lines,
)
from bitebyte.api.route import BODY_TIMEOUT_S
from bitebyte.domain.commands import OrderLineInput
from bitebyte.service.errors import Denied

JOINED_BYTES_MAX: Final = 64 * 1024
"""More than this is sent without waiting for the end of the loop's turn."""

_STATUS_LINES: Final = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus
}

_API_SCOPE: Final[dict[str, Any]] = {"path": API_PREFIX}
"""What `Edge.finish_headers` wants to know of the request."""

log = structlog.get_logger()


class JoinedWrites:
    """A transport that gathers what is written in one turn of the loop and sends it in one go.

    uvicorn writes head and body of an answer one after the other, and uvloop sends each at once.
    Everything but writing and closing goes straight to the transport underneath.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._parts: list[bytes] = []
        self._bytes = 0

    def write(self, data: bytes) -> None:
        """Sends `data` at the end of this turn of the loop, after what was written before."""
        if not self._parts:
            self._loop.call_soon(self.flush)
        self._parts.append(data)
        self._bytes += len(data)
        if self._bytes > JOINED_BYTES_MAX:
            self.flush()

    def flush(self) -> None:
        """Sends what was gathered."""
        if not self._parts:
            return
        data = b"".join(self._parts)
        self._parts.clear()
        self._bytes = 0
        # A connection that was lost meanwhile takes nothing, as it would have before.
        if not self._transport.is_closing():
            self._transport.write(data)

    def close(self) -> None:
        """Sends what was gathered, then closes."""
        self.flush()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class _DirectCycle:
    """Stands where uvicorn keeps the request under way, so that a pipelined one waits for it,
    a shutdown lets it finish, and a lost connection is noticed."""

    def __init__(self) -> None:
        self.response_complete = False
        self.disconnected = False
        self.keep_alive = True
        self.message_event = self

    def set(self) -> None:
        """uvicorn wakes whoever waits for the body; nobody does here."""


class NodeHttpProtocol(HttpToolsProtocol):
    """One connection of a node. `functools.partial` with the keyword arguments of this class is
    what `uvicorn.Config(http=...)` takes."""

    def __init__(
        self,
        *args: Any,
        orders: HotOrders,
        edge: Edge,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._orders = orders
        self._edge = edge
        self._recognised: Recognised | None = None
        self._body = b""
        self._body_deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]  as in uvicorn
        super().connection_made(cast("asyncio.Transport", JoinedWrites(transport, self.loop)))

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._recognised is not None and self._body_deadline is None:
            self._body_deadline = self.loop.call_later(BODY_TIMEOUT_S, self._give_up_on_body)

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget_request()
        super().connection_lost(exc)

    # Called by the parser.

    def on_headers_complete(self) -> None:
        if self._is_ordinary():
            self._recognised = self._orders.recognise(self.url.decode("ascii"), self.headers)
        if self._recognised is None:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if self._recognised is None:
            super().on_body(body)
            return
        self._body += body
        assert len(self._body) <= BODY_BYTES_MAX, "the parser holds a body to its declared length"

    def on_message_complete(self) -> None:
        recognised, body = self._recognised, self._body
        if recognised is None:
            super().on_message_complete()
            return
        self._forget_request()
        lines = decode_lines(body)
        if lines is None:
            super().on_headers_complete()
            super().on_body(body)
            super().on_message_complete()
            return
        cycle = _DirectCycle()
        self.cycle = cast("Any", cycle)
        task = self.loop.create_task(self._place(recognised, lines, cycle))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    # The short way.

    def _is_ordinary(self) -> bool:
        parser, cycle = cast("Any", self.parser), cast("Any", self.cycle)
        return (
            (cycle is None or cycle.response_complete)
            and parser.get_method() == b"POST"
            and self.url.isascii()
            and not self.expect_100_continue
            and parser.get_http_version() == "1.1"
            and parser.should_keep_alive()
            and not parser.should_upgrade()
        )

    def _forget_request(self) -> None:
        self._recognised = None
        self._body = b""
        if self._body_deadline is not None:
            self._body_deadline.cancel()
            self._body_deadline = None

    def _give_up_on_body(self) -> None:
        self._forget_request()
        late = Denied("body_timeout", "The body did not arrive in time.")
        request_id = self._edge.new_request_id()
        self._write(answer_of(problem_of_denied(late, request_id)), request_id)
        self.transport.close()

    async def _place(
        self, recognised: Recognised, lines: tuple[OrderLineInput, ...], cycle: _DirectCycle
    ) -> None:
        request_id = self._edge.new_request_id()
        try:
            answer = await self._orders.answer(recognised, lines, request_id)
        except Exception as error:  # noqa: BLE001  one request must not end another
            answer = _fail(error, request_id)
        # `self.cycle` may be that of a pipelined request by now, which waits for this one.
        cycle.response_complete = True
        if cycle.disconnected:
            return
        is_last = self._edge.is_leaving() or not cycle.keep_alive
        self._write(answer, request_id)
        if is_last:
            self.transport.close()
        self.on_response_complete()

    def _write(self, answer: Answer, request_id: str) -> None:
        status, headers, body = answer
        finished = self._edge.finish_headers(_API_SCOPE, headers, request_id)
        self.transport.write(
            b"".join(
                [
                    _STATUS_LINES[status],
                    *(b"%s: %s\r\n" % header for header in self.server_state.default_headers),
                    *(b"%s: %s\r\n" % header for header in finished),
                    b"\r\n",
                    body,
                ]
            )
        )


def _fail(error: Exception, request_id: str) -> Answer:
    log.error("http.internal_error", request_id=request_id, method="POST", exc_info=error)
    return answer_of(problem_of_unforeseen(request_id))
