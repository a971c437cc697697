"""One round, and whether it kept every promise."""

import json
import random
from pathlib import Path

from bitebyte_e2e.cluster import Cluster
from bitebyte_e2e.rounds import Fault, Round, broken_promises, play_round


def judged(cluster: Cluster, name: str, fault: Fault, seed: int, artifacts_dir: Path) -> Round:
    """A round that broke no promise; else an error with all that is known."""
    print(f"BITEBYTE_E2E_SEED={seed}")
    chance = random.Random(f"{seed}-{name}")
    try:
        played = play_round(cluster, name, fault, chance)
        broken = broken_promises(cluster, played, chance)
        assert broken == [], f"{name}: {len(broken)} broken promises"
    except AssertionError as problem:
        problem.add_note(cluster.logs())
        raise
    figures = {
        "gap_s": round(played.outage.gap_s, 3),
        "took_s": round(played.outage.rejoin_s, 3),
        "failed_attempts": played.outage.failures,
        "history": played.history.summary(),
    }
    (artifacts_dir / f"{name}.json").write_text(json.dumps(figures, indent=2))
    print(name, json.dumps(figures))
    return played
