"""The chart of a bar: its values become the spec of one BarCluster."""

from typing import Any

import pytest

from bitebyte_e2e.charts.helm import CHARTS, Helm, HelmRefused, parsed

CHART = "bitebyte"
Json = dict[str, Any]


def bar(helm: Helm, values: Json | None = None, **options: Any) -> Json:
    [cluster] = helm.objects(CHART, values, **options)
    assert cluster["apiVersion"] == "bitebyte.io/v1alpha1"
    assert cluster["kind"] == "BarCluster"
    return cluster


def test_the_default_is_three_members_called_like_the_release(helm: Helm) -> None:
    cluster = bar(helm)
    assert cluster["metadata"]["name"] == "night-owl"
    assert cluster["metadata"]["namespace"] == "bar"
    assert cluster["spec"]["replicas"] == 3
    assert cluster["spec"]["deletionPolicy"] == "Retain"


def test_what_is_empty_is_left_to_the_definition(helm: Helm) -> None:
    left_out = {"ingress", "networkPolicy", "nodeSelector", "tolerations", "priorityClassName"}
    left_out |= {"topologySpreadConstraints", "imagePullSecrets"}
    assert not left_out & set(bar(helm)["spec"])
    assert set(bar(helm)["spec"]["storage"]) == {"size"}


def test_no_spread_at_all_is_something_else_than_the_default(helm: Helm) -> None:
    spec = bar(helm, {"topologySpreadConstraints": []})["spec"]
    assert spec["topologySpreadConstraints"] == []


def test_every_field_of_the_definition_can_be_set_by_a_value(helm: Helm) -> None:
    """And is set to what was said, under the name that the API has."""
    spread = {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}
    resources = {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "2Gi"}}
    image = {"repository": "example.com/app", "tag": "2"}
    same = {
        "replicas": 5,
        "imagePullSecrets": [{"name": "regcred"}],
        "storage": {"size": "20Gi", "storageClassName": "fast"},
        "resources": resources,
        "nodeSelector": {"disk": "fast"},
        "tolerations": [{"key": "bar", "operator": "Exists"}],
        "topologySpreadConstraints": [spread],
        "priorityClassName": "high",
        "update": {"minReadySeconds": 30},
        "raft": {"logEntriesKept": 1000000},
        "ingress": {
            "host": "bar.example.com",
            "className": "traefik",
            "tlsSecretName": "bar-tls",
            "backend": "Read",
            "annotations": {"a": "b"},
        },
        "networkPolicy": {"httpFrom": {"team": "web"}},
        "paused": True,
        "deletionPolicy": "Delete",
        "progressDeadlineSeconds": 1200,
    }
    spec = bar(
        helm,
        same
        | {
            "image": image | {"pullPolicy": "Always"},
            "postgres": {
                "image": {"repository": "example.com/pg", "tag": "3"},
                "resources": resources,
            },
        },
    )["spec"]
    assert spec == same | {
        "image": "example.com/app:2",
        "imagePullPolicy": "Always",
        "postgres": {"image": "example.com/pg:3", "resources": resources},
    }
    assert _fields_of_the_definition() == _fields(spec)


def _definition() -> Json:
    files = sorted((CHARTS / "bitebyte-operator" / "files").glob("*.yaml"))
    [definition] = [
        item
        for file in files
        for item in parsed(file.read_text())
        if item["kind"] == "CustomResourceDefinition"
    ]
    [version] = definition["spec"]["versions"]
    return version["schema"]["openAPIV3Schema"]["properties"]["spec"]


def _fields_of_the_definition() -> set[str]:
    def walk(schema: Json, prefix: str) -> set[str]:
        names: set[str] = set()
        for key, inner in schema.get("properties", {}).items():
            below = walk(inner, f"{prefix}{key}.") if inner["type"] == "object" else set[str]()
            names |= below or {f"{prefix}{key}"}
        return names

    return walk(_definition(), "")


def _fields(spec: Json) -> set[str]:
    """Leaves, as far as the definition names them: a map of the user's own is one leaf."""
    known = _fields_of_the_definition()

    def walk(value: Any, name: str) -> set[str]:
        if name in known or not isinstance(value, dict):
            return {name}
        return {leaf for key, inner in value.items() for leaf in walk(inner, f"{name}.{key}")}

    return {leaf for key, inner in spec.items() for leaf in walk(inner, key)}


def test_the_defaults_of_chart_and_definition_agree(helm4: Helm) -> None:
    """Whoever leaves a field out of a BarCluster gets what the chart would have said."""
    spec = bar(helm4)["spec"]

    def differing(schema: Json, values: Json, prefix: str) -> list[str]:
        found: list[str] = []
        for key, inner in schema.get("properties", {}).items():
            value = values.get(key)
            if isinstance(value, dict):
                found += differing(inner, value, f"{prefix}{key}.")
            elif value is not None and inner.get("default", value) != value:
                found.append(f"{prefix}{key}: {value} in the chart, {inner['default']} otherwise")
        return found

    assert not differing(_definition(), spec, "")


def test_images_are_the_charts_version_a_tag_or_a_digest(helm: Helm) -> None:
    digest = "sha256:" + "0" * 64
    version = bar(helm)["metadata"]["labels"]["app.kubernetes.io/version"]
    assert bar(helm)["spec"]["image"] == f"localhost/bitebyte-app:{version}"
    assert bar(helm)["spec"]["postgres"]["image"] == f"localhost/bitebyte-postgres:{version}"
    pinned = bar(helm, {"image": {"digest": digest}, "postgres": {"image": {"digest": digest}}})
    assert pinned["spec"]["image"] == f"localhost/bitebyte-app@{digest}"
    assert pinned["spec"]["postgres"]["image"] == f"localhost/bitebyte-postgres@{digest}"


def test_the_number_of_members_can_be_left_to_kubectl_scale(helm: Helm) -> None:
    assert "replicas" not in bar(helm, {"replicas": None})["spec"]


def test_a_host_makes_an_ingress_to_the_leader(helm: Helm) -> None:
    ingress = bar(helm, {"ingress": {"host": "bar.example.com"}})["spec"]["ingress"]
    assert ingress == {"host": "bar.example.com", "backend": "Leader"}


def test_the_bar_can_have_a_name_of_its_own(helm: Helm) -> None:
    cluster = bar(helm, {"name": "day-owl"})
    assert cluster["metadata"]["name"] == "day-owl"
    assert cluster["metadata"]["labels"]["app.kubernetes.io/instance"] == "day-owl"


@pytest.mark.parametrize("release", ["7-seas", "a" * 41, "north.bar"])
def test_a_release_whose_name_no_bar_can_have_is_refused(helm: Helm, release: str) -> None:
    with pytest.raises(HelmRefused, match="a bar's name has at most 40 characters"):
        bar(helm, release=release)
    assert bar(helm, {"name": "fine"}, release=release)["metadata"]["name"] == "fine"
