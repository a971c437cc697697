"""Helm, as a function: values in, parsed objects out."""

import json
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

CHARTS = Path(__file__).resolve().parents[3] / "charts"

KUBERNETES_VERSION = "1.35.4"
"""Rendered for, since Helm's own default changes with every Helm."""

_TIMEOUT_S = 60

Json = dict[str, Any]


class HelmRefused(Exception):
    """Helm ended with an error; the text is what a user would read."""


@dataclass(frozen=True)
class Helm:
    """One Helm binary. It talks to no cluster, but in `release`."""

    binary: Path

    def version(self) -> str:
        """As `v4.3.1`."""
        return self._run(["version", "--template", "{{.Version}}"]).strip()

    def text(
        self,
        chart: str,
        values: Json | None = None,
        *,
        release: str = "night-owl",
        namespace: str = "bar",
        api_versions: Sequence[str] = (),
    ) -> str:
        """What `helm template` prints for a chart of this repository. Raises HelmRefused."""
        command = ["template", release, str(CHARTS / chart), "--namespace", namespace]
        command += ["--kube-version", KUBERNETES_VERSION, "--values", "-"]
        for version in api_versions:
            command += ["--api-versions", version]
        return self._run(command, values or {})

    def objects(self, chart: str, values: Json | None = None, **options: Any) -> list[Json]:
        """The same, parsed, in the order in which Helm prints them."""
        return parsed(self.text(chart, values, **options))

    def notes(
        self,
        chart: str,
        values: Json | None = None,
        *,
        release: str = "night-owl",
        namespace: str = "bar",
    ) -> str:
        """What a user reads after `helm install`. Helm 4 only: Helm 3 asks a cluster first."""
        command = ["install", release, str(CHARTS / chart), "--namespace", namespace]
        command += ["--dry-run=client", "--output", "json", "--values", "-"]
        return json.loads(self._run(command, values or {}))["info"]["notes"]

    def lint(self, chart: str, values: Json | None = None) -> str:
        """`helm lint --strict`: warnings are errors. Raises HelmRefused."""
        command = ["lint", "--strict", str(CHARTS / chart), "--values", "-"]
        return self._run([*command, "--kube-version", KUBERNETES_VERSION], values or {})

    def release(
        self, kubeconfig: Path, verb: str, *words: str | Path, values: Json | None = None
    ) -> str:
        """`helm install`, `upgrade`, .. on the cluster of that kubeconfig. Raises HelmRefused."""
        command = [verb, *(str(word) for word in words)]
        if values is not None:
            command += ["--values", "-"]
        return self._run(command, values, kubeconfig)

    def _run(
        self,
        command: Sequence[str],
        values: Json | None = None,
        kubeconfig: Path | None = None,
    ) -> str:
        with tempfile.TemporaryDirectory() as home:
            # Without a kubeconfig: no cluster, whatever this shell is logged in to.
            known = kubeconfig or Path(home) / "no-kubeconfig"
            done = subprocess.run(
                [str(self.binary), *command],
                input=None if values is None else json.dumps(values),
                capture_output=True,
                text=True,
                timeout=_TIMEOUT_S,
                env={"HOME": home, "KUBECONFIG": str(known), "PATH": ""},
            )
        if done.returncode != 0:
            raise HelmRefused(done.stdout + done.stderr)
        return done.stdout


def parsed(text: str) -> list[Json]:
    """The objects of a stream of YAML documents, without the empty ones."""
    return [document for document in yaml.safe_load_all(text) if document]


def only(objects: Sequence[Json], kind: str, name: str | None = None) -> Json:
    """The one object of that kind (and name); an assertion fails if there is none, or several."""
    found = [
        item
        for item in objects
        if item["kind"] == kind and name in (None, item["metadata"]["name"])
    ]
    assert len(found) == 1, f"{len(found)} objects are {kind} {name or ''}: {kinds(objects)}"
    return found[0]


def kinds(objects: Sequence[Json]) -> list[str]:
    """`Kind/name` of each, sorted."""
    return sorted(f"{item['kind']}/{item['metadata']['name']}" for item in objects)
