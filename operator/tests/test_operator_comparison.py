"""When an object is as the operator wants it, so that it is not written."""

from typing import Any

import pytest

from bitebyte_operator.comparison import is_as_wanted, stamped

WANTED = stamped(
    {
        "kind": "Service",
        "metadata": {"name": "bar", "labels": {"a": "b"}},
        "spec": {
            "ports": [{"name": "http", "port": 80}],
            "limits": {"memory": "1Gi", "cpu": "1000m"},
            "list": [{"port": 53}],
            "empty": [],
        },
    }
)


def as_stored(**spec: Any) -> dict[str, Any]:
    """As the API server gives it back: with defaults, without what is empty."""
    metadata = {**WANTED["metadata"], "uid": "1", "labels": {"a": "b", "of-another": "x"}}
    stored = {
        "ports": [{"name": "http", "port": 80, "protocol": "TCP"}],
        "limits": {"memory": "1Gi", "cpu": "1"},
        "list": [{"port": 53, "protocol": "TCP"}],
        "type": "ClusterIP",
    }
    return {"kind": "Service", "metadata": metadata, "spec": {**stored, **spec}}


def test_defaults_and_other_peoples_fields_do_not_count() -> None:
    assert is_as_wanted(WANTED, as_stored())


@pytest.mark.parametrize(
    "spec",
    [
        {"ports": [{"name": "http", "port": 81}]},
        {"ports": []},
        {"limits": {"memory": "2Gi", "cpu": "1"}},
        {"limits": {"memory": "1Gi"}},
        {"list": [{"port": 53}, {"port": 54}]},
        {"empty": [{"port": 1}]},
    ],
)
def test_a_field_of_ours_that_was_changed_counts(spec: dict[str, Any]) -> None:
    assert not is_as_wanted(WANTED, as_stored(**spec))


def test_a_named_element_that_somebody_adds_does_not_count() -> None:
    ports = [{"name": "metrics", "port": 9}, {"name": "http", "port": 80}]
    assert is_as_wanted(WANTED, as_stored(ports=ports))


def test_a_field_that_is_no_longer_asked_for_counts() -> None:
    fewer = {key: value for key, value in WANTED["spec"].items() if key != "list"}
    metadata = {"name": "bar", "labels": {"a": "b"}}
    now_wanted = stamped({"kind": "Service", "metadata": metadata, "spec": fewer})

    assert not is_as_wanted(now_wanted, as_stored())


def test_the_count_of_pods_does_not_count() -> None:
    metadata = {"name": "bar"}
    three = stamped({"kind": "StatefulSet", "metadata": metadata, "spec": {"replicas": 3}})
    five = stamped({"kind": "StatefulSet", "metadata": metadata, "spec": {"replicas": 5}})

    assert is_as_wanted(three, five)
