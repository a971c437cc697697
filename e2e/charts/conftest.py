"""Fixtures of the chart tests: both Helms, the judges, the schemas. No cluster is needed."""

from pathlib import Path

import pytest

from bitebyte_cluster.build import build_all
from bitebyte_cluster.paths import default_paths
from bitebyte_cluster.recipes import KUBERNETES_VERSION, LEVELS
from bitebyte_e2e.charts.helm import CHARTS, Helm, parsed
from bitebyte_e2e.charts.schemas import openapi_of_kubernetes, write_schemas


@pytest.fixture(scope="session")
def tools() -> dict[str, Path]:
    """Helm, kubeconform and kube-score, built from their Go modules where they are not yet."""
    return build_all(default_paths(), LEVELS["charts"])


@pytest.fixture(scope="session", params=["helm", "helm3"])
def helm(request: pytest.FixtureRequest, tools: dict[str, Path]) -> Helm:
    """Helm 4, then Helm 3: whoever installs has either."""
    return Helm(tools[request.param])


@pytest.fixture(scope="session")
def helm4(tools: dict[str, Path]) -> Helm:
    """For what does not depend on Helm's version."""
    return Helm(tools["helm"])


@pytest.fixture(scope="session")
def schemas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the strict schemas of every kind of Kubernetes and of BarCluster."""
    folder = tmp_path_factory.mktemp("schemas")
    files = sorted((CHARTS / "bitebyte-operator" / "files").glob("*.yaml"))
    ours = [item for file in files for item in parsed(file.read_text())]
    definitions = [item for item in ours if item["kind"] == "CustomResourceDefinition"]
    write_schemas(folder, openapi_of_kubernetes(KUBERNETES_VERSION), definitions)
    return folder
