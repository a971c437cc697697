"""The operator's frozen types hold what the BarCluster says, and names keep their numbers."""

import msgspec
import pytest

from bitebyte_operator.model import BarCluster, BarClusterSpec, StatusRecord
from bitebyte_operator.model.status import INITIALIZED, Condition

SPEC = {
    "image": "bar:1",
    "postgres": {"image": "database:1"},
    "storage": {"size": "1Gi", "storageClassName": "fast"},
    "update": {"minReadySeconds": 5},
    "ingress": {"host": "bar.example", "tlsSecretName": "bar-tls"},
    "deletionPolicy": "Delete",
}


def cluster(name: str = "night-owl") -> BarCluster:
    return BarCluster(
        name=name,
        namespace="bars",
        uid="u",
        resource_version="1",
        generation=1,
        spec=msgspec.convert(SPEC, BarClusterSpec),
    )


def test_a_spec_is_read_in_the_words_of_kubernetes() -> None:
    spec = cluster().spec
    assert spec.storage.storage_class_name == "fast"
    assert spec.update.min_ready_seconds == 5
    assert spec.ingress is not None
    assert spec.ingress.tls_secret_name == "bar-tls"
    assert (spec.replicas, spec.deletion_policy, spec.paused) == (3, "Delete", False)


@pytest.mark.parametrize(
    ("pod_name", "ordinal"),
    [
        ("night-owl-0", 0),
        ("night-owl-12", 12),
        ("night-owl-01", None),
        ("night-owl", None),
        ("owl-1", None),
        ("night-owl-x", None),
        ("night-owl-²", None),
    ],
)
def test_only_names_of_our_own_pods_have_a_number(pod_name: str, ordinal: int | None) -> None:
    assert cluster().ordinal_of(pod_name) == ordinal


def test_a_name_and_its_number_belong_together() -> None:
    assert cluster("a-1").ordinal_of(cluster("a-1").pod_name(10)) == 10


def test_a_status_that_nobody_has_written_remembers_nothing() -> None:
    status = StatusRecord()
    assert not status.is_initialized
    assert status.cluster_id is None


def test_initialized_is_remembered_by_its_condition() -> None:
    condition = Condition(
        type=INITIALIZED,
        status="True",
        reason="ClusterFormed",
        message="",
        observed_generation=1,
        last_transition_s=0.0,
    )
    assert StatusRecord(conditions=(condition,)).is_initialized
