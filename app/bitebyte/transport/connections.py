"""The two ends of a TCP connection between members, as protocols of the event loop."""

import asyncio
import socket
import ssl
from collections.abc import Callable, Sequence
from typing import Protocol, cast

from bitebyte.raft.messages import PeerMessage
from bitebyte.transport.frames import (
    Frame,
    FrameError,
    FrameReader,
    Hello,
    Messages,
    Refused,
    SnapshotBegin,
    StatusReport,
)
from bitebyte.transport.snapshot_link import SnapshotInbox

DEAD_PEER_TIMEOUT_MS = 3000
"""Unacknowledged data older than this closes a connection (TCP_USER_TIMEOUT), so a half-open
one is noticed; heartbeats make sure that there is always data."""


class SnapshotEvents(Protocol):
    """Who is told of arriving snapshots."""

    def on_snapshot(self, peer_id: int, inbox: SnapshotInbox) -> None: ...


class Acceptor(Protocol):
    """What an incoming connection needs of the links."""

    hello: Hello
    on_messages: Callable[[int, Sequence[PeerMessage]], None]
    on_status: Callable[[int, StatusReport], None]

    @property
    def events(self) -> SnapshotEvents: ...
    def incoming_opened(self, transport: asyncio.Transport) -> None: ...
    def incoming_closed(self, transport: asyncio.Transport) -> None: ...
    def incoming_known(self, transport: asyncio.Transport, hello: Hello) -> None: ...
    def refusal(
        self, hello: Hello, ssl_object: ssl.SSLObject | None
    ) -> tuple[str, bool] | None: ...
    def refuse(
        self, transport: asyncio.Transport, reason: str, is_removed: bool = False
    ) -> None: ...


class OutgoingConnection(asyncio.Protocol):
    """A dialled connection: it only writes. All that may come in is why it is refused."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.closed: asyncio.Future[None] = loop.create_future()
        self.on_lost: Callable[[], object] = lambda: None
        self.refused: Refused | None = None
        self.transport: asyncio.BaseTransport | None = None
        self._reader = FrameReader()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        try:
            for frame in self._reader.feed(data):
                if isinstance(frame, Refused):
                    self.refused = frame
        except FrameError:
            assert self.transport is not None
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self.on_lost()
        if not self.closed.done():
            self.closed.set_result(None)


class IncomingConnection(asyncio.Protocol):
    """An accepted connection: a Hello, then frames until it closes."""

    def __init__(self, links: Acceptor) -> None:
        self._links = links
        self._reader = FrameReader()
        self._peer_id: int | None = None
        self._is_for_snapshot = False
        self._inbox: SnapshotInbox | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports have the interface, but not the base class.
        self._transport = cast("asyncio.Transport", transport)
        tune(transport)
        self._links.incoming_opened(self._transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._inbox is not None:
            self._inbox.note_lost()
        if self._transport is not None:
            self._links.incoming_closed(self._transport)

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        if self._transport.is_closing():
            return
        try:
            for frame in self._reader.feed(data):
                self._accept(frame, self._transport)
                if self._transport.is_closing():
                    return
        except FrameError as error:
            self._links.refuse(self._transport, str(error))

    def _accept(self, frame: Frame, transport: asyncio.Transport) -> None:
        links = self._links
        if self._peer_id is None:
            self._greet(frame, transport)
        elif self._is_for_snapshot:
            self._accept_snapshot(frame, transport, self._peer_id)
        elif isinstance(frame, Messages):
            own_id = links.hello.member_id
            if any(m.sender != self._peer_id or m.to != own_id for m in frame.messages):
                links.refuse(transport, "sent a message in the name of, or to, another member")
                return
            links.on_messages(self._peer_id, frame.messages)
        elif isinstance(frame, StatusReport):
            links.on_status(self._peer_id, frame)
        else:
            links.refuse(transport, "sent a frame that has no place here")

    def _greet(self, frame: Frame, transport: asyncio.Transport) -> None:
        links = self._links
        if not isinstance(frame, Hello):
            links.refuse(transport, "did not say hello first")
            return
        refusal = links.refusal(frame, transport.get_extra_info("ssl_object"))
        if refusal is not None:
            links.refuse(transport, *refusal)
            return
        self._peer_id = frame.member_id
        self._is_for_snapshot = frame.purpose == "snapshot"
        links.incoming_known(transport, frame)

    def _accept_snapshot(self, frame: Frame, transport: asyncio.Transport, peer_id: int) -> None:
        if self._inbox is None and isinstance(frame, SnapshotBegin):
            self._inbox = SnapshotInbox(transport, frame)
            self._links.events.on_snapshot(peer_id, self._inbox)
        elif self._inbox is None or not self._inbox.feed(frame):
            self._links.refuse(transport, "sent a frame that has no place in a snapshot")


def tune(transport: asyncio.BaseTransport) -> None:
    """Small frames leave at once, and a dead peer is noticed."""
    sock = transport.get_extra_info("socket")
    if sock is None:
        return
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    user_timeout = getattr(socket, "TCP_USER_TIMEOUT", None)
    if user_timeout is not None:
        sock.setsockopt(socket.IPPROTO_TCP, user_timeout, DEAD_PEER_TIMEOUT_MS)
