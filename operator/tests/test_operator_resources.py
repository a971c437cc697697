"""The objects of a BarCluster: each as a whole, and the rules that they follow."""

import os
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from bitebyte_operator.model import BarCluster, BarClusterSpec
from bitebyte_operator.resources import Naming, Surroundings, owned_kinds, owned_objects
from bitebyte_operator.resources.naming import Manifest
from bitebyte_operator.resources.pod import GRACE_PERIOD_S, SHUTDOWN_DELAY_S

GOLDEN = Path(__file__).parent / "golden"
CLUSTER_ID = "4611686018427387904"

SPEC: Manifest = {
    "image": "example.com/bitebyte-app:1",
    "postgres": {"image": "example.com/bitebyte-postgres:1"},
    "storage": {"size": "10Gi"},
}
EVERYTHING: Manifest = {
    **SPEC,
    "replicas": 5,
    "imagePullPolicy": "Always",
    "imagePullSecrets": [{"name": "registry"}],
    "postgres": {
        "image": "example.com/bitebyte-postgres:1",
        "resources": {"limits": {"memory": "4Gi"}},
    },
    "storage": {"size": "10Gi", "storageClassName": "fast"},
    "resources": {"requests": {"cpu": 2}},
    "nodeSelector": {"disk": "fast"},
    "tolerations": [{"key": "bar", "operator": "Exists", "effect": "NoSchedule"}],
    "topologySpreadConstraints": [
        {"topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "ScheduleAnyway"}
    ],
    "priorityClassName": "important",
    "raft": {"logEntriesKept": 5000},
    "ingress": {
        "className": "nginx",
        "host": "bar.example.com",
        "tlsSecretName": "bar-tls",
        "annotations": {"nginx.ingress.kubernetes.io/proxy-read-timeout": "60"},
    },
    "networkPolicy": {"httpFrom": {"kubernetes.io/metadata.name": "ingress"}},
}


def bar_cluster(spec: Manifest) -> BarCluster:
    return BarCluster(
        name="bar",
        namespace="night",
        uid="7d9e-uid",
        resource_version="1",
        generation=1,
        spec=msgspec.convert(spec, BarClusterSpec),
    )


def objects_of(spec: Manifest, replicas: int = 3) -> dict[str, Manifest]:
    """By kind and name, as in `Service bar-leader`."""
    made = owned_objects(
        bar_cluster(spec),
        cluster_id=CLUSTER_ID,
        replicas=replicas,
        surroundings=Surroundings(operator_namespace="operators"),
    )
    return {f"{one['kind']} {one['metadata']['name']}": one for one in made}


@pytest.fixture
def objects() -> dict[str, Manifest]:
    return objects_of(SPEC)


@pytest.fixture
def pod(objects: dict[str, Manifest]) -> Manifest:
    return objects["StatefulSet bar"]["spec"]["template"]["spec"]


def containers(pod: Manifest) -> list[Manifest]:
    return [*pod["initContainers"], *pod["containers"]]


def values(found: Any, name: str) -> list[Any]:
    """Everything that is called `name`, however deep."""
    if isinstance(found, dict):
        own = [found[name]] if name in found else []
        return own + [one for value in found.values() for one in values(value, name)]
    if isinstance(found, list):
        return [one for value in found for one in values(value, name)]
    return []


# As a whole --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("folder", "spec"), [("defaults", SPEC), ("everything", EVERYTHING)])
def test_the_objects_are_as_they_were_reviewed(folder: str, spec: Manifest) -> None:
    """`BITEBYTE_GOLDEN=write` writes them anew; the difference is then read in the commit."""
    made = {
        f"{key.replace(' ', '-').lower()}.yaml": yaml.safe_dump(one, sort_keys=False, width=100)
        for key, one in objects_of(spec).items()
    }
    if os.environ.get("BITEBYTE_GOLDEN") == "write":
        (GOLDEN / folder).mkdir(parents=True, exist_ok=True)
        for name, text in made.items():
            (GOLDEN / folder / name).write_text(text)

    reviewed = {path.name: path.read_text() for path in (GOLDEN / folder).iterdir()}
    assert made == reviewed


def test_the_same_spec_makes_the_same_objects() -> None:
    assert objects_of(EVERYTHING) == objects_of(EVERYTHING)


def test_every_object_is_among_those_that_are_looked_for() -> None:
    known = {f"{kind} {name}" for kind, name in owned_kinds(bar_cluster(EVERYTHING))}

    assert set(objects_of(EVERYTHING)) == known
    assert known - set(objects_of(SPEC)) == {"Ingress bar"}


def test_every_object_goes_with_its_barcluster_and_says_whose_it_is(
    objects: dict[str, Manifest],
) -> None:
    for key, one in objects.items():
        owner = one["metadata"]["ownerReferences"]
        assert [(o["uid"], o["controller"]) for o in owner] == [("7d9e-uid", True)], key
        labels = one["metadata"]["labels"]
        assert labels["app.kubernetes.io/name"] == "bitebyte", key
        assert labels["app.kubernetes.io/instance"] == "bar", key
        assert labels["app.kubernetes.io/managed-by"] == "bitebyte-operator", key
        assert one["metadata"]["namespace"] == "night", key


# The pods ----------------------------------------------------------------------------------------


def test_the_operator_alone_says_which_pod_is_renewed_when(objects: dict[str, Manifest]) -> None:
    spec = objects["StatefulSet bar"]["spec"]

    assert spec["updateStrategy"] == {"type": "OnDelete"}
    assert spec["podManagementPolicy"] == "Parallel"


def test_volumes_outlive_pods_and_the_stateful_set(objects: dict[str, Manifest]) -> None:
    spec = objects["StatefulSet bar"]["spec"]

    assert set(spec["persistentVolumeClaimRetentionPolicy"].values()) == {"Retain"}
    claim = spec["volumeClaimTemplates"][0]["metadata"]
    assert "ownerReferences" not in claim
    assert claim["annotations"] == {
        "bitebyte.io/cluster-id": CLUSTER_ID,
        "bitebyte.io/barcluster-uid": "7d9e-uid",
    }


def test_the_number_of_pods_is_not_the_number_in_the_spec() -> None:
    """Membership comes first: the operator moves it one by one."""
    assert objects_of(EVERYTHING, replicas=1)["StatefulSet bar"]["spec"]["replicas"] == 1


def test_scaling_and_pausing_leave_the_pods_alone(pod: Manifest) -> None:
    changed = {**SPEC, "replicas": 7, "paused": True, "deletionPolicy": "Delete"}
    changed |= {"update": {"minReadySeconds": 60}, "ingress": {"host": "bar.example.com"}}
    others = objects_of({**changed, "progressDeadlineSeconds": 60}, replicas=7)

    assert others["StatefulSet bar"]["spec"]["template"]["spec"] == pod


def test_no_pod_is_ever_told_to_begin_a_cluster(pod: Manifest) -> None:
    environment = {one["name"]: one.get("value") for one in pod["containers"][0]["env"]}

    assert environment["BITEBYTE_JOIN"] == "true"
    assert "BITEBYTE_BOOTSTRAP" not in environment
    assert environment["BITEBYTE_CLUSTER_ID"] == CLUSTER_ID


def test_postgresql_is_a_native_sidecar_that_is_up_before_the_node(pod: Manifest) -> None:
    (postgres,) = pod["initContainers"]

    assert postgres["name"] == "postgres"
    assert postgres["restartPolicy"] == "Always"
    assert postgres["startupProbe"]["exec"]["command"][0] == "pg_isready"
    assert "ports" not in postgres


def test_every_container_is_restricted(pod: Manifest) -> None:
    """Pod Security Standard `restricted`, field by field."""
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in containers(pod):
        context = container["securityContext"]
        assert context["allowPrivilegeEscalation"] is False
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert context["readOnlyRootFilesystem"] is True
        assert context["runAsUser"] > 10000
    for forbidden in ("hostNetwork", "hostPID", "hostIPC", "hostPath", "privileged", "hostPort"):
        assert not values(pod, forbidden)


def test_the_volume_is_not_chowned_at_every_start(pod: Manifest) -> None:
    assert pod["securityContext"]["fsGroupChangePolicy"] == "OnRootMismatch"


def test_both_containers_are_the_same_user_for_the_socket_has_no_password(pod: Manifest) -> None:
    users = {container["securityContext"]["runAsUser"] for container in containers(pod)}

    assert users == {pod["securityContext"]["fsGroup"]}


def test_only_the_node_has_a_token(pod: Manifest, objects: dict[str, Manifest]) -> None:
    assert pod["automountServiceAccountToken"] is False
    assert objects["ServiceAccount bar"]["automountServiceAccountToken"] is False
    with_token = [
        container["name"]
        for container in containers(pod)
        if any(mount["name"] == "token" for mount in container["volumeMounts"])
    ]
    assert with_token == ["node"]


def test_nothing_limits_the_cpu_and_everything_else_is_bounded(pod: Manifest) -> None:
    for container in containers(pod):
        resources = container["resources"]
        assert set(resources["requests"]) == {"cpu", "memory", "ephemeral-storage"}
        assert set(resources["limits"]) == {"memory", "ephemeral-storage"}
    assert all("sizeLimit" in one for one in values(pod, "emptyDir"))


def test_the_owners_resources_win_one_by_one() -> None:
    pod = objects_of(EVERYTHING)["StatefulSet bar"]["spec"]["template"]["spec"]
    postgres, node = containers(pod)

    assert postgres["resources"]["limits"]["memory"] == "4Gi"
    assert postgres["resources"]["requests"]["memory"] == "256Mi"
    assert node["resources"]["requests"]["cpu"] == 2


def test_members_go_to_different_machines(pod: Manifest) -> None:
    (spread,) = pod["topologySpreadConstraints"]

    assert spread["topologyKey"] == "kubernetes.io/hostname"
    assert spread["whenUnsatisfiable"] == "DoNotSchedule"
    assert spread["labelSelector"]["matchLabels"] == Naming(bar_cluster(SPEC)).selector
    assert values(pod["affinity"], "topologyKey") == ["kubernetes.io/hostname"]


def test_an_empty_list_of_constraints_asks_for_nothing() -> None:
    spec = {**SPEC, "topologySpreadConstraints": []}
    pod = objects_of(spec)["StatefulSet bar"]["spec"]["template"]["spec"]

    assert pod["topologySpreadConstraints"] == []


def test_a_node_has_time_to_hand_over_before_it_is_killed(pod: Manifest) -> None:
    environment = {one["name"]: one.get("value") for one in pod["containers"][0]["env"]}

    assert environment["BITEBYTE_SHUTDOWN_DELAY_S"] == str(SHUTDOWN_DELAY_S)
    assert pod["terminationGracePeriodSeconds"] == GRACE_PERIOD_S
    assert GRACE_PERIOD_S >= SHUTDOWN_DELAY_S + 30


def test_whoever_is_alive_is_not_asked_whether_it_is_ready(pod: Manifest) -> None:
    (node,) = pod["containers"]

    assert node["livenessProbe"]["httpGet"]["path"] == "/livez"
    assert node["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert node["startupProbe"]["httpGet"]["path"] == "/livez"
    liveness = node["livenessProbe"]
    assert liveness["periodSeconds"] * liveness["failureThreshold"] >= 60


def test_no_secret_is_a_value(pod: Manifest) -> None:
    assert not values(pod, "secretKeyRef")
    assert not values(pod, "envFrom")
    mounted = {one["secret"]["secretName"] for one in pod["volumes"] if "secret" in one}
    assert mounted == {"bar-peer-tls", "bar-admin-tls"}


# Around them -------------------------------------------------------------------------------------


def test_a_pod_may_write_one_object_and_nothing_else(objects: dict[str, Manifest]) -> None:
    (rule,) = objects["Role bar"]["rules"]

    assert rule["resources"] == ["endpointslices"]
    assert rule["resourceNames"] == ["bar-leader"]
    assert set(rule["verbs"]) == {"get", "update", "patch"}


def test_the_leader_service_has_one_slice_whose_endpoints_are_the_leaders(
    objects: dict[str, Manifest],
) -> None:
    service, slice_ = objects["Service bar-leader"], objects["EndpointSlice bar-leader"]

    assert "selector" not in service["spec"]
    assert slice_["metadata"]["labels"]["kubernetes.io/service-name"] == "bar-leader"
    assert "endpoints" not in slice_
    assert slice_["ports"][0]["name"] == service["spec"]["ports"][0]["name"]


def test_a_member_that_is_not_ready_has_a_name_already(objects: dict[str, Manifest]) -> None:
    spec = objects["Service bar-peers"]["spec"]

    assert spec["publishNotReadyAddresses"] is True
    assert spec["clusterIP"] == "None"
    assert objects["StatefulSet bar"]["spec"]["serviceName"] == "bar-peers"


def test_one_pod_at_a_time_may_be_taken_away(objects: dict[str, Manifest]) -> None:
    spec = objects["PodDisruptionBudget bar"]["spec"]

    assert spec["maxUnavailable"] == 1
    assert spec["unhealthyPodEvictionPolicy"] == "IfHealthyBudget"


def test_whatever_is_not_listed_is_denied_both_ways(objects: dict[str, Manifest]) -> None:
    spec = objects["NetworkPolicy bar"]["spec"]

    assert spec["policyTypes"] == ["Ingress", "Egress"]
    assert spec["podSelector"]["matchLabels"] == Naming(bar_cluster(SPEC)).selector
    by_port = {rule["ports"][0]["port"]: rule for rule in spec["ingress"]}
    assert set(by_port) == {7080, 9080, 8080}
    assert values(by_port[9080], "kubernetes.io/metadata.name") == ["operators"]
    assert "from" not in by_port[8080]


def test_http_can_be_kept_to_some_namespaces() -> None:
    spec = objects_of(EVERYTHING)["NetworkPolicy bar"]["spec"]
    (http,) = [rule for rule in spec["ingress"] if rule["ports"][0]["port"] == 8080]

    assert http["from"] == [
        {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress"}}}
    ]


@pytest.mark.parametrize(("backend", "service"), [("Leader", "bar-leader"), ("Read", "bar-read")])
def test_the_ingress_goes_where_the_spec_says(backend: str, service: str) -> None:
    spec = {**SPEC, "ingress": {"host": "bar.example.com", "backend": backend}}
    (rule,) = objects_of(spec)["Ingress bar"]["spec"]["rules"]

    assert rule["host"] == "bar.example.com"
    assert rule["http"]["paths"][0]["backend"]["service"]["name"] == service


def test_event_streams_pass_the_ingress_unless_its_owner_says_otherwise() -> None:
    spec = {**SPEC, "ingress": {"host": "bar.example.com"}}
    ours = objects_of(spec)["Ingress bar"]["metadata"]["annotations"]
    theirs = objects_of(EVERYTHING)["Ingress bar"]["metadata"]["annotations"]

    assert ours["nginx.ingress.kubernetes.io/proxy-buffering"] == "off"
    assert ours["nginx.ingress.kubernetes.io/proxy-read-timeout"] == "3600"
    assert theirs["nginx.ingress.kubernetes.io/proxy-read-timeout"] == "60"
