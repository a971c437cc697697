"""What the judges say of a bar's own objects, which the operator makes: they are no templates, but
a user's review does not care who has written them."""

from pathlib import Path
from typing import Any

import pytest

from bitebyte_e2e.charts.helm import Helm, only
from bitebyte_e2e.charts.judges import low_scores, nonconforming
from bitebyte_e2e.charts.operands import operands

Json = dict[str, Any]

VARIANTS: dict[str, Json] = {
    "default": {},
    "one member": {"replicas": 1},
    "everything": {
        "replicas": 7,
        "image": {"pullPolicy": "Always"},
        "imagePullSecrets": [{"name": "regcred"}],
        "ingress": {"host": "bar.example.com", "className": "traefik", "tlsSecretName": "tls"},
        "networkPolicy": {"httpFrom": {"kubernetes.io/metadata.name": "traefik"}},
        "nodeSelector": {"disk": "fast"},
        "tolerations": [{"key": "bar", "operator": "Exists", "effect": "NoSchedule"}],
        "topologySpreadConstraints": [{"topologyKey": "topology.kubernetes.io/zone"}],
        "priorityClassName": "high",
        "storage": {"size": "20Gi", "storageClassName": "fast"},
    },
}

WAIVED = {
    # Tags of releases do not move, and `image.digest` is there for those that could. Always would
    # tie the restart of a member to the registry being there.
    "container-image-pull-policy",
    # No limit on the processor: the kernel would stop the leader for the rest of a period, which is
    # a missed heartbeat and then an election. Memory and disk are limited.
    "container-resources",
}


@pytest.fixture(params=VARIANTS.values(), ids=list(VARIANTS))
def objects(request: pytest.FixtureRequest, helm4: Helm) -> list[Json]:
    return operands(only(helm4.objects("bitebyte", request.param), "BarCluster"))


def test_every_object_conforms_to_the_api(
    objects: list[Json], tools: dict[str, Path], schemas: Path
) -> None:
    # The operator applies the slice without its endpoints: that field is the leader's.
    only(objects, "EndpointSlice")["endpoints"] = []
    assert nonconforming(tools["kubeconform"], schemas, objects) == []


def test_kube_score_finds_nothing_but_what_is_waived(
    objects: list[Json], tools: dict[str, Path]
) -> None:
    findings = low_scores(tools["kube-score"], objects)
    assert [finding for finding in findings if finding.check not in WAIVED] == []


def test_each_waiver_is_needed(helm4: Helm, tools: dict[str, Path]) -> None:
    default = operands(only(helm4.objects("bitebyte"), "BarCluster"))
    findings = low_scores(tools["kube-score"], default)
    assert {finding.check for finding in findings} == WAIVED
    texts = [finding.text for finding in findings if finding.check == "container-resources"]
    assert texts == ["postgres CPU limit is not set; node CPU limit is not set"]
