"""Logs stay short, whoever lags gets the state instead, and copies can be compared."""

from pathlib import Path

import pytest
from member_waiting import until
from node_cluster import Cluster, run_cluster
from node_commands import register

from bitebyte.domain.commands import Checkpoint
from bitebyte.node.types import EventsExpired, NodeOptions, NotYetSupported

TIMEOUT_S = 20.0
SHORT_LOG = NodeOptions(kept_entries_max=20)


def test_whoever_lags_behind_the_compacted_log_gets_the_state(tmp_path: Path) -> None:
    async def scenario(cluster: Cluster) -> None:
        away = cluster.numbers_of_followers()[0]
        await cluster.stop(away)
        leader = cluster.leader
        for n in range(150):
            proposed = await leader.propose(register(f"{n}@example.org"), timeout_s=TIMEOUT_S)
        await until(lambda: leader.status().first_index > 50, "the log to be compacted")
        back = await cluster.start(away)
        await until(lambda: back.applied_index >= proposed.index, "the state to arrive")
        assert back.status().first_index > 50, "by a snapshot, not entry by entry"
        last = await leader.propose(register("after@example.org"), timeout_s=TIMEOUT_S)
        await back.wait_flushed(last.index, timeout_s=TIMEOUT_S)
        assert back.hash_at(last.index) == leader.hash_at(last.index)
        with pytest.raises(EventsExpired):
            await anext(back.events(1))

    run_cluster(tmp_path, 3, scenario, SHORT_LOG)


def test_a_checkpoint_finds_equal_rows_on_all_members(tmp_path: Path) -> None:
    async def scenario(cluster: Cluster) -> None:
        leader = cluster.leader
        await leader.propose(register("a@example.org"), timeout_s=TIMEOUT_S)
        await until(lambda: leader.cluster.cluster_version == 2, "everybody to know checkpoints")
        command = leader.keeper.commands.new(Checkpoint)
        proposed = await leader.propose(command, timeout_s=TIMEOUT_S)
        await until(
            lambda: all(
                node.checkpoints.newest is not None and node.checkpoints.newest.digests is not None
                for node in cluster.nodes
            ),
            "all digests",
        )
        reports = [node.checkpoints.newest for node in cluster.nodes]
        assert {report.index for report in reports if report} == {proposed.index}
        assert reports[0] == reports[1] == reports[2]

    run_cluster(tmp_path, 3, scenario, NodeOptions())


def test_what_the_older_program_does_not_know_is_not_written(tmp_path: Path) -> None:
    async def scenario(cluster: Cluster) -> None:
        leader = cluster.leader
        command = leader.keeper.commands.new(Checkpoint)
        with pytest.raises(NotYetSupported, match="upgrade them all first"):
            await leader.propose(command, timeout_s=TIMEOUT_S)
        await leader.propose(register("mixed@example.org"), timeout_s=TIMEOUT_S)
        assert leader.cluster.cluster_version == 1
        for number in list(cluster.members):
            await cluster.stop(number)
            await cluster.start(number, options=NodeOptions())
        await until(
            lambda: all(node.cluster.cluster_version == 2 for node in cluster.nodes), "level 2"
        )

    run_cluster(tmp_path, 3, scenario, NodeOptions(level_known=1))
