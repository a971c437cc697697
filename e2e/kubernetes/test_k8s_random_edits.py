"""Random edits of the spec, good and bad, and then the first one again: all is as it was.

BITEBYTE_K8S_EDITS (default 30), BITEBYTE_E2E_SEED.
"""

import os
import random
from typing import Any

import pytest

from bitebyte_e2e.waiting import pause
from bitebyte_k8s.api import Json, Refused, owned_by
from bitebyte_k8s.bar_cluster import APP_IMAGE, BarCluster
from bitebyte_k8s.figures import Figures
from bitebyte_k8s.guests import Guests
from bitebyte_k8s.session import NewCluster
from bitebyte_k8s.steps import say, step

EDITS = int(os.environ.get("BITEBYTE_K8S_EDITS") or 30)
_WATCH_S_MAX = 6.0

_CHOICES: dict[str, list[Any]] = {
    "replicas": [1, 3, 5, 2, 0, -1, "three"],
    "image": [APP_IMAGE, "localhost/bitebyte-app:no-such-tag", ""],
    "paused": [True, False, "yes"],
    "resources": [
        {"requests": {"cpu": "60m"}},
        {"limits": {"memory": "600Mi"}},
        {"requests": {"cpu": "a lot"}},
    ],
    "nodeSelector": [{}, {"kubernetes.io/os": "linux"}, {"no-such-label": "x"}],
    "ingress": [None, {"host": "edited.test"}, {"host": "NOT A HOST"}, {}],
    "networkPolicy": [{}, {"httpFrom": {"team": "bar"}}],
    "update": [{"minReadySeconds": 0}, {"minReadySeconds": 3}, {"minReadySeconds": -1}],
    "storage": [{"size": "1Gi"}, {"size": "512Mi"}, {"size": "2Gi"}],
    "priorityClassName": [None, "no-such-class"],
    "deletionPolicy": ["Retain", "Delete", "Perhaps"],
    "progressDeadlineSeconds": [30, 600, 0],
}


@pytest.mark.timeout(3600)
def test_random_edits_come_back_to_the_seed(
    new_cluster: NewCluster, figures: Figures, seed: int
) -> None:
    print(f"BITEBYTE_E2E_SEED={seed}")
    chance = random.Random(seed)
    cluster = new_cluster("edited")
    with step("the seed is Ready"):
        cluster.apply()
        cluster.wait_ready()
        before = shape(cluster)
    guests = Guests(cluster, "random-edits")
    taken = refused = 0
    with guests:
        with step(f"{EDITS} random edits"):
            for _ in range(EDITS):
                field = chance.choice(sorted(_CHOICES))
                value = chance.choice(_CHOICES[field])
                try:
                    cluster.patch(**{field: value})
                    taken += 1
                    say(f"{field}: {value!r}")
                except Refused as problem:
                    refused += 1
                    say(f"{field}: {value!r} refused: {str(problem)[:100]}")
                pause(chance.uniform(0, _WATCH_S_MAX))
        with step("the seed again: it becomes Ready by itself"):
            cluster.replace_spec()
            cluster.wait_ready(timeout_s=600)
        guests.wait_more()
    guests.judge(pods=3)
    after = shape(cluster)
    assert after == before, [
        key for key in before.keys() | after if before.get(key) != after.get(key)
    ]
    figures.record("random edits", taken=taken, refused=refused, seed=seed)


def shape(cluster: BarCluster) -> dict[str, Json]:
    """What it owns, without what every object's life leaves on it."""
    found: dict[str, Json] = {}
    for kind, thing in owned_by(cluster.api, cluster.namespace, cluster.name):
        if kind in {"Secret", "EndpointSlice"}:  # keys, and who leads
            continue
        body = {name: value for name, value in thing.items() if name not in {"status", "metadata"}}
        body["labels"] = thing["metadata"].get("labels")
        found[f"{kind}/{thing['metadata']['name']}"] = body
    return found
