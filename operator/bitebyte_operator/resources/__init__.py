"""Everything that a BarCluster owns in Kubernetes, as manifests. Pure: spec in, dictionaries out.

    naming            names, labels, ports: whatever several objects must agree on
    stateful_set      the pods and their volumes
    pod               one pod: PostgreSQL as a native sidecar, and the node
    services          of the peers, of the leader, of whoever is ready
    endpoint_slice    where the leader is; filled by the leader itself
    access            what a pod may do in Kubernetes: write that one slice
    config_map        settings without secrets
    secrets           certificates and keys
    disruption        how many pods may be taken away at once
    network_policy    who may talk to the pods
    ingress           the way in from outside
    owned             all of them together

A manifest holds the fields that the operator owns and no others: server-side apply sends just that.
"""

from bitebyte_operator.resources.naming import Manifest, Naming
from bitebyte_operator.resources.owned import Surroundings, owned_kinds, owned_objects
from bitebyte_operator.resources.secrets import (
    ADMIN_CA,
    ADMIN_TLS,
    OPERATOR_TLS,
    PEER_CA,
    PEER_TLS,
    build_authority_secret,
    build_leaf_secret,
)

__all__ = [
    "ADMIN_CA",
    "ADMIN_TLS",
    "OPERATOR_TLS",
    "PEER_CA",
    "PEER_TLS",
    "Manifest",
    "Naming",
    "Surroundings",
    "build_authority_secret",
    "build_leaf_secret",
    "owned_kinds",
    "owned_objects",
]
