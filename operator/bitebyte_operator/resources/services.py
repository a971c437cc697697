"""The three Services of a BarCluster."""

from bitebyte_operator.resources.naming import (
    ADMIN_PORT,
    HTTP_PORT,
    PEER_PORT,
    SERVICE_PORT,
    Manifest,
    Naming,
)


def build_peers_service(naming: Naming) -> Manifest:
    """A DNS name for every pod, ready or not: a member must be reachable to become ready, and the
    operator asks those that are not."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": naming.metadata(naming.peers, "node"),
        "spec": {
            "type": "ClusterIP",
            "clusterIP": "None",
            "publishNotReadyAddresses": True,
            "selector": naming.selector,
            "ports": [
                {"name": "peers", "port": PEER_PORT, "targetPort": "peers", "protocol": "TCP"},
                {"name": "admin", "port": ADMIN_PORT, "targetPort": "admin", "protocol": "TCP"},
            ],
        },
    }


def build_leader_service(naming: Naming) -> Manifest:
    """Without a selector: its one EndpointSlice is written by whoever leads."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": naming.metadata(naming.leader, "leader"),
        "spec": {
            "type": "ClusterIP",
            "ports": [
                {
                    "name": "http",
                    "port": SERVICE_PORT,
                    "targetPort": HTTP_PORT,
                    "protocol": "TCP",
                    "appProtocol": "http",
                }
            ],
        },
    }


def build_read_service(naming: Naming) -> Manifest:
    """Any pod that is ready. Each of them serves everything; what it cannot answer itself it asks
    the leader."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": naming.metadata(naming.read, "read"),
        "spec": {
            "type": "ClusterIP",
            "selector": naming.selector,
            "ports": [
                {
                    "name": "http",
                    "port": SERVICE_PORT,
                    "targetPort": "http",
                    "protocol": "TCP",
                    "appProtocol": "http",
                }
            ],
        },
    }
