"""A new image is rolled out under load, and the leader moves on its way."""

import time

import pytest

from bitebyte_cluster import images
from bitebyte_cluster.commands import run
from bitebyte_e2e.waiting import wait_until
from bitebyte_k8s.bar_cluster import APP_IMAGE, BarCluster
from bitebyte_k8s.figures import Figures
from bitebyte_k8s.guests import Guests
from bitebyte_k8s.session import Kubernetes
from bitebyte_k8s.steps import step

NEXT_IMAGE = "localhost/bitebyte-app:next"


@pytest.mark.smoke
def test_a_rolling_upgrade_fails_no_request(
    kubernetes: Kubernetes, night_owl: BarCluster, figures: Figures
) -> None:
    with step("the next version's image is on every machine"):
        run("buildah", "tag", APP_IMAGE, NEXT_IMAGE)
        images.load_image(kubernetes.machines, NEXT_IMAGE)
    guests = Guests(night_owl, "rolling-upgrade")
    with guests:
        leader, before = night_owl.wait_leader(), night_owl.uids()
        began_ns = time.monotonic_ns()
        with step("the image changes; every pod is replaced, the leader's last"):
            night_owl.patch(image=NEXT_IMAGE)
            order = watch_replacements(night_owl, before)
            night_owl.wait_ready()
        took_s = (time.monotonic_ns() - began_ns) / 1e9
        felt = guests.since(began_ns)
        guests.wait_more()
    assert order[-1] == leader, f"{leader} led, and pods were replaced in the order {order}"
    for pod in night_owl.pods().values():
        assert pod["spec"]["containers"][0]["image"] == NEXT_IMAGE
    guests.judge(pods=3)
    figures.record(
        "rolling upgrade",
        took_s=round(took_s, 1),
        gap_s=round(felt.gap_s, 3),
        failed_requests=felt.failures,
        confirmed=felt.confirmed,
    )
    assert felt.failures == 0


def watch_replacements(cluster: BarCluster, before: dict[str, str]) -> list[str]:
    """The order in which pods were replaced, once all of them were."""
    order: list[str] = []

    def all_replaced() -> bool:
        for name, uid in cluster.uids().items():
            if uid != before[name] and name not in order:
                order.append(name)
        return len(order) == len(before)

    wait_until(all_replaced, what=f"all pods are replaced (so far {order})", timeout_s=300)
    return order
