"""What independent judges say of the charts: Helm's linter, kubeconform, kube-score.

Waivers are written beside the object, as a comment for each, and one that is not needed any more is
a failure too.
"""

import re
from pathlib import Path
from typing import Any

import pytest

from bitebyte_e2e.charts.helm import CHARTS, Helm, kinds
from bitebyte_e2e.charts.judges import Finding, low_scores, nonconforming

Json = dict[str, Any]

VARIANTS: dict[str, tuple[str, Json]] = {
    "operator": ("bitebyte-operator", {}),
    "operator, cluster-wide": (
        "bitebyte-operator",
        {"clusterWide": True, "rbac": {"aggregateToUserRoles": True}},
    ),
    "operator, closed network": (
        "bitebyte-operator",
        {
            "watchNamespaces": ["east", "west"],
            "networkPolicy": {
                "metricsFrom": [],
                "apiServerTo": [{"ipBlock": {"cidr": "10.0.0.1/32"}}],
            },
            "imagePullSecrets": [{"name": "regcred"}],
            "tolerations": [{"operator": "Exists"}],
        },
    ),
    "bar": ("bitebyte", {}),
    "bar, with an address": (
        "bitebyte",
        {
            "replicas": 5,
            "ingress": {"host": "bar.example.com", "className": "traefik", "tlsSecretName": "tls"},
            "networkPolicy": {"httpFrom": {"kubernetes.io/metadata.name": "traefik"}},
            "tolerations": [{"operator": "Exists"}],
            "imagePullSecrets": [{"name": "regcred"}],
        },
    ),
}

WAIVER = "kube-score/ignore"


@pytest.fixture(params=VARIANTS.values(), ids=list(VARIANTS))
def variant(request: pytest.FixtureRequest) -> tuple[str, Json]:
    return request.param


def objects_of(helm: Helm, variant: tuple[str, Json]) -> list[Json]:
    chart, values = variant
    return helm.objects(chart, values, release="bitebyte-operator")


def test_lint_has_nothing_to_say(helm: Helm, variant: tuple[str, Json]) -> None:
    chart, values = variant
    assert "0 chart(s) failed" in helm.lint(chart, values)


def test_every_object_conforms_to_the_api(
    helm: Helm, variant: tuple[str, Json], tools: dict[str, Path], schemas: Path
) -> None:
    objects = objects_of(helm, variant)
    assert objects
    assert nonconforming(tools["kubeconform"], schemas, objects) == []


def test_the_schemas_refuse_a_field_that_the_api_does_not_know(
    helm4: Helm, tools: dict[str, Path], schemas: Path
) -> None:
    """Else the test above could not fail."""
    for chart in ("bitebyte", "bitebyte-operator"):
        for index, item in enumerate(objects_of(helm4, (chart, {}))):
            if "spec" not in item:
                continue
            item["spec"]["unknownField"] = 1
            [finding] = nonconforming(tools["kubeconform"], schemas, [item])
            assert "unknownField" in finding.text, (chart, index, finding)


def test_kube_score_finds_nothing(
    helm: Helm, variant: tuple[str, Json], tools: dict[str, Path]
) -> None:
    objects = [i for i in objects_of(helm, variant) if i["kind"] != "BarCluster"]
    if objects:
        assert low_scores(tools["kube-score"], objects) == []


def test_each_waiver_is_needed_and_has_its_reason_beside_it(
    helm4: Helm, tools: dict[str, Path]
) -> None:
    objects = objects_of(helm4, VARIANTS["operator"])
    waived = {
        Finding(name, check)
        for item in objects
        for [name] in [kinds([item])]
        for check in item["metadata"].get("annotations", {}).get(WAIVER, "").split(",")
        if check
    }
    found = low_scores(tools["kube-score"], objects, with_waivers=False)
    assert waived == {Finding(finding.object, finding.check) for finding in found}
    templates = (CHARTS / "bitebyte-operator" / "templates").glob("*.yaml")
    source = "\n".join(path.read_text() for path in templates)
    for waiver in waived:
        assert re.search(rf"# {waiver.check}: \w+ \w+", source), f"no reason for {waiver.check}"
