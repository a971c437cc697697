"""A BarCluster is applied, and there is a bar."""

import time

import pytest

from bitebyte_cluster.commands import run
from bitebyte_k8s.bar_cluster import CREATE_TIMEOUT_S
from bitebyte_k8s.figures import Figures
from bitebyte_k8s.guests import Guests
from bitebyte_k8s.session import Kubernetes, NewCluster
from bitebyte_k8s.steps import step


@pytest.mark.parametrize(
    "replicas", [1, pytest.param(3, marks=pytest.mark.smoke), 5], ids=lambda n: f"{n}-members"
)
def test_a_new_cluster_becomes_ready_and_says_so(
    kubernetes: Kubernetes, new_cluster: NewCluster, figures: Figures, replicas: int
) -> None:
    cluster = new_cluster(f"bar-of-{replicas}")
    began_s = time.monotonic()
    with step(f"a BarCluster of {replicas} is applied and becomes Ready"):
        cluster.apply(replicas=replicas)
        status = cluster.wait_ready(timeout_s=CREATE_TIMEOUT_S)
    took_s = time.monotonic() - began_s
    with step("its status tells who leads and what it tolerates"):
        assert status["leader"]["name"] == cluster.leader()
        assert status["faultTolerance"] == (replicas - 1) // 2
        assert status["clusterID"]
        assert cluster.condition("Available")[0] == "True"
        assert cluster.condition("Initialized")[0] == "True"
        assert cluster.condition("Degraded")[0] == "False"
        assert {each["name"] for each in status["members"]} == set(cluster.pods())
        machines = {cluster.node_of(pod) for pod in cluster.pods()}
        assert len(machines) == min(replicas, 3), "members share machines that could be apart"
    with step("`kubectl get` shows it in one line"):
        row = kubectl_row(kubernetes, cluster.namespace, cluster.name)
        assert row[:3] == [cluster.name, str(replicas), str(replicas)], row
        assert status["leader"]["name"] in row
    guests = Guests(cluster, f"first-night-{replicas}")
    with guests:
        guests.wait_more()
    guests.judge(pods=replicas)
    figures.record(f"create {replicas}", ready_s=round(took_s, 1))
    cluster.delete()
    cluster.wait_gone()


def kubectl_row(kubernetes: Kubernetes, namespace: str, name: str) -> list[str]:
    said = run(
        kubernetes.paths.bin / "kubectl",
        f"--kubeconfig={kubernetes.paths.kubeconfig}",
        *("-n", namespace, "get", "barcluster", name, "--no-headers"),
    )
    return said.split()
