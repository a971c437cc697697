"""The operator is killed at every write it makes, while it creates, scales and upgrades.

All replicas are killed with kill -9 as soon as the audit log shows its k-th write, for k = 1, 2, 3
and so on until an operation ends before its k-th. BITEBYTE_K8S_CRASH_POINTS bounds k.
"""

import os
import threading
from collections.abc import Callable

import pytest

from bitebyte_cluster import images
from bitebyte_cluster.commands import run
from bitebyte_e2e.waiting import pause
from bitebyte_k8s.audit import AuditLog
from bitebyte_k8s.bar_cluster import APP_IMAGE, BarCluster
from bitebyte_k8s.figures import Figures
from bitebyte_k8s.guests import Guests
from bitebyte_k8s.operator_install import USER, OperatorInstall
from bitebyte_k8s.session import Kubernetes, NewCluster
from bitebyte_k8s.steps import say, step

CRASH_POINTS_MAX = int(os.environ.get("BITEBYTE_K8S_CRASH_POINTS") or 60)
NEXT_IMAGE = "localhost/bitebyte-app:next"
_POLL_S = 0.01


class Killer:
    """Kills every operator at its k-th write from now on; a thread of its own watches."""

    def __init__(self, log: AuditLog, operator: OperatorInstall, at_write: int) -> None:
        self._log, self._operator, self._at_write = log, operator, at_write
        self._containers = operator.container_ids()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.killed_after: str | None = None
        self.seen = 0

    def __enter__(self) -> "Killer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stopping.is_set():
            for write in self._log.writes(USER):
                self.seen += 1
                if self.seen == self._at_write:
                    self.killed_after = str(write)
                    self._operator.kill_containers(self._containers)
                    return
            pause(_POLL_S)


def crash_at_every_write(
    kubernetes: Kubernetes,
    operator: OperatorInstall,
    work: Callable[[int], BarCluster],
    *,
    step_between: int = 1,
) -> int:
    """Does `work(k)`, which ends Ready, with the operator killed at its k-th write; for every k
    until one is not reached. How many times it was killed."""
    kills = 0
    for k in range(1, CRASH_POINTS_MAX + 1, step_between):
        operator.wait_ready(2)
        operator.wait_holder()
        with Killer(kubernetes.audit(), operator, k) as killer:
            cluster = work(k)
        if killer.killed_after is None:
            say(f"the work took {killer.seen} writes: nothing left to kill at")
            return kills
        kills += 1
        say(f"{k}: killed after {killer.killed_after}; {cluster.name} is Ready all the same")
    return kills


@pytest.mark.timeout(3600)
def test_creation_survives_a_kill_at_every_write(
    kubernetes: Kubernetes, operator: OperatorInstall, new_cluster: NewCluster, figures: Figures
) -> None:
    def create(k: int) -> BarCluster:
        cluster = new_cluster(f"made-{k}")
        cluster.apply(replicas=1, deletionPolicy="Delete")
        status = cluster.wait_ready()
        assert status["voters"] == 1
        cluster.delete()
        cluster.wait_gone()
        return cluster

    with step("a cluster of one is created and deleted, with a kill at every write"):
        kills = crash_at_every_write(kubernetes, operator, create)
    figures.record("operator killed while creating and deleting", crash_points=kills)
    assert kills > 5


@pytest.mark.timeout(3600)
def test_scaling_survives_a_kill_at_every_write(
    kubernetes: Kubernetes, operator: OperatorInstall, new_cluster: NewCluster, figures: Figures
) -> None:
    cluster = new_cluster("scaled")
    cluster.apply(replicas=1)
    cluster.wait_ready()
    guests = Guests(cluster, "operator-killed-scale")

    def scale(_: int) -> BarCluster:
        for size in (3, 1):
            cluster.patch(replicas=size)
            assert cluster.wait_ready()["voters"] == size
        return cluster

    with guests, step("1 → 3 → 1 under load, with a kill at every second write"):
        kills = crash_at_every_write(kubernetes, operator, scale, step_between=2)
    guests.judge(pods=1)
    figures.record("operator killed while scaling", crash_points=kills)
    assert kills > 3


@pytest.mark.timeout(3600)
def test_an_upgrade_survives_a_kill_at_every_write(
    kubernetes: Kubernetes, operator: OperatorInstall, night_owl: BarCluster, figures: Figures
) -> None:
    run("buildah", "tag", APP_IMAGE, NEXT_IMAGE)
    images.load_image(kubernetes.machines, NEXT_IMAGE)
    guests = Guests(night_owl, "operator-killed-upgrade")

    def upgrade(k: int) -> BarCluster:
        night_owl.patch(image=NEXT_IMAGE if k % 4 == 1 else APP_IMAGE)
        night_owl.wait_ready()
        return night_owl

    with guests, step("upgrades there and back under load, with a kill at every second write"):
        kills = crash_at_every_write(kubernetes, operator, upgrade, step_between=2)
    guests.judge(pods=3)
    figures.record("operator killed while upgrading", crash_points=kills)
    assert kills > 2


@pytest.mark.smoke
def test_a_growing_cluster_survives_some_kills(
    kubernetes: Kubernetes, operator: OperatorInstall, new_cluster: NewCluster, figures: Figures
) -> None:
    """The short form of the others: one cluster grows from nothing to three, and the operator dies
    at its fifth write and at every tenth after it."""
    cluster = new_cluster("interrupted")
    log, containers = kubernetes.audit(), operator.container_ids()
    seen = kills = 0
    with step("a cluster of three is created while its operator is killed again and again"):
        cluster.apply(replicas=3)
        while not cluster.is_ready():
            for _ in log.writes(USER):
                seen += 1
                if seen % 10 == 5:
                    kills += operator.kill_containers(containers) > 0
                    containers = operator.container_ids()
            pause(_POLL_S)
    guests = Guests(cluster, "interrupted")
    with guests:
        guests.wait_more()
    guests.judge(pods=3)
    figures.record("operator killed while growing", kills=kills, writes=seen)
    assert kills >= 2
    cluster.delete()
