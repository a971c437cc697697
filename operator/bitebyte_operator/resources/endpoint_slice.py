"""Where the leader is."""

from bitebyte_operator.resources.naming import FIELD_MANAGER, HTTP_PORT, Manifest, Naming


def build_leader_endpoint_slice(naming: Naming) -> Manifest:
    """The one EndpointSlice of the leader Service. It says nothing of endpoints: those belong to
    the leader, who writes its own address there, with the operator away as well."""
    metadata = naming.metadata(naming.leader, "leader")
    metadata["labels"] |= {
        "kubernetes.io/service-name": naming.leader,
        # Kubernetes' own controllers keep away from a slice with another manager's name.
        "endpointslice.kubernetes.io/managed-by": f"{FIELD_MANAGER}.bitebyte.io",
    }
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": metadata,
        "addressType": "IPv4",
        "ports": [{"name": "http", "port": HTTP_PORT, "protocol": "TCP", "appProtocol": "http"}],
    }
