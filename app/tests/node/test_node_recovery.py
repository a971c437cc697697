"""After recovery one member goes on alone, with all that it held, and the old ones stay outside."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from member_waiting import until
from node_cluster import CLUSTER_ID, Cluster, run_cluster
from node_commands import register
from typer.testing import CliRunner

from bitebyte.cli import app
from bitebyte.domain.entities import Key
from bitebyte.repository.errors import ForeignDatabase

TIMEOUT_S = 20.0


async def recover(data_dir: Path, *arguments: str) -> Any:
    """What the command says of, or does with, the database of a stopped member."""
    command = ["recover", "--data-dir", str(data_dir), "--json", *arguments]
    result = await asyncio.to_thread(CliRunner().invoke, app, command)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_recovered_member_starts_alone_and_old_members_are_fenced(tmp_path: Path) -> None:
    async def scenario(cluster: Cluster) -> None:
        command = register("kept@example.org")
        proposed = await cluster.leader.propose(command, timeout_s=TIMEOUT_S)
        for node in cluster.nodes:
            await node.wait_flushed(proposed.index, timeout_s=TIMEOUT_S)
        await cluster.stop_all()

        data_dir = cluster.folder / "node-1"
        told = await recover(data_dir)
        assert (told["left_out"], told["cluster_id"]) == (["2", "3"], str(CLUSTER_ID))
        done = await recover(data_dir, "--confirm", told["confirm"])
        with pytest.raises(ForeignDatabase, match="belongs to"):
            await cluster.start(1)

        new = {"cluster_id": int(done["cluster_id"])}
        seeds = [f"node-1={done['id']}@{cluster.address(1)}"]
        alone = await cluster.start(1, member=seeds, **new)
        await alone.propose(register("alone@example.org"), timeout_s=TIMEOUT_S)
        key = Key("account", (command.id,))
        assert key in await alone.rows([key])

        # An old member still believes in the old cluster, and that this one belongs to it.
        with pytest.raises(ForeignDatabase, match="belongs to"):
            await cluster.start(2, **new)
        old = await cluster.start(2)
        other = await cluster.start(3)
        await until(lambda: old.leader_id in (2, 3), "the old ones to find each other")
        await alone.propose(register("again@example.org"), timeout_s=TIMEOUT_S)
        assert {member.id for member in alone.status().members} == {alone.identity.member_id}
        assert not alone.healthy_ids() & {2, 3}
        assert 1 not in old.healthy_ids() | other.healthy_ids()

    run_cluster(tmp_path, 3, scenario)
