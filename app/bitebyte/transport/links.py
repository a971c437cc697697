"""All peer links of one member: one listener, and one dialled connection to each peer."""

import asyncio
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from bitebyte.raft.messages import PeerMessage
from bitebyte.transport.addresses import PeerAddress as PeerAddress
from bitebyte.transport.addresses import format_address as format_address
from bitebyte.transport.addresses import parse_address as parse_address
from bitebyte.transport.connections import IncomingConnection, OutgoingConnection, tune
from bitebyte.transport.frames import (
    PROTOCOL_VERSION,
    Frame,
    Hello,
    Messages,
    Refused,
    SnapshotBegin,
    StatusReport,
    encode_frame,
)
from bitebyte.transport.snapshot_link import SnapshotInbox, SnapshotLink
from bitebyte.transport.tls import PeerTls, certificate_names

UNSENT_BYTES_MAX = 16 * 1024 * 1024
"""Bytes waiting in one connection before messages are dropped. Raft sends again, and a peer
that does not read must not fill our memory."""

DIAL_DELAY_S_MIN = 0.05
DIAL_DELAY_S_MAX = 1.0
"""Waits between attempts to dial double from min to max: a peer that restarts is found within
a second, a peer that is gone costs one attempt a second."""

DIAL_DELAY_REMOVED_S = 30.0
"""Wait after a peer has said that this member was removed."""

DIAL_TIMEOUT_S = 2.0

log = structlog.get_logger()


class LinkEvents:
    """What the links tell their owner, besides messages and reports. Override what is wanted."""

    def on_hello(self, peer_id: int, name: str, peer_address: str) -> None:
        """A peer has said who and where it is."""

    def on_lost(self, peer_id: int) -> None:
        """The connection to a peer broke: what was sent last may be lost."""

    def on_removed(self, reason: str) -> None:
        """A peer says that this member was removed from the cluster."""

    def on_snapshot(self, peer_id: int, inbox: SnapshotInbox) -> None:
        """A peer wants to send a snapshot."""
        inbox.refuse("this member takes no snapshots")

    def is_removed(self, peer_id: int) -> bool:
        """Whether that member was removed from the cluster."""
        del peer_id
        return False


@dataclass
class _Dialled:
    address: PeerAddress
    task: asyncio.Task[None]


class PeerLinks:
    """Sends to and receives from all peers of one member, on the event loop that starts it.

    `on_messages(sender_id, messages)` and `on_status(sender_id, report)` are called on that
    loop, in order per connection. Any member of the cluster may connect, unless `events` knows
    that it was removed: one that this member has not heard of yet may be a new voter. Who a member
    is, its certificate proves.
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
        events: LinkEvents | None = None,
    ) -> None:
        self.hello = hello
        self.peers = {peer.id: peer for peer in peers if peer.id != hello.member_id}
        self.on_messages = on_messages
        self.on_status = on_status
        self.events = events if events is not None else LinkEvents()
        self._listen_host = listen_host
        self._listen_port = listen_port
        self._tls = tls
        self._client_context: ssl.SSLContext | None = None
        self._server: asyncio.Server | None = None
        self._dialled: dict[int, _Dialled] = {}
        self._ended: set[asyncio.Task[None]] = set()
        self._outgoing: dict[int, asyncio.Transport] = {}
        self._incoming: dict[asyncio.Transport, int | None] = {}
        self._is_removal_told = False

    async def start(self) -> None:
        """Listens, and starts dialling. Raises OSError if the address is taken."""
        loop = asyncio.get_running_loop()
        context = self._tls.server_context() if self._tls else None
        self._server = await loop.create_server(
            lambda: IncomingConnection(self), self._listen_host, self._listen_port, ssl=context
        )
        self._client_context = self._tls.client_context() if self._tls else None
        for peer in self.peers.values():
            self._start_dialling(peer)

    async def stop(self) -> None:
        """Closes everything. What was not sent is lost."""
        tasks = [dialled.task for dialled in self._dialled.values()] + list(self._ended)
        self._dialled.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for transport in [*self._outgoing.values(), *self._incoming]:
            transport.abort()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    def set_peers(self, peers: Sequence[PeerAddress]) -> None:
        """From now on these are the peers, at these addresses: new ones are dialled, moved ones
        dialled anew, others hung up on, in both directions if they were removed."""
        wanted = {peer.id: peer for peer in peers if peer.id != self.hello.member_id}
        self.peers = wanted
        if self._server is None:
            return
        for peer_id, dialled in list(self._dialled.items()):
            if wanted.get(peer_id) != dialled.address:
                self._stop_dialling(peer_id)
        for peer in wanted.values():
            if peer.id not in self._dialled:
                self._start_dialling(peer)
        for transport, peer_id in list(self._incoming.items()):
            if peer_id is not None and self.events.is_removed(peer_id):
                self.refuse(transport, *self._removed_reason(peer_id))

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

    async def open_snapshot(self, peer_id: int, begin: SnapshotBegin) -> SnapshotLink:
        """Opens a connection for a snapshot. Raises OSError."""
        peer = self.peers.get(peer_id)
        if peer is None:
            raise OSError(f"no address of member {peer_id:x} is known")
        try:
            async with asyncio.timeout(DIAL_TIMEOUT_S):
                reader, writer = await asyncio.open_connection(
                    peer.host,
                    peer.port,
                    ssl=self._client_context,
                    server_hostname=peer.name if self._client_context else None,
                )
        except TimeoutError:
            raise OSError(f"{peer.name} does not answer") from None
        link = SnapshotLink(reader, writer)
        hello = Hello(
            protocol=self.hello.protocol,
            cluster_id=self.hello.cluster_id,
            member_id=self.hello.member_id,
            name=self.hello.name,
            program_version=self.hello.program_version,
            peer_address=self.hello.peer_address,
            purpose="snapshot",
        )
        link.begin(hello, begin)
        return link

    def _write(self, peer_id: int, frame: Frame) -> None:
        transport = self._outgoing.get(peer_id)
        if transport is None or transport.is_closing():
            return
        if transport.get_write_buffer_size() > UNSENT_BYTES_MAX:
            return
        transport.write(encode_frame(frame))

    # Incoming -------------------------------------------------------------------------------

    def incoming_opened(self, transport: asyncio.Transport) -> None:
        """Somebody has connected."""
        self._incoming[transport] = None

    def incoming_closed(self, transport: asyncio.Transport) -> None:
        """The connection is gone."""
        self._incoming.pop(transport, None)

    def incoming_known(self, transport: asyncio.Transport, hello: Hello) -> None:
        """Its Hello was accepted."""
        self._incoming[transport] = hello.member_id
        self.events.on_hello(hello.member_id, hello.name, hello.peer_address)

    def refusal(self, hello: Hello, ssl_object: ssl.SSLObject | None) -> tuple[str, bool] | None:
        """Why a connection with this Hello is not accepted, and whether that is because the member
        was removed; None if it is accepted."""
        if hello.protocol != PROTOCOL_VERSION:
            told = f"speaks peer protocol {hello.protocol}, this member speaks {PROTOCOL_VERSION}"
            return told, False
        if hello.cluster_id != self.hello.cluster_id:
            return f"belongs to cluster {hello.cluster_id:x}, not {self.hello.cluster_id:x}", False
        if hello.member_id == self.hello.member_id:
            return f"has the member id {hello.member_id:x} of this member", False
        if self.events.is_removed(hello.member_id):
            return self._removed_reason(hello.member_id)
        if ssl_object is not None and hello.name not in certificate_names(ssl_object):
            return f"claims to be {hello.name}, but its certificate does not hold that name", False
        return None

    def refuse(self, transport: asyncio.Transport, reason: str, is_removed: bool = False) -> None:
        """Says why, and closes."""
        address = transport.get_extra_info("peername")
        log.warning("peer.refused", address=str(address), reason=reason)
        if not transport.is_closing():
            transport.write(encode_frame(Refused(reason, is_removed)))
            transport.close()

    def _removed_reason(self, member_id: int) -> tuple[str, bool]:
        return (
            f"member {member_id:x} was removed from the cluster, and an id never comes back",
            True,
        )

    # Outgoing -------------------------------------------------------------------------------

    def _start_dialling(self, peer: PeerAddress) -> None:
        task = asyncio.get_running_loop().create_task(self._dial_forever(peer))
        self._dialled[peer.id] = _Dialled(peer, task)

    def _stop_dialling(self, peer_id: int) -> None:
        dialled = self._dialled.pop(peer_id)
        dialled.task.cancel()
        self._ended.add(dialled.task)
        dialled.task.add_done_callback(self._ended.discard)
        transport = self._outgoing.pop(peer_id, None)
        if transport is not None:
            transport.abort()

    async def _dial_forever(self, peer: PeerAddress) -> None:
        loop = asyncio.get_running_loop()
        delay_s = DIAL_DELAY_S_MIN
        was_reported = False
        while True:
            # Lost in the very callback that tells of it: a later one would leave a moment in which
            # a message is written to a transport that no longer exists, which is an error.
            protocol = OutgoingConnection(loop)
            protocol.on_lost = lambda p=protocol: self._lost(peer.id, p)
            try:
                async with asyncio.timeout(DIAL_TIMEOUT_S):
                    transport, _ = await loop.create_connection(
                        lambda p=protocol: p,
                        peer.host,
                        peer.port,
                        ssl=self._client_context,
                        server_hostname=peer.name if self._client_context else None,
                    )
            except (OSError, TimeoutError) as error:
                if not was_reported:
                    log.warning("peer.unreachable", peer=peer.name, reason=str(error) or "timeout")
                    was_reported = True
                await asyncio.sleep(delay_s)
                delay_s = min(delay_s * 2, DIAL_DELAY_S_MAX)
                continue
            tune(transport)
            transport.write(encode_frame(self.hello))
            opened_at = loop.time()
            if not protocol.closed.done():
                self._outgoing[peer.id] = transport
                log.info("peer.connected", peer=peer.name)
            await protocol.closed
            self._report_closed(peer, protocol.refused, was_refused=was_reported)
            was_reported = True
            # A peer that accepts and closes at once (it refuses our Hello) must not be
            # dialled in a tight loop.
            lived_long = loop.time() - opened_at > DIAL_DELAY_S_MAX
            delay_s = DIAL_DELAY_S_MIN if lived_long else min(delay_s * 2, DIAL_DELAY_S_MAX)
            is_removed = protocol.refused is not None and protocol.refused.is_removed
            await asyncio.sleep(DIAL_DELAY_REMOVED_S if is_removed else delay_s)

    def _lost(self, peer_id: int, protocol: OutgoingConnection) -> None:
        if self._outgoing.get(peer_id) is protocol.transport:
            del self._outgoing[peer_id]
            self.events.on_lost(peer_id)

    def _report_closed(
        self, peer: PeerAddress, refused: Refused | None, *, was_refused: bool
    ) -> None:
        if refused is None:
            log.warning("peer.disconnected", peer=peer.name)
        elif refused.is_removed:
            if not self._is_removal_told:
                self._is_removal_told = True
                log.error("member.removed", peer=peer.name, reason=refused.reason)
                self.events.on_removed(refused.reason)
        elif not was_refused:
            log.error("peer.refused_us", peer=peer.name, reason=refused.reason)
