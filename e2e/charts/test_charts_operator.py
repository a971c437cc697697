"""The chart of the operator: each value does what the table in its README says, and no more."""

from typing import Any

import pytest

from bitebyte_e2e.charts.helm import Helm, HelmRefused, kinds, only, parsed

CHART = "bitebyte-operator"
NAME = "bitebyte-operator"
SMALL = {"crds": {"create": False}, "admissionPolicy": {"create": False}}
"""Without the objects that have tests of their own."""

Json = dict[str, Any]


def rendered(helm: Helm, values: Json | None = None, **options: Any) -> list[Json]:
    return helm.objects(CHART, SMALL | (values or {}), release=NAME, **options)


def pod_of(objects: list[Json]) -> Json:
    return only(objects, "Deployment")["spec"]["template"]


def container_of(objects: list[Json]) -> Json:
    return pod_of(objects)["spec"]["containers"][0]


def env_of(objects: list[Json]) -> dict[str, Any]:
    return {item["name"]: item.get("value") for item in container_of(objects)["env"]}


def test_the_default_is_one_namespace_and_nothing_of_the_whole_cluster(helm: Helm) -> None:
    objects = rendered(helm)
    assert kinds(objects) == [
        f"Deployment/{NAME}",
        f"NetworkPolicy/{NAME}",
        f"PodDisruptionBudget/{NAME}",
        f"Role/{NAME}",
        f"Role/{NAME}-lease",
        f"RoleBinding/{NAME}",
        f"RoleBinding/{NAME}-lease",
        f"ServiceAccount/{NAME}",
    ]
    assert {item["metadata"]["namespace"] for item in objects} == {"bar"}
    assert env_of(objects)["BITEBYTE_OPERATOR_WATCH_NAMESPACES"] == "bar"


def test_every_object_carries_the_labels_by_which_a_release_is_found(helm: Helm) -> None:
    for item in rendered(helm):
        labels = item["metadata"]["labels"]
        assert labels["app.kubernetes.io/name"] == "bitebyte-operator"
        assert labels["app.kubernetes.io/instance"] == NAME
        assert labels["app.kubernetes.io/part-of"] == "bitebyte"


def test_names_follow_the_release(helm: Helm) -> None:
    objects = helm.objects(CHART, SMALL, release="second")
    assert only(objects, "Deployment")["metadata"]["name"] == "second-bitebyte-operator"
    assert env_of(objects)["BITEBYTE_OPERATOR_LEASE_NAME"] == "second-bitebyte-operator"


def test_a_name_stays_within_what_kubernetes_takes(helm: Helm) -> None:
    objects = helm.objects(CHART, SMALL, release="a-" * 26 + "a")
    assert all(len(item["metadata"]["name"]) <= 63 for item in objects)


def test_namespaces_to_watch_get_a_role_each(helm: Helm) -> None:
    objects = rendered(helm, {"watchNamespaces": ["west", "east"]})
    for namespace in ("east", "west"):
        [role] = [
            item
            for item in objects
            if item["kind"] == "Role" and item["metadata"]["namespace"] == namespace
        ]
        [binding] = [
            item
            for item in objects
            if item["kind"] == "RoleBinding" and item["metadata"]["namespace"] == namespace
        ]
        assert binding["roleRef"]["name"] == role["metadata"]["name"]
        assert binding["subjects"] == [{"kind": "ServiceAccount", "name": NAME, "namespace": "bar"}]
    # Its own namespace holds the Lease, and no bar that it may touch.
    own = [i for i in objects if i["kind"] == "Role" and i["metadata"]["namespace"] == "bar"]
    assert [item["metadata"]["name"] for item in own] == [f"{NAME}-lease"]
    assert env_of(objects)["BITEBYTE_OPERATOR_WATCH_NAMESPACES"] == "east,west"


def test_cluster_wide_is_the_same_rules_for_all_namespaces(helm: Helm) -> None:
    objects = rendered(helm, {"clusterWide": True})
    role = only(objects, "ClusterRole", f"bar-{NAME}")
    assert role["rules"] == only(rendered(helm), "Role", NAME)["rules"]
    binding = only(objects, "ClusterRoleBinding")
    assert binding["roleRef"]["name"] == role["metadata"]["name"]
    assert binding["subjects"][0]["namespace"] == "bar"
    assert env_of(objects)["BITEBYTE_OPERATOR_WATCH_NAMESPACES"] == ""
    assert [i["metadata"]["name"] for i in objects if i["kind"] == "Role"] == [f"{NAME}-lease"]


def test_watching_some_and_all_at_once_is_refused(helm: Helm) -> None:
    with pytest.raises(HelmRefused, match="watchNamespaces and clusterWide exclude each other"):
        rendered(helm, {"clusterWide": True, "watchNamespaces": ["east"]})


def test_the_lease_is_the_only_one_that_it_may_take(helm: Helm) -> None:
    [named, create] = only(rendered(helm), "Role", f"{NAME}-lease")["rules"]
    assert named["resourceNames"] == [env_of(rendered(helm))["BITEBYTE_OPERATOR_LEASE_NAME"]]
    assert create["verbs"] == ["create"]


def test_rights_can_come_from_elsewhere(helm: Helm) -> None:
    objects = rendered(helm, {"rbac": {"create": False}})
    assert not [item for item in objects if "Role" in item["kind"]]


def test_roles_of_users_are_widened_only_on_request(helm: Helm) -> None:
    objects = rendered(helm, {"rbac": {"aggregateToUserRoles": True}})
    view = only(objects, "ClusterRole", f"bar-{NAME}-view")
    admin = only(objects, "ClusterRole", f"bar-{NAME}-admin")
    assert {verb for rule in view["rules"] for verb in rule["verbs"]} == {"get", "list", "watch"}
    writers = {key for key in admin["metadata"]["labels"] if key.startswith("rbac.")}
    assert writers == {"rbac.authorization.k8s.io/aggregate-to-admin"}


def test_the_service_account_may_be_named_annotated_or_brought_along(helm: Helm) -> None:
    named = rendered(helm, {"serviceAccount": {"name": "keeper", "annotations": {"a": "b"}}})
    account = only(named, "ServiceAccount", "keeper")
    assert account["metadata"]["annotations"] == {"a": "b"}
    assert account["automountServiceAccountToken"] is False
    brought = rendered(helm, {"serviceAccount": {"create": False, "name": "mine"}})
    assert "ServiceAccount" not in {item["kind"] for item in brought}
    assert pod_of(brought)["spec"]["serviceAccountName"] == "mine"
    assert only(brought, "RoleBinding", NAME)["subjects"][0]["name"] == "mine"
    with pytest.raises(HelmRefused, match=r"serviceAccount\.name is needed"):
        rendered(helm, {"serviceAccount": {"create": False}})


def test_the_image_is_the_charts_version_a_tag_or_a_digest(helm: Helm) -> None:
    digest = "sha256:" + "0" * 64
    version = only(rendered(helm), "Deployment")["metadata"]["labels"]["app.kubernetes.io/version"]
    assert container_of(rendered(helm))["image"] == f"localhost/bitebyte-operator:{version}"
    tagged = rendered(helm, {"image": {"repository": "example.com/op", "tag": "7"}})
    assert container_of(tagged)["image"] == "example.com/op:7"
    pinned = rendered(helm, {"image": {"repository": "example.com/op", "digest": digest}})
    assert container_of(pinned)["image"] == f"example.com/op@{digest}"
    pulled = rendered(helm, {"image": {"pullPolicy": "Never"}, "imagePullSecrets": [{"name": "s"}]})
    assert container_of(pulled)["imagePullPolicy"] == "Never"
    assert pod_of(pulled)["spec"]["imagePullSecrets"] == [{"name": "s"}]


def test_what_is_handed_on_to_the_pods_arrives(helm: Helm) -> None:
    constraint = {"maxSkew": 2, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}
    objects = rendered(
        helm,
        {
            "replicas": 3,
            "logLevel": "debug",
            "resources": {"requests": {"cpu": "1"}, "limits": None},
            "podAnnotations": {"a": "b"},
            "podLabels": {"team": "bar", "app.kubernetes.io/name": "other"},
            "priorityClassName": "high",
            "nodeSelector": {"disk": "fast"},
            "tolerations": [{"operator": "Exists"}],
            "affinity": {"nodeAffinity": {}},
            "topologySpreadConstraints": [constraint],
        },
    )
    spec = pod_of(objects)["spec"]
    metadata = pod_of(objects)["metadata"]
    assert only(objects, "Deployment")["spec"]["replicas"] == 3
    assert env_of(objects)["BITEBYTE_OPERATOR_LOG_LEVEL"] == "debug"
    assert spec["containers"][0]["resources"]["requests"]["cpu"] == "1"
    assert metadata["annotations"]["a"] == "b"
    assert metadata["labels"]["team"] == "bar"
    assert metadata["labels"]["app.kubernetes.io/name"] == "bitebyte-operator"
    assert spec["priorityClassName"] == "high"
    assert spec["nodeSelector"] == {"disk": "fast"}
    assert spec["tolerations"] == [{"operator": "Exists"}]
    assert spec["affinity"] == {"nodeAffinity": {}}
    assert spec["topologySpreadConstraints"] == [constraint]


def test_selectors_match_the_pods(helm: Helm) -> None:
    objects = rendered(helm)
    labels = pod_of(objects)["metadata"]["labels"].items()
    selectors = [
        only(objects, "Deployment")["spec"]["selector"],
        only(objects, "PodDisruptionBudget")["spec"]["selector"],
        only(objects, "NetworkPolicy")["spec"]["podSelector"],
        pod_of(objects)["spec"]["topologySpreadConstraints"][0]["labelSelector"],
    ]
    assert all(selector["matchLabels"].items() <= labels for selector in selectors)


def test_the_pod_keeps_to_the_restricted_standard(helm: Helm) -> None:
    spec = pod_of(rendered(helm))["spec"]
    [container] = spec["containers"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert [set(volume) for volume in spec["volumes"]] == [{"name", "emptyDir"}]


def test_probes_ask_for_life_and_for_readiness(helm: Helm) -> None:
    container = container_of(rendered(helm))
    assert container["ports"] == [{"name": "http", "containerPort": 8081, "protocol": "TCP"}]
    assert env_of(rendered(helm))["BITEBYTE_OPERATOR_HTTP_LISTEN"].endswith(":8081")
    paths = {kind: container[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness")}
    assert all(get == {"path": "/livez", "port": "http"} for get in paths.values())
    assert container["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "http"}


def test_the_disruption_budget_can_be_left_out(helm: Helm) -> None:
    objects = rendered(helm, {"podDisruptionBudget": {"create": False}})
    assert "PodDisruptionBudget" not in {item["kind"] for item in objects}


def test_the_network_is_closed_but_for_what_is_named(helm: Helm) -> None:
    spec = only(rendered(helm), "NetworkPolicy")["spec"]
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    [metrics] = spec["ingress"]
    assert metrics["ports"] == [{"protocol": "TCP", "port": "http"}]
    [admin, names, api] = spec["egress"]
    assert admin["ports"] == [{"protocol": "TCP", "port": 9080}]
    assert admin["to"][0]["podSelector"]["matchLabels"] == {"app.kubernetes.io/name": "bitebyte"}
    assert {port["port"] for port in names["ports"]} == {53}
    assert [port["port"] for port in api["ports"]] == [443, 6443]
    assert "to" not in api


def test_the_network_can_be_closed_further_or_left_to_others(helm: Helm) -> None:
    server = {"ipBlock": {"cidr": "10.0.0.1/32"}}
    policy = {"metricsFrom": [], "apiServerTo": [server], "apiServerPorts": [16443]}
    spec = only(rendered(helm, {"networkPolicy": policy}), "NetworkPolicy")["spec"]
    assert spec["ingress"] == []
    assert spec["egress"][2] == {"ports": [{"protocol": "TCP", "port": 16443}], "to": [server]}
    without = rendered(helm, {"networkPolicy": {"create": False}})
    assert "NetworkPolicy" not in {item["kind"] for item in without}


def test_a_pod_monitor_needs_its_api(helm: Helm) -> None:
    values = {"monitoring": {"podMonitor": {"create": True, "labels": {"prometheus": "main"}}}}
    with pytest.raises(HelmRefused, match=r"monitoring\.podMonitor\.create needs"):
        rendered(helm, values)
    objects = rendered(helm, values, api_versions=["monitoring.coreos.com/v1"])
    monitor = only(objects, "PodMonitor")
    assert monitor["metadata"]["labels"]["prometheus"] == "main"
    assert monitor["spec"]["podMetricsEndpoints"] == [
        {"port": "http", "path": "/metrics", "interval": "30s"}
    ]
    selector = monitor["spec"]["selector"]["matchLabels"]
    assert selector.items() <= pod_of(objects)["metadata"]["labels"].items()


def test_definition_and_policy_are_the_files(helm: Helm) -> None:
    from bitebyte_e2e.charts.helm import CHARTS

    files = sorted((CHARTS / CHART / "files").glob("*.yaml"))
    kept = [item for file in files for item in parsed(file.read_text())]
    objects = helm.objects(CHART, release=NAME)
    for item in kept:
        shown = only(objects, item["kind"], item["metadata"]["name"])
        assert shown["spec"] == item["spec"]
        assert item["metadata"].get("labels", {}).items() <= shown["metadata"]["labels"].items()
    assert {item["kind"] for item in kept} >= {"CustomResourceDefinition"}


def test_the_definition_outlives_the_release(helm: Helm) -> None:
    definition = only(helm.objects(CHART, release=NAME), "CustomResourceDefinition")
    assert definition["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
    kept = [
        item["kind"]
        for item in helm.objects(CHART, release=NAME)
        if "helm.sh/resource-policy" in item["metadata"].get("annotations", {})
    ]
    assert kept == ["CustomResourceDefinition"]


def test_definition_and_policy_can_be_left_to_another_release(helm: Helm) -> None:
    without = helm.objects(CHART, {"crds": {"create": False}}, release=NAME)
    assert "CustomResourceDefinition" not in {item["kind"] for item in without}
    without = helm.objects(CHART, {"admissionPolicy": {"create": False}}, release=NAME)
    assert not [item for item in without if item["kind"].startswith("ValidatingAdmission")]
