"""Nothing to do is nothing done: an idle operator writes nothing."""

import os

import pytest

from bitebyte_e2e.waiting import pause
from bitebyte_k8s.api import Json, owned_by
from bitebyte_k8s.bar_cluster import BarCluster
from bitebyte_k8s.figures import Figures
from bitebyte_k8s.operator_install import USER
from bitebyte_k8s.session import INGRESS_HOST, Kubernetes
from bitebyte_k8s.steps import step

WATCHED_S = float(os.environ.get("BITEBYTE_K8S_IDLE_S") or 45)
"""Three times the operator's longest pause between two looks."""


@pytest.mark.smoke
def test_an_idle_cluster_costs_no_write(
    kubernetes: Kubernetes, night_owl: BarCluster, figures: Figures
) -> None:
    with step("the same manifest is applied again"):
        before = versions(night_owl)
        log = kubernetes.audit()
        manifest: Json = night_owl.manifest(ingress={"host": INGRESS_HOST})
        night_owl.api.apply(manifest)
    with step(f"for {WATCHED_S:g} s nobody touches anything"):
        pause(WATCHED_S)
    writes = log.writes()
    by_operator = [str(write) for write in writes if write.user == USER]
    own = f"system:serviceaccount:{night_owl.namespace}:{night_owl.name}"
    by_members = [str(write) for write in writes if write.user == own]
    figures.record(
        "idle",
        watched_s=WATCHED_S,
        writes_of_operator=len(by_operator),
        writes_of_members=len(by_members),
    )
    assert by_operator == []
    assert by_members == []
    assert versions(night_owl) == before


def versions(cluster: BarCluster) -> dict[str, str]:
    """The resource version of everything that belongs to it, and of itself."""
    things = [("BarCluster", cluster.get())]
    things += owned_by(cluster.api, cluster.namespace, cluster.name)
    return {
        f"{kind}/{thing['metadata']['name']}": thing["metadata"]["resourceVersion"]
        for kind, thing in things
    }
