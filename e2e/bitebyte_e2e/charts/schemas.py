"""JSON schemas of Kubernetes' own kinds and of ours, strict, for kubeconform.

The published collections of such schemas are on the network. Here they come from the OpenAPI
document in the Go module of Kubernetes (which the e2e cluster is built from, too) and from the
definition of BarCluster in the chart, so that they are those of the version that is tested.
"""

import json
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

Json = dict[str, Any]

_PREFIX = "#/definitions/"
_DOWNLOAD_TIMEOUT_S = 600

_ALSO_NUMBERS = {
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString",
    "io.k8s.apimachinery.pkg.api.resource.Quantity",
}
"""The document calls these strings; the API server takes numbers too."""

FILE_NAME_TEMPLATE = "{{.Group}}-{{.ResourceAPIVersion}}-{{.ResourceKind}}.json"
"""How kubeconform finds the schema of an object in the folder."""


def openapi_of_kubernetes(version: str) -> Json:
    """The OpenAPI 2 document of that version (`v1.35.4`), from its Go module."""
    told = subprocess.run(
        ["go", "mod", "download", "-json", f"k8s.io/kubernetes@{version}"],
        check=True,
        capture_output=True,
        text=True,
        timeout=_DOWNLOAD_TIMEOUT_S,
    )
    folder = Path(json.loads(told.stdout)["Dir"])
    return json.loads((folder / "api" / "openapi-spec" / "swagger.json").read_text())


def write_schemas(folder: Path, openapi: Json, definitions: Iterable[Json]) -> None:
    """One file for each kind of `openapi` that can be applied, and for each version of each
    CustomResourceDefinition."""
    for group, version, kind, schema in _builtin(openapi):
        _write(folder, group, version, kind, schema)
    meta = _self_contained(openapi, "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta")
    for definition in definitions:
        spec = definition["spec"]
        for version in spec["versions"]:
            schema = strict(version["schema"]["openAPIV3Schema"])
            schema["properties"] |= {
                "apiVersion": {"const": f"{spec['group']}/{version['name']}"},
                "kind": {"const": spec["names"]["kind"]},
                "metadata": {"$ref": meta["$ref"]},
            }
            schema["required"] = ["apiVersion", "kind", "metadata", "spec"]
            schema["definitions"] = meta["definitions"]
            _write(folder, spec["group"], version["name"], spec["names"]["kind"], schema)


def strict(schema: Any) -> Any:
    """The same schema in plain JSON schema, which refuses properties that it does not name."""
    if isinstance(schema, list):
        return [strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {key: strict(inner) for key, inner in schema.items() if not _is_extension(key)}
    if "properties" in schema:  # names of the user's own, which may look like keywords
        plain["properties"] = {name: strict(inner) for name, inner in schema["properties"].items()}
    if schema.get("x-kubernetes-int-or-string"):
        plain["type"] = ["integer", "string"]
    opaque = schema.get("x-kubernetes-preserve-unknown-fields", False)
    if "properties" in schema and "additionalProperties" not in schema and not opaque:
        plain["additionalProperties"] = False
    return plain


def _is_extension(key: str) -> bool:
    return key.startswith("x-kubernetes-") or key in {"format", "nullable"}


def _builtin(openapi: Json) -> Iterator[tuple[str, str, str, Json]]:
    for name, definition in openapi["definitions"].items():
        kinds = definition.get("x-kubernetes-group-version-kind", [])
        # Kinds that belong to many groups (DeleteOptions) are never applied.
        if len(kinds) == 1 and "metadata" in definition.get("properties", {}):
            kind = kinds[0]
            yield kind["group"], kind["version"], kind["kind"], _self_contained(openapi, name)


def _self_contained(openapi: Json, name: str) -> Json:
    """A schema that holds every definition that it refers to."""
    needed: dict[str, Json] = {}
    waiting = [name]
    while waiting:
        current = waiting.pop()
        if current in needed:
            continue
        definition = openapi["definitions"][current]
        if current in _ALSO_NUMBERS:
            needed[current] = {"type": ["string", "number"]}
            continue
        needed[current] = strict(definition)
        waiting += _references(definition)
    return {"$ref": f"{_PREFIX}{name}", "definitions": needed}


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"].removeprefix(_PREFIX)
        for inner in schema.values():
            yield from _references(inner)
    elif isinstance(schema, list):
        for item in schema:
            yield from _references(item)


def _write(folder: Path, group: str, version: str, kind: str, schema: Json) -> None:
    # As kubeconform fills in the template: the kind in lower case, and the core group, which has no
    # name, called by its version.
    name = f"{group or version}-{version}-{kind.lower()}.json"
    (folder / name).write_text(json.dumps(schema))
