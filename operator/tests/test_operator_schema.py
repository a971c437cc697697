"""The schema of a BarCluster and the operator's own types say the same."""

import types
import typing
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from bitebyte_operator.model import BarClusterSpec, StatusRecord

CHARTS = Path(__file__).resolve().parents[2] / "charts"
DEFINITION = CHARTS / "bitebyte-operator" / "files" / "barcluster-crd.yaml"

Schema = dict[str, Any]


@pytest.fixture(scope="module")
def schema() -> Schema:
    definition = yaml.safe_load(DEFINITION.read_text())
    (version,) = definition["spec"]["versions"]
    return version["schema"]["openAPIV3Schema"]["properties"]


def struct_in(annotation: Any) -> type[msgspec.Struct] | None:
    """The struct that a field holds: itself, one of several, or none."""
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return annotation
    if typing.get_origin(annotation) in (types.UnionType, typing.Union, tuple):
        found = (struct_in(one) for one in typing.get_args(annotation))
        return next((one for one in found if one is not None), None)
    return None


def fields_of(struct: type[msgspec.Struct], prefix: str = "") -> dict[str, Any]:
    """Path to default; `...` where there is none, None where it may be left out."""
    found: dict[str, Any] = {}
    hints = typing.get_type_hints(struct)
    for field in msgspec.structs.fields(struct):
        path = f"{prefix}.{field.encode_name}"
        found[path] = ... if field.required else msgspec.to_builtins(default_of(field))
        inner = struct_in(hints[field.name])
        if inner is not None:
            found |= fields_of(inner, path)
    return found


def default_of(field: Any) -> Any:
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return field.default


def properties_of(schema: Schema, prefix: str = "") -> dict[str, Schema]:
    found: dict[str, Schema] = {}
    for name, inner in schema.get("properties", {}).items():
        path = f"{prefix}.{name}"
        found[path] = inner | {"is_required": name in schema.get("required", ())}
        found |= properties_of(inner, path)
        found |= properties_of(inner.get("items", {}), path)
    return found


HANDED_ON = (".resources.", ".tolerations.", ".topologySpreadConstraints.", ".imagePullSecrets.")
"""Parts of a pod. The schema checks them, and the operator passes them on without a look."""


def test_every_field_of_the_spec_is_read_and_no_other_exists(schema: Schema) -> None:
    offered = {
        path
        for path in properties_of(schema["spec"])
        if not any(part in f"{path}." and not path.endswith(part[:-1]) for part in HANDED_ON)
    }

    assert set(fields_of(BarClusterSpec)) == offered


def test_defaults_are_the_same_on_both_sides(schema: Schema) -> None:
    """The schema's are what counts; the types' are for tests, which have no API server."""
    offered = properties_of(schema["spec"])
    for path, default in fields_of(BarClusterSpec).items():
        if "default" in offered[path] and offered[path].get("type") != "object":
            assert offered[path]["default"] == default, path
        assert offered[path]["is_required"] == (default is ...), path


def test_every_field_of_the_status_is_written_and_no_other_exists(schema: Schema) -> None:
    """What the schema does not know, the API server drops without a word."""
    assert set(fields_of(StatusRecord)) == set(properties_of(schema["status"]))
