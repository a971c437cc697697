"""The Kubernetes API as plain HTTP, for what tests look at many times a second."""

import base64
import json
import ssl
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

Json = dict[str, Any]

_REQUEST_TIMEOUT_S = 15.0
_FIELD_MANAGER = "e2e"

_PATHS = {
    "Namespace": ("/api/v1", "namespaces"),
    "Node": ("/api/v1", "nodes"),
    "Pod": ("/api/v1", "pods"),
    "Service": ("/api/v1", "services"),
    "Secret": ("/api/v1", "secrets"),
    "ConfigMap": ("/api/v1", "configmaps"),
    "ServiceAccount": ("/api/v1", "serviceaccounts"),
    "PersistentVolumeClaim": ("/api/v1", "persistentvolumeclaims"),
    "PersistentVolume": ("/api/v1", "persistentvolumes"),
    "StatefulSet": ("/apis/apps/v1", "statefulsets"),
    "Deployment": ("/apis/apps/v1", "deployments"),
    "EndpointSlice": ("/apis/discovery.k8s.io/v1", "endpointslices"),
    "NetworkPolicy": ("/apis/networking.k8s.io/v1", "networkpolicies"),
    "Ingress": ("/apis/networking.k8s.io/v1", "ingresses"),
    "PodDisruptionBudget": ("/apis/policy/v1", "poddisruptionbudgets"),
    "Role": ("/apis/rbac.authorization.k8s.io/v1", "roles"),
    "RoleBinding": ("/apis/rbac.authorization.k8s.io/v1", "rolebindings"),
    "Lease": ("/apis/coordination.k8s.io/v1", "leases"),
    "Event": ("/apis/events.k8s.io/v1", "events"),
    "BarCluster": ("/apis/bitebyte.io/v1alpha1", "barclusters"),
}
OWNED_KINDS = (
    "StatefulSet",
    "Service",
    "EndpointSlice",
    "ServiceAccount",
    "Role",
    "RoleBinding",
    "ConfigMap",
    "Secret",
    "PodDisruptionBudget",
    "NetworkPolicy",
    "Ingress",
)
"""Everything that an operator makes for a BarCluster."""


class Refused(Exception):
    """The API server said no; `status` is its HTTP status, the text its message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status


class Api:
    """One connection of the administrator. For use from one thread at a time."""

    def __init__(self, kubeconfig: Path) -> None:
        config = json.loads(kubeconfig.read_text())
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        self._http = httpx.Client(
            base_url=cluster["server"],
            verify=_tls_context(cluster, user),
            timeout=_REQUEST_TIMEOUT_S,
        )

    def close(self) -> None:
        self._http.close()

    def get(self, kind: str, name: str, namespace: str | None = None) -> Json | None:
        """The object, or None if there is none."""
        try:
            return self._call("GET", f"{_collection(kind, namespace)}/{name}")
        except Refused as problem:
            if problem.status == 404:
                return None
            raise

    def list(self, kind: str, namespace: str | None = None, selector: str = "") -> list[Json]:
        params = {"labelSelector": selector} if selector else {}
        return self._call("GET", _collection(kind, namespace), params=params)["items"]

    def create(self, manifest: Json) -> Json:
        namespace = manifest["metadata"].get("namespace")
        return self._call("POST", _collection(manifest["kind"], namespace), body=manifest)

    def apply(self, manifest: Json, *, dry_run: bool = False) -> Json:
        """Server-side apply. Raises Refused."""
        metadata = manifest["metadata"]
        params = {"fieldManager": _FIELD_MANAGER, "force": "true"}
        if dry_run:
            params["dryRun"] = "All"
        path = f"{_collection(manifest['kind'], metadata.get('namespace'))}/{metadata['name']}"
        return self._call(
            "PATCH", path, params=params, body=manifest, content_type="application/apply-patch+yaml"
        )

    def patch(self, kind: str, name: str, namespace: str | None, body: Json) -> Json:
        """A merge patch. Raises Refused."""
        return self._call(
            "PATCH",
            f"{_collection(kind, namespace)}/{name}",
            params={"fieldManager": _FIELD_MANAGER},
            body=body,
            content_type="application/merge-patch+json",
        )

    def delete(
        self, kind: str, name: str, namespace: str | None = None, *, grace_s: int | None = None
    ) -> None:
        """Asks for it to be deleted; what is gone already is no error."""
        params = {} if grace_s is None else {"gracePeriodSeconds": str(grace_s)}
        try:
            self._call("DELETE", f"{_collection(kind, namespace)}/{name}", params=params)
        except Refused as problem:
            if problem.status != 404:
                raise

    def is_eviction_refused(self, pod: str, namespace: str) -> bool:
        """Whether a disruption budget forbids to evict the pod now. Nothing is evicted."""
        eviction = {
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": pod, "namespace": namespace},
            "deleteOptions": {"dryRun": ["All"]},
        }
        try:
            self._call("POST", f"{_collection('Pod', namespace)}/{pod}/eviction", body=eviction)
        except Refused as problem:
            if problem.status == 429:
                return True
            raise
        return False

    def logs(self, pod: str, namespace: str, container: str, *, previous: bool = False) -> str:
        """The last lines that a container wrote; what cannot be had is said in its place."""
        params = {"container": container, "tailLines": "2000"}
        params |= {"previous": "true"} if previous else {}
        path = f"{_collection('Pod', namespace)}/{pod}/log"
        try:
            answer = self._http.get(path, params=params)
        except httpx.TransportError as problem:
            return f"(no log: {problem!r})"
        return answer.text

    def is_alive(self) -> bool:
        """Whether the API server answers at all."""
        try:
            return self._http.get("/readyz", timeout=2.0).status_code == 200
        except httpx.TransportError:
            return False

    def _call(
        self,
        method: str,
        path: str,
        *,
        params: dict[str, str] | None = None,
        body: Json | None = None,
        content_type: str = "application/json",
    ) -> Json:
        content = None if body is None else json.dumps(body)
        headers = {} if body is None else {"Content-Type": content_type}
        answer = self._http.request(method, path, params=params, content=content, headers=headers)
        if answer.status_code >= 400:
            try:
                message = str(answer.json().get("message"))
            except ValueError:
                message = answer.text[:500]
            raise Refused(answer.status_code, message)
        return answer.json()


def _collection(kind: str, namespace: str | None) -> str:
    prefix, plural = _PATHS[kind]
    return f"{prefix}/namespaces/{namespace}/{plural}" if namespace else f"{prefix}/{plural}"


def _tls_context(cluster: Json, user: Json) -> ssl.SSLContext:
    context = ssl.create_default_context(
        cadata=base64.b64decode(cluster["certificate-authority-data"]).decode()
    )
    with tempfile.TemporaryDirectory() as folder:  # Python loads a client's key from a file only
        certificate, key = Path(folder) / "crt", Path(folder) / "key"
        certificate.write_bytes(base64.b64decode(user["client-certificate-data"]))
        key.touch(mode=0o600)
        key.write_bytes(base64.b64decode(user["client-key-data"]))
        context.load_cert_chain(certificate, key)
    return context


def conditions(thing: Json) -> dict[str, Json]:
    """An object's conditions by type."""
    return {each["type"]: each for each in thing.get("status", {}).get("conditions", [])}


def owned_by(api: Api, namespace: str, instance: str) -> Iterator[tuple[str, Json]]:
    """All that is labelled as part of a BarCluster, with its kind."""
    for kind in OWNED_KINDS:
        for thing in api.list(kind, namespace, f"app.kubernetes.io/instance={instance}"):
            yield kind, thing
