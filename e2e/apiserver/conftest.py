"""A real API server with BiteByte's definitions in it, shared by all files of this folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from bitebyte_e2e.api_server import ApiServer, Refusal, running_api_server
from bitebyte_e2e.waiting import wait_until

REPOSITORY = Path(__file__).resolve().parents[2]
DEFINITIONS = REPOSITORY / "charts" / "bitebyte-operator" / "files"
BARCLUSTERS = "/apis/bitebyte.io/v1alpha1/namespaces/default/barclusters"
KINDS = {
    "CustomResourceDefinition": "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
    "ValidatingAdmissionPolicy": (
        "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies"
    ),
    "ValidatingAdmissionPolicyBinding": (
        "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings"
    ),
}


@pytest.fixture(scope="session")
def api_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """A running API server that knows BarClusters and our admission policies."""
    with running_api_server(tmp_path_factory.mktemp("apiserver")) as server:
        for file in sorted(DEFINITIONS.glob("*.yaml")):
            for definition in yaml.safe_load_all(file.read_text()):
                path = KINDS[definition["kind"]]
                server.apply(f"{path}/{definition['metadata']['name']}", definition)
        wait_until(
            lambda: _is_served(server),
            what="the API server serves BarClusters",
            timeout_s=30,
        )
        yield server


def _is_served(server: ApiServer) -> bool:
    try:
        return server.find(BARCLUSTERS) is not None
    except Refusal as error:
        if error.status != 429:  # what it answers while it begins to serve them
            raise
        return False
