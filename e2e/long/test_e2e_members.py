"""Members come, go, die and hand over while customers order: nothing is lost, doubled or oversold,
and planned work is hardly felt.

Rounds of kills: BITEBYTE_E2E_MEMBER_ROUNDS (default 3). Seed: BITEBYTE_E2E_SEED.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from bitebyte_e2e.cluster import Cluster, running_cluster
from bitebyte_e2e.judgement import judged
from bitebyte_e2e.member_rounds import (
    grow_and_shrink,
    kill_some,
    planned,
    rolling_restart,
    transfer_in_a_loop,
)

ROUNDS = int(os.environ.get("BITEBYTE_E2E_MEMBER_ROUNDS") or 3)


@pytest.fixture
def own_cluster(tmp_path: Path, seed: int) -> Iterator[Cluster]:
    """Three nodes for one test alone, since it changes who they are."""
    with running_cluster(tmp_path, seed=seed) as running:
        yield running


@pytest.mark.timeout(180)
def test_leadership_is_handed_over_in_a_loop(
    cluster: Cluster, seed: int, artifacts_dir: Path
) -> None:
    fault = planned(transfer_in_a_loop)
    played = judged(cluster, "transfer-loop", fault, seed, artifacts_dir)
    assert played.after.term > played.before.term
    assert played.outage.gap_s < 2.0


@pytest.mark.timeout(240)
def test_a_rolling_restart_loses_nothing(cluster: Cluster, seed: int, artifacts_dir: Path) -> None:
    played = judged(cluster, "rolling-restart", planned(rolling_restart), seed, artifacts_dir)
    assert played.outage.gap_s < 2.0


@pytest.mark.timeout(60 + 60 * ROUNDS)
def test_any_members_may_die_at_once(cluster: Cluster, seed: int, artifacts_dir: Path) -> None:
    for number in range(ROUNDS):
        judged(cluster, f"kill-some-{number}", kill_some, seed, artifacts_dir)


@pytest.mark.timeout(240)
def test_three_become_five_become_three(
    own_cluster: Cluster, seed: int, artifacts_dir: Path
) -> None:
    judged(own_cluster, "three-five-three", planned(grow_and_shrink), seed, artifacts_dir)
