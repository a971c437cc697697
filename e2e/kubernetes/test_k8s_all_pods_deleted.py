"""All pods at once are deleted: what was confirmed is on the volumes."""

import time

from bitebyte_k8s.bar_cluster import BarCluster
from bitebyte_k8s.figures import Figures
from bitebyte_k8s.guests import Guests
from bitebyte_k8s.steps import step


def test_orders_survive_the_deletion_of_every_pod(night_owl: BarCluster, figures: Figures) -> None:
    guests = Guests(night_owl, "all-pods-deleted")
    with guests:
        before = night_owl.uids()
        with step("every pod is deleted without grace"):
            deleted_ns = time.monotonic_ns()
            for pod in before:
                night_owl.api.delete("Pod", pod, night_owl.namespace, grace_s=0)
        with step("customers order again"):
            recovery_s = guests.recovery_s(deleted_ns)
        with step("the cluster is Ready with three new pods"):
            night_owl.wait_ready()
            assert not set(before.values()) & set(night_owl.uids().values())
        guests.wait_more()
    guests.judge(pods=3)
    figures.record("all pods deleted", first_order_s=round(recovery_s, 1))
