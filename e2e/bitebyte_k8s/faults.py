"""What goes wrong with a pod or a machine, without anybody being told."""

import os
import signal
import time

from bitebyte_cluster.machines import Machines, container_pids, kill_marked
from bitebyte_e2e.waiting import wait_until
from bitebyte_k8s.api import Api, conditions
from bitebyte_k8s.bar_cluster import BarCluster

NOT_READY_TIMEOUT_S = 60.0
READY_TIMEOUT_S = 120.0


def kill_node_process(cluster: BarCluster, pod: str) -> int:
    """kill -9 of the BiteByte process in a pod; its database lives on. The monotonic nanosecond in
    which it was killed: it is gone when this returns."""
    container = cluster.container_id(pod, "node")
    killed_ns = time.monotonic_ns()
    assert kill_marked(container) > 0, f"{pod}: nothing to kill"
    return killed_ns


def kill_pod_processes(cluster: BarCluster, pod: str) -> None:
    """kill -9 of everything in a pod, the database too."""
    for container in ("node", "postgres"):
        assert kill_marked(cluster.container_id(pod, container)) > 0, f"{pod}: nothing to kill"


def signal_node_process(cluster: BarCluster, pod: str, what: signal.Signals) -> None:
    """SIGSTOP and SIGCONT, for a process that does not get the CPU for a while."""
    pids = container_pids(cluster.container_id(pod, "node"))
    assert pids, f"{pod}: no process"
    for pid in pids:
        os.kill(pid, what)


def cut_between(machines: Machines, node: str, cluster: BarCluster) -> list[str]:
    """Cuts a machine off from those that carry the cluster's other pods, but not from the control
    plane; those peers."""
    peers = sorted({cluster.node_of(pod) for pod in cluster.pods()} - {node})
    machines.cut_off(node, *peers)
    return peers


def is_node_ready(api: Api, node: str) -> bool:
    found = api.get("Node", node)
    return found is not None and conditions(found).get("Ready", {}).get("status") == "True"


def wait_node(api: Api, node: str, *, ready: bool) -> None:
    """Waits until Kubernetes has noticed."""
    wait_until(
        lambda: is_node_ready(api, node) == ready,
        what=f"{node} is {'ready' if ready else 'missed'}",
        timeout_s=READY_TIMEOUT_S if ready else NOT_READY_TIMEOUT_S,
    )


def restore(machines: Machines, api: Api) -> None:
    """Everything on, thawed and connected again, whatever a test has left behind."""
    for name in machines.names:
        machines.thaw(name)
        machines.boot(name)
        machines.heal(name)
        machines.resume_service(name, "kube-apiserver")
    wait_until(api.is_alive, what="the API server answers", timeout_s=READY_TIMEOUT_S)
    for node in machines.nodes:
        wait_node(api, node, ready=True)
        api.patch("Node", node, None, {"spec": {"unschedulable": None}})
