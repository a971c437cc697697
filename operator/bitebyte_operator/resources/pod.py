"""One pod: PostgreSQL as a native sidecar, and the node."""

from typing import Final

from bitebyte_operator.model import BarCluster
from bitebyte_operator.resources.config_map import DSN_FILE
from bitebyte_operator.resources.naming import (
    ADMIN_PORT,
    HTTP_PORT,
    PEER_PORT,
    Manifest,
    Naming,
)
from bitebyte_operator.resources.secrets import ADMIN_TLS, PEER_TLS

USER_ID: Final = 10001
"""Of both containers and of the volume: PostgreSQL knows the node by it."""

SHUTDOWN_DELAY_S: Final = 5
"""For so long a node that is told to stop goes on serving, until nobody sends it requests."""
GRACE_PERIOD_S: Final = 60
"""Handing leadership over, the delay, requests under way, PostgreSQL's last checkpoint: about 20 s
when all of them are slow. The rest is for slow disks."""

DATA_DIR: Final = "/var/lib/bitebyte"
SOCKET_DIR: Final = "/run/postgresql"
CONFIG_DIR: Final = "/etc/bitebyte/config"
PEER_TLS_DIR: Final = "/etc/bitebyte/peer-tls"
ADMIN_TLS_DIR: Final = "/etc/bitebyte/admin-tls"
TOKEN_DIR: Final = "/var/run/secrets/kubernetes.io/serviceaccount"
TOKEN_S_MAX: Final = 3600
READ_BY_GROUP: Final = 0o440

NODE_RESOURCES: Final[Manifest] = {
    "requests": {"cpu": "100m", "memory": "256Mi", "ephemeral-storage": "64Mi"},
    "limits": {"memory": "512Mi", "ephemeral-storage": "512Mi"},
}
"""No CPU limit: the kernel would stop the node for the rest of a period, which is a missed
heartbeat and then an election."""
POSTGRES_RESOURCES: Final[Manifest] = {
    "requests": {"cpu": "100m", "memory": "256Mi", "ephemeral-storage": "64Mi"},
    "limits": {"memory": "1Gi", "ephemeral-storage": "512Mi"},
}

HOSTNAME: Final = "kubernetes.io/hostname"


def build_pod_spec(naming: Naming, cluster: BarCluster, *, cluster_id: str) -> Manifest:
    """What every pod of the StatefulSet is. It never holds an order to begin a cluster."""
    spec = cluster.spec
    pod: Manifest = {
        "serviceAccountName": naming.name,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": GRACE_PERIOD_S,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER_ID,
            "runAsGroup": USER_ID,
            "fsGroup": USER_ID,
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "affinity": _prefers_other_machines(naming),
        "topologySpreadConstraints": _spread(naming, cluster),
        "initContainers": [_postgres(cluster)],
        "containers": [_node(naming, cluster, cluster_id)],
        "volumes": _volumes(naming),
    }
    if spec.image_pull_secrets:
        pod["imagePullSecrets"] = [dict(one) for one in spec.image_pull_secrets]
    if spec.node_selector:
        pod["nodeSelector"] = dict(spec.node_selector)
    if spec.tolerations:
        pod["tolerations"] = [dict(one) for one in spec.tolerations]
    if spec.priority_class_name is not None:
        pod["priorityClassName"] = spec.priority_class_name
    return pod


def _postgres(cluster: BarCluster) -> Manifest:
    """Starts before the node and stops after it: an init container that goes on running. The node
    is started when the startup probe has seen the database."""
    ready = ["pg_isready", "-h", SOCKET_DIR, "-d", "bitebyte", "-U", "bitebyte"]
    return {
        "name": "postgres",
        "image": cluster.spec.postgres.image,
        "imagePullPolicy": cluster.spec.image_pull_policy,
        "restartPolicy": "Always",
        "resources": _resources(POSTGRES_RESOURCES, cluster.spec.postgres.resources),
        "securityContext": _confined(),
        # The first start makes the database, one after a crash replays its log: up to 10 minutes.
        "startupProbe": {
            "exec": {"command": ready},
            "periodSeconds": 2,
            "timeoutSeconds": 5,
            "failureThreshold": 300,
        },
        "volumeMounts": [
            {"name": "data", "mountPath": DATA_DIR},
            {"name": "run", "mountPath": SOCKET_DIR},
            {"name": "tmp", "mountPath": "/tmp"},
        ],
    }


def _node(naming: Naming, cluster: BarCluster, cluster_id: str) -> Manifest:
    return {
        "name": "node",
        "image": cluster.spec.image,
        "imagePullPolicy": cluster.spec.image_pull_policy,
        "env": _environment(naming, cluster, cluster_id),
        "ports": [
            {"name": "http", "containerPort": HTTP_PORT, "protocol": "TCP"},
            {"name": "peers", "containerPort": PEER_PORT, "protocol": "TCP"},
            {"name": "admin", "containerPort": ADMIN_PORT, "protocol": "TCP"},
        ],
        "resources": _resources(NODE_RESOURCES, cluster.spec.resources),
        "securityContext": _confined(),
        "startupProbe": _probe("/livez", period_s=2, timeout_s=2, failures=150),
        # Depends on nothing but the loop, so a peer's trouble kills nobody.
        "livenessProbe": _probe("/livez", period_s=10, timeout_s=5, failures=6),
        "readinessProbe": _probe("/readyz", period_s=2, timeout_s=2, failures=2),
        "volumeMounts": [
            {"name": "run", "mountPath": SOCKET_DIR},
            {"name": "tmp", "mountPath": "/tmp"},
            {"name": "config", "mountPath": CONFIG_DIR, "readOnly": True},
            {"name": PEER_TLS, "mountPath": PEER_TLS_DIR, "readOnly": True},
            {"name": ADMIN_TLS, "mountPath": ADMIN_TLS_DIR, "readOnly": True},
            {"name": "token", "mountPath": TOKEN_DIR, "readOnly": True},
        ],
    }


def _environment(naming: Naming, cluster: BarCluster, cluster_id: str) -> list[Manifest]:
    """The node's options. `BITEBYTE_NAME` comes first: the next ones refer to it."""
    own_dns = naming.pod_dns("$(BITEBYTE_NAME)")
    values = {
        "BITEBYTE_CLUSTER_ID": cluster_id,
        "BITEBYTE_JOIN": "true",
        "BITEBYTE_DATABASE_DSN_FILE": f"{CONFIG_DIR}/{DSN_FILE}",
        "BITEBYTE_LOG_ENTRIES_KEPT": str(cluster.spec.raft.log_entries_kept),
        "BITEBYTE_HTTP_LISTEN": f"0.0.0.0:{HTTP_PORT}",
        "BITEBYTE_PEER_LISTEN": f"0.0.0.0:{PEER_PORT}",
        "BITEBYTE_PEER_ADVERTISE": f"{own_dns}:{PEER_PORT}",
        "BITEBYTE_PEER_CA_FILE": f"{PEER_TLS_DIR}/ca.crt",
        "BITEBYTE_PEER_CERTIFICATE_FILE": f"{PEER_TLS_DIR}/tls.crt",
        "BITEBYTE_PEER_KEY_FILE": f"{PEER_TLS_DIR}/tls.key",
        "BITEBYTE_ADMIN_LISTEN": f"0.0.0.0:{ADMIN_PORT}",
        "BITEBYTE_ADMIN_CA_FILE": f"{ADMIN_TLS_DIR}/ca.crt",
        "BITEBYTE_ADMIN_CERTIFICATE_FILE": f"{ADMIN_TLS_DIR}/tls.crt",
        "BITEBYTE_ADMIN_KEY_FILE": f"{ADMIN_TLS_DIR}/tls.key",
        "BITEBYTE_LEADER_ENDPOINTSLICE": f"{naming.namespace}/{naming.leader}",
        "BITEBYTE_SHUTDOWN_DELAY_S": str(SHUTDOWN_DELAY_S),
        "BITEBYTE_LOG_FORMAT": "json",
    }
    return [
        {"name": "BITEBYTE_NAME", "valueFrom": _field("metadata.name")},
        {"name": "BITEBYTE_POD_IP", "valueFrom": _field("status.podIP")},
        *({"name": name, "value": value} for name, value in values.items()),
    ]


def _volumes(naming: Naming) -> list[Manifest]:
    return [
        {"name": "run", "emptyDir": {"medium": "Memory", "sizeLimit": "16Mi"}},
        {"name": "tmp", "emptyDir": {"sizeLimit": "256Mi"}},
        {"name": "config", "configMap": {"name": naming.config}},
        *(
            {
                "name": purpose,
                "secret": {
                    "secretName": f"{naming.name}-{purpose}",
                    "defaultMode": READ_BY_GROUP,
                },
            }
            for purpose in (PEER_TLS, ADMIN_TLS)
        ),
        {
            "name": "token",
            "projected": {
                "defaultMode": READ_BY_GROUP,
                "sources": [
                    {
                        "serviceAccountToken": {
                            "path": "token",
                            "expirationSeconds": TOKEN_S_MAX,
                        }
                    },
                    {
                        "configMap": {
                            "name": "kube-root-ca.crt",
                            "items": [{"key": "ca.crt", "path": "ca.crt"}],
                        }
                    },
                    {
                        "downwardAPI": {
                            "items": [{"path": "namespace", **_field("metadata.namespace")}]
                        }
                    },
                ],
            },
        },
    ]


def _spread(naming: Naming, cluster: BarCluster) -> list[Manifest]:
    """One member a machine as long as there are enough. Machines with a taint do not count, so that
    a member of a drained or dead one may move in with another."""
    wanted = cluster.spec.topology_spread_constraints
    if wanted is None:
        wanted = ({"topologyKey": HOSTNAME},)
    return [
        {
            "maxSkew": one.get("maxSkew", 1),
            "topologyKey": one["topologyKey"],
            "whenUnsatisfiable": one.get("whenUnsatisfiable", "DoNotSchedule"),
            "nodeTaintsPolicy": "Honor",
            "labelSelector": {"matchLabels": naming.selector},
        }
        for one in wanted
    ]


def _prefers_other_machines(naming: Naming) -> Manifest:
    term = {"topologyKey": HOSTNAME, "labelSelector": {"matchLabels": naming.selector}}
    return {
        "podAntiAffinity": {
            "preferredDuringSchedulingIgnoredDuringExecution": [
                {"weight": 100, "podAffinityTerm": term}
            ]
        }
    }


def _resources(defaults: Manifest, wanted: Manifest) -> Manifest:
    """The owner's values, and ours where there is none."""
    return {
        kind: {**defaults.get(kind, {}), **wanted.get(kind, {})} for kind in ("requests", "limits")
    }


def _confined() -> Manifest:
    """Of every container: Pod Security Standard `restricted`, and nothing to write but volumes."""
    return {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "runAsUser": USER_ID,
        "runAsGroup": USER_ID,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def _probe(path: str, *, period_s: int, timeout_s: int, failures: int) -> Manifest:
    return {
        "httpGet": {"path": path, "port": "http"},
        "periodSeconds": period_s,
        "timeoutSeconds": timeout_s,
        "failureThreshold": failures,
    }


def _field(path: str) -> Manifest:
    return {"fieldRef": {"fieldPath": path}}
