"""A snapshot that is on its way when one of its ends dies begins anew, and nothing of it stays."""

from pathlib import Path
from typing import Any

import pytest

from bitebyte_e2e import operators
from bitebyte_e2e.bar import open_bar, register_customers
from bitebyte_e2e.client import Client
from bitebyte_e2e.cluster import Cluster, running_cluster
from bitebyte_e2e.database import staged_tables
from bitebyte_e2e.slow_link import SlowLink, slow_link
from bitebyte_e2e.waiting import wait_until

CUSTOMERS = 60
"""Their accounts and sessions make a snapshot of some ten seconds at the pace of the link."""
UNDER_WAY_BYTES = 8 * 1024
TIMEOUT_S = 60.0


def wait_under_way(cluster: Cluster, name: str, link: SlowLink) -> None:
    """Until the leader sends a snapshot, and a part of it has arrived."""

    def is_sending() -> bool:
        return operators.member(cluster, name)["progress"] == "snapshot"

    wait_until(is_sending, what=f"a snapshot for {name}", timeout_s=TIMEOUT_S)
    before = link.passed_bytes
    wait_until(
        lambda: link.passed_bytes - before > UNDER_WAY_BYTES,
        what="a part of it to arrive",
        timeout_s=TIMEOUT_S,
    )
    assert is_sending(), "it had arrived before anybody could die"


@pytest.mark.timeout(240)
def test_a_snapshot_begins_anew_when_its_receiver_or_its_sender_dies(
    tmp_path: Path, seed: int
) -> None:
    with running_cluster(tmp_path, seed=seed) as cluster:
        with Client(cluster.urls["node-1"]) as client:
            open_bar(client, slug="moving")
            register_customers(client, slug="moving", count=CUSTOMERS)
        joiner = cluster.lay_out_joiner("node-4")
        with slow_link(joiner.spec.peer_port) as link:
            try:
                join_through(cluster, joiner, link)
            finally:
                if joiner.is_running:
                    joiner.stop()


def join_through(cluster: Cluster, joiner: Any, link: SlowLink) -> None:
    name = joiner.spec.name
    joiner.start("--peer-advertise", link.address)
    wait_until(lambda: cluster.answers_admin(joiner), what=f"{name} waits", timeout_s=TIMEOUT_S)
    operators.add_learner(cluster, joiner)

    wait_under_way(cluster, name, link)
    joiner.kill()
    joiner.start("--peer-advertise", link.address)

    wait_under_way(cluster, name, link)
    sender = cluster.wait_leader().name
    cluster.kill(sender)
    cluster.wait_leader()
    cluster.start(sender)

    wait_under_way(cluster, name, link)
    link.open()
    wait_until(
        lambda: operators.member(cluster, name)["progress"] == "replicate",
        what=f"{name} follows the log",
        timeout_s=TIMEOUT_S,
    )
    cluster.wait_ready()
    cluster.admit(joiner)
    compared = operators.verify(cluster)
    assert (compared["is_equal"], len(compared["members"])) == (True, 4)
    for node in cluster.nodes.values():
        assert staged_tables(node.spec.data_dir) == 0, node.spec.name
