"""Names, labels and ports: whatever several objects must agree on."""

from typing import Any, Final

from bitebyte_operator.model import BarCluster

Manifest = dict[str, Any]
"""An object of Kubernetes, ready for server-side apply."""

FIELD_MANAGER: Final = "bitebyte-operator"
"""Who owns what is applied. Never renamed: the objects of older operators belong to it."""

HTTP_PORT: Final = 8080
PEER_PORT: Final = 7080
ADMIN_PORT: Final = 9080
SERVICE_PORT: Final = 80

APP: Final = "bitebyte"
OPERATOR_APP: Final = "bitebyte-operator"

CLUSTER_ID: Final = "bitebyte.io/cluster-id"
BARCLUSTER_UID: Final = "bitebyte.io/barcluster-uid"
RETIRED_MEMBER: Final = "bitebyte.io/retired-member"
APPLIED: Final = "bitebyte.io/applied"
"""Digest of the manifest that was applied last: tells a field that the spec no longer asks for from
one that somebody else has set."""

MEMBERS_MAX: Final = 7
"""Most replicas that the schema allows. Their names are in the certificates from the beginning."""


class Naming:
    """The names and labels of one BarCluster."""

    def __init__(self, cluster: BarCluster) -> None:
        self.name: Final = cluster.name
        self.namespace: Final = cluster.namespace
        self._owner_uid = cluster.uid

    @property
    def peers(self) -> str:
        """Headless Service with a DNS name for every pod."""
        return f"{self.name}-peers"

    @property
    def leader(self) -> str:
        """Service of the leader, and its one EndpointSlice."""
        return f"{self.name}-leader"

    @property
    def read(self) -> str:
        """Service of every pod that is ready."""
        return f"{self.name}-read"

    @property
    def config(self) -> str:
        """ConfigMap of the pods."""
        return f"{self.name}-config"

    def pod_dns(self, pod_name: str) -> str:
        """The pod's name for its peers and for the operator."""
        return f"{pod_name}.{self.peers}.{self.namespace}.svc"

    @property
    def any_pod_dns(self) -> str:
        """The same for all pods, as certificates write it."""
        return self.pod_dns("*")

    @property
    def pod_names(self) -> tuple[str, ...]:
        """Of all pods that there can ever be."""
        return tuple(f"{self.name}-{ordinal}" for ordinal in range(MEMBERS_MAX))

    @property
    def selector(self) -> dict[str, str]:
        """Labels that the pods have and nothing else has. Never changed: a StatefulSet cannot."""
        return {"app.kubernetes.io/name": APP, "app.kubernetes.io/instance": self.name}

    @property
    def selector_text(self) -> str:
        """The same, as queries and the scale subresource write it."""
        return ",".join(f"{key}={value}" for key, value in self.selector.items())

    def labels(self, component: str) -> dict[str, str]:
        """Of an object; `component` is its part in the whole."""
        return {
            **self.selector,
            "app.kubernetes.io/managed-by": FIELD_MANAGER,
            "app.kubernetes.io/component": component,
        }

    def metadata(self, name: str, component: str) -> Manifest:
        """Of an object that goes when the BarCluster goes."""
        return {
            "name": name,
            "namespace": self.namespace,
            "labels": self.labels(component),
            "ownerReferences": [
                {
                    "apiVersion": "bitebyte.io/v1alpha1",
                    "kind": "BarCluster",
                    "name": self.name,
                    "uid": self._owner_uid,
                    "controller": True,
                    "blockOwnerDeletion": True,
                }
            ],
        }
