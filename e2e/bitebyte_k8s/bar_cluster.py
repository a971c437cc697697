"""A BarCluster as its owner sees it: applies specs, reads the status, finds the pods."""

from collections.abc import Callable
from typing import Any

import httpx

from bitebyte_e2e.waiting import WaitExpired, wait_until
from bitebyte_k8s.api import Api, Json, conditions

APP_IMAGE = "localhost/bitebyte-app:dev"
POSTGRES_IMAGE = "localhost/bitebyte-postgres:dev"
HTTP_PORT = 8080

CREATE_TIMEOUT_S = 180.0
CHANGE_TIMEOUT_S = 240.0
"""Three pods one after the other, on two busy cores."""
_PROBE_TIMEOUT_S = 2.0


class BarCluster:
    """One BarCluster by name; it need not exist yet. For use from one thread."""

    def __init__(self, api: Api, namespace: str, name: str) -> None:
        self.api = api
        self.namespace = namespace
        self.name = name
        self._http = httpx.Client(timeout=_PROBE_TIMEOUT_S)

    def close(self) -> None:
        self._http.close()

    def manifest(self, **spec: Any) -> Json:
        """A small bar; `spec` has what differs, by field."""
        whole: Json = {
            "replicas": 3,
            "image": APP_IMAGE,
            "postgres": {"image": POSTGRES_IMAGE},
            "storage": {"size": "1Gi"},
            "resources": {
                "requests": {"cpu": "50m", "memory": "128Mi"},
                "limits": {"memory": "512Mi"},
            },
        }
        return {
            "apiVersion": "bitebyte.io/v1alpha1",
            "kind": "BarCluster",
            "metadata": {"name": self.name, "namespace": self.namespace},
            "spec": whole | spec,
        }

    def apply(self, **spec: Any) -> Json:
        return self.api.apply(self.manifest(**spec))

    def patch(self, **spec: Any) -> Json:
        """Changes these fields of the spec and no others."""
        return self.api.patch("BarCluster", self.name, self.namespace, {"spec": spec})

    def replace_spec(self, **spec: Any) -> Json:
        """The spec of `manifest` and nothing else, whoever wrote what before."""
        whole = self.manifest(**spec)
        found = self.get()
        surplus = {name: None for name in found["spec"] if name not in whole["spec"]}
        nested = {
            name: {inner: None for inner in found["spec"][name] if inner not in value} | value
            for name, value in whole["spec"].items()
            if isinstance(value, dict) and isinstance(found["spec"].get(name), dict)
        }
        return self.patch(**(whole["spec"] | nested | surplus))

    def get(self) -> Json:
        found = self.api.get("BarCluster", self.name, self.namespace)
        assert found is not None, f"there is no BarCluster {self.name}"
        return found

    @property
    def status(self) -> Json:
        return self.get().get("status", {})

    def condition(self, kind: str) -> tuple[str, str, str]:
        """Status, reason and message; Unknown where nobody has said anything yet."""
        found = conditions(self.get()).get(kind)
        return (
            (found["status"], found["reason"], found["message"]) if found else ("Unknown", "", "")
        )

    def wait_condition(
        self, kind: str, status: str, *, reason: str | None = None, timeout_s: float
    ) -> tuple[str, str, str]:
        """Waits until a condition is so, for the spec as it is now; what it says then."""

        def as_wanted() -> tuple[str, str, str] | None:
            thing = self.get()
            found = conditions(thing).get(kind)
            if found is None or found["status"] != status:
                return None
            if found.get("observedGeneration") != thing["metadata"]["generation"]:
                return None
            if reason is not None and found["reason"] != reason:
                return None
            return found["status"], found["reason"], found["message"]

        what = f"{self.name} {kind}={status}" + (f" ({reason})" if reason else "")
        return self._wait(as_wanted, what=what, timeout_s=timeout_s)

    def wait_ready(self, *, timeout_s: float = CHANGE_TIMEOUT_S) -> Json:
        """Waits until the cluster is as its spec wants it; the status."""

        self._wait(self.is_ready, what=f"{self.name} is Ready", timeout_s=timeout_s)
        return self.status

    def is_ready(self) -> bool:
        """Whether it is Ready for the spec that is there, with as many voters as wanted."""
        thing = self.get()
        status, spec = thing.get("status", {}), thing["spec"]
        condition = conditions(thing).get("Ready", {})
        return (
            condition.get("status") == "True"
            and condition.get("observedGeneration") == thing["metadata"]["generation"]
            and status.get("voters") == spec["replicas"]
            and status.get("readyReplicas") == spec["replicas"]
        )

    def _wait(self, condition: Callable[[], Any], *, what: str, timeout_s: float) -> Any:
        try:
            return wait_until(condition, what=what, timeout_s=timeout_s)
        except WaitExpired as problem:
            status = self.status
            said = [
                f"{each['type']}={each['status']} {each['reason']}: {each['message']}"
                for each in status.get("conditions", [])
            ]
            more = "\n  ".join([*said, f"operation: {status.get('operation')}"])
            raise WaitExpired(f"{problem}\n  {more}") from None

    def delete(self) -> None:
        self.api.delete("BarCluster", self.name, self.namespace)

    def wait_gone(self, *, timeout_s: float = 120.0) -> None:
        wait_until(
            lambda: self.api.get("BarCluster", self.name, self.namespace) is None,
            what=f"{self.name} is gone",
            timeout_s=timeout_s,
        )

    @property
    def selector(self) -> str:
        return f"app.kubernetes.io/name=bitebyte,app.kubernetes.io/instance={self.name}"

    def pods(self) -> dict[str, Json]:
        """By name, as far as they exist."""
        found = self.api.list("Pod", self.namespace, self.selector)
        return {pod["metadata"]["name"]: pod for pod in found}

    def uids(self) -> dict[str, str]:
        return {name: pod["metadata"]["uid"] for name, pod in self.pods().items()}

    def pod_urls(self) -> dict[str, str]:
        """Where each pod that has an address answers, without any Service between."""
        return {
            name: f"http://{pod['status']['podIP']}:{HTTP_PORT}"
            for name, pod in sorted(self.pods().items())
            if pod["status"].get("podIP")
        }

    def node_of(self, pod: str) -> str:
        """The machine that a pod runs on."""
        return self.pods()[pod]["spec"]["nodeName"]

    def service_url(self, which: str = "leader") -> str:
        """Of the `leader` or the `read` Service, by its address."""
        service = self.api.get("Service", f"{self.name}-{which}", self.namespace)
        assert service is not None, f"there is no Service {self.name}-{which}"
        return f"http://{service['spec']['clusterIP']}"

    def view(self, url: str, *, at: int | None = None) -> Json | None:
        """What a node says of the cluster; None where it does not answer."""
        params = {} if at is None else {"at": str(at)}
        try:
            answer = self._http.get(f"{url}/api/v1/cluster", params=params)
        except httpx.TransportError:
            return None
        return answer.json() if answer.status_code == 200 else None

    def leader(self) -> str | None:
        """The pod that calls itself leader in the highest term, whatever the status says."""
        best: tuple[int, str] | None = None
        for pod, url in self.pod_urls().items():
            seen = self.view(url)
            if seen is not None and seen["node"]["role"] == "leader":
                best = max(best or (0, ""), (int(seen["term"]), pod))
        return best[1] if best else None

    def wait_leader(self, *, other_than: str | None = None, timeout_s: float = 30.0) -> str:
        def found() -> str | None:
            leader = self.leader()
            return leader if leader != other_than else None

        return wait_until(found, what="a leader", timeout_s=timeout_s)

    def slice_address(self) -> str | None:
        """The address that the leader Service leads to."""
        found = self.api.get("EndpointSlice", f"{self.name}-leader", self.namespace)
        endpoints = (found or {}).get("endpoints") or []
        return endpoints[0]["addresses"][0] if endpoints else None

    def container_id(self, pod: str, container: str) -> str:
        """As the runtime knows it."""
        status = self.pods()[pod]["status"]
        for each in status.get("initContainerStatuses", []) + status.get("containerStatuses", []):
            if each["name"] == container and each.get("containerID"):
                return each["containerID"].split("://", 1)[1]
        raise AssertionError(f"{pod} has no running container {container}")
