"""The real operator process against a real API server, with pods that the test plays."""

from pathlib import Path
from typing import Any

from bitebyte_e2e.api_server import ApiServer
from bitebyte_e2e.operator_process import running_operator
from bitebyte_e2e.played_machines import PlayedMachines
from bitebyte_e2e.waiting import wait_until

BARCLUSTERS = "/apis/bitebyte.io/v1alpha1/namespaces/default/barclusters"
SPEC = {
    "image": "example.com/bitebyte-app:1",
    "postgres": {"image": "example.com/bitebyte-postgres:1"},
    "storage": {"size": "1Gi"},
    "update": {"minReadySeconds": 0},
}

Manifest = dict[str, Any]


def create(api_server: ApiServer, name: str, **spec: Any) -> Manifest:
    return api_server.call(
        "POST",
        BARCLUSTERS,
        {
            "apiVersion": "bitebyte.io/v1alpha1",
            "kind": "BarCluster",
            "metadata": {"name": name},
            "spec": {**SPEC, **spec},
        },
    )


def change(api_server: ApiServer, name: str, **spec: Any) -> None:
    api_server.call(
        "PATCH",
        f"{BARCLUSTERS}/{name}",
        {"spec": spec},
        content_type="application/merge-patch+json",
    )


def status_of(api_server: ApiServer, name: str) -> Manifest:
    return api_server.call("GET", f"{BARCLUSTERS}/{name}").get("status", {})


def condition(api_server: ApiServer, name: str, condition_type: str) -> Manifest:
    conditions = status_of(api_server, name).get("conditions", [])
    return next((one for one in conditions if one["type"] == condition_type), {})


def wait_until_ready(
    api_server: ApiServer,
    machines: PlayedMachines,
    name: str,
    *,
    voters: int,
    timeout_s: float = 90,
) -> None:
    def is_ready() -> bool:
        machines.raise_failure()
        status = status_of(api_server, name)
        ready = condition(api_server, name, "Ready").get("status") == "True"
        generation = api_server.call("GET", f"{BARCLUSTERS}/{name}")["metadata"]["generation"]
        return ready and (status["voters"], status["observedGeneration"]) == (voters, generation)

    try:
        wait_until(is_ready, what=f"{name} is ready with {voters} voters", timeout_s=timeout_s)
    except AssertionError as error:
        raise AssertionError(f"{error}; status {status_of(api_server, name)}") from None


def test_a_cluster_begins_once_grows_and_shrinks(
    api_server: ApiServer, operator_kubeconfig: Path, tmp_path: Path
) -> None:
    with (
        PlayedMachines(api_server, "default", "grows", network=1).at_work() as machines,
        running_operator(operator_kubeconfig, tmp_path / "operator.log") as operator,
    ):
        operator.wait_until_leading()
        create(api_server, "grows")

        wait_until_ready(api_server, machines, "grows", voters=3)
