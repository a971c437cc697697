"""The pods and their volumes."""

from bitebyte_operator.model import BarCluster
from bitebyte_operator.resources.naming import BARCLUSTER_UID, CLUSTER_ID, Manifest, Naming
from bitebyte_operator.resources.pod import build_pod_spec

REVISIONS_KEPT = 10


def build_stateful_set(
    naming: Naming, cluster: BarCluster, *, cluster_id: str, replicas: int
) -> Manifest:
    """`replicas` is how many pods there shall be now; the operator moves it one by one towards
    `spec.replicas`, with the membership.

    `OnDelete`: the operator chooses who is renewed when; by ordinal it could be the only healthy
    one. `Parallel`: after a loss of power all must be able to start at once, or none of them has a
    majority to become ready with.
    """
    metadata = naming.metadata(naming.name, "node")
    metadata["annotations"] = {CLUSTER_ID: cluster_id}
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": metadata,
        "spec": {
            "replicas": replicas,
            "serviceName": naming.peers,
            "podManagementPolicy": "Parallel",
            "updateStrategy": {"type": "OnDelete"},
            "revisionHistoryLimit": REVISIONS_KEPT,
            "persistentVolumeClaimRetentionPolicy": {
                "whenDeleted": "Retain",
                "whenScaled": "Retain",
            },
            "selector": {"matchLabels": naming.selector},
            "template": {
                "metadata": {
                    "labels": naming.labels("node"),
                    "annotations": {"kubectl.kubernetes.io/default-container": "node"},
                },
                "spec": build_pod_spec(naming, cluster, cluster_id=cluster_id),
            },
            "volumeClaimTemplates": [_claim(naming, cluster, cluster_id)],
        },
    }


def _claim(naming: Naming, cluster: BarCluster, cluster_id: str) -> Manifest:
    """Owned by nobody: it outlives pods and, with `Retain`, the BarCluster. So it says itself whose
    data it holds."""
    storage = cluster.spec.storage
    spec: Manifest = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": storage.size}},
    }
    if storage.storage_class_name is not None:
        spec["storageClassName"] = storage.storage_class_name
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {
            "name": "data",
            "labels": naming.labels("node"),
            "annotations": {CLUSTER_ID: cluster_id, BARCLUSTER_UID: cluster.uid},
        },
        "spec": spec,
    }
