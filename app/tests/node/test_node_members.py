"""Members come, vote, are replaced and go, while the cluster serves."""

import asyncio
from pathlib import Path

import pytest
from member_waiting import until
from node_cluster import Cluster, run_cluster
from node_commands import register

from bitebyte.node.node import LAG_ENTRIES_MAX, Node
from bitebyte.node.types import MembershipRefused
from bitebyte.transport.frames import StatusReport

TIMEOUT_S = 20.0


async def join(cluster: Cluster, number: int, **wishes: object) -> Node:
    """Starts an empty member and has the cluster add it."""
    node = await cluster.start(number)
    await cluster.leader.members.add_learner(
        node.identity.member_id,
        node.identity.name,
        cluster.address(number),
        timeout_s=TIMEOUT_S,
        **wishes,  # pyright: ignore[reportArgumentType]
    )
    return node


def voters(node: Node) -> set[int]:
    return set(node.conf_state.voters)


def has_settled(node: Node) -> bool:
    return not node.conf_state.voters_outgoing


async def until_all_agree(cluster: Cluster) -> None:
    """All members have applied the same index and have the same state hash there."""
    proposed = await cluster.nodes[0].propose(register("agree@example.org"), timeout_s=TIMEOUT_S)
    for node in cluster.nodes:
        await node.wait_flushed(proposed.index, timeout_s=TIMEOUT_S)
    assert len({node.hash_at(proposed.index) for node in cluster.nodes}) == 1


def test_a_member_that_joins_gets_the_state_and_stays_without_a_vote(tmp_path: Path) -> None:
    async def scenario(cluster: Cluster) -> None:
        await cluster.leader.propose(register("before@example.org"), timeout_s=TIMEOUT_S)
        node = await join(cluster, 2)
        index = cluster.leader.applied_index
        await until(lambda: node.applied_index >= index, "the state to arrive")
        await until_all_agree(cluster)
        assert voters(node) == {1}
        assert node.conf_state.learners == (node.identity.member_id,)
        status = {member.id: member for member in cluster.leader.status().members}
        assert status[node.identity.member_id].state == "learner"
        assert status[node.identity.member_id].name == "node-2"

        # What the leader tells a member to be committed is never more than that member has.
        await until(lambda: node.is_caught_up, "it to be ready")
        far_ahead = StatusReport(node.applied_index + LAG_ENTRIES_MAX, 0, 0, "0")
        node.receive_status(cluster.leader.identity.member_id, far_ahead)
        assert not node.is_caught_up

    run_cluster(tmp_path, 1, scenario)


def test_one_voter_becomes_three_and_one_again(tmp_path: Path) -> None:
    async def scenario(cluster: Cluster) -> None:
        second = await join(cluster, 2, wants_vote=True)
        third = await join(cluster, 3, wants_vote=True)
        wanted = {1, second.identity.member_id, third.identity.member_id}
        await until(
            lambda: all(voters(node) == wanted for node in cluster.nodes), "three voters everywhere"
        )
        await until_all_agree(cluster)
        await cluster.leader.transfer_leader(second.identity.member_id, timeout_s=TIMEOUT_S)
        await second.members.remove(1, timeout_s=TIMEOUT_S)
        await until(lambda: voters(second) == wanted - {1}, "the first to be out")
        await cluster.stop(1)
        await second.members.remove(third.identity.member_id, timeout_s=TIMEOUT_S)
        await cluster.stop(3)
        assert voters(second) == {second.identity.member_id}
        await second.propose(register("alone@example.org"), timeout_s=TIMEOUT_S)

    run_cluster(tmp_path, 1, scenario)


def test_a_learner_is_promoted_by_a_leader_that_was_not_there_when_it_was_wished(
    tmp_path: Path,
) -> None:
    async def scenario(cluster: Cluster) -> None:
        node = await join(cluster, 4)
        await cluster.leader.members.promote(node.identity.member_id, timeout_s=TIMEOUT_S)
        follower = cluster.numbers_of_followers()[0]
        await cluster.leader.transfer_leader(follower, timeout_s=TIMEOUT_S)
        await until(lambda: node.identity.member_id in voters(node), "the learner to vote")
        await until_all_agree(cluster)

    run_cluster(tmp_path, 3, scenario)


def test_a_dead_member_is_replaced_by_one_command(tmp_path: Path) -> None:
    async def scenario(cluster: Cluster) -> None:
        dead = cluster.numbers_of_followers()[0]
        await cluster.stop(dead)
        node = await cluster.start(4)
        new_id = node.identity.member_id
        await cluster.leader.members.replace(
            dead, new_id, name="node-4", peer_address=cluster.address(4), timeout_s=TIMEOUT_S
        )
        wanted = {1, 2, 3, new_id} - {dead}
        await until(
            lambda: all(voters(n) == wanted and has_settled(n) for n in cluster.nodes), "the swap"
        )
        await until(lambda: dead in node.cluster.retired_ids, "the old id to be used up")
        await until_all_agree(cluster)
        # Said again it is done already.
        await node.members.replace(dead, new_id, timeout_s=TIMEOUT_S)

    run_cluster(tmp_path, 3, scenario)


def test_a_removed_member_never_comes_back_and_disturbs_nobody(tmp_path: Path) -> None:
    async def scenario(cluster: Cluster) -> None:
        gone = cluster.numbers_of_followers()[0]
        await cluster.stop(gone)
        leader = cluster.leader
        await leader.members.remove(gone, timeout_s=TIMEOUT_S)
        await leader.members.remove(gone, timeout_s=TIMEOUT_S)
        with pytest.raises(MembershipRefused, match="never comes back"):
            await leader.members.add_learner(
                gone, "again", cluster.address(gone), timeout_s=TIMEOUT_S
            )
        term = leader.status().term
        back = await cluster.start(gone)
        await until(lambda: back.status().is_removed, "it to be told")
        assert not back.is_caught_up
        assert leader.status().term == term
        assert leader.status().role == "leader"
        await leader.propose(register("quiet@example.org"), timeout_s=TIMEOUT_S)

    run_cluster(tmp_path, 3, scenario)


def test_a_leader_that_is_removed_hands_over_first(tmp_path: Path) -> None:
    async def scenario(cluster: Cluster) -> None:
        old = cluster.number_of_leader()
        follower = cluster.members[cluster.numbers_of_followers()[0]].node
        await follower.members.remove(old, timeout_s=TIMEOUT_S)
        assert old not in voters(follower)
        assert follower.leader_id != old
        await cluster.stop(old)
        await follower.propose(register("next@example.org"), timeout_s=TIMEOUT_S)

    run_cluster(tmp_path, 3, scenario)


def test_a_demoted_member_stays_a_copy_without_a_vote(tmp_path: Path) -> None:
    async def scenario(cluster: Cluster) -> None:
        demoted = cluster.numbers_of_followers()[0]
        leader = cluster.leader
        await leader.members.demote(demoted, timeout_s=TIMEOUT_S)
        await until(lambda: demoted in leader.conf_state.learners, "the vote to be gone")
        await until_all_agree(cluster)
        assert demoted in leader.conf_state.learners, "and it is not promoted again"

    run_cluster(tmp_path, 3, scenario)


def test_what_would_lose_the_quorum_is_refused(tmp_path: Path) -> None:
    async def scenario(cluster: Cluster) -> None:
        dead, living = cluster.numbers_of_followers()
        await cluster.stop(dead)
        leader = cluster.leader
        await until(lambda: dead not in leader.healthy_ids(), "the dead one to be noticed")
        with pytest.raises(MembershipRefused) as refused:
            await leader.members.remove(living, timeout_s=TIMEOUT_S)
        assert refused.value.code == "quorum_at_risk"
        with pytest.raises(MembershipRefused, match="no member has the id"):
            await leader.members.remove(4711, timeout_s=TIMEOUT_S)
        await leader.members.remove(dead, timeout_s=TIMEOUT_S)
        await until(lambda: voters(leader) == {1, 2, 3} - {dead}, "two voters")

    run_cluster(tmp_path, 3, scenario)


def test_leadership_goes_where_it_is_sent_under_load(tmp_path: Path) -> None:
    async def scenario(cluster: Cluster) -> None:
        is_done = False

        async def load(node: Node) -> int:
            count = 0
            while not is_done:
                await node.propose(register(f"{id(node)}-{count}@x.org"), timeout_s=TIMEOUT_S)
                count += 1
            return count

        loads = [asyncio.ensure_future(load(node)) for node in cluster.nodes]
        for target in (1, 2, 3, 1):
            await cluster.members[target].node.transfer_leader(target, timeout_s=TIMEOUT_S)
            assert cluster.members[target].node.status().role == "leader"
        is_done = True
        assert all(count > 0 for count in await asyncio.gather(*loads))
        with pytest.raises(MembershipRefused):
            await cluster.leader.transfer_leader(99, timeout_s=TIMEOUT_S)

    run_cluster(tmp_path, 3, scenario)
