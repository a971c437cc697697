"""Seeds of the simulator: no invariant breaks, each run can be had again, a bug is found."""

import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from bitebyte.domain import ordering
from bitebyte.raft.log import RaftLog
from bitebyte.simulation.run import run_seed

DETERMINISM_SEEDS = range(6)
_PRINT_DIGESTS = """
from bitebyte.simulation.run import run_seed
print([run_seed(seed).digest for seed in range(6)])
"""

Plant = Callable[[pytest.MonkeyPatch], None]


def test_the_same_seed_is_the_same_run_whatever_the_hash_seed() -> None:
    outputs = {
        subprocess.run(
            [sys.executable, "-c", _PRINT_DIGESTS],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for hash_seed in ("1", "2")
    }
    assert outputs == {f"{[run_seed(seed).digest for seed in DETERMINISM_SEEDS]}\n"}


def test_a_seed_is_a_real_run() -> None:
    outcomes = [run_seed(seed) for seed in range(10)]
    assert [outcome.violation for outcome in outcomes] == [None] * 10
    assert all(outcome.step_count >= 2_000 for outcome in outcomes)
    assert all(len(outcome.plan.faults) >= 2 for outcome in outcomes)
    assert all(outcome.answered > 20 for outcome in outcomes)
    assert sum(outcome.elections for outcome in outcomes) > 15
    assert sum(outcome.crashes for outcome in outcomes) > 10
    assert {outcome.plan.mode for outcome in outcomes} == {"safety", "liveness"}


def _vote_for_short_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RaftLog, "is_up_to_date", lambda *_: True)


def _forget_idempotency_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ordering, "apply_once", lambda view, command, run: run(view, command))


@pytest.mark.parametrize(
    ("plant", "invariants"),
    [
        (_vote_for_short_logs, {"Leader Completeness"}),
        (_forget_idempotency_keys, {"exactly once", "linearizable history"}),
    ],
)
def test_a_planted_bug_is_found(
    plant: Plant, invariants: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)
    found = next((o.violation for o in map(run_seed, range(60)) if o.violation is not None), None)
    assert found is not None
    assert found.invariant in invariants
