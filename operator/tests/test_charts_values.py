"""The charts' values: each is described, bounded and documented, and versions move together.

Nothing here needs Helm. What the templates make of the values is tested in `e2e/charts`.
"""

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

ROOT = Path(__file__).resolve().parents[2]
CHARTS = sorted(path.parent for path in (ROOT / "charts").glob("*/Chart.yaml"))

WITHOUT_A_DEFAULT = {"global", "cpu", "ephemeral-storage"}
"""Properties that a schema may know and values.yaml may leave out: Helm's own, and resources."""

OPAQUE = {"affinity", "tolerations", "topologySpreadConstraints", "global", "peers", "stringMap"}
"""Handed on to Kubernetes, which knows them best, or maps with keys of the user's own."""

Json = dict[str, Any]


def values_of(chart: Path) -> Json:
    return yaml.safe_load((chart / "values.yaml").read_text())


def schema_of(chart: Path) -> Json:
    return json.loads((chart / "values.schema.json").read_text())


def resolved(schema: Json, root: Json) -> Json:
    """The schema itself, where it only points to a definition."""
    while "$ref" in schema:
        schema = root["definitions"][schema["$ref"].removeprefix("#/definitions/")]
    return schema


def leaves(chart: Path) -> Iterator[tuple[str, Any, str]]:
    """Each value with its default and its description."""
    root = schema_of(chart)

    def walk(schema: Json, values: Json, prefix: str) -> Iterator[tuple[str, Any, str]]:
        for key, value in values.items():
            at_key = schema["properties"][key]
            inner = resolved(at_key, root)
            if isinstance(value, dict) and value and "properties" in inner:
                yield from walk(inner, value, f"{prefix}{key}.")
            else:
                yield f"{prefix}{key}", value, at_key["description"]

    return walk(root, values_of(chart), "")


@pytest.fixture(params=CHARTS, ids=lambda chart: chart.name)
def chart(request: pytest.FixtureRequest) -> Path:
    return request.param


def test_both_charts_are_here() -> None:
    assert [chart.name for chart in CHARTS] == ["bitebyte", "bitebyte-operator"]


def test_the_schema_is_one_and_the_values_keep_to_it(chart: Path) -> None:
    Draft7Validator.check_schema(schema_of(chart))
    Draft7Validator(schema_of(chart)).validate(values_of(chart))


def test_each_property_is_described_and_every_object_is_closed(chart: Path) -> None:
    root = schema_of(chart)
    missing: list[str] = []

    def walk(name: str, schema: Json) -> None:
        if "properties" in schema and schema.get("additionalProperties") is not False:
            missing.append(f"{name} takes properties that nobody has described")
        for key, inner in schema.get("properties", {}).items():
            if not inner.get("description", "").endswith("."):
                missing.append(f"{name}.{key} has no description")
            if not {"type", "enum", "$ref", "allOf"} & set(inner):
                missing.append(f"{name}.{key} takes anything")
            walk(f"{name}.{key}", inner)
        if isinstance(schema.get("items"), dict):
            walk(f"{name}[]", schema["items"])

    walk(chart.name, root)
    for name, definition in root["definitions"].items():
        walk(name, definition)
    assert not missing, "\n".join(missing)


def test_numbers_and_lists_have_bounds(chart: Path) -> None:
    root = schema_of(chart)
    unbounded: list[str] = []

    def walk(name: str, schema: Json) -> None:
        if schema.get("type") == "integer" and "minimum" not in schema:
            unbounded.append(f"{name} has no minimum")
        if "array" in schema.get("type", ()) and "maxItems" not in schema:
            unbounded.append(f"{name} has no maxItems")
        if schema.get("type") == "object" and "properties" not in schema and "type" in schema:
            last = name.rpartition(".")[2].removesuffix("[]")
            if last not in OPAQUE:
                unbounded.append(f"{name} is an object without properties")
        for key, inner in schema.get("properties", {}).items():
            walk(f"{name}.{key}", inner)
        if isinstance(schema.get("items"), dict):
            walk(f"{name}[]", schema["items"])

    walk(chart.name, root)
    for name, definition in root["definitions"].items():
        walk(name, definition)
    assert not unbounded, "\n".join(unbounded)


def test_each_property_has_a_default_in_the_values(chart: Path) -> None:
    root = schema_of(chart)
    missing: list[str] = []

    def walk(name: str, schema: Json, values: Json) -> None:
        for key, at_key in schema.get("properties", {}).items():
            inner = resolved(at_key, root)
            if key not in values and key not in WITHOUT_A_DEFAULT:
                missing.append(f"{name}.{key}")
            elif isinstance(values.get(key), dict):
                walk(f"{name}.{key}", inner, values[key])

    walk(chart.name, root, values_of(chart))
    assert not missing, missing


def test_a_value_that_nobody_knows_is_refused_at_every_level(chart: Path) -> None:
    """As Helm does it, with the name in the message."""
    root = schema_of(chart)
    validator = Draft7Validator(root)
    accepted: list[str] = []

    def walk(name: str, schema: Json, values: Json) -> None:
        values["unknownValue"] = 1
        errors = [error.message for error in validator.iter_errors(whole)]
        if not any("unknownValue" in error for error in errors):
            accepted.append(name)
        del values["unknownValue"]
        for key, inner in values.items():
            below = resolved(schema.get("properties", {}).get(key, {}), root)
            if isinstance(inner, dict) and "properties" in below:
                walk(f"{name}.{key}", below, inner)

    whole = values_of(chart)
    walk(chart.name, root, whole)
    assert not accepted, accepted


def test_the_table_in_the_readme_is_true(chart: Path) -> None:
    rows = [
        f"| `{name}` | `{json.dumps(default)}` | {description} |"
        for name, default, description in leaves(chart)
    ]
    wanted = "\n".join(["| value | default | what it is |", "|---|---|---|", *rows])
    readme = (chart / "README.md").read_text()
    assert wanted == readme[readme.index("| value |") :].rstrip(), wanted


def test_chart_and_project_have_one_version(chart: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    described = yaml.safe_load((chart / "Chart.yaml").read_text())
    assert described["version"] == project
    assert described["appVersion"] == project


@pytest.mark.parametrize(
    ("chart_name", "changed", "named"),
    [
        ("bitebyte", {"replicas": 4}, "replicas"),
        ("bitebyte", {"replicas": "3"}, "replicas"),
        ("bitebyte", {"name": "Night_Owl"}, "name"),
        ("bitebyte", {"name": "a" * 41}, "name"),
        ("bitebyte", {"storage": {"size": "ten"}}, "storage.size"),
        ("bitebyte", {"ingress": {"host": "https://bar.example.com"}}, "ingress.host"),
        ("bitebyte", {"ingress": {"backend": "leader"}}, "ingress.backend"),
        ("bitebyte", {"deletionPolicy": "Keep"}, "deletionPolicy"),
        ("bitebyte", {"image": {"digest": "sha256:abc"}}, "image.digest"),
        ("bitebyte", {"update": {"minReadySeconds": -1}}, "update.minReadySeconds"),
        ("bitebyte", {"progressDeadlineSeconds": 1}, "progressDeadlineSeconds"),
        ("bitebyte-operator", {"replicas": 0}, "replicas"),
        ("bitebyte-operator", {"clusterWide": "yes"}, "clusterWide"),
        ("bitebyte-operator", {"watchNamespaces": ["Bar"]}, "watchNamespaces.0"),
        ("bitebyte-operator", {"logLevel": "trace"}, "logLevel"),
        ("bitebyte-operator", {"image": {"pullPolicy": "Sometimes"}}, "image.pullPolicy"),
        ("bitebyte-operator", {"networkPolicy": {"dnsTo": []}}, "networkPolicy.dnsTo"),
        (
            "bitebyte-operator",
            {"networkPolicy": {"metricsFrom": [{}]}},
            "networkPolicy.metricsFrom.0",
        ),
        (
            "bitebyte-operator",
            {"resources": {"limits": {"memory": "a lot"}}},
            "resources.limits.memory",
        ),
    ],
)
def test_a_bad_value_is_refused_by_its_name(chart_name: str, changed: Json, named: str) -> None:
    schema = schema_of(ROOT / "charts" / chart_name)
    errors = list(Draft7Validator(schema).iter_errors(changed))
    assert [".".join(str(part) for part in error.absolute_path) for error in errors] == [named]
