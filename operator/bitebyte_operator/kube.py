"""The API server. The one module that knows the Kubernetes client library.

Objects are plain dictionaries. Every call has a deadline, and every failure is one of the named
errors below. Nothing is tried again here: the reconcile loop comes round anyway.
"""

import asyncio
import os
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

import aiohttp
import msgspec
from kubernetes.aio.client import ApiClient, Configuration
from kubernetes.aio.config import ConfigException, load_incluster_config, load_kube_config

from bitebyte_operator.resources.naming import FIELD_MANAGER, Manifest

CALL_S_MAX: Final = 5.0
"""Longer than any healthy API server needs, shorter than the time in which a Lease must be
renewed."""
CONNECTIONS_MAX: Final = 32
LIST_PAGE_MAX: Final = 500
"""Objects of one BarCluster are at most a dozen of a kind, so one page holds them."""

_PATHS: Final[dict[str, tuple[str, str]]] = {
    "BarCluster": ("apis/bitebyte.io/v1alpha1", "barclusters"),
    "ConfigMap": ("api/v1", "configmaps"),
    "EndpointSlice": ("apis/discovery.k8s.io/v1", "endpointslices"),
    "Event": ("apis/events.k8s.io/v1", "events"),
    "Ingress": ("apis/networking.k8s.io/v1", "ingresses"),
    "Lease": ("apis/coordination.k8s.io/v1", "leases"),
    "NetworkPolicy": ("apis/networking.k8s.io/v1", "networkpolicies"),
    "PersistentVolumeClaim": ("api/v1", "persistentvolumeclaims"),
    "Pod": ("api/v1", "pods"),
    "PodDisruptionBudget": ("apis/policy/v1", "poddisruptionbudgets"),
    "Role": ("apis/rbac.authorization.k8s.io/v1", "roles"),
    "RoleBinding": ("apis/rbac.authorization.k8s.io/v1", "rolebindings"),
    "Secret": ("api/v1", "secrets"),
    "Service": ("api/v1", "services"),
    "ServiceAccount": ("api/v1", "serviceaccounts"),
    "StatefulSet": ("apis/apps/v1", "statefulsets"),
}
"""Every kind that the operator touches, and where the API server keeps it."""


class KubeError(Exception):
    """A call to the API server did not do what was asked."""


class KubeUnavailable(KubeError):
    """It did not answer in time, or has too much to do. What was asked may have happened."""


class KubeConflict(KubeError):
    """Somebody else was first: the object is not the one, or not in the state, that was asked
    for."""


class KubeAlreadyExists(KubeConflict):
    """An object of that name is there."""


class KubeRefused(KubeError):
    """The API server will not do it as long as the request is the same: a schema, an immutable
    field, an admission policy. The text is its own."""


class KubeForbidden(KubeRefused):
    """The operator's Role does not allow it."""


class KubeNotFound(KubeError):
    """There is nothing of that name."""


class Kube:
    """Calls to one API server. To be closed."""

    def __init__(self, configuration: Configuration) -> None:
        configuration.connection_pool_maxsize = CONNECTIONS_MAX
        self._client = ApiClient(configuration=configuration)
        self._timeout = aiohttp.ClientTimeout(total=CALL_S_MAX)

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.close()

    async def get(self, kind: str, namespace: str, name: str) -> Manifest | None:
        """The object as it is now, past every cache; None if there is none."""
        try:
            return await self._call("GET", path_of(kind, namespace, name))
        except KubeNotFound:
            return None

    async def list(self, kind: str, namespace: str, *, selector: str) -> list[Manifest]:
        """The objects with these labels, at most LIST_PAGE_MAX."""
        query = {"labelSelector": selector, "limit": str(LIST_PAGE_MAX)}
        answer = await self._call("GET", path_of(kind, namespace), query=query)
        return list(answer["items"])

    async def apply(self, manifest: Manifest) -> Manifest:
        """Server-side apply: the fields of the manifest become so, whoever set them before. With
        `metadata.resourceVersion` only if it is still that one."""
        return await self._apply(manifest, subresource="")

    async def apply_status(self, manifest: Manifest) -> Manifest:
        """The same for `status`."""
        return await self._apply(manifest, subresource="status")

    async def create(self, manifest: Manifest) -> Manifest:
        """Raises KubeAlreadyExists rather than change what is there."""
        return await self._call(
            "POST",
            path_of(manifest["kind"], _namespace_of(manifest)),
            query={"fieldManager": FIELD_MANAGER},
            body=manifest,
        )

    async def replace(self, manifest: Manifest) -> Manifest:
        """Puts a whole object in place of the one with its `metadata.resourceVersion`."""
        return await self._call(
            "PUT", _path_to(manifest), query={"fieldManager": FIELD_MANAGER}, body=manifest
        )

    async def merge(self, kind: str, namespace: str, name: str, change: Manifest) -> Manifest:
        """JSON merge patch: for lists and maps that others write to as well. Say in it the
        `metadata.resourceVersion` (and `uid`) that the change is meant for."""
        return await self._call(
            "PATCH",
            path_of(kind, namespace, name),
            query={"fieldManager": FIELD_MANAGER},
            body=change,
            content_type="application/merge-patch+json",
        )

    async def delete(
        self, kind: str, namespace: str, name: str, *, uid: str, resource_version: str
    ) -> None:
        """Deletes that very object, if it is still as it was seen. Its dependents follow. Nothing
        happens if it is gone already. Raises KubeConflict if it is another one."""
        options = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": "Background",
            "preconditions": {"uid": uid, "resourceVersion": resource_version},
        }
        try:
            await self._call("DELETE", path_of(kind, namespace, name), body=options)
        except KubeNotFound:
            return

    async def _apply(self, manifest: Manifest, *, subresource: str) -> Manifest:
        path = _path_to(manifest)
        return await self._call(
            "PATCH",
            f"{path}/{subresource}" if subresource else path,
            query={"fieldManager": FIELD_MANAGER, "force": "true"},
            body=manifest,
            content_type="application/apply-patch+yaml",
        )

    async def _call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Manifest | None = None,
        content_type: str = "application/json",
    ) -> Manifest:
        what = f"{method} {path}"
        try:
            async with asyncio.timeout(CALL_S_MAX):
                status, content = await self._request(method, path, query, body, content_type)
        except TimeoutError:
            raise KubeUnavailable(f"{what}: no answer within {CALL_S_MAX:g} s") from None
        except (aiohttp.ClientError, OSError) as error:
            raise KubeUnavailable(f"{what}: {error}") from error
        if status >= 400:
            raise _error_of(status, content, what)
        try:
            return msgspec.json.decode(content)
        except msgspec.DecodeError as error:
            raise KubeUnavailable(f"{what}: the answer is not JSON: {error}") from error

    async def _request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        body: Manifest | None,
        content_type: str,
    ) -> tuple[int, bytes]:
        serialized: Any = await self._client.param_serialize(
            method,
            f"/{path}" + (f"?{urlencode(query)}" if query else ""),
            header_params={"Accept": "application/json", "Content-Type": content_type},
            body=body,
            auth_settings=["BearerToken"],
        )
        answer: Any = await self._client.call_api(*serialized, _request_timeout=self._timeout)
        return int(answer.status), await answer.read()


async def connect() -> Kube:
    """Where the operator's pod or, outside of one, `KUBECONFIG` says. Raises KubeError."""
    configuration = Configuration()
    # Python 3.13 asks for extensions that the certificates of many clusters do not have.
    configuration.disable_strict_ssl_verification = True
    try:
        if os.environ.get("KUBECONFIG"):
            await load_kube_config(client_configuration=configuration)
        else:
            load_incluster_config(client_configuration=configuration)
    except (ConfigException, OSError) as error:
        raise KubeError(
            f"there is no way to the API server: {error}. In a pod the ServiceAccount's token is"
            " used; elsewhere set KUBECONFIG."
        ) from error
    return Kube(configuration)


def path_of(kind: str, namespace: str, name: str = "") -> str:
    """Where the API server keeps objects of that kind, or that one."""
    prefix, plural = _PATHS[kind]
    path = f"{prefix}/namespaces/{quote(namespace, safe='')}/{plural}"
    return f"{path}/{quote(name, safe='')}" if name else path


def _path_to(manifest: Manifest) -> str:
    return path_of(manifest["kind"], _namespace_of(manifest), manifest["metadata"]["name"])


def _namespace_of(manifest: Manifest) -> str:
    return manifest["metadata"]["namespace"]


def _error_of(status: int, content: bytes, what: str) -> KubeError:
    try:
        told = msgspec.json.decode(content)
        reason, message = str(told.get("reason", "")), str(told.get("message", ""))
    except (msgspec.DecodeError, AttributeError):
        reason, message = "", content[:200].decode(errors="replace")
    text = f"{what}: {status} {message or reason}"
    if status == 404:
        return KubeNotFound(text)
    if status == 409:
        return KubeAlreadyExists(text) if reason == "AlreadyExists" else KubeConflict(text)
    if status == 403:
        return KubeForbidden(text)
    if status in (400, 405, 413, 415, 422):
        return KubeRefused(message or text)
    return KubeUnavailable(text)
