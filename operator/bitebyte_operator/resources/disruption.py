"""How many pods may be taken away at once."""

from bitebyte_operator.resources.naming import Manifest, Naming


def build_pod_disruption_budget(naming: Naming) -> Manifest:
    """One at a time, whatever the size: also with seven members the second one would have to wait
    until the first one is back, or a third failure ends the quorum.

    `IfHealthyBudget` (checkers ask for `AlwaysAllow`): a sick pod may be evicted while enough are
    healthy, and drains stop once the quorum is in danger, for a sick pod may hold the newest data.
    """
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": naming.metadata(naming.name, "node"),
        "spec": {
            "maxUnavailable": 1,
            "unhealthyPodEvictionPolicy": "IfHealthyBudget",
            "selector": {"matchLabels": naming.selector},
        },
    }
