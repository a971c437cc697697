"""A node that is told to stop hands over, says that it is not ready, and goes on answering until
those who send requests have heard of it: no request fails."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncGenerator
from pathlib import Path

import httpx
import pytest
from endpoint_slice_server import SliceServer
from node_processes import CLUSTER_ID, ServedNode, joining, serving

pytestmark = pytest.mark.anyio

DELAY_S = 1.5
SLICE = "bar/night-owl-leader"


async def found(node: ServedNode) -> str:
    """Begins a cluster with it, and returns the member's id."""
    own_id = (await node.identity())["id"]
    assert (await node.order(CLUSTER_ID, own_id)).status_code == 200
    await node.until_ready()
    return own_id


async def add_voter(leader: ServedNode, node: ServedNode) -> None:
    """Has the cluster add it, and waits for its vote."""
    said = await node.identity()
    new = {key: said[key] for key in ("id", "name", "peer_address")}
    assert (await leader.answer("POST", "/members", new)).status_code == 200
    async with asyncio.timeout(30):
        while (await node.identity())["state"] != "voter":
            await asyncio.sleep(0.02)
    await node.until_ready()


@contextlib.asynccontextmanager
async def on_kubernetes(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncGenerator[SliceServer]:
    """An API server, and the environment that a container has."""
    server = SliceServer(folder)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "localhost")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(server.port))
    async with server.serving():
        yield server


async def test_no_request_fails_while_a_leader_withdraws(
    postgres_dsn: str, joiner_dsn: str, tmp_path: Path
) -> None:
    options = joining(tmp_path, "node-1", postgres_dsn, shutdown_delay_s=DELAY_S)
    async with (
        serving(**joining(tmp_path, "node-2", joiner_dsn)) as second,
        serving(**options) as first,
    ):
        await found(first)
        await add_voter(first, second)
        loop = asyncio.get_running_loop()
        answered_s: list[float] = []
        slowest_s = 0.0

        async def place_orders() -> None:
            # Ordinary keep-alive connections, as those of an ingress.
            nonlocal slowest_s
            for number in itertools.count():
                began_s = loop.time()
                try:
                    answer = await first.http.post(
                        "/api/v1/accounts",
                        json={
                            "email": f"guest-{number}@example.org",
                            "password": "a long enough pass phrase",
                            "display_name": "Guest",
                            "role": "customer",
                        },
                        headers={"Idempotency-Key": f"key-{number}"},
                    )
                except httpx.ConnectError:
                    return
                assert answer.status_code == 201, answer.text
                slowest_s = max(slowest_s, loop.time() - began_s)
                answered_s.append(loop.time())
                if first.stop.is_set():
                    assert answer.headers["connection"] == "close"

        orders = asyncio.create_task(place_orders())
        while len(answered_s) < 3:
            await asyncio.sleep(0.01)
        told_s = loop.time()
        first.stop.set()
        await asyncio.sleep(0.05)
        unready = await first.http.get("/readyz")
        assert (unready.status_code, unready.json()["reasons"]) == (503, ["stopping"])
        assert (await first.http.get("/livez")).status_code == 200
        await orders
        assert answered_s[-1] - told_s > DELAY_S - 0.5, "it went on answering"
        assert slowest_s < 2.0
        assert (await second.identity())["state"] == "voter"


async def test_the_slice_names_the_founder_and_nobody_when_it_has_gone(
    postgres_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with on_kubernetes(tmp_path / "account", monkeypatch) as server:
        options = joining(tmp_path, "node-1", postgres_dsn)
        options |= {
            "leader_endpointslice": SLICE,
            "pod_ip": "10.0.0.1",
            "service_account_dir": server.folder,
        }
        async with serving(**options) as node:
            await asyncio.sleep(0)
            assert server.addresses == [], "who waits to be added leads nobody"
            member_id = await found(node)
            async with asyncio.timeout(10):
                while server.addresses != ["10.0.0.1"]:
                    await asyncio.sleep(0.01)
            assert server.annotations["bitebyte.io/leader-member-id"] == member_id
        assert server.addresses == []


async def test_a_hand_over_moves_the_slice_and_never_empties_it(
    postgres_dsn: str, joiner_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with on_kubernetes(tmp_path / "account", monkeypatch) as server:

        def options(name: str, dsn: str, ip: str) -> dict[str, object]:
            return joining(
                tmp_path,
                name,
                dsn,
                leader_endpointslice=SLICE,
                pod_ip=ip,
                service_account_dir=server.folder,
                shutdown_delay_s=0.3,
            )

        async with contextlib.AsyncExitStack() as stack:
            second = await stack.enter_async_context(
                serving(**options("node-2", joiner_dsn, "10.0.0.2"))
            )
            async with serving(**options("node-1", postgres_dsn, "10.0.0.1")) as first:
                await found(first)
                await add_voter(first, second)
                async with asyncio.timeout(10):
                    while server.addresses != ["10.0.0.1"]:
                        await asyncio.sleep(0.01)
                server.writes.clear()
            async with asyncio.timeout(10):
                while server.addresses != ["10.0.0.2"]:
                    await asyncio.sleep(0.01)
            assert all(len(write["endpoints"]) == 1 for write in server.writes)
