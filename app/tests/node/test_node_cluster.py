"""Three members with real databases: any of them takes commands, all agree, one may be missing."""

import asyncio
from pathlib import Path

import pytest
import uvloop
from member_waiting import until
from node_cluster import Cluster, run_cluster
from node_commands import register

from bitebyte.domain.entities import Account, Key
from bitebyte.main import open_member
from bitebyte.node.types import NoLeader, OutcomeUnknown
from bitebyte.repository.errors import DatabaseInUse, EmbeddedPostgresError, ForeignDatabase

TIMEOUT_S = 10.0


def test_any_member_takes_commands_and_all_agree_on_the_state(tmp_path: Path) -> None:
    async def scenario(cluster: Cluster) -> None:
        proposed = await asyncio.gather(
            *[
                node.propose(register(f"{number}-{n}@example.org"), timeout_s=TIMEOUT_S)
                for number, node in enumerate(cluster.nodes)
                for n in range(20)
            ]
        )
        assert len({p.index for p in proposed}) == 60, "one place in the log for each"
        last = max(p.index for p in proposed)
        for node in cluster.nodes:
            await node.wait_flushed(last, timeout_s=TIMEOUT_S)
        assert len({node.hash_at(last) for node in cluster.nodes}) == 1
        for member in cluster.members.values():
            stored = [row async for row in member.database.state.all_rows()]
            assert sum(isinstance(row, Account) for row in stored) == 60

    run_cluster(tmp_path, 3, scenario)


def test_a_read_at_a_follower_sees_what_was_confirmed_before_it(tmp_path: Path) -> None:
    async def scenario(cluster: Cluster) -> None:
        leader = cluster.members[cluster.number_of_leader()].node
        followers = [cluster.members[n].node for n in cluster.numbers_of_followers()]
        for n in range(30):
            command = register(f"{n}@example.org")
            await leader.propose(command, timeout_s=TIMEOUT_S)
            key = Key("account", (command.id,))
            for follower in followers:
                await follower.read_barrier(timeout_s=TIMEOUT_S)
                assert key in await follower.rows([key])

    run_cluster(tmp_path, 3, scenario)


def test_a_command_outlives_the_leader_that_it_was_meant_for(tmp_path: Path) -> None:
    """It is proposed again to the next leader, once it is certain that the first is lost."""

    async def scenario(cluster: Cluster) -> None:
        leader, follower = cluster.number_of_leader(), cluster.numbers_of_followers()[0]
        await cluster.stop(leader)
        node = cluster.members[follower].node
        proposed = await node.propose(register("late@example.org"), timeout_s=TIMEOUT_S)
        assert proposed.result.__class__.__name__ == "Accepted"
        assert node.status().leader_id != leader

    run_cluster(tmp_path, 3, scenario)


def test_a_member_that_was_away_catches_up_from_its_own_disk_and_its_peers(
    tmp_path: Path,
) -> None:
    async def scenario(cluster: Cluster) -> None:
        away = cluster.numbers_of_followers()[0]
        await cluster.nodes[0].propose(register("before@example.org"), timeout_s=TIMEOUT_S)
        await cluster.stop(away)
        leader = cluster.members[cluster.number_of_leader()].node
        for n in range(50):
            await leader.propose(register(f"{n}@example.org"), timeout_s=TIMEOUT_S)
        back = await cluster.start(away)
        index = leader.applied_index
        await until(lambda: back.applied_index >= index, "the member to catch up")
        assert back.hash_at(index) == leader.hash_at(index)

    run_cluster(tmp_path, 3, scenario)


def test_without_a_quorum_nothing_is_confirmed_and_the_caller_is_told(tmp_path: Path) -> None:
    async def scenario(cluster: Cluster) -> None:
        leader = cluster.number_of_leader()
        for follower in cluster.numbers_of_followers():
            await cluster.stop(follower)
        node = cluster.members[leader].node
        with pytest.raises((OutcomeUnknown, NoLeader)):
            await node.propose(register("a@example.org"), timeout_s=1.0)
        await until(lambda: node.status().role != "leader", "the leader to step down")
        # From now on it is certain that nothing is written.
        with pytest.raises(NoLeader):
            await node.propose(register("b@example.org"), timeout_s=0.5)
        with pytest.raises(NoLeader):
            await node.read_barrier(timeout_s=0.5)

    run_cluster(tmp_path, 3, scenario)


def test_an_empty_database_never_becomes_a_member_by_itself(tmp_path: Path) -> None:
    async def whole() -> None:
        cluster = Cluster(tmp_path, 1)
        with pytest.raises(ForeignDatabase, match="--bootstrap"):
            await cluster.start(1)
        await cluster.start(1, bootstrap=True)
        await cluster.stop(1)
        foreign = cluster.config(1, bootstrap=True, cluster_id=4712)
        with pytest.raises(ForeignDatabase, match="belongs to member"):
            async with open_member(foreign):
                pass

    uvloop.run(whole())


def test_two_processes_cannot_share_one_data_directory(tmp_path: Path) -> None:
    async def scenario(cluster: Cluster) -> None:
        with pytest.raises((DatabaseInUse, EmbeddedPostgresError)):
            async with open_member(cluster.config(1, bootstrap=False)):
                pass

    run_cluster(tmp_path, 1, scenario)
