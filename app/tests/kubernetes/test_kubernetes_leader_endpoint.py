"""The leader's EndpointSlice names the newest leader, whoever sleeps, races or is cut off."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from pathlib import Path

import pytest
from endpoint_slice_server import SliceServer
from structlog.testing import capture_logs

from bitebyte.kubernetes.api_server import ApiServer, NotInCluster
from bitebyte.kubernetes.endpoint_slice import (
    MEMBER_ANNOTATION,
    TERM_ANNOTATION,
    SliceName,
)
from bitebyte.kubernetes.leader_endpoint import LeaderEndpoint, keeping

pytestmark = pytest.mark.anyio

NAME = SliceName("bar", "night-owl-leader")
LOOK_S = 0.05
EMPTY_AFTER_S = 0.15


class Member:
    """What the endpoint asks of a node, as the test says it."""

    def __init__(self) -> None:
        self.leading_term = 0
        self.has_leader = False
        self.leader_changed = asyncio.Event()

    def change(self, *, leads_term: int = 0, has_leader: bool = True) -> None:
        self.leading_term = leads_term
        self.has_leader = has_leader or leads_term > 0
        self.leader_changed.set()
        self.leader_changed = asyncio.Event()


def endpoint(server: SliceServer, member: Member, number: int) -> LeaderEndpoint:
    return LeaderEndpoint(
        ApiServer(host="localhost", port=server.port, credentials_dir=server.folder),
        NAME,
        member,
        member_id=number,
        pod_name=f"night-owl-{number}",
        pod_ip=f"10.0.0.{number}",
        look_interval_s=LOOK_S,
        empty_after_s=EMPTY_AFTER_S,
    )


@contextlib.asynccontextmanager
async def kept(server: SliceServer, number: int) -> AsyncGenerator[Member]:
    member = Member()
    kept_endpoint = endpoint(server, member, number)
    try:
        async with keeping(kept_endpoint):
            yield member
    finally:
        await kept_endpoint._api.close()  # pyright: ignore - the composition root does it


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


async def looks(server: SliceServer, count: int) -> None:
    """Waits for so many more."""
    enough = server.looks + count
    await until(lambda: server.looks >= enough)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[SliceServer]:
    made = SliceServer(tmp_path)
    async with made.serving():
        yield made


async def test_a_new_leader_writes_its_address_at_once_and_touches_nothing_else(
    server: SliceServer,
) -> None:
    async with kept(server, 1) as member:
        member.change(leads_term=7)
        await until(lambda: server.addresses == ["10.0.0.1"])
        assert server.annotations == {TERM_ANNOTATION: "7", MEMBER_ANNOTATION: "1"}
        assert server.stored is not None
        assert server.stored["metadata"]["labels"] == {
            "kubernetes.io/service-name": "night-owl-leader"
        }
        assert server.stored["ports"] == [{"name": "http", "port": 8080}]
        assert server.stored["endpoints"][0]["targetRef"] == {"kind": "Pod", "name": "night-owl-1"}


async def test_a_leader_that_finds_itself_there_writes_nothing(server: SliceServer) -> None:
    async with kept(server, 1) as member:
        member.change(leads_term=7)
        await looks(server, 10)
        assert len(server.writes) == 1


async def test_a_follower_asks_nothing_of_the_api_server(server: SliceServer) -> None:
    async with kept(server, 1) as follower, kept(server, 2) as leader:
        follower.change(has_leader=True)
        leader.change(leads_term=3)
        await until(lambda: server.addresses == ["10.0.0.2"])
        seen = server.looks
        leader.change(has_leader=True)
        follower.change(has_leader=True)
        await asyncio.sleep(4 * LOOK_S)
        assert server.looks <= seen + 1
        assert server.addresses == ["10.0.0.2"], "the next leader writes itself"


async def test_what_somebody_else_made_of_it_is_put_right(server: SliceServer) -> None:
    async with kept(server, 1) as member:
        member.change(leads_term=7)
        await until(lambda: server.addresses == ["10.0.0.1"])
        for wrong in ([], [{"addresses": ["10.9.9.9"], "conditions": {"ready": True}}]):
            server.write({"endpoints": wrong})
            await until(lambda: server.addresses == ["10.0.0.1"])


async def test_a_former_leader_that_wakes_up_does_not_overwrite_a_later_one(
    server: SliceServer,
) -> None:
    async with kept(server, 1) as old, kept(server, 2) as new:
        old.change(leads_term=7)
        await until(lambda: server.addresses == ["10.0.0.1"])
        new.change(leads_term=8)
        await until(lambda: server.addresses == ["10.0.0.2"])
        # It slept through the election, and still believes that it leads.
        with capture_logs() as lines:
            await looks(server, 10)
        assert server.addresses == ["10.0.0.2"]
        assert server.annotations[TERM_ANNOTATION] == "8"
        assert len(server.writes) == 2
        told = [line for line in lines if line["event"] == "leader_endpoint.superseded"]
        assert len(told) <= 1, "once a term, not at every look"


async def test_a_former_leader_that_looked_before_the_later_one_wrote_loses_the_race(
    server: SliceServer,
) -> None:
    async def the_later_one_writes() -> None:
        server.write(
            {
                "metadata": {"annotations": {TERM_ANNOTATION: "8", MEMBER_ANNOTATION: "2"}},
                "endpoints": [{"addresses": ["10.0.0.2"]}],
            }
        )

    server.before_write = the_later_one_writes
    async with kept(server, 1) as old:
        old.change(leads_term=7)
        await looks(server, 5)
        assert server.addresses == ["10.0.0.2"]
        assert server.writes == []


async def test_a_later_leader_that_looked_before_the_former_one_wrote_wins_in_the_end(
    server: SliceServer,
) -> None:
    async def the_former_one_writes() -> None:
        server.write(
            {
                "metadata": {"annotations": {TERM_ANNOTATION: "7", MEMBER_ANNOTATION: "1"}},
                "endpoints": [{"addresses": ["10.0.0.1"]}],
            }
        )

    server.before_write = the_former_one_writes
    async with kept(server, 2) as new:
        new.change(leads_term=8)
        await until(lambda: server.addresses == ["10.0.0.2"])
        assert server.annotations[TERM_ANNOTATION] == "8"


async def test_who_steps_down_without_a_successor_takes_its_address_out(
    server: SliceServer,
) -> None:
    async with kept(server, 1) as member:
        member.change(leads_term=7)
        await until(lambda: server.addresses == ["10.0.0.1"])
        member.change(has_leader=False)
        await until(lambda: server.addresses == [])
        assert server.annotations[TERM_ANNOTATION] == "7", "the guard stays"
        member.change(leads_term=9)
        await until(lambda: server.addresses == ["10.0.0.1"])


async def test_who_steps_down_never_takes_out_the_address_of_another(server: SliceServer) -> None:
    async with kept(server, 1) as old, kept(server, 2) as new:
        old.change(leads_term=7)
        await until(lambda: server.addresses == ["10.0.0.1"])
        new.change(leads_term=8)
        await until(lambda: server.addresses == ["10.0.0.2"])
        old.change(has_leader=False)
        await asyncio.sleep(2 * EMPTY_AFTER_S)
        assert server.addresses == ["10.0.0.2"]


async def test_a_leader_that_ends_without_a_successor_takes_its_address_out(
    server: SliceServer,
) -> None:
    async with kept(server, 1) as member:
        member.change(leads_term=7)
        await until(lambda: server.addresses == ["10.0.0.1"])
    assert server.addresses == []


async def test_a_leader_that_handed_over_leaves_the_slice_to_the_next_one(
    server: SliceServer,
) -> None:
    async with kept(server, 1) as member:
        member.change(leads_term=7)
        await until(lambda: server.addresses == ["10.0.0.1"])
        member.change(has_leader=True)
    assert server.addresses == ["10.0.0.1"]


async def test_without_an_api_server_the_node_goes_on_and_one_line_says_so(
    tmp_path: Path,
) -> None:
    server = SliceServer(tmp_path)
    with capture_logs() as lines:
        async with kept(server, 1) as member:
            member.change(leads_term=7)
            await until(lambda: any("not_written" in line["event"] for line in lines))
            ticks = 0
            async with asyncio.timeout(5):
                while ticks < 100:
                    await asyncio.sleep(0.002)
                    ticks += 1
            async with server.serving():
                await until(lambda: server.addresses == ["10.0.0.1"])
    told = [line for line in lines if line["event"] == "leader_endpoint.not_written"]
    assert len(told) == 1
    assert told[0]["slice"] == "bar/night-owl-leader"
    assert any(line["event"] == "leader_endpoint.recovered" for line in lines)


async def test_a_slice_that_is_not_there_yet_is_waited_for(server: SliceServer) -> None:
    made, server.stored = server.stored, None
    with capture_logs() as lines:
        async with kept(server, 1) as member:
            member.change(leads_term=7)
            await until(lambda: lines)
            server.stored = made
            await until(lambda: server.addresses == ["10.0.0.1"])
    assert "the operator makes the slice" in lines[0]["hint"]


async def test_the_token_is_read_anew_for_every_call(server: SliceServer) -> None:
    async with kept(server, 1) as member:
        member.change(leads_term=7)
        await until(lambda: server.addresses == ["10.0.0.1"])
        server.token = "second"
        server.give_token("second")
        server.write({"endpoints": []})
        await until(lambda: server.addresses == ["10.0.0.1"])


async def test_no_secret_is_in_the_log(server: SliceServer) -> None:
    server.give_token("a-wrong-token")
    with capture_logs() as lines:
        async with kept(server, 1) as member:
            member.change(leads_term=7)
            await until(lambda: lines)
    assert "401" in lines[0]["reason"]
    assert "a-wrong-token" not in str(lines)


async def test_another_ca_is_not_believed(server: SliceServer, tmp_path: Path) -> None:
    foreign = SliceServer(tmp_path / "foreign")
    server.folder.joinpath("ca.crt").write_bytes(foreign.folder.joinpath("ca.crt").read_bytes())
    with capture_logs() as lines:
        async with kept(server, 1) as member:
            member.change(leads_term=7)
            await until(lambda: lines)
    assert server.looks == 0
    assert "certificate" in lines[0]["reason"].lower()


@pytest.mark.parametrize(
    ("environ", "text"),
    [
        ({}, "KUBERNETES_SERVICE_HOST"),
        ({"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "x"}, "outside of it"),
        ({"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"}, "token"),
    ],
)
def test_outside_of_kubernetes_the_option_is_refused(
    tmp_path: Path, environ: dict[str, str], text: str
) -> None:
    with pytest.raises(NotInCluster, match=text):
        ApiServer.in_cluster(environ, tmp_path)
