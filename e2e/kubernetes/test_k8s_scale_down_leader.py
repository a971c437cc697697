"""The member that has to go is the leader."""

import time

from bitebyte_e2e.waiting import wait_until
from bitebyte_k8s import faults
from bitebyte_k8s.bar_cluster import BarCluster
from bitebyte_k8s.figures import Figures
from bitebyte_k8s.guests import Guests
from bitebyte_k8s.session import NewCluster
from bitebyte_k8s.steps import step

GAP_S_MAX = 1.0
_KILLS_MAX = 30
"""Leadership goes to a random one of two after each kill: a chance of one in a billion."""


def test_a_leader_that_has_to_go_hands_over_first(
    new_cluster: NewCluster, figures: Figures
) -> None:
    cluster = new_cluster("shrinking")
    with step("a cluster of three is Ready, and its last member leads"):
        cluster.apply(replicas=3)
        cluster.wait_ready()
        last = "shrinking-2"
        make_lead(cluster, last)
    guests = Guests(cluster, "scale-down-leader")
    with guests:
        began_ns = time.monotonic_ns()
        with step(f"the spec says 1: {last} has to go, and leads"):
            cluster.patch(replicas=1)
            cluster.wait_ready()
        felt = guests.since(began_ns)
        guests.wait_more()
    guests.judge(pods=1)
    figures.record("leader scaled away", gap_s=round(felt.gap_s, 3), failed_requests=felt.failures)
    assert felt.gap_s <= GAP_S_MAX
    cluster.delete()


def make_lead(cluster: BarCluster, wanted: str) -> None:
    """Kills leaders until that one leads."""
    for _ in range(_KILLS_MAX):
        leader = cluster.wait_leader()
        if leader == wanted:
            cluster.wait_ready()
            return
        faults.kill_node_process(cluster, leader)
        cluster.wait_leader(other_than=leader)
        wait_until(
            lambda: len([url for url in cluster.pod_urls().values() if cluster.view(url)]) == 3,
            what="all three serve again",
            timeout_s=60,
        )
    raise AssertionError(f"{wanted} never came to lead")
