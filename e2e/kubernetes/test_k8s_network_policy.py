"""Strangers reach the bar, and nothing else of it."""

import pytest

from bitebyte_cluster.commands import ClusterError, run
from bitebyte_cluster.machines import container_pids
from bitebyte_cluster.services import INFRA_IMAGE
from bitebyte_e2e.waiting import wait_until
from bitebyte_k8s.api import conditions
from bitebyte_k8s.bar_cluster import BarCluster
from bitebyte_k8s.figures import Figures
from bitebyte_k8s.session import Kubernetes
from bitebyte_k8s.steps import step

STRANGER = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "stranger"},
    "spec": {
        "terminationGracePeriodSeconds": 1,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 65532,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [
            {
                "name": "stranger",
                "image": INFRA_IMAGE,
                "imagePullPolicy": "Never",
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "capabilities": {"drop": ["ALL"]},
                },
            }
        ],
    },
}
CONNECT_TIMEOUT_S = "3"


@pytest.mark.smoke
def test_a_stranger_reaches_http_only(
    kubernetes: Kubernetes, night_owl: BarCluster, namespace: str, figures: Figures
) -> None:
    with step("a pod of somebody else's starts"):
        kubernetes.api.apply(STRANGER | {"metadata": {"name": "stranger", "namespace": namespace}})
        wait_until(lambda: _is_ready(kubernetes, namespace), what="the stranger runs", timeout_s=60)
    addresses = {name: pod["status"]["podIP"] for name, pod in sorted(night_owl.pods().items())}
    with step("it reaches HTTP of every member, but neither peers nor the admin port"):
        for name, address in addresses.items():
            assert can_connect(kubernetes, namespace, address, 8080), f"{name}: HTTP"
            assert not can_connect(kubernetes, namespace, address, 7080), f"{name}: peers"
            assert not can_connect(kubernetes, namespace, address, 9080), f"{name}: admin"
    with step("members reach each other all the while"):
        night_owl.wait_ready()
    with step("a member reaches no stranger"):
        stranger = kubernetes.api.get("Pod", "stranger", namespace)
        assert stranger is not None
        assert not member_connects(night_owl, "night-owl-0", stranger["status"]["podIP"])
    figures.record("network policy", members=len(addresses))


def _is_ready(kubernetes: Kubernetes, namespace: str) -> bool:
    pod = kubernetes.api.get("Pod", "stranger", namespace)
    return pod is not None and conditions(pod).get("Ready", {}).get("status") == "True"


def can_connect(kubernetes: Kubernetes, namespace: str, address: str, port: int) -> bool:
    """Whether the stranger can open a TCP connection to there."""
    kubectl = (kubernetes.paths.bin / "kubectl", f"--kubeconfig={kubernetes.paths.kubeconfig}")
    knock = ("timeout", CONNECT_TIMEOUT_S, "nc", address, str(port), "-e", "true")
    try:
        run(*kubectl, "-n", namespace, "exec", "stranger", "--", *knock)
    except ClusterError:
        return False
    return True


def member_connects(cluster: BarCluster, pod: str, address: str) -> bool:
    """Whether a member could reach an address: tried in its own network namespace."""
    pid = container_pids(cluster.container_id(pod, "node"))[0]
    script = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], 9), 2)
except ConnectionRefusedError:
    print("came through")
except OSError:
    print("held back")
"""
    said = run("nsenter", "-t", str(pid), "-n", "python3", "-c", script, address)
    return said.strip() != "held back"
