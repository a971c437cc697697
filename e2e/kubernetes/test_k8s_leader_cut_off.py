"""The leader's machine loses one half of its network: its peers, or the control plane."""

import time

from bitebyte_cluster.network import CONTROL_PLANE
from bitebyte_e2e.waiting import wait_until
from bitebyte_k8s import faults
from bitebyte_k8s.bar_cluster import BarCluster
from bitebyte_k8s.figures import Figures
from bitebyte_k8s.guests import Guests
from bitebyte_k8s.session import Kubernetes
from bitebyte_k8s.steps import step


def test_a_leader_without_peers_gives_the_service_away(
    kubernetes: Kubernetes, night_owl: BarCluster, figures: Figures
) -> None:
    """It still reaches the API server, and could hold on to the Service."""
    guests = Guests(night_owl, "cut-from-peers")
    with guests:
        old = night_owl.wait_leader()
        node = night_owl.node_of(old)
        address = night_owl.pods()[old]["status"]["podIP"]
        cut_ns = time.monotonic_ns()
        with step(f"{node}, where {old} leads, loses its peers but not the API server"):
            faults.cut_between(kubernetes.machines, node, night_owl)
        with step("the Service moves to another leader, and customers order"):
            recovery_s = guests.recovery_s(cut_ns)
            wait_until(
                lambda: night_owl.slice_address() not in {None, address},
                what="the Service leads elsewhere",
                timeout_s=30,
            )
            guests.wait_more()
            assert night_owl.slice_address() != address
        with step("the cut is healed"):
            kubernetes.machines.heal(node)
            night_owl.wait_ready()
        guests.wait_more()
    guests.judge(pods=3)
    figures.record("leader cut off from its peers", first_order_s=round(recovery_s, 2))


def test_a_leader_without_the_api_server_goes_on(
    kubernetes: Kubernetes, night_owl: BarCluster, figures: Figures
) -> None:
    guests = Guests(night_owl, "cut-from-api")
    with guests:
        leader = night_owl.wait_leader()
        node = night_owl.node_of(leader)
        began_ns = time.monotonic_ns()
        with step(f"{node}, where {leader} leads, loses the control plane for 10 s"):
            # Only what it sends there is dropped: the way of customers leads through that machine.
            for port in ("6443",):
                rule = ("-p", "tcp", "--dport", port, "-j", "DROP")
                kubernetes.machines.inside(
                    node,
                    "iptables",
                    "-w",
                    "-t",
                    "raw",
                    "-I",
                    "PREROUTING",
                    "-s",
                    "10.91.0.0/16",
                    *rule,
                )
            guests.workload.run_for(10)
        felt = guests.since(began_ns)
        assert night_owl.leader() == leader
        kubernetes.machines.heal(node)
        guests.wait_more()
    night_owl.wait_ready()
    guests.judge(pods=3)
    figures.record(
        "leader cut off from the API server",
        gap_s=round(felt.gap_s, 3),
        failed_requests=felt.failures,
    )
    assert felt.failures == 0
    assert CONTROL_PLANE in kubernetes.machines.names
