"""Everything runs restricted, and holds no right that it does not need."""

import pytest

from bitebyte_cluster.commands import ClusterError, run
from bitebyte_k8s.api import Refused
from bitebyte_k8s.bar_cluster import BarCluster
from bitebyte_k8s.figures import Figures
from bitebyte_k8s.operator_install import NAMESPACE, OperatorInstall
from bitebyte_k8s.session import Kubernetes
from bitebyte_k8s.steps import say, step


@pytest.mark.smoke
def test_pods_are_restricted_and_their_rights_are_one_object(
    kubernetes: Kubernetes, night_owl: BarCluster, operator: OperatorInstall, figures: Figures
) -> None:
    with step("both namespaces enforce Pod Security restricted, and the pods run in them"):
        for namespace in (night_owl.namespace, NAMESPACE):
            found = kubernetes.api.get("Namespace", namespace)
            assert found is not None
            labels = found["metadata"]["labels"]
            assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
        assert len(night_owl.pods()) == 3
        assert len(operator.pods()) == 2
    with step(
        "the root file system is read-only, nothing is root, and no token is where no need is"
    ):
        for pod in [*night_owl.pods().values(), *operator.pods().values()]:
            for container in pod["spec"].get("initContainers", []) + pod["spec"]["containers"]:
                security = container["securityContext"]
                assert security["readOnlyRootFilesystem"] is True, container["name"]
                assert security["capabilities"]["drop"] == ["ALL"]
                assert security["allowPrivilegeEscalation"] is False
                if container["name"] == "postgres":
                    paths = {mount["mountPath"] for mount in container["volumeMounts"]}
                    assert "/var/run/secrets/kubernetes.io/serviceaccount" not in paths
    user = f"system:serviceaccount:{night_owl.namespace}:{night_owl.name}"
    with step(f"{user} may do nothing but look at and move its own leader slice"):
        leader = f"endpointslices.discovery.k8s.io/{night_owl.name}-leader"
        allowed = [("get", leader), ("update", leader), ("patch", leader)]
        refused = [
            ("list", "endpointslices.discovery.k8s.io"),
            ("update", "endpointslices.discovery.k8s.io/other"),
            ("create", "endpointslices.discovery.k8s.io"),
            ("delete", leader),
            ("get", "secrets"),
            ("get", "pods"),
            ("get", "barclusters.bitebyte.io"),
            ("create", "pods/exec"),
        ]
        for expected, questions in ((True, allowed), (False, refused)):
            for verb, what in questions:
                assert may(kubernetes, user, night_owl.namespace, verb, what) is expected, (
                    f"{user} {verb} {what}"
                )
    with step("it cannot send customers to somebody else's address"):
        said = refusal_of_foreign_address(kubernetes, user, night_owl)
        say(f"refused: {said}")
    figures.record("pod security", containers_checked=3 * 2 + 2)


def may(kubernetes: Kubernetes, user: str, namespace: str, verb: str, what: str) -> bool:
    """What the API server's authorizer says."""
    kubectl = (kubernetes.paths.bin / "kubectl", f"--kubeconfig={kubernetes.paths.kubeconfig}")
    try:
        said = run(*kubectl, "-n", namespace, "auth", "can-i", verb, what, "--as", user)
    except ClusterError:
        return False
    return said.strip().startswith("yes")


def refusal_of_foreign_address(kubernetes: Kubernetes, user: str, cluster: BarCluster) -> str:
    """A pod's account without a pod tries to lead the Service elsewhere."""
    kubectl = (kubernetes.paths.bin / "kubectl", f"--kubeconfig={kubernetes.paths.kubeconfig}")
    body = '{"endpoints": [{"addresses": ["10.91.9.9"]}, {"addresses": ["10.91.9.8"]}]}'
    patch = ("patch", "endpointslice", f"{cluster.name}-leader", "--type=merge", "-p", body)
    try:
        run(*kubectl, "-n", cluster.namespace, *patch, "--as", user)
    except ClusterError as problem:
        return str(problem)[-300:]
    raise Refused(200, "the API server let it through")
