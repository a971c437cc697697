"""Peer links over real sockets: they deliver in order, come back, and admit members only."""

import asyncio
import socket
from collections.abc import Callable, Sequence
from pathlib import Path

import uvloop
from peer_certificates import Authority

from bitebyte.raft.messages import MsgHeartbeat, PeerMessage
from bitebyte.transport import Hello, PeerAddress, PeerLinks, PeerTls, StatusReport

DEADLINE_S = 10.0


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not condition():
            await asyncio.sleep(0.005)


class Member:
    """Peer links that remember what they received."""

    def __init__(
        self,
        own: PeerAddress,
        members: Sequence[PeerAddress],
        *,
        cluster_id: int = 99,
        tls: PeerTls | None = None,
        claims: str | None = None,
    ) -> None:
        self.received: list[PeerMessage] = []
        self.reports: list[StatusReport] = []
        self.links = PeerLinks(
            hello=Hello(1, cluster_id, own.id, claims or own.name, "0"),
            listen_host=own.host,
            listen_port=own.port,
            peers=members,
            tls=tls,
            on_messages=lambda _sender, messages: self.received.extend(messages),
            on_status=lambda _sender, report: self.reports.append(report),
        )


def two_addresses() -> list[PeerAddress]:
    return [PeerAddress(i, f"node-{i}", "127.0.0.1", free_port()) for i in (1, 2)]


def beat(sender: int, to: int, commit: int) -> MsgHeartbeat:
    return MsgHeartbeat(to=to, sender=sender, term=1, commit=commit)


def test_messages_arrive_in_order_and_the_link_comes_back_after_a_restart() -> None:
    async def scenario() -> None:
        a, b = two_addresses()
        one, two = Member(a, [a, b]), Member(b, [a, b])
        await one.links.start()
        await two.links.start()
        await until(lambda: one.links.is_connected(2) and two.links.is_connected(1))
        for commit in range(100):
            one.links.send(2, [beat(1, 2, commit)])
        two.links.broadcast(StatusReport(3, 2, 1, "0"))
        await until(lambda: len(two.received) == 100 and len(one.reports) == 1)
        assert [m.commit for m in two.received if isinstance(m, MsgHeartbeat)] == list(range(100))

        await two.links.stop()
        await until(lambda: not one.links.is_connected(2))
        one.links.send(2, [beat(1, 2, 1000)])  # lost, and nobody is hurt
        two = Member(b, [a, b])
        await two.links.start()
        await until(lambda: one.links.is_connected(2))
        one.links.send(2, [beat(1, 2, 1001)])
        await until(lambda: two.received == [beat(1, 2, 1001)])
        await one.links.stop()
        await two.links.stop()

    uvloop.run(scenario())


def test_a_link_that_is_lost_while_messages_are_sent_only_loses_messages() -> None:
    async def scenario() -> None:
        a, b = two_addresses()
        one, two = Member(a, [a, b]), Member(b, [a, b])
        await one.links.start()
        for _ in range(5):
            await two.links.start()
            await until(lambda: one.links.is_connected(2))
            stopping = asyncio.create_task(two.links.stop())
            async with asyncio.timeout(DEADLINE_S):
                while one.links.is_connected(2):
                    # In every turn of the loop, also in the one in which it is lost.
                    one.links.send(2, [beat(1, 2, 1)])
                    one.links.broadcast(StatusReport(3, 2, 1, "0"))
                    await asyncio.sleep(0)
            await stopping
            two = Member(b, [a, b])
        await one.links.stop()

    uvloop.run(scenario())


def refused(intruder_tls: PeerTls | None, member_tls: PeerTls | None, **intruder: object) -> None:
    """Asserts that a member receives nothing from an intruder who sends all the time."""

    async def scenario() -> None:
        a, b = two_addresses()
        member = Member(a, [a, b], tls=member_tls)
        other = Member(b, [a, b], tls=intruder_tls, **intruder)  # pyright: ignore
        await member.links.start()
        await other.links.start()
        attempts = 0

        def tried_enough() -> bool:
            nonlocal attempts
            attempts += 1
            other.links.send(1, [beat(2, 1, 7)])
            return attempts > 100

        await until(tried_enough)
        await member.links.stop()
        await other.links.stop()
        assert member.received == []

    uvloop.run(scenario())


def test_a_peer_of_another_cluster_is_refused() -> None:
    refused(None, None, cluster_id=98)


def test_mutual_tls_links_members_of_one_authority(tmp_path: Path) -> None:
    async def scenario() -> None:
        a, b = two_addresses()
        authority = Authority(tmp_path)
        one = Member(a, [a, b], tls=authority.issue("node-1"))
        two = Member(b, [a, b], tls=authority.issue("node-2"))
        await one.links.start()
        await two.links.start()
        await until(lambda: one.links.is_connected(2) and two.links.is_connected(1))
        one.links.send(2, [beat(1, 2, 5)])
        await until(lambda: two.received == [beat(1, 2, 5)])
        await one.links.stop()
        await two.links.stop()

    uvloop.run(scenario())


def test_a_peer_without_a_certificate_is_refused(tmp_path: Path) -> None:
    refused(None, Authority(tmp_path).issue("node-1"))


def test_a_peer_of_another_authority_is_refused(tmp_path: Path) -> None:
    refused(
        Authority(tmp_path / "other").issue("node-2"), Authority(tmp_path / "own").issue("node-1")
    )


def test_a_peer_whose_certificate_holds_another_name_is_refused(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    refused(authority.issue("node-3"), authority.issue("node-1"))
