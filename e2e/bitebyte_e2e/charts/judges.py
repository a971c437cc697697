"""kubeconform and kube-score: what they find wrong with rendered objects."""

import json
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bitebyte_e2e.charts.schemas import FILE_NAME_TEMPLATE

Json = dict[str, Any]

_TIMEOUT_S = 120
_GRADE_OK = 10
"""kube-score: 1 is critical, 5 a warning, 10 is good."""


@dataclass(frozen=True, order=True)
class Finding:
    """One check that an object does not pass."""

    object: str
    """`Kind/name`."""
    check: str
    text: str = ""


def nonconforming(binary: Path, schemas: Path, objects: Iterable[Json]) -> list[Finding]:
    """What kubeconform refuses of `objects`, by the schemas in that folder. A kind without schema
    is refused too."""
    command = [str(binary), "-strict", "-output", "json", "-verbose"]
    command += ["-schema-location", f"{schemas}/{FILE_NAME_TEMPLATE}"]
    done = _run(command, objects)
    return sorted(
        Finding(f"{item['kind']}/{item['name']}", item["status"], item["msg"])
        for item in json.loads(done)["resources"]
        if item["status"] != "statusValid"
    )


def low_scores(
    binary: Path, objects: Iterable[Json], *, with_waivers: bool = True
) -> list[Finding]:
    """What kube-score finds critical or worth a warning. Without waivers: also what the annotation
    `kube-score/ignore` of an object waives."""
    command = [str(binary), "score", "--output-format", "json", "--kubernetes-version", "v1.35"]
    if not with_waivers:
        command.append("--disable-ignore-checks-annotations")
    return sorted(_findings(json.loads(_run([*command, "-"], objects))))


def _findings(scored: Any) -> Iterator[Finding]:
    for item in scored:
        name = f"{item['type_meta']['kind']}/{item['object_meta']['name']}"
        for check in item["checks"]:
            if not check["skipped"] and check["grade"] < _GRADE_OK:
                comments = check.get("comments") or []
                text = "; ".join(f"{part['path']} {part['summary']}".strip() for part in comments)
                yield Finding(name, check["check"]["id"], text)


def _run(command: list[str], objects: Iterable[Json]) -> str:
    """Both end with 1 where they have found something."""
    done = subprocess.run(
        command,
        input=yaml.safe_dump_all(objects),
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
    )
    assert done.returncode in (0, 1), done.stderr
    assert done.stdout, done.stderr
    return done.stdout
