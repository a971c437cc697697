"""What the operator would make of a bar of the chart, without an operator."""

from typing import Any

import msgspec

from bitebyte_operator.model import BarCluster, BarClusterSpec
from bitebyte_operator.resources import Surroundings, owned_objects

Json = dict[str, Any]


def operands(bar: Json) -> list[Json]:
    """The objects that a BarCluster owns, certificates excepted."""
    cluster = BarCluster(
        name=bar["metadata"]["name"],
        namespace=bar["metadata"]["namespace"],
        uid="00000000-0000-0000-0000-000000000000",
        resource_version="1",
        generation=1,
        spec=msgspec.convert(bar["spec"], BarClusterSpec),
    )
    surroundings = Surroundings(operator_namespace=bar["metadata"]["namespace"])
    replicas = cluster.spec.replicas
    return list(
        owned_objects(cluster, cluster_id="1", replicas=replicas, surroundings=surroundings)
    )
