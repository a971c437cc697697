"""Whole clusters under random faults keep every promise of the paper's figure 3, and recover.

A failing seed is part of the test's name and of its message. `seeded_cluster` says what is checked.
"""

import pytest
from seeded_cluster import SeededCluster

MOVES = 6000


def run(seed: int, size: int) -> SeededCluster:
    cluster = SeededCluster(seed, size)
    try:
        for _ in range(MOVES):
            cluster.move()
        cluster.recover()
    except AssertionError as error:
        error.add_note(f"seed {seed}, {size} members, options {cluster.options}")
        raise
    return cluster


@pytest.mark.parametrize("seed", range(80))
def test_three_members_stay_safe_and_recover(seed: int) -> None:
    run(seed, size=3)


@pytest.mark.parametrize("seed", range(1000, 1020))
def test_five_members_stay_safe_and_recover(seed: int) -> None:
    run(seed, size=5)


def test_the_faults_reach_the_paths_they_are_meant_for() -> None:
    clusters = [run(seed, size=3) for seed in range(8)]
    assert sum(cluster.judge.terms_led for cluster in clusters) > 8, "leaders change"
    assert sum(len(cluster.judge.committed) for cluster in clusters) > 100, "entries commit"
    assert sum(cluster.judge.reads_judged for cluster in clusters) > 50, "reads are answered"
    assert sum(cluster.counts["fetched"] for cluster in clusters) > 10, "slow peers need the disk"


def test_one_seed_gives_one_trace() -> None:
    assert run(7, size=3).trace.digest() == run(7, size=3).trace.digest()
    assert run(7, size=3).trace.digest() != run(8, size=3).trace.digest()
