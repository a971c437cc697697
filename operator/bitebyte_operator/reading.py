"""Answers of the API server into the types of `model`. Pure."""

from typing import Any, Final

import msgspec

from bitebyte_operator.model import BarCluster, BarClusterSpec, Claim, Pod, StatefulSet
from bitebyte_operator.resources.naming import (
    BARCLUSTER_UID,
    CLUSTER_ID,
    RETIRED_MEMBER,
    Manifest,
)
from bitebyte_operator.timestamps import to_seconds

FINALIZER: Final = "bitebyte.io/operator"
"""On BarClusters only, never on pods or claims. Taken away by hand, nothing is cleaned up."""

_NORMAL_WAITING: Final = frozenset({"PodInitializing", "ContainerCreating"})


class UnreadableBarCluster(Exception):
    """The spec is not what this operator's definition of a BarCluster allows: the definition that
    is installed is another one."""


def read_cluster(manifest: Manifest) -> BarCluster:
    """Raises UnreadableBarCluster."""
    metadata = manifest["metadata"]
    deleted = metadata.get("deletionTimestamp")
    try:
        spec = msgspec.convert(manifest.get("spec", {}), BarClusterSpec)
    except msgspec.ValidationError as error:
        raise UnreadableBarCluster(
            f"spec: {error}. Install the definition of BarCluster that belongs to this operator."
        ) from error
    return BarCluster(
        name=metadata["name"],
        namespace=metadata["namespace"],
        uid=metadata["uid"],
        resource_version=metadata["resourceVersion"],
        generation=metadata["generation"],
        spec=spec,
        deletion_requested_s=to_seconds(deleted) if deleted else None,
        has_finalizer=FINALIZER in metadata.get("finalizers", ()),
    )


def read_stateful_set(manifest: Manifest) -> StatefulSet:
    """The StatefulSet as `decide` wants it."""
    metadata, status = manifest["metadata"], manifest.get("status", {})
    return StatefulSet(
        uid=metadata["uid"],
        resource_version=metadata["resourceVersion"],
        generation=metadata["generation"],
        observed_generation=status.get("observedGeneration", 0),
        replicas=manifest["spec"]["replicas"],
        current_revision=status.get("currentRevision", ""),
        update_revision=status.get("updateRevision", ""),
        cluster_id=_annotations(manifest).get(CLUSTER_ID),
        is_deleting="deletionTimestamp" in metadata,
    )


def read_pod(manifest: Manifest, cluster: BarCluster) -> Pod | None:
    """None for what is no pod of this cluster's StatefulSet, whatever its labels say."""
    metadata, status = manifest["metadata"], manifest.get("status", {})
    ordinal = cluster.ordinal_of(metadata["name"])
    owner = controller_of(manifest)
    is_ours = owner is not None and (owner["kind"], owner["name"]) == ("StatefulSet", cluster.name)
    if ordinal is None or not is_ours:
        return None
    ready = _condition(status, "Ready")
    is_ready = ready.get("status") == "True"
    reason, message = _waiting(status)
    containers = manifest.get("spec", {}).get("containers", ())
    return Pod(
        name=metadata["name"],
        uid=metadata["uid"],
        resource_version=metadata["resourceVersion"],
        ordinal=ordinal,
        revision=metadata.get("labels", {}).get("controller-revision-hash", ""),
        phase=status.get("phase", "Unknown"),
        is_ready=is_ready,
        ready_since_s=to_seconds(ready["lastTransitionTime"]) if is_ready else None,
        waiting_reason=reason,
        waiting_message=message,
        node=manifest.get("spec", {}).get("nodeName", ""),
        is_deleting="deletionTimestamp" in metadata,
        image=next((one["image"] for one in containers if one["name"] == "node"), ""),
    )


def read_claim(manifest: Manifest, cluster: BarCluster) -> Claim | None:
    """None for what is no claim of this cluster's template."""
    metadata = manifest["metadata"]
    ordinal = cluster.ordinal_of(metadata["name"].removeprefix("data-"))
    if ordinal is None or not metadata["name"].startswith("data-"):
        return None
    annotations = _annotations(manifest)
    return Claim(
        name=metadata["name"],
        uid=metadata["uid"],
        resource_version=metadata["resourceVersion"],
        ordinal=ordinal,
        cluster_id=annotations.get(CLUSTER_ID),
        owner_uid=annotations.get(BARCLUSTER_UID),
        retired_member=annotations.get(RETIRED_MEMBER),
        is_deleting="deletionTimestamp" in metadata,
    )


def pod_ip(manifest: Manifest) -> str:
    """The pod's address; empty as long as it has none, or its node container does not run."""
    status = manifest.get("status", {})
    states = {one["name"]: one.get("state", {}) for one in status.get("containerStatuses", ())}
    return status.get("podIP", "") if "running" in states.get("node", {}) else ""


def controller_of(manifest: Manifest) -> Manifest | None:
    """The owner reference of the one controller."""
    owners = manifest["metadata"].get("ownerReferences", ())
    return next((one for one in owners if one.get("controller")), None)


def _waiting(status: Manifest) -> tuple[str, str]:
    """Why a container does not run; the first one that matters."""
    states = (*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ()))
    for one in states:
        waiting = one.get("state", {}).get("waiting")
        if waiting and waiting.get("reason", "") not in _NORMAL_WAITING:
            return waiting.get("reason", ""), waiting.get("message", "")
    scheduled = _condition(status, "PodScheduled")
    if scheduled.get("status") == "False" and scheduled.get("reason") == "Unschedulable":
        return "Unschedulable", scheduled.get("message", "")
    return "", ""


def _condition(status: Manifest, condition_type: str) -> Manifest:
    conditions = status.get("conditions", ())
    return next((one for one in conditions if one["type"] == condition_type), {})


def _annotations(manifest: Manifest) -> dict[str, Any]:
    return manifest["metadata"].get("annotations") or {}
