"""kill -9 under load: a confirmed order is never lost, never doubled, and never sells an
ingredient that isn't there.

Rounds of killing the leader: BITEBYTE_E2E_ROUNDS (default 2). Seed: BITEBYTE_E2E_SEED.
"""

import json
import os
import random
import statistics
from pathlib import Path

import pytest

from bitebyte_e2e import checks
from bitebyte_e2e.cluster import Cluster
from bitebyte_e2e.observe import node_states
from bitebyte_e2e.rounds import (
    Fault,
    Round,
    broken_promises,
    kill_all,
    kill_leader,
    play_round,
    why_void,
)

ROUNDS = int(os.environ.get("BITEBYTE_E2E_ROUNDS") or 2)


def report(rounds: list[Round], seed: int, artifacts_dir: Path) -> None:
    """Prints the recovery times and keeps them beside the screenshots."""
    recovery = [played.outage.recovery_s for played in rounds]
    summary = {
        "seed": seed,
        "rounds": len(rounds),
        "recovery_s": {
            "p50": round(statistics.median(recovery), 3),
            "max": round(max(recovery), 3),
            "all": [round(value, 3) for value in recovery],
        },
        "rejoin_s": [round(played.outage.rejoin_s, 3) for played in rounds],
        "histories": [played.history.summary() for played in rounds],
    }
    (artifacts_dir / "leader_kill.json").write_text(json.dumps(summary, indent=2))
    print(json.dumps(summary, indent=2))


def judged_round(cluster: Cluster, slug: str, fault: Fault, chance: random.Random) -> Round:
    """A round that counts and broke nothing; else an error with all that is known."""
    try:
        played = play_round(cluster, slug, fault, chance)
        assert why_void(played) == [], f"{slug} is void: {played.history.summary()}"
        broken = broken_promises(cluster, played, chance)
        assert broken == [], f"{slug}: {len(broken)} broken promises"
    except AssertionError as problem:
        problem.add_note(f"{slug}\n{cluster.logs()}")
        raise
    return played


@pytest.mark.timeout(60 + 60 * ROUNDS)
def test_killing_the_leader_loses_doubles_and_oversells_nothing(
    cluster: Cluster, seed: int, artifacts_dir: Path
) -> None:
    print(f"BITEBYTE_E2E_SEED={seed}")
    chance = random.Random(seed)
    rounds = [
        judged_round(cluster, f"round-{number}", kill_leader, chance)
        for number in range(1, ROUNDS + 1)
    ]
    report(rounds, seed, artifacts_dir)
    for number, played in enumerate(rounds[:-1], start=1):
        index = cluster.wait_settled()
        states = node_states(cluster, played.bar, token=played.merchant_token, at_least=index)
        later = [line for state in states for line in checks.check_orders(state, played.history)]
        assert later == [], f"orders of round {number} were damaged by later rounds"


def test_killing_all_nodes_at_once_loses_nothing(cluster: Cluster, seed: int) -> None:
    """What was confirmed was on a quorum's disks before it was confirmed."""
    print(f"BITEBYTE_E2E_SEED={seed}")
    judged_round(cluster, "blackout", kill_all, random.Random(seed + 1))
