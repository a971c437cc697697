"""What changes about a member while its cluster goes on: its disk, its program, its address."""

import shutil
from pathlib import Path

import pytest
import uvloop
from member_waiting import free_ports, until
from node_cluster import Cluster, run_cluster
from node_commands import register

from bitebyte.domain.commands import Checkpoint
from bitebyte.node.types import NodeOptions, NoLeader, NotYetSupported
from bitebyte.repository.errors import ForeignDatabase

TIMEOUT_S = 20.0
ELECTIONS_S = 3.0
"""Two at least, at the default timeouts."""


def test_a_member_without_its_disk_is_refused_and_never_votes_under_its_id(
    tmp_path: Path,
) -> None:
    """Not even when it is told, by mistake, to begin the cluster once more."""

    async def scenario(cluster: Cluster) -> None:
        await cluster.leader.propose(register("before@example.org"), timeout_s=TIMEOUT_S)
        wiped, other = cluster.numbers_of_followers()
        await cluster.stop(wiped)
        shutil.rmtree(cluster.folder / f"node-{wiped}")
        with pytest.raises(ForeignDatabase, match="never becomes a member by itself"):
            await cluster.start(wiped)
        forgetful = await cluster.start(wiped, bootstrap=True)
        await until(lambda: forgetful.status().has_lost_log, "the loss to be noticed")

        # Beside it only one member is left, which needs one more vote than its own.
        leader = cluster.number_of_leader()
        await cluster.stop(leader)
        await cluster.stop(other)
        node = await cluster.start(other)
        with pytest.raises(NoLeader):
            await node.propose(register("x@example.org"), timeout_s=ELECTIONS_S)
        assert forgetful.status().role == "follower"
        await cluster.start(leader)
        proposed = await node.propose(register("after@example.org"), timeout_s=TIMEOUT_S)
        await until(lambda: forgetful.applied_index >= proposed.index, "the copy to follow")

    run_cluster(tmp_path, 3, scenario)


def test_one_older_program_holds_the_level_back_until_it_is_upgraded(tmp_path: Path) -> None:
    async def whole() -> None:
        cluster = Cluster(tmp_path, 3)
        for number in (1, 2):
            await cluster.start(number, bootstrap=True)
        await cluster.start(3, bootstrap=True, options=NodeOptions(level_known=1))
        await cluster.until_ready()
        try:
            await until(lambda: len(cluster.leader.cluster.members) == 3, "all to be described")
            leader = cluster.leader
            await until(lambda: len(leader.healthy_ids()) == 3, "all to be heard")
            assert leader.cluster.cluster_version == 1
            with pytest.raises(NotYetSupported, match="upgrade them all first"):
                await cluster.nodes[0].propose(
                    cluster.nodes[0].keeper.commands.new(Checkpoint), timeout_s=TIMEOUT_S
                )
            await cluster.leader.propose(register("mixed@example.org"), timeout_s=TIMEOUT_S)
            await cluster.stop(3)
            await cluster.start(3)
            await until(
                lambda: all(node.cluster.cluster_version == 2 for node in cluster.nodes), "level 2"
            )
            await cluster.nodes[2].propose(
                cluster.nodes[2].keeper.commands.new(Checkpoint), timeout_s=TIMEOUT_S
            )
        finally:
            await cluster.stop_all()

    uvloop.run(whole())


def test_a_member_is_found_where_it_says_it_is_now(tmp_path: Path) -> None:
    async def scenario(cluster: Cluster) -> None:
        moved, other = cluster.numbers_of_followers()
        await cluster.stop(moved)
        cluster.ports[moved - 1] = free_ports(1)[0]
        await cluster.start(moved)
        address = cluster.address(moved)

        def is_written_down() -> bool:
            rows = [node.cluster.member(moved) for node in cluster.nodes]
            return all(row is not None and row.peer_address == address for row in rows)

        await until(is_written_down, "all to have written the new address down")
        # Whoever leads next has to dial it there, and needs its answer for a quorum.
        await cluster.stop(cluster.number_of_leader())
        proposed = await cluster.members[other].node.propose(
            register("there@example.org"), timeout_s=TIMEOUT_S
        )
        node = cluster.members[moved].node
        await until(lambda: node.applied_index >= proposed.index, "the moved one to follow")

    run_cluster(tmp_path, 3, scenario)
