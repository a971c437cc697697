"""The leader stops for a while, and does not know it when it wakes."""

import signal
import time

from bitebyte_e2e.waiting import wait_until
from bitebyte_k8s import faults
from bitebyte_k8s.bar_cluster import BarCluster
from bitebyte_k8s.figures import Figures
from bitebyte_k8s.guests import Guests
from bitebyte_k8s.steps import step


def test_a_leader_that_wakes_up_confirms_nothing_by_itself(
    night_owl: BarCluster, figures: Figures
) -> None:
    guests = Guests(night_owl, "leader-frozen")
    with guests:
        frozen = night_owl.wait_leader()
        frozen_ns = time.monotonic_ns()
        with step(f"{frozen}, which leads, is stopped with SIGSTOP"):
            faults.signal_node_process(night_owl, frozen, signal.SIGSTOP)
        with step("another one leads, and customers order"):
            leader = night_owl.wait_leader(other_than=frozen)
            recovery_s = guests.recovery_s(frozen_ns)
            guests.wait_more()
        with step("the old leader wakes, and follows"):
            faults.signal_node_process(night_owl, frozen, signal.SIGCONT)
            url = night_owl.pod_urls()[frozen]
            wait_until(
                lambda: (
                    (night_owl.view(url) or {}).get("leader_id") is not None
                    and (night_owl.view(url) or {})["node"]["role"] == "follower"
                ),
                what=f"{frozen} follows",
                timeout_s=60,
            )
            assert night_owl.leader() == leader
        guests.wait_more()
    night_owl.wait_ready()
    guests.judge(pods=3)
    figures.record("leader frozen", first_order_s=round(recovery_s, 2))
