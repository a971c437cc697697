"""The charts on a real API server, without machines: installed, upgraded from an older definition,
uninstalled, and what the operator may do afterwards."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bitebyte_e2e.api_server import ApiServer, Refusal, running_api_server
from bitebyte_e2e.charts.helm import CHARTS, Helm, HelmRefused, only
from bitebyte_e2e.charts.operands import operands
from bitebyte_e2e.waiting import wait_until

OPERATOR = CHARTS / "bitebyte-operator"
BAR = CHARTS / "bitebyte"
DEFINITION = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/barclusters.bitebyte.io"
BARS = "/apis/bitebyte.io/v1alpha1/namespaces/bar/barclusters"
ACCOUNT = "system:serviceaccount:bar:bitebyte-operator"
ROLES = "/apis/rbac.authorization.k8s.io/v1/namespaces/bar/roles"

Json = dict[str, Any]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    with running_api_server(tmp_path_factory.mktemp("apiserver")) as running:
        for name in ("bar", "other"):
            running.call("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
        yield running


class Cluster:
    """Helm at that API server, as its administrator."""

    def __init__(self, helm: Helm, server: ApiServer) -> None:
        self.helm = helm
        self.server = server
        self.kubeconfig = server.kubeconfig("admin", ("system:masters",))

    def run(self, verb: str, *words: str | Path, values: Json | None = None) -> str:
        return self.helm.release(self.kubeconfig, verb, *words, values=values)

    def install(self, release: str, chart: Path, namespace: str = "bar", **values: Any) -> None:
        self.run("install", release, chart, "--namespace", namespace, values=values)

    def spec_of(self, name: str) -> Json:
        found = self.server.find(f"{BARS}/{name}")
        assert found is not None
        return found["spec"]


@pytest.fixture
def cluster(helm: Helm, server: ApiServer) -> Iterator[Cluster]:
    """Without any release of ours, before and after."""
    yield Cluster(helm, server)
    kubeconfig = server.kubeconfig("admin", ("system:masters",))
    for namespace in ("bar", "other"):
        listed = helm.release(kubeconfig, "list", "--namespace", namespace, "--short").split()
        for release in sorted(listed, reverse=True):
            helm.release(kubeconfig, "uninstall", release, "--namespace", namespace)
    if server.find(DEFINITION) is not None:
        server.call("DELETE", DEFINITION)
    wait_until(lambda: server.find(DEFINITION) is None, what="the definition is gone", timeout_s=30)


@pytest.fixture
def operator(cluster: Cluster) -> Cluster:
    """The operator's chart is installed, and BarClusters are served."""
    cluster.install("bitebyte-operator", OPERATOR)
    wait_until(lambda: serves_bars(cluster.server), what="BarClusters are served", timeout_s=30)
    return cluster


def serves_bars(server: ApiServer) -> bool:
    try:
        return server.find(BARS) is not None
    except Refusal as error:
        if error.status not in (404, 429):
            raise
        return False


def older_chart(folder: Path) -> Path:
    """The operator's chart as it might have been: an earlier version, one field fewer."""
    chart = folder / "bitebyte-operator"
    shutil.copytree(OPERATOR, chart)
    described = yaml.safe_load((chart / "Chart.yaml").read_text())
    (chart / "Chart.yaml").write_text(yaml.safe_dump(described | {"version": "0.0.1"}))
    path = chart / "files" / "barcluster-crd.yaml"
    definition = yaml.safe_load(path.read_text())
    del spec_schema(definition)["progressDeadlineSeconds"]
    path.write_text(yaml.safe_dump(definition))
    return chart


def spec_schema(definition: Json) -> Json:
    root = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return root["properties"]["spec"]["properties"]


def a_bar(name: str) -> Json:
    return {
        "apiVersion": "bitebyte.io/v1alpha1",
        "kind": "BarCluster",
        "metadata": {"name": name, "namespace": "bar"},
        "spec": {"image": "app:1", "postgres": {"image": "pg:1"}, "storage": {"size": "1Gi"}},
    }


def test_bars_live_through_upgrade_uninstall_and_return(cluster: Cluster, tmp_path: Path) -> None:
    server = cluster.server
    cluster.install("bitebyte-operator", older_chart(tmp_path))
    wait_until(lambda: serves_bars(server), what="BarClusters are served", timeout_s=30)
    made = server.call("POST", BARS, a_bar("old-bar"))
    assert "progressDeadlineSeconds" not in made["spec"]

    cluster.run("upgrade", "bitebyte-operator", OPERATOR, "--namespace", "bar")
    definition = server.find(DEFINITION)
    assert definition is not None
    assert "progressDeadlineSeconds" in spec_schema(definition)

    cluster.run("uninstall", "bitebyte-operator", "--namespace", "bar")
    assert server.find("/apis/apps/v1/namespaces/bar/deployments/bitebyte-operator") is None

    cluster.install("bitebyte-operator", OPERATOR)
    kept = server.find(f"{BARS}/old-bar")
    assert kept is not None
    assert kept["metadata"]["uid"] == made["metadata"]["uid"]
    assert kept["spec"]["progressDeadlineSeconds"] == 600


def test_a_second_release_leaves_the_shared_objects_to_the_first(operator: Cluster) -> None:
    with pytest.raises(HelmRefused, match=r"invalid ownership metadata|exists"):
        operator.install("second", OPERATOR, "other")
    operator.install(
        "second", OPERATOR, "other", crds={"create": False}, admissionPolicy={"create": False}
    )


def test_a_bar_is_accepted_and_scaled_as_the_notes_say(operator: Cluster) -> None:
    values = {"ingress": {"host": "bar.example.com"}}
    words = ("night-owl", BAR, "--namespace", "bar")
    told = operator.run("install", *words, values=values)
    assert "kubectl --namespace bar wait barcluster/night-owl" in told
    assert operator.spec_of("night-owl")["replicas"] == 3
    operator.run("upgrade", *words, "--reset-then-reuse-values", "--set", "replicas=5")
    assert operator.spec_of("night-owl")["replicas"] == 5
    assert operator.spec_of("night-owl")["ingress"]["host"] == "bar.example.com"
    operator.run("uninstall", "night-owl", "--namespace", "bar")
    assert operator.server.find(f"{BARS}/night-owl") is None


def test_a_number_of_members_that_is_left_out_stays_as_scaled(operator: Cluster) -> None:
    operator.install("night-owl", BAR, replicas=None)
    operator.server.call(
        "PATCH",
        f"{BARS}/night-owl/scale",
        {"spec": {"replicas": 5}},
        content_type="application/merge-patch+json",
    )
    words = ("night-owl", BAR, "--namespace", "bar", "--reset-then-reuse-values")
    operator.run("upgrade", *words, "--set", "paused=true")
    assert operator.spec_of("night-owl")["replicas"] == 5
    assert operator.spec_of("night-owl")["paused"] is True


def test_an_upgrade_that_would_lose_data_is_refused_with_the_reason(operator: Cluster) -> None:
    operator.install("night-owl", BAR)
    words = ("night-owl", BAR, "--namespace", "bar", "--set", "storage.size=1Gi")
    with pytest.raises(HelmRefused, match=r"spec\.storage\.size cannot be changed"):
        operator.run("upgrade", *words)


def may(
    server: ApiServer, verb: str, resource: str, *, namespace: str = "bar", **more: str
) -> bool:
    """Whether the operator's account may do that. `resource` is `group/resource[/subresource]`."""
    group, _, rest = resource.partition("/")
    kind, _, subresource = rest.partition("/")
    attributes = {
        "verb": verb,
        "group": "" if group == "core" else group,
        "resource": kind,
        "subresource": subresource,
        "namespace": namespace,
        **more,
    }
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {"user": ACCOUNT, "resourceAttributes": attributes},
    }
    path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
    return server.call("POST", path, body)["status"]["allowed"]


def test_the_operator_may_do_its_work_in_its_namespace_only(operator: Cluster) -> None:
    server = operator.server
    for verb, resource in [
        ("watch", "bitebyte.io/barclusters"),
        ("patch", "bitebyte.io/barclusters/status"),
        ("create", "apps/statefulsets"),
        ("delete", "core/pods"),
        ("get", "core/secrets"),
        ("patch", "discovery.k8s.io/endpointslices"),
    ]:
        assert may(server, verb, resource), (verb, resource)
        assert not may(server, verb, resource, namespace="other"), (verb, resource)
        assert not may(server, verb, resource, namespace=""), (verb, resource)
    assert may(server, "update", "coordination.k8s.io/leases", name="bitebyte-operator")


def test_the_operator_may_do_nothing_that_a_thief_would_want(operator: Cluster) -> None:
    server = operator.server
    for verb, resource in [
        ("list", "core/secrets"),
        ("watch", "core/secrets"),
        ("create", "core/pods"),
        ("patch", "core/pods"),
        ("create", "core/pods/exec"),
        ("create", "core/pods/portforward"),
        ("create", "core/serviceaccounts/token"),
        ("impersonate", "core/serviceaccounts"),
        ("escalate", "rbac.authorization.k8s.io/roles"),
        ("bind", "rbac.authorization.k8s.io/roles"),
        ("create", "apps/deployments"),
        ("create", "apps/daemonsets"),
        ("deletecollection", "core/persistentvolumeclaims"),
        ("create", "bitebyte.io/barclusters"),
        ("delete", "bitebyte.io/barclusters"),
        ("get", "core/nodes"),
        ("get", "core/namespaces"),
        ("patch", "apiextensions.k8s.io/customresourcedefinitions"),
    ]:
        assert not may(server, verb, resource), (verb, resource)
    assert not may(server, "update", "coordination.k8s.io/leases", name="another")


def test_the_operator_hands_out_the_one_endpoint_slice_and_not_more(operator: Cluster) -> None:
    slice_of_the_leader = {
        "apiGroups": ["discovery.k8s.io"],
        "resources": ["endpointslices"],
        "resourceNames": ["night-owl-leader"],
        "verbs": ["get", "update", "patch"],
    }
    exec_anywhere = {"apiGroups": [""], "resources": ["pods/exec"], "verbs": ["create"]}
    listing = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["list"]}

    def make(*rules: Json) -> None:
        role = {"metadata": {"name": "night-owl"}, "rules": list(rules)}
        operator.server.call("POST", ROLES, role, user=ACCOUNT, dryRun="All")

    make(slice_of_the_leader)
    for more in (exec_anywhere, listing):
        with pytest.raises(
            Refusal, match="attempting to grant RBAC permissions not currently held"
        ):
            make(slice_of_the_leader, more)


@pytest.mark.parametrize("is_secure", [True, False])
@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet"])
def test_pod_security_warns_of_nothing(
    helm4: Helm, server: ApiServer, kind: str, is_secure: bool
) -> None:
    """Of the operator and of the members, in a namespace with the restricted standard; and the
    warning is there where something is wrong."""
    labels = {"pod-security.kubernetes.io/warn": "restricted"}
    server.apply(
        "/api/v1/namespaces/strict",
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "strict", "labels": labels}},
    )
    objects = helm4.objects("bitebyte-operator", namespace="strict", release="bitebyte-operator")
    objects += operands(only(helm4.objects("bitebyte", namespace="strict"), "BarCluster"))
    workload = only(objects, kind)
    workload["metadata"].pop("ownerReferences", None)
    if not is_secure:
        del workload["spec"]["template"]["spec"]["securityContext"]["seccompProfile"]
        for container in workload["spec"]["template"]["spec"]["containers"]:
            container["securityContext"].pop("seccompProfile", None)
    answer = server.client().post(
        f"/apis/apps/v1/namespaces/strict/{kind.lower()}s",
        params={"dryRun": "All", "fieldValidation": "Strict"},
        json=workload,
    )
    assert answer.status_code == 201, answer.text
    assert ("Warning" not in answer.headers) == is_secure
