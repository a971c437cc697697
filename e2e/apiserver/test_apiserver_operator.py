"""The real operator process against a real API server, with pods that the test plays."""

import json
from pathlib import Path
from typing import Any

import pytest

from bitebyte_e2e.api_server import ApiServer
from bitebyte_e2e.operator_process import running_operator
from bitebyte_e2e.played_machines import PlayedMachines
from bitebyte_e2e.waiting import wait_until

BARCLUSTERS = "/apis/bitebyte.io/v1alpha1/namespaces/default/barclusters"
CORE = "/api/v1/namespaces/default"
LEASE = "/apis/coordination.k8s.io/v1/namespaces/operators/leases/bitebyte-operator"
PASSES = "bitebyte_operator_reconcile_duration_seconds_count"
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


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    return tmp_path / "operator.log"


def delete(api_server: ApiServer, name: str) -> None:
    api_server.call("DELETE", f"{BARCLUSTERS}/{name}")
    wait_until(
        lambda: api_server.find(f"{BARCLUSTERS}/{name}") is None,
        what=f"{name} is gone",
        timeout_s=60,
    )


def test_a_cluster_begins_once_grows_and_shrinks(
    api_server: ApiServer, operator_kubeconfig: Path, logs: Path
) -> None:
    with (
        PlayedMachines(api_server, "default", "grows", network=1).at_work() as machines,
        running_operator(operator_kubeconfig, logs) as operator,
    ):
        operator.wait_until_leading()
        create(api_server, "grows", replicas=1)
        wait_until_ready(api_server, machines, "grows", voters=1)

        change(api_server, "grows", replicas=3)
        wait_until_ready(api_server, machines, "grows", voters=3)
        assert status_of(api_server, "grows")["faultTolerance"] == 1

        change(api_server, "grows", replicas=1)
        wait_until_ready(api_server, machines, "grows", voters=1)

        assert len(machines.bar.bootstraps) == 1
        names = [pod["metadata"]["name"] for pod in machines.pods()]
        assert names == ["grows-0"]
        claims = api_server.call("GET", f"{CORE}/persistentvolumeclaims")["items"]
        kept = [one["metadata"] for one in claims if one["metadata"]["name"].startswith("data-gr")]
        assert [one["name"] for one in kept] == ["data-grows-0", "data-grows-1", "data-grows-2"]
        retired = {one["annotations"].get("bitebyte.io/retired-member") for one in kept[1:]}
        assert retired == machines.bar.removed
        delete(api_server, "grows")


def test_a_changed_image_goes_round_and_a_bad_one_stops_at_the_first_pod(
    api_server: ApiServer, operator_kubeconfig: Path, logs: Path
) -> None:
    def images() -> list[str]:
        return [pod["spec"]["containers"][0]["image"] for pod in machines.pods()]

    def wait_until_rolled() -> None:
        wait_until(
            lambda: images() == ["example.com/bitebyte-app:2"] * 3,
            what="all pods have the new image",
            timeout_s=60,
        )
        wait_until_ready(api_server, machines, "rolls", voters=3)

    with (
        PlayedMachines(api_server, "default", "rolls", network=2).at_work() as machines,
        running_operator(operator_kubeconfig, logs),
    ):
        create(api_server, "rolls")
        wait_until_ready(api_server, machines, "rolls", voters=3)

        change(api_server, "rolls", image="example.com/bitebyte-app:2")
        wait_until_rolled()

        machines.failing_images.add("example.com/bitebyte-app:bad")
        change(api_server, "rolls", image="example.com/bitebyte-app:bad")
        wait_until(
            lambda: condition(api_server, "rolls", "Degraded").get("status") == "True",
            what="the failed upgrade is told",
            timeout_s=60,
        )
        assert sorted(images()).count("example.com/bitebyte-app:bad") == 1

        change(api_server, "rolls", image="example.com/bitebyte-app:2")
        wait_until_rolled()
        delete(api_server, "rolls")


def test_an_operator_that_is_killed_again_and_again_still_makes_one_cluster(
    api_server: ApiServer, operator_kubeconfig: Path, logs: Path
) -> None:
    """Power is cut right after each of its writes in turn, until nothing is left to be done."""
    with PlayedMachines(api_server, "default", "dies", network=3).at_work() as machines:
        create(api_server, "dies")
        kills = 0
        while condition(api_server, "dies", "Ready").get("status") != "True":
            written = _writes(api_server)
            with running_operator(operator_kubeconfig, logs) as operator:
                wait_until(
                    lambda written=written: (
                        _writes(api_server) > written + 2
                        or condition(api_server, "dies", "Ready").get("status") == "True"
                    ),
                    what="the operator writes something",
                    timeout_s=60,
                )
                operator.kill()
            # As if its time had run out: the next one need not wait for that.
            api_server.call("DELETE", LEASE)
            kills += 1
            assert kills < 60, status_of(api_server, "dies")

        assert kills > 3
        assert len(machines.bar.bootstraps) == 1
        with running_operator(operator_kubeconfig, logs):
            wait_until_ready(api_server, machines, "dies", voters=3)
            delete(api_server, "dies")


def test_of_two_operators_one_acts_and_the_other_takes_over(
    api_server: ApiServer, operator_kubeconfig: Path, logs: Path
) -> None:
    with (
        PlayedMachines(api_server, "default", "pair", network=4).at_work() as machines,
        running_operator(operator_kubeconfig, logs, pod_name="first") as first,
    ):
        first.wait_until_leading()
        with running_operator(operator_kubeconfig, logs, pod_name="second") as second:
            wait_until(
                lambda: second.metric("bitebyte_operator_is_leader") == 0,
                what="the second one is up, and does not lead",
                timeout_s=30,
            )
            create(api_server, "pair", replicas=1)
            wait_until_ready(api_server, machines, "pair", voters=1)
            assert not second.is_leading

            first.kill()
            second.wait_until_leading(timeout_s=20)
            change(api_server, "pair", replicas=3)
            wait_until_ready(api_server, machines, "pair", voters=3)

            with running_operator(operator_kubeconfig, logs, pod_name="third") as third:
                assert second.stop() == 0
                # It let go of the Lease, so nobody waits for it to run out.
                third.wait_until_leading(timeout_s=8)
                delete(api_server, "pair")


def test_an_operator_at_rest_writes_nothing_but_its_lease(
    api_server: ApiServer, operator_kubeconfig: Path, logs: Path
) -> None:
    with (
        PlayedMachines(api_server, "default", "rests", network=5).at_work() as machines,
        running_operator(operator_kubeconfig, logs) as operator,
    ):
        create(api_server, "rests")
        wait_until_ready(api_server, machines, "rests", voters=3)
        passes = operator.metric(PASSES) or 0
        before = _writes(api_server)
        wait_until(
            lambda: (operator.metric(PASSES) or 0) >= passes + 3,
            what="it has looked three times more",
            timeout_s=90,
        )
        assert _writes(api_server) == before
        delete(api_server, "rests")


def test_what_somebody_deletes_or_changes_comes_back(
    api_server: ApiServer, operator_kubeconfig: Path, logs: Path
) -> None:
    with (
        PlayedMachines(api_server, "default", "mends", network=6).at_work() as machines,
        running_operator(operator_kubeconfig, logs),
    ):
        create(api_server, "mends", replicas=1, ingress={"host": "bar.example.com"})
        wait_until_ready(api_server, machines, "mends", voters=1)
        ingress = "/apis/networking.k8s.io/v1/namespaces/default/ingresses/mends"
        assert api_server.find(ingress) is not None

        for path in (
            f"{CORE}/services/mends-leader",
            "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/mends-leader",
            f"{CORE}/secrets/mends-peer-tls",
        ):
            api_server.call("DELETE", path)
        budget = "/apis/policy/v1/namespaces/default/poddisruptionbudgets/mends"
        api_server.call(
            "PATCH",
            budget,
            {"spec": {"maxUnavailable": 5}},
            content_type="application/merge-patch+json",
        )
        config = f"{CORE}/configmaps/mends-config"
        api_server.call(
            "PATCH",
            config,
            {"data": {"database-dsn": "elsewhere"}},
            content_type="application/merge-patch+json",
        )
        change(api_server, "mends", ingress=None)

        def is_mended() -> bool:
            return (
                api_server.find(f"{CORE}/services/mends-leader") is not None
                and api_server.find(
                    "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/mends-leader"
                )
                is not None
                and api_server.find(f"{CORE}/secrets/mends-peer-tls") is not None
                and api_server.call("GET", budget)["spec"]["maxUnavailable"] == 1
                and "elsewhere" not in api_server.call("GET", config)["data"].values()
                and api_server.find(ingress) is None
            )

        wait_until(is_mended, what="everything is as it was", timeout_s=30)
        wait_until_ready(api_server, machines, "mends", voters=1)
        delete(api_server, "mends")


def test_somebody_elses_object_is_left_alone_and_named(
    api_server: ApiServer, operator_kubeconfig: Path, logs: Path
) -> None:
    config = {"metadata": {"name": "taken-config"}, "data": {"mine": "yes"}}
    api_server.call("POST", f"{CORE}/configmaps", config)
    with running_operator(operator_kubeconfig, logs):
        create(api_server, "taken")

        def told() -> str:
            return condition(api_server, "taken", "Degraded").get("message", "")

        wait_until(lambda: "ConfigMap taken-config" in told(), what="it is named", timeout_s=30)
        found = api_server.call("GET", f"{CORE}/configmaps/taken-config")
        assert found["data"] == {"mine": "yes"}
        delete(api_server, "taken")


def test_data_is_kept_unless_its_owner_says_otherwise(
    api_server: ApiServer, operator_kubeconfig: Path, logs: Path
) -> None:
    """And a BarCluster made again over kept data is the same cluster again."""

    def claims() -> list[str]:
        found = api_server.call("GET", f"{CORE}/persistentvolumeclaims")["items"]
        names = [one["metadata"]["name"] for one in found]
        return [name for name in names if name.startswith("data-keeps-")]

    with (
        PlayedMachines(api_server, "default", "keeps", network=7).at_work() as machines,
        running_operator(operator_kubeconfig, logs),
    ):
        create(api_server, "keeps", replicas=1)
        wait_until_ready(api_server, machines, "keeps", voters=1)
        cluster_id = status_of(api_server, "keeps")["clusterID"]
        delete(api_server, "keeps")
        _collect(api_server, machines, "keeps")
        assert claims() == ["data-keeps-0"]

        create(api_server, "keeps", replicas=1, deletionPolicy="Delete")
        wait_until_ready(api_server, machines, "keeps", voters=1)
        assert status_of(api_server, "keeps")["clusterID"] == cluster_id
        assert len(machines.bar.bootstraps) == 1

        api_server.call("DELETE", f"{BARCLUSTERS}/keeps")
        wait_until(lambda: not claims(), what="the claims are deleted", timeout_s=60)
        wait_until(
            lambda: api_server.find(f"{BARCLUSTERS}/keeps") is None,
            what="the BarCluster is let go",
            timeout_s=30,
        )


def _writes(api_server: ApiServer) -> int:
    """How often the operator has written, its Lease apart."""
    count = 0
    for line in api_server.audit_log.read_text().splitlines():
        event = json.loads(line)
        is_operator = event["user"]["username"].startswith("system:serviceaccount:operators:")
        is_write = event["verb"] in ("create", "update", "patch", "delete")
        count += is_operator and is_write and "/leases" not in event["requestURI"]
    return count


def _collect(api_server: ApiServer, machines: PlayedMachines, name: str) -> None:
    """What Kubernetes' garbage collector does with what a deleted BarCluster owned."""
    owned = (
        f"/apis/apps/v1/namespaces/default/statefulsets/{name}",
        f"/apis/policy/v1/namespaces/default/poddisruptionbudgets/{name}",
        f"/apis/networking.k8s.io/v1/namespaces/default/networkpolicies/{name}",
        f"/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings/{name}",
        f"/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles/{name}",
        f"/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/{name}-leader",
        f"{CORE}/serviceaccounts/{name}",
        f"{CORE}/configmaps/{name}-config",
        *(f"{CORE}/services/{name}-{one}" for one in ("peers", "leader", "read")),
        *(
            f"{CORE}/secrets/{name}-{one}"
            for one in ("peer-ca", "peer-tls", "admin-ca", "admin-tls", "operator-tls")
        ),
    )
    for path in owned:
        api_server.call("DELETE", path)
    for pod in machines.pods():
        api_server.call("DELETE", f"{CORE}/pods/{pod['metadata']['name']}")
    wait_until(lambda: not machines.pods(), what="the pods are gone", timeout_s=30)
