"""Members that trust each other by certificates come and go like others."""

from pathlib import Path

from member_waiting import until
from node_cluster import Cluster, run_cluster
from node_commands import register
from peer_certificates import Authority

from bitebyte.node.node import Node
from bitebyte.transport import PeerTls

TIMEOUT_S = 20.0


def tls_options(files: PeerTls) -> dict[str, object]:
    return {
        "peer_ca_file": files.ca_file,
        "peer_certificate_file": files.certificate_file,
        "peer_key_file": files.key_file,
    }


def test_peers_with_certificates_are_added_and_replaced(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "tls")
    stranger = Authority(tmp_path / "other-tls")

    def options_of(name: str) -> dict[str, object]:
        return tls_options(authority.issue(name))

    async def add(cluster: Cluster, number: int) -> Node:
        node = await cluster.start(number, **options_of(f"node-{number}"))
        own = node.identity
        await cluster.nodes[0].members.add_learner(
            own.member_id, own.name, cluster.address(number), wants_vote=True, timeout_s=TIMEOUT_S
        )
        return node

    async def scenario(cluster: Cluster) -> None:
        first = cluster.nodes[0]
        second = await add(cluster, 2)
        await until(lambda: len(first.conf_state.voters) == 2, "the second to vote")

        third = await cluster.start(3, **options_of("node-3"))
        await first.members.replace(
            second.identity.member_id,
            third.identity.member_id,
            name="node-3",
            peer_address=cluster.address(3),
            timeout_s=TIMEOUT_S,
        )
        voters = {1, third.identity.member_id}
        await until(lambda: set(first.conf_state.voters) == voters, "the third in its place")
        await until(lambda: set(third.conf_state.voters) == voters, "the third to know it")
        await cluster.stop(2)
        proposed = await third.propose(register("tls@example.org"), timeout_s=TIMEOUT_S)
        await until(lambda: first.applied_index >= proposed.index, "both to have it")

        # Whoever has a certificate of somebody else is added in vain.
        fourth = await cluster.start(4, **tls_options(stranger.issue("node-4")))
        await first.members.add_learner(
            fourth.identity.member_id, "node-4", cluster.address(4), timeout_s=TIMEOUT_S
        )
        proposed = await first.propose(register("more@example.org"), timeout_s=TIMEOUT_S)
        await until(lambda: third.applied_index >= proposed.index, "the others to go on")
        assert fourth.identity.member_id not in first.healthy_ids()
        assert fourth.applied_index == 0

    run_cluster(tmp_path, 1, scenario, **options_of("node-1"))
