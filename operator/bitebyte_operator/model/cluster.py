"""The BarCluster as its owner wants it, after the API server has checked and defaulted it."""

from typing import Any, Literal

import msgspec

JsonMap = dict[str, Any]
"""A part of a pod that is handed on to Kubernetes as it came."""


class PostgresSpec(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The database beside every node."""

    image: str
    resources: JsonMap = {}


class StorageSpec(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The claim of every pod. `size` is a quantity of Kubernetes (`10Gi`)."""

    size: str
    storage_class_name: str | None = None


class UpdateSpec(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How careful a rolling upgrade is."""

    min_ready_seconds: int = 5


class RaftSpec(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Options of the nodes' replicated log."""

    log_entries_kept: int = 10_000


class IngressSpec(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How customers come in from outside; there is no Ingress without it."""

    host: str
    class_name: str | None = None
    tls_secret_name: str | None = None
    backend: Literal["Leader", "Read"] = "Leader"
    annotations: dict[str, str] = {}


class NetworkPolicySpec(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Who may reach the nodes' HTTP: namespaces with these labels; anybody if there are none."""

    http_from: dict[str, str] = {}


class BarClusterSpec(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`.spec`, field by field; its schema says what each is for."""

    image: str
    postgres: PostgresSpec
    storage: StorageSpec
    replicas: int = 3
    image_pull_policy: str = "IfNotPresent"
    image_pull_secrets: tuple[JsonMap, ...] = ()
    resources: JsonMap = {}
    node_selector: dict[str, str] = {}
    tolerations: tuple[JsonMap, ...] = ()
    topology_spread_constraints: tuple[JsonMap, ...] | None = None
    """None: spread over host names."""
    priority_class_name: str | None = None
    update: UpdateSpec = UpdateSpec()
    raft: RaftSpec = RaftSpec()
    ingress: IngressSpec | None = None
    network_policy: NetworkPolicySpec = NetworkPolicySpec()
    paused: bool = False
    deletion_policy: Literal["Retain", "Delete"] = "Retain"
    progress_deadline_seconds: int = 600


class BarCluster(msgspec.Struct, frozen=True, kw_only=True):
    """The object: who it is, and what is wanted of it."""

    name: str
    namespace: str
    uid: str
    resource_version: str
    generation: int
    spec: BarClusterSpec
    deletion_requested_s: float | None = None
    """`metadata.deletionTimestamp`."""
    has_finalizer: bool = False
    """Whether the operator's own finalizer is on it."""

    def pod_name(self, ordinal: int) -> str:
        """Of the pod with that number in the StatefulSet."""
        return f"{self.name}-{ordinal}"

    def claim_name(self, ordinal: int) -> str:
        """Of that pod's claim."""
        return f"data-{self.name}-{ordinal}"

    def ordinal_of(self, pod_name: str) -> int | None:
        """The number in the name of one of our pods (or of the member that it is); None if the
        name is not that of a pod of this cluster."""
        head, _, digits = pod_name.rpartition("-")
        is_number = digits.isascii() and digits.isdigit() and str(int(digits)) == digits
        return int(digits) if head == self.name and is_number else None
