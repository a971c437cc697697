"""A BarCluster is deleted: its data stays, unless its owner said otherwise."""

import pytest

from bitebyte_e2e.waiting import wait_until
from bitebyte_k8s.api import Api, owned_by
from bitebyte_k8s.figures import Figures
from bitebyte_k8s.guests import Guests
from bitebyte_k8s.operator_install import OperatorInstall
from bitebyte_k8s.session import NewCluster
from bitebyte_k8s.steps import step


@pytest.mark.parametrize("policy", ["Retain", "Delete"])
def test_deleting_a_cluster_treats_the_data_as_told(
    new_cluster: NewCluster, figures: Figures, policy: str
) -> None:
    cluster = new_cluster(f"ended-{policy.lower()}")
    with step(f"a cluster with deletionPolicy {policy} is Ready"):
        cluster.apply(replicas=3, deletionPolicy=policy)
        cluster.wait_ready()
    with step("it is deleted, and everything but data is gone"):
        cluster.delete()
        cluster.wait_gone()
        wait_until(
            lambda: not list(owned_by(cluster.api, cluster.namespace, cluster.name)),
            what="all that belonged to it is gone",
            timeout_s=120,
        )
        wait_until(lambda: not cluster.pods(), what="its pods are gone", timeout_s=120)
    kept = 3 if policy == "Retain" else 0
    with step(f"{kept} volumes are left"):
        wait_until(
            lambda: len(claims(cluster.api, cluster.namespace, cluster.name)) == kept,
            what=f"{kept} claims",
            timeout_s=60,
        )
    figures.record(f"deletion, {policy}", claims_kept=kept)


def test_a_cluster_deleted_without_an_operator_goes_when_it_is_back(
    new_cluster: NewCluster, operator: OperatorInstall, figures: Figures
) -> None:
    cluster = new_cluster("ended-alone")
    with step("a cluster is Ready"):
        cluster.apply(replicas=1)
        cluster.wait_ready()
    guests = Guests(cluster, "deleted-alone")
    with step("the operator is away while it is deleted: nothing happens to its pods"):
        operator.scale(0)
        with guests:
            cluster.delete()
            guests.wait_more()
        assert len(cluster.pods()) == 1
    with step("the operator comes back, and it goes"):
        operator.scale(2)
        cluster.wait_gone()
    figures.record("deletion without an operator", confirmed=guests.history.confirmed_count())


def claims(api: Api, namespace: str, name: str) -> list[str]:
    found = api.list("PersistentVolumeClaim", namespace)
    names = [claim["metadata"]["name"] for claim in found]
    return [each for each in names if each.startswith(f"data-{name}-")]
