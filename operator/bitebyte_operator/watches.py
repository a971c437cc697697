"""Watches of Kubernetes, which do nothing but wake daemons. The one module that knows kopf.

Only raw event handlers are used: kopf then puts no finalizer and no annotation on anything, and an
event that is lost or doubled does no harm.
"""

import asyncio
import os
import ssl
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import kopf

from bitebyte_operator.controller import Controller
from bitebyte_operator.resources.naming import APP, FIELD_MANAGER

SERVICE_ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")

OWNED_SELECTOR: Final = f"app.kubernetes.io/name={APP}"
"""Asked of the API server, so that other people's objects are never sent here."""
OWNED: Final = (
    ("", "v1", "pods"),
    ("", "v1", "services"),
    ("", "v1", "configmaps"),
    ("", "v1", "serviceaccounts"),
    ("apps", "v1", "statefulsets"),
    ("discovery.k8s.io", "v1", "endpointslices"),
    ("networking.k8s.io", "v1", "ingresses"),
    ("networking.k8s.io", "v1", "networkpolicies"),
    ("policy", "v1", "poddisruptionbudgets"),
    ("rbac.authorization.k8s.io", "v1", "roles"),
    ("rbac.authorization.k8s.io", "v1", "rolebindings"),
)
"""Not Secrets: who may watch them may read all of them."""
CHANGE_BY_THEMSELVES: Final = frozenset(
    {"pods", "statefulsets", "endpointslices", "poddisruptionbudgets", "ingresses"}
)
"""Their status or content changes all the time without anybody's doing, so that is no reason to
compare every object; that one is gone is."""


async def watch(controller: Controller, namespaces: tuple[str, ...], stop: asyncio.Event) -> None:
    """Wakes the controller's daemons until `stop` is set, or kopf gives up. Empty `namespaces`: all
    of them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        await kopf.operator(
            registry=_registry(controller),
            settings=_settings(),
            standalone=True,
            clusterwide=not namespaces,
            namespaces=namespaces,
            stop_flag=stop,
        )


def _settings() -> kopf.OperatorSettings:
    settings = kopf.OperatorSettings()
    settings.scanning.disabled = True  # no rights on namespaces and definitions are needed
    settings.posting.enabled = False  # events are our own, without noise
    settings.persistence.finalizer = "bitebyte.io/kopf"  # never put on anything, see above
    settings.watching.server_timeout = 300
    settings.watching.client_timeout = 310
    settings.watching.connect_timeout = 10
    settings.watching.inactivity_timeout = 70
    settings.watching.chunk_size = 250
    settings.networking.request_timeout = 30
    settings.networking.connect_timeout = 10
    for group, version, plural in OWNED:
        selector = f"{OWNED_SELECTOR},app.kubernetes.io/managed-by={FIELD_MANAGER}"
        settings.watching.label_selectors[group, version, plural] = selector
    return settings


def _registry(controller: Controller) -> kopf.OperatorRegistry:
    registry = kopf.OperatorRegistry()
    kopf.on.login(registry=registry)(_login)

    async def on_cluster(namespace: str | None, name: str | None, **_: object) -> None:
        if namespace and name:
            controller.wake(namespace, name)

    async def on_owned(
        namespace: str | None,
        labels: Mapping[str, str],
        resource: kopf.Resource,
        type: str | None,
        **_: object,
    ) -> None:
        name = labels.get("app.kubernetes.io/instance")
        if namespace and name:
            is_ordinary = resource.plural in CHANGE_BY_THEMSELVES and type != "DELETED"
            is_pod = resource.plural == "pods"
            controller.wake(namespace, name, have_objects_changed=not (is_ordinary or is_pod))

    kopf.on.event("bitebyte.io", "v1alpha1", "barclusters", registry=registry)(on_cluster)
    for group, version, plural in OWNED:
        kopf.on.event(group, version, plural, registry=registry)(on_owned)
    return registry


class _Connection(kopf.ConnectionInfo):
    """Python 3.13 asks for extensions that the certificates of many clusters do not have."""

    def as_ssl_context(self) -> ssl.SSLContext:
        context = super().as_ssl_context()
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        return context


async def _login(**kwargs: Any) -> kopf.ConnectionInfo | None:
    """The same way as `kube` goes. Asked again when a token has expired."""
    if os.environ.get("KUBECONFIG"):
        return kopf.login_with_kubeconfig(**kwargs)
    host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]
    return _Connection(
        server=f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}",
        ca_path=str(SERVICE_ACCOUNT / "ca.crt"),
        token=(SERVICE_ACCOUNT / "token").read_text().strip(),
    )
