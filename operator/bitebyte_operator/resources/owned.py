"""Everything that a BarCluster owns, certificates excepted: those are made, not computed."""

from typing import Final

import msgspec

from bitebyte_operator.model import BarCluster
from bitebyte_operator.resources.access import (
    build_role,
    build_role_binding,
    build_service_account,
)
from bitebyte_operator.resources.config_map import build_config_map
from bitebyte_operator.resources.disruption import build_pod_disruption_budget
from bitebyte_operator.resources.endpoint_slice import build_leader_endpoint_slice
from bitebyte_operator.resources.ingress import build_ingress
from bitebyte_operator.resources.naming import Manifest, Naming
from bitebyte_operator.resources.network_policy import build_network_policy
from bitebyte_operator.resources.services import (
    build_leader_service,
    build_peers_service,
    build_read_service,
)
from bitebyte_operator.resources.stateful_set import build_stateful_set

STATEFUL_SET: Final = "StatefulSet"
OPTIONAL_KINDS: Final = frozenset({"Ingress"})
"""Kinds that a spec may ask for or not; one that it no longer asks for is deleted."""


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What the manifests need to know of the world around the BarCluster."""

    operator_namespace: str


def owned_objects(
    cluster: BarCluster, *, cluster_id: str, replicas: int, surroundings: Surroundings
) -> tuple[Manifest, ...]:
    """In the order in which they are applied: what a pod needs comes before the pods."""
    naming = Naming(cluster)
    spec = cluster.spec
    objects = [
        build_service_account(naming),
        build_role(naming),
        build_role_binding(naming),
        build_config_map(naming),
        build_peers_service(naming),
        build_leader_service(naming),
        build_leader_endpoint_slice(naming),
        build_read_service(naming),
        build_network_policy(
            naming, spec.network_policy, operator_namespace=surroundings.operator_namespace
        ),
        build_pod_disruption_budget(naming),
        build_stateful_set(naming, cluster, cluster_id=cluster_id, replicas=replicas),
    ]
    if spec.ingress is not None:
        objects.append(build_ingress(naming, spec.ingress))
    return tuple(objects)


def owned_kinds(cluster: BarCluster) -> tuple[tuple[str, str], ...]:
    """Kind and name of everything that there may be, asked for or not."""
    naming = Naming(cluster)
    return (
        ("ServiceAccount", naming.name),
        ("Role", naming.name),
        ("RoleBinding", naming.name),
        ("ConfigMap", naming.config),
        ("Service", naming.peers),
        ("Service", naming.leader),
        ("EndpointSlice", naming.leader),
        ("Service", naming.read),
        ("NetworkPolicy", naming.name),
        ("PodDisruptionBudget", naming.name),
        (STATEFUL_SET, naming.name),
        ("Ingress", naming.name),
    )
