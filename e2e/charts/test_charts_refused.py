"""A mistake in the values is told at once, by the name of the value, and nothing is installed."""

import copy
from typing import Any

import pytest

from bitebyte_e2e.charts.helm import Helm, HelmRefused

Json = dict[str, Any]

BAD: list[tuple[str, Json, str]] = [
    ("bitebyte", {"replicas": 2}, "replicas"),
    ("bitebyte", {"replica": 3}, "replica"),
    ("bitebyte", {"storage": {"size": "10 GB"}}, "storage/size"),
    ("bitebyte", {"storage": {"class": "fast"}}, "class"),
    ("bitebyte", {"ingress": {"host": "http://bar.example.com"}}, "ingress/host"),
    ("bitebyte", {"ingress": {"backend": "Any"}}, "ingress/backend"),
    ("bitebyte", {"deletionPolicy": "Recycle"}, "deletionPolicy"),
    ("bitebyte", {"paused": "no"}, "paused"),
    ("bitebyte", {"image": {"tag": "a b"}}, "image/tag"),
    ("bitebyte", {"postgres": {"image": {"digest": "abc"}}}, "postgres/image/digest"),
    ("bitebyte", {"raft": {"logEntriesKept": 1}}, "raft/logEntriesKept"),
    ("bitebyte-operator", {"replicas": 0}, "replicas"),
    ("bitebyte-operator", {"clusterwide": True}, "clusterwide"),
    ("bitebyte-operator", {"watchNamespaces": "bar"}, "watchNamespaces"),
    ("bitebyte-operator", {"watchNamespaces": ["bar", "bar"]}, "watchNamespaces"),
    ("bitebyte-operator", {"logLevel": "loud"}, "logLevel"),
    (
        "bitebyte-operator",
        {"networkPolicy": {"apiServerPorts": [0]}},
        "networkPolicy/apiServerPorts",
    ),
    ("bitebyte-operator", {"networkPolicy": {"dnsTo": []}}, "networkPolicy/dnsTo"),
    ("bitebyte-operator", {"resources": {"limits": {"gpu": "1"}}}, "gpu"),
    ("bitebyte-operator", {"crds": {"keep": False}}, "keep"),
]


@pytest.mark.parametrize(("chart", "values", "named"), BAD)
def test_a_bad_value_is_refused_by_its_name(
    helm: Helm, chart: str, values: Json, named: str
) -> None:
    with pytest.raises(HelmRefused) as refused:
        helm.text(chart, copy.deepcopy(values), release="bitebyte-operator")
    told = str(refused.value).replace(".", "/")
    assert named in told, told
