"""The leader's pod is deleted politely: it hands over first."""

import time

from bitebyte_k8s.bar_cluster import BarCluster
from bitebyte_k8s.figures import Figures
from bitebyte_k8s.guests import Guests
from bitebyte_k8s.steps import step

GAP_S_MAX = 0.3


def test_a_polite_deletion_of_the_leader_fails_no_request(
    night_owl: BarCluster, figures: Figures
) -> None:
    guests = Guests(night_owl, "leader-deleted")
    with guests:
        leader = night_owl.wait_leader()
        before = night_owl.uids()[leader]
        began_ns = time.monotonic_ns()
        with step(f"{leader}, which leads, is deleted with its grace period"):
            night_owl.api.delete("Pod", leader, night_owl.namespace)
            night_owl.wait_leader(other_than=leader)
        with step("a new pod takes its place"):
            night_owl.wait_ready()
            assert night_owl.uids()[leader] != before
        felt = guests.since(began_ns)
        guests.wait_more()
    guests.judge(pods=3)
    figures.record(
        "leader's pod deleted", gap_s=round(felt.gap_s, 3), failed_requests=felt.failures
    )
    assert felt.failures == 0
    assert felt.gap_s <= GAP_S_MAX
