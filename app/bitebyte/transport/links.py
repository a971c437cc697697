"""All peer links of one member: one listener, and one dialled connection to each peer."""

import asyncio
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import structlog

from bitebyte.raft.messages import PeerMessage
from bitebyte.transport.frames import (
    PROTOCOL_VERSION,
    Frame,
    FrameError,
    FrameReader,
    Hello,
    Messages,
    StatusReport,
    encode_frame,
)
from bitebyte.transport.tls import PeerTls, certificate_names

UNSENT_BYTES_MAX = 16 * 1024 * 1024
"""Bytes waiting in one connection before messages are dropped. Raft sends again, and a peer
that does not read must not fill our memory."""

DIAL_DELAY_S_MIN = 0.05
DIAL_DELAY_S_MAX = 1.0
"""Waits between attempts to dial double from min to max: a peer that restarts is found within
a second, a peer that is gone costs one attempt a second."""

DIAL_TIMEOUT_S = 2.0
DEAD_PEER_TIMEOUT_MS = 3000
"""Unacknowledged data older than this closes a connection (TCP_USER_TIMEOUT), so a half-open
one is noticed; heartbeats make sure that there is always data."""

log = structlog.get_logger()


@dataclass(frozen=True)
class PeerAddress:
    """Where a member listens for its peers. The id is its identity, the address is not."""

    id: int
    name: str
    host: str
    port: int


class PeerLinks:
    """Sends to and receives from all peers of one member, on the event loop that starts it.

    `on_messages(sender_id, messages)` and `on_status(sender_id, report)` are called on that
    loop, in order per connection.
    """

    def __init__(
        self,
        *,
        hello: Hello,
        listen_host: str,
        listen_port: int,
        peers: Sequence[PeerAddress],
        tls: PeerTls | None,
        on_messages: Callable[[int, Sequence[PeerMessage]], None],
        on_status: Callable[[int, StatusReport], None],
    ) -> None:
        self.hello = hello
        self.peers = {peer.id: peer for peer in peers if peer.id != hello.member_id}
        self.on_messages = on_messages
        self.on_status = on_status
        self._listen_host = listen_host
        self._listen_port = listen_port
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._dialers: list[asyncio.Task[None]] = []
        self._outgoing: dict[int, asyncio.Transport] = {}
        self._incoming: set[asyncio.Transport] = set()

    async def start(self) -> None:
        """Listens, and starts dialling. Raises OSError if the address is taken."""
        loop = asyncio.get_running_loop()
        context = self._tls.server_context() if self._tls else None
        self._server = await loop.create_server(
            lambda: _Incoming(self), self._listen_host, self._listen_port, ssl=context
        )
        client_context = self._tls.client_context() if self._tls else None
        for peer in self.peers.values():
            self._dialers.append(loop.create_task(self._dial_forever(peer, client_context)))

    async def stop(self) -> None:
        """Closes everything. What was not sent is lost."""
        for dialer in self._dialers:
            dialer.cancel()
        await asyncio.gather(*self._dialers, return_exceptions=True)
        for transport in [*self._outgoing.values(), *self._incoming]:
            transport.abort()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    def send(self, peer_id: int, messages: Sequence[PeerMessage]) -> None:
        """Sends in one frame, or drops, without waiting."""
        self._write(peer_id, Messages(tuple(messages)))

    def broadcast(self, report: StatusReport) -> None:
        """Sends the report to every connected peer."""
        for peer_id in self.peers:
            self._write(peer_id, report)

    def is_connected(self, peer_id: int) -> bool:
        """Whether a dialled connection to that peer is up."""
        return peer_id in self._outgoing

    def _write(self, peer_id: int, frame: Frame) -> None:
        transport = self._outgoing.get(peer_id)
        if transport is None or transport.is_closing():
            return
        if transport.get_write_buffer_size() > UNSENT_BYTES_MAX:
            return
        transport.write(encode_frame(frame))

    def incoming_opened(self, transport: asyncio.Transport) -> None:
        """An `_Incoming` has a connection now."""
        self._incoming.add(transport)

    def incoming_closed(self, transport: asyncio.Transport) -> None:
        """An `_Incoming` has lost its connection."""
        self._incoming.discard(transport)

    async def _dial_forever(self, peer: PeerAddress, context: ssl.SSLContext | None) -> None:
        loop = asyncio.get_running_loop()
        delay_s = DIAL_DELAY_S_MIN
        was_reported = False
        while True:
            # Lost in the very callback that tells of it: a later one would leave a moment in which
            # a message is written to a transport that no longer exists, which is an error.
            protocol = _Outgoing(loop, on_lost=lambda: self._outgoing.pop(peer.id, None))
            try:
                async with asyncio.timeout(DIAL_TIMEOUT_S):
                    transport, _ = await loop.create_connection(
                        lambda p=protocol: p,
                        peer.host,
                        peer.port,
                        ssl=context,
                        server_hostname=peer.name if context else None,
                    )
            except (OSError, TimeoutError) as error:
                if not was_reported:
                    log.warning("peer.unreachable", peer=peer.name, reason=str(error) or "timeout")
                    was_reported = True
                await asyncio.sleep(delay_s)
                delay_s = min(delay_s * 2, DIAL_DELAY_S_MAX)
                continue
            _tune(transport)
            transport.write(encode_frame(self.hello))
            opened_at = loop.time()
            if not protocol.closed.done():
                self._outgoing[peer.id] = transport
                log.info("peer.connected", peer=peer.name)
            await protocol.closed
            log.warning("peer.disconnected", peer=peer.name)
            was_reported = True
            # A peer that accepts and closes at once (it refuses our Hello) must not be
            # dialled in a tight loop.
            lived_long = loop.time() - opened_at > DIAL_DELAY_S_MAX
            delay_s = DIAL_DELAY_S_MIN if lived_long else min(delay_s * 2, DIAL_DELAY_S_MAX)
            await asyncio.sleep(delay_s)

    def refusal(self, hello: Hello, ssl_object: ssl.SSLObject | None) -> str | None:
        """Why a connection with this Hello is not accepted; None if it is."""
        if hello.protocol != PROTOCOL_VERSION:
            return f"speaks peer protocol {hello.protocol}, this member speaks {PROTOCOL_VERSION}"
        if hello.cluster_id != self.hello.cluster_id:
            return f"belongs to cluster {hello.cluster_id:x}, not {self.hello.cluster_id:x}"
        peer = self.peers.get(hello.member_id)
        if peer is None:
            return f"has member id {hello.member_id:x}, which is not among the members"
        if ssl_object is not None and peer.name not in certificate_names(ssl_object):
            return f"claims to be {peer.name}, but its certificate does not hold that name"
        return None


class _Outgoing(asyncio.Protocol):
    """A dialled connection: it only writes. What comes in is a mistake of the other side."""

    def __init__(self, loop: asyncio.AbstractEventLoop, on_lost: Callable[[], object]) -> None:
        self.closed: asyncio.Future[None] = loop.create_future()
        self._on_lost = on_lost

    def connection_lost(self, exc: Exception | None) -> None:
        self._on_lost()
        if not self.closed.done():
            self.closed.set_result(None)


class _Incoming(asyncio.Protocol):
    """An accepted connection: a Hello, then frames until it closes."""

    def __init__(self, links: PeerLinks) -> None:
        self._links = links
        self._reader = FrameReader()
        self._peer_id: int | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports have the interface, but not the base class.
        self._transport = cast("asyncio.Transport", transport)
        _tune(transport)
        self._links.incoming_opened(self._transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport is not None:
            self._links.incoming_closed(self._transport)

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        try:
            for frame in self._reader.feed(data):
                self._accept(frame)
                if self._transport.is_closing():
                    return
        except FrameError as error:
            self._refuse(str(error))

    def _accept(self, frame: Frame) -> None:
        assert self._transport is not None
        if self._peer_id is None:
            if not isinstance(frame, Hello):
                self._refuse("did not say hello first")
                return
            reason = self._links.refusal(frame, self._transport.get_extra_info("ssl_object"))
            if reason is not None:
                self._refuse(reason)
                return
            self._peer_id = frame.member_id
        elif isinstance(frame, Messages):
            own_id = self._links.hello.member_id
            if any(m.sender != self._peer_id or m.to != own_id for m in frame.messages):
                self._refuse("sent a message in the name of, or to, another member")
                return
            self._links.on_messages(self._peer_id, frame.messages)
        elif isinstance(frame, StatusReport):
            self._links.on_status(self._peer_id, frame)
        else:
            self._refuse("said hello twice")

    def _refuse(self, reason: str) -> None:
        assert self._transport is not None
        address = self._transport.get_extra_info("peername")
        log.warning("peer.refused", address=str(address), reason=reason)
        self._transport.abort()


def _tune(transport: asyncio.BaseTransport) -> None:
    """Small frames leave at once, and a dead peer is noticed."""
    sock = transport.get_extra_info("socket")
    if sock is None:
        return
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    user_timeout = getattr(socket, "TCP_USER_TIMEOUT", None)
    if user_timeout is not None:
        sock.setsockopt(socket.IPPROTO_TCP, user_timeout, DEAD_PEER_TIMEOUT_MS)
