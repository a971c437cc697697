"""A cluster begins by an order to one waiting node: once, and whatever dies on the way."""

import asyncio
import contextlib
from pathlib import Path
from typing import Any

import httpx
import pytest
from node_processes import CLUSTER_ID, command_line, joining, serving, start_process
from typer.testing import CliRunner

from bitebyte.cli import app

pytestmark = pytest.mark.anyio


async def test_a_waiting_node_becomes_the_only_voter_in_the_same_process(
    postgres_dsn: str, tmp_path: Path
) -> None:
    async with serving(**joining(tmp_path, "node-1", postgres_dsn)) as node:
        waiting = await node.identity()
        assert waiting["state"] == "outsider"
        unready = await node.http.get("/readyz")
        assert (unready.status_code, unready.json()["reasons"]) == (
            503,
            ["waiting to be added to the cluster"],
        )

        answer = await node.order(CLUSTER_ID, waiting["id"])

        assert answer.status_code == 200, answer.text
        assert answer.json() == {**waiting, "state": "voter"}
        await node.until_ready()
        confirmed = await node.answer("GET", "/members?confirmed=true")
        assert [(m["id"], m["state"]) for m in confirmed.json()["members"]] == [
            (waiting["id"], "voter")
        ]
        assert confirmed.json()["leader_id"] == waiting["id"]


async def test_the_order_may_be_repeated_also_at_once(postgres_dsn: str, tmp_path: Path) -> None:
    async with serving(**joining(tmp_path, "node-1", postgres_dsn)) as node:
        own_id = (await node.identity())["id"]

        answers = await asyncio.gather(*(node.order(CLUSTER_ID, own_id) for _ in range(5)))
        answers.append(await node.order(CLUSTER_ID, own_id))

        assert {answer.status_code for answer in answers} == {200}
        assert {answer.json()["id"] for answer in answers} == {own_id}


async def test_the_addresses_are_there_again_within_a_moment(
    postgres_dsn: str, tmp_path: Path
) -> None:
    async with serving(**joining(tmp_path, "node-1", postgres_dsn)) as node:
        own_id = (await node.identity())["id"]
        loop = asyncio.get_running_loop()
        is_done = False

        async def longest_silence_s(client: httpx.AsyncClient) -> float:
            longest_s, heard_s = 0.0, loop.time()
            while not is_done:
                # As a probe does it: a connection of its own for each request.
                with contextlib.suppress(httpx.TransportError):
                    answer = await client.get("/livez", headers={"Connection": "close"})
                    assert answer.status_code == 200
                    longest_s, heard_s = max(longest_s, loop.time() - heard_s), loop.time()
            return max(longest_s, loop.time() - heard_s)

        silences = [asyncio.create_task(longest_silence_s(c)) for c in (node.admin, node.http)]
        assert (await node.order(CLUSTER_ID, own_id)).status_code == 200
        await node.until_ready()
        is_done = True
        assert max(await asyncio.gather(*silences)) < 2.0, "a second, on a machine that is busy"


@pytest.mark.parametrize(
    ("cluster_id", "member_id"), [(CLUSTER_ID + 1, None), (CLUSTER_ID, "17"), ("1", "1")]
)
async def test_an_order_for_another_member_or_cluster_changes_nothing(
    postgres_dsn: str, tmp_path: Path, cluster_id: object, member_id: object
) -> None:
    async with serving(**joining(tmp_path, "node-1", postgres_dsn)) as node:
        before = await node.identity()
        refused = await node.order(cluster_id, member_id or before["id"])
        assert (refused.status_code, refused.json()["code"]) == (409, "wrong_member")
        assert await node.identity() == before


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"cluster_id": 5, "member_id": "5"},
        {"cluster_id": "0", "member_id": "5"},
        {"cluster_id": "5", "member_id": str(2**63)},
        {"cluster_id": "5", "member_id": "5", "voters": 3},
    ],
)
async def test_what_is_no_order_is_a_problem(
    postgres_dsn: str, tmp_path: Path, body: dict[str, Any]
) -> None:
    async with serving(**joining(tmp_path, "node-1", postgres_dsn)) as node:
        assert (await node.answer("POST", "/bootstrap", body)).status_code == 422
        assert (await node.identity())["state"] == "outsider"


async def test_who_belongs_to_a_cluster_with_others_is_not_founded_anew(
    postgres_dsn: str, joiner_dsn: str, tmp_path: Path
) -> None:
    async with (
        serving(**joining(tmp_path, "node-1", postgres_dsn)) as first,
        serving(**joining(tmp_path, "node-2", joiner_dsn)) as second,
    ):
        founder = await first.identity()
        assert (await first.order(CLUSTER_ID, founder["id"])).status_code == 200
        joiner = await second.identity()
        new = {key: joiner[key] for key in ("id", "name", "peer_address")}
        assert (await first.answer("POST", "/members", new)).status_code == 200
        await second.until_ready()
        for node, who in ((first, founder), (second, joiner)):
            refused = await node.order(CLUSTER_ID, who["id"])
            assert (refused.status_code, refused.json()["code"]) == (409, "already_member")


async def test_a_waiting_node_knows_no_leader_to_confirm_anything(
    postgres_dsn: str, tmp_path: Path
) -> None:
    async with serving(**joining(tmp_path, "node-1", postgres_dsn)) as node:
        refused = await node.answer("GET", "/members?confirmed=true&timeout_s=0.2")
        assert (refused.status_code, refused.json()["code"]) == (503, "no_leader")
        assert (await node.answer("GET", "/members")).status_code == 200


async def test_killed_before_it_answered_it_has_founded_and_says_so(
    postgres_dsn: str, tmp_path: Path
) -> None:
    options = joining(tmp_path, "node-1", postgres_dsn)
    program = (str(Path(__file__).with_name("killed_founder_process.py")),)
    process = start_process(command_line(options), tmp_path / "killed.log", program)
    url = f"http://{options['admin_listen']}/admin/v1"
    try:
        async with httpx.AsyncClient(base_url=url, timeout=15.0) as admin, asyncio.timeout(60):
            while True:
                try:
                    own_id = (await admin.get("/identity")).json()["id"]
                    break
                except httpx.TransportError:
                    assert process.poll() is None, (tmp_path / "killed.log").read_text()
                    await asyncio.sleep(0.05)
            order = {"cluster_id": str(CLUSTER_ID), "member_id": own_id}
            with pytest.raises(httpx.TransportError):
                await admin.post("/bootstrap", json=order)
        assert await asyncio.to_thread(process.wait, 10) == -9
    finally:
        process.kill()
        process.wait()

    async with serving(**options) as node:
        assert (await node.identity())["id"] == own_id
        assert (await node.order(CLUSTER_ID, own_id)).status_code == 200
        await node.until_ready()


async def test_the_command_line_begins_a_cluster_too(postgres_dsn: str, tmp_path: Path) -> None:
    async with serving(**joining(tmp_path, "node-1", postgres_dsn)) as node:
        own_id = (await node.identity())["id"]
        for _ in range(2):
            command = ["member", "bootstrap", f"http://{node.config.admin_listen}"]
            result = await asyncio.to_thread(CliRunner().invoke, app, command)
            assert result.exit_code == 0, result.output
            assert f"({own_id}) is the only voter" in result.output
        assert (await node.identity())["state"] == "voter"
