"""A machine is emptied for maintenance, first that of the leader."""

import time

from bitebyte_cluster.commands import run
from bitebyte_k8s.bar_cluster import BarCluster
from bitebyte_k8s.figures import Figures
from bitebyte_k8s.guests import Guests
from bitebyte_k8s.session import Kubernetes
from bitebyte_k8s.steps import step


def test_draining_the_leaders_machine_fails_no_request(
    kubernetes: Kubernetes, night_owl: BarCluster, figures: Figures
) -> None:
    kubectl = (
        kubernetes.paths.bin / "kubectl",
        f"--kubeconfig={kubernetes.paths.kubeconfig}",
    )
    guests = Guests(night_owl, "drain")
    with guests:
        leader = night_owl.wait_leader()
        node = night_owl.node_of(leader)
        began_ns = time.monotonic_ns()
        with step(f"{node}, where {leader} leads, is drained"):
            drain = ("drain", node, "--ignore-daemonsets", "--delete-emptydir-data", "--force")
            run(*kubectl, *drain, "--timeout=120s")
            night_owl.wait_leader(other_than=leader)
        with step("a second machine is not emptied: the disruption budget holds its pod"):
            other = next(
                night_owl.node_of(pod)
                for pod in night_owl.pods()
                if night_owl.pods()[pod]["spec"].get("nodeName") not in {None, node}
            )
            assert is_eviction_refused(kubernetes, night_owl, other)
        felt = guests.since(began_ns)
        with step(f"{node} is used again, and the cluster is whole"):
            run(*kubectl, "uncordon", node)
            night_owl.wait_ready()
        guests.wait_more()
    guests.judge(pods=3)
    figures.record("drain", gap_s=round(felt.gap_s, 3), failed_requests=felt.failures)
    assert felt.failures == 0


def is_eviction_refused(kubernetes: Kubernetes, cluster: BarCluster, node: str) -> bool:
    pod = next(name for name, pod in cluster.pods().items() if pod["spec"].get("nodeName") == node)
    return kubernetes.api.is_eviction_refused(pod, cluster.namespace)
