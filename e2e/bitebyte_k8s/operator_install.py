"""The operator as its chart installs it; how to switch it off, and how to kill it."""

from pathlib import Path

from bitebyte_cluster.commands import run
from bitebyte_cluster.machines import kill_marked
from bitebyte_e2e.waiting import wait_until
from bitebyte_k8s.api import Api, Json

NAMESPACE = "bitebyte-system"
RELEASE = "bitebyte-operator"
USER = f"system:serviceaccount:{NAMESPACE}:{RELEASE}"
"""As the audit log knows it."""
IMAGE = "localhost/bitebyte-operator:dev"
REPLICAS = 2
_READY_TIMEOUT_S = 120.0
_TAKE_OVER_TIMEOUT_S = 60.0

RESTRICTED = {
    f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn", "audit")
}
"""Labels of every namespace of these tests."""


def ensure_namespace(api: Api, name: str) -> None:
    """A namespace that takes restricted pods only."""
    labels = dict(RESTRICTED)
    api.apply(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
    )


class OperatorInstall:
    """One release of charts/bitebyte-operator, for all namespaces."""

    def __init__(self, api: Api, kubeconfig: Path, helm: Path, charts: Path) -> None:
        self._api = api
        self._kubeconfig = kubeconfig
        self._helm = helm
        self._chart = charts / "bitebyte-operator"

    def install(self, *, image: str = IMAGE) -> None:
        """Installs it, or brings what is there up to date, and waits until both replicas are
        ready."""
        ensure_namespace(self._api, NAMESPACE)
        repository, tag = image.rsplit(":", 1)
        run(
            *(self._helm, "upgrade", "--install", RELEASE, self._chart),
            *("--namespace", NAMESPACE, "--set", "clusterWide=true"),
            *("--set", f"image.repository={repository}", "--set", f"image.tag={tag}"),
            *("--set", f"replicas={REPLICAS}"),
            env={"KUBECONFIG": str(self._kubeconfig)},
        )
        self.wait_ready(REPLICAS)

    def deployment(self) -> Json:
        found = self._api.get("Deployment", RELEASE, NAMESPACE)
        assert found is not None, "the operator is not installed"
        return found

    def pods(self) -> dict[str, Json]:
        found = self._api.list("Pod", NAMESPACE, f"app.kubernetes.io/instance={RELEASE}")
        return {pod["metadata"]["name"]: pod for pod in found}

    def scale(self, replicas: int) -> None:
        """Waits until so many are ready, or until every pod is gone."""
        self._api.patch("Deployment", RELEASE, NAMESPACE, {"spec": {"replicas": replicas}})
        self.wait_ready(replicas)

    def wait_ready(self, replicas: int) -> None:
        def as_wanted() -> bool:
            if replicas == 0:
                return not self.pods()
            thing = self.deployment()
            status = thing.get("status", {})
            return (
                status.get("observedGeneration") == thing["metadata"]["generation"]
                and status.get("readyReplicas", 0) == replicas
                and status.get("updatedReplicas", 0) == replicas
                and status.get("replicas", 0) == replicas
            )

        wait_until(as_wanted, what=f"{replicas} operators ready", timeout_s=_READY_TIMEOUT_S)

    def lease(self) -> Json:
        found = self._api.get("Lease", RELEASE, NAMESPACE)
        return (found or {}).get("spec", {})

    def holder(self) -> str | None:
        """The pod that is on duty, by the Lease; None while nobody is."""
        named = str(self.lease().get("holderIdentity") or "")
        return next((name for name in self.pods() if named.startswith(name)), None)

    def wait_holder(self, *, other_than: str | None = None) -> str:
        def found() -> str | None:
            holder = self.holder()
            return holder if holder != other_than else None

        return wait_until(found, what="an operator on duty", timeout_s=_TAKE_OVER_TIMEOUT_S)

    def container_ids(self) -> list[str]:
        """Of all its running processes' containers, as the runtime knows them."""
        return [
            each["containerID"].split("://", 1)[1]
            for pod in self.pods().values()
            for each in pod.get("status", {}).get("containerStatuses", [])
            if each.get("containerID")
        ]

    def kill_containers(self, ids: list[str]) -> int:
        """kill -9 of everything in these containers, which come back by themselves; how many
        processes there were. Asks nobody, so that it is quick."""
        return sum(kill_marked(each) for each in ids)
