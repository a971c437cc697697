"""One open stream: a pump that picks what its viewer may see, and a writer.

The pump follows the node's events and puts what may be seen on a bounded queue; the writer
sends, keeps the connection awake, looks again whether the viewer still may see all this, and
drops a client that does not read.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
import structlog
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from bitebyte.domain.results import Event
from bitebyte.node.types import EventsExpired, NodeError
from bitebyte.service.errors import Busy, Denied
from bitebyte.service.events import (
    AVAILABILITY_CHANGED,
    Events,
    SeenEvent,
    seen_by_guest,
    seen_by_staff,
)

HEARTBEAT_S: Final = 10.0
"""Well below the idle timeout of common proxies (60 s)."""

PERMISSION_CHECK_S: Final = 4.0
"""A session that ended is felt by its streams within five seconds, the check itself included."""

SEND_TIMEOUT_S: Final = 20.0
"""A client that takes nothing for so long is gone."""

QUEUE_MAX: Final = 1_000
"""Frames that wait for a slow client; one that falls behind further is dropped and resumes."""

AVAILABILITY_INTERVAL_S: Final = 1.0

RETRY_MS: Final = 1_000

View = Callable[[Event], Awaitable[SeenEvent | None]]

log = structlog.get_logger()


class OpenStreams:
    """How many streams this node serves; bounded, and all of them can be ended."""

    def __init__(self, streams_max: int) -> None:
        self._streams_max = streams_max
        self._tasks = set[asyncio.Task[None]]()
        self._is_closed = False

    def admit(self) -> None:
        """Raises Busy when one more is too many, or when the node is stopping."""
        if self._is_closed or len(self._tasks) >= self._streams_max:
            raise Busy("This node serves as many event streams as it can.")

    def close(self) -> None:
        """Ends all streams, and lets none begin."""
        self._is_closed = True
        for task in self._tasks:
            task.cancel()

    async def run(self, writer: Awaitable[None]) -> None:
        """Runs one stream to its end."""
        task = asyncio.ensure_future(writer)
        self._tasks.add(task)
        try:
            await asyncio.wait({task})
        finally:
            self._tasks.discard(task)
            task.cancel()
        if not task.cancelled():
            task.result()


class _Frame(msgspec.Struct, frozen=True, gc=False):
    """Bytes to send, and the position after them."""

    data: bytes
    index: int


class EventStream(Response):
    """An answer that goes on until its viewer leaves, may no longer watch, or falls behind."""

    media_type = "text/event-stream"

    def __init__(
        self,
        events: Events,
        view: View,
        *,
        viewer: str,
        streams: OpenStreams,
        is_allowed: Callable[[], Awaitable[bool]],
        after_index: int | None,
    ) -> None:
        streams.admit()
        super().__init__(
            headers={
                "BiteByte-Index": str(events.newest_index),
                "Cache-Control": "no-store, no-transform",
                "X-Accel-Buffering": "no",
            }
        )
        del self.headers["content-length"]
        self._events = events
        self._view = view
        self._viewer = viewer
        self._streams = streams
        self._is_allowed = is_allowed
        self._after_index = after_index
        self._queue = asyncio.Queue[_Frame](QUEUE_MAX)
        self._position = 0
        self._sent_index = 0
        self._is_availability_due = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send(
            {
                "type": "http.response.start",
                "status": self.status_code,
                "headers": self.raw_headers,
            }
        )
        if not scope.get("bitebyte.is_head"):
            await self._streams.run(self._serve(receive, send))
        with contextlib.suppress(OSError):
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _serve(self, receive: Receive, send: Send) -> None:
        pump = asyncio.create_task(self._pump())
        gone = asyncio.create_task(_disconnected(receive))
        writer = asyncio.create_task(self._write(send))
        tasks = {pump, gone, writer}
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
        for result in results:
            if isinstance(result, (NodeError, Denied, TimeoutError, OSError, asyncio.QueueFull)):
                log.debug("events.stream_ended", reason=type(result).__name__)
            elif isinstance(result, Exception):
                raise result

    async def _pump(self) -> None:
        """Ends with QueueFull when the client is too slow."""
        after_index = self._after_index
        if after_index is None:
            after_index = self._events.newest_index
            self._put(
                _encode("hello", after_index, {"viewer": self._viewer}, is_last=True), after_index
            )
        elif not await self._events.can_resume(after_index):
            after_index = self._reset()
        while True:
            try:
                await self._follow(after_index)
            except EventsExpired:
                after_index = self._reset()

    def _reset(self) -> int:
        index = self._events.newest_index
        self._put(_encode("reset", index, {}, is_last=True), index)
        return index

    async def _follow(self, after_index: int) -> None:
        self._position = after_index
        async for entry in self._events.follow(after_index):
            seen = list[SeenEvent]()
            for event in entry.events:
                one = await self._view(event)
                if one is None:
                    continue
                if one.kind == AVAILABILITY_CHANGED:
                    self._note_availability(entry.index)
                else:
                    seen.append(one)
            if seen:
                last = len(seen) - 1
                self._put(
                    b"".join(
                        _encode(one.kind, entry.index, one.payload, is_last=number == last)
                        for number, one in enumerate(seen)
                    ),
                    entry.index,
                )
            self._position = entry.index

    def _note_availability(self, index: int) -> None:
        """Many changes of the stock become one event a second; an empty frame wakes the writer."""
        if not self._is_availability_due:
            self._is_availability_due = True
            self._put(b"", index)

    def _put(self, data: bytes, index: int) -> None:
        self._queue.put_nowait(_Frame(data, index))

    async def _write(self, send: Send) -> None:
        """Ends by TimeoutError or OSError when the client is gone, by Denied or NodeError when
        it may no longer watch, or when nobody can say whether it may."""
        loop = asyncio.get_running_loop()
        await _send(send, b"retry: %d\n\n" % RETRY_MS)
        heartbeat_at_s = loop.time() + HEARTBEAT_S
        check_at_s = loop.time() + PERMISSION_CHECK_S
        availability_at_s = loop.time()
        while True:
            wake_at_s = min(heartbeat_at_s, check_at_s)
            if self._is_availability_due:
                wake_at_s = min(wake_at_s, availability_at_s)
            frame = await self._next_frame(wake_at_s)
            now_s = loop.time()
            if frame is not None and frame.data:
                await _send(send, frame.data)
                self._sent_index = frame.index
                heartbeat_at_s = now_s + HEARTBEAT_S
            if self._is_availability_due and now_s >= availability_at_s:
                self._is_availability_due = False
                availability_at_s = now_s + AVAILABILITY_INTERVAL_S
                await _send(
                    send, _encode(AVAILABILITY_CHANGED, self._sent_up_to(), {}, is_last=True)
                )
            if now_s >= check_at_s:
                if not await self._is_allowed():
                    return
                check_at_s = now_s + PERMISSION_CHECK_S
            if now_s >= heartbeat_at_s:
                await _send(send, b": still here\nid: %d\n\n" % self._sent_up_to())
                heartbeat_at_s = now_s + HEARTBEAT_S

    async def _next_frame(self, wake_at_s: float) -> _Frame | None:
        try:
            async with asyncio.timeout_at(wake_at_s):
                return await self._queue.get()
        except TimeoutError:
            return None

    def _sent_up_to(self) -> int:
        """The position that a client may resume from after all that was sent."""
        return self._position if self._queue.empty() else self._sent_index


def staff_view(bar_id: str) -> View:
    """What those see who work at the bar."""

    async def seen(event: Event) -> SeenEvent | None:
        return seen_by_staff(event, bar_id)

    return seen


def guest_view(bar_id: str) -> View:
    """What everybody may see of the bar."""

    async def seen(event: Event) -> SeenEvent | None:
        return seen_by_guest(event, bar_id)

    return seen


def _encode(kind: str, index: int, payload: dict[str, Any], *, is_last: bool) -> bytes:
    """An event; the last one of an index names it as the position. A payload that has a `kind`
    of its own (a notification's) keeps it beside the stream's as `about`."""
    data = {**payload, "kind": kind, "index": index}
    if "kind" in payload:
        data["about"] = payload["kind"]
    head = b"id: %d\n" % index if is_last else b""
    return b"%sevent: %s\ndata: %s\n\n" % (head, kind.encode(), msgspec.json.encode(data))


async def _send(send: Send, data: bytes) -> None:
    async with asyncio.timeout(SEND_TIMEOUT_S):
        await send({"type": "http.response.body", "body": data, "more_body": True})


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
