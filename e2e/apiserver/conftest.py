"""A real API server with BiteByte's definitions in it, shared by all files of this folder."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from bitebyte_e2e.api_server import ApiServer, Refusal, binary, running_api_server
from bitebyte_e2e.waiting import wait_until

REPOSITORY = Path(__file__).resolve().parents[2]
DEFINITIONS = REPOSITORY / "charts" / "bitebyte-operator" / "files"
CHART = REPOSITORY / "charts" / "bitebyte-operator"
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


@pytest.fixture(scope="session")
def operator_kubeconfig(api_server: ApiServer) -> Path:
    """For a process that may do what the chart allows the operator, and nothing else."""
    api_server.apply(
        "/api/v1/namespaces/operators",
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "operators"}},
    )
    command = [binary("helm"), "template", "bitebyte-operator", CHART, "--namespace", "operators"]
    command += ["--set", "watchNamespaces={default}"]
    rendered = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    manifests = [one for one in yaml.safe_load_all(rendered) if one]
    for one in manifests:
        if one["kind"] in ("Role", "RoleBinding"):
            metadata = one["metadata"]
            path = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{metadata['namespace']}"
            api_server.apply(f"{path}/{one['kind'].lower()}s/{metadata['name']}", one)
    (account,) = (one for one in manifests if one["kind"] == "ServiceAccount")
    user = f"system:serviceaccount:operators:{account['metadata']['name']}"
    return api_server.kubeconfig(
        user, ("system:serviceaccounts", "system:serviceaccounts:operators"), "operators"
    )
