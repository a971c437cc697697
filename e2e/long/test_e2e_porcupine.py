"""Our checker against porcupine, an independent one: the same verdict on every history.

Needs Go, so it is no part of `make test`. Both read the same written form, so that form is
compared too.
"""

import subprocess
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest

from bitebyte.simulation.history import Operation, read_history, write_history
from bitebyte.simulation.linearizability import Verdict, check_history
from bitebyte.simulation.models import MODELS
from bitebyte_e2e.random_histories import mutated, random_linear_history

PROGRAM = Path(__file__).resolve().parents[1] / "porcupine"

HISTORIES = 3_000
"""Per size of history. Two thirds are damaged once or twice, about half of those beyond repair."""


@pytest.fixture(scope="module")
def porcupine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program, built from the pinned module."""
    binary = tmp_path_factory.mktemp("porcupine") / "porcupine"
    subprocess.run(["go", "build", "-o", str(binary), "."], cwd=PROGRAM, check=True, timeout=170)
    return binary


@pytest.mark.parametrize(
    ("count", "clients", "unknown_chance"),
    # An unknown operation is open to the end, which porcupine pays for: few of them where there
    # are many operations.
    [(10, 3, 0.2), (30, 4, 0.03)],
)
def test_verdicts_are_those_of_porcupine(
    porcupine: Path, count: int, clients: int, unknown_chance: float
) -> None:
    histories = [random_history(seed, count, clients, unknown_chance) for seed in range(HISTORIES)]
    text = "\n\n".join("\n".join(write_history(history)) for history in histories)
    judged = subprocess.run(
        [str(porcupine), "-timeout", "1s"],
        input=text + "\n",
        capture_output=True,
        text=True,
        check=True,
        timeout=170,
    ).stdout.split()
    assert len(judged) == HISTORIES
    told: Counter[tuple[str, str]] = Counter()
    for seed, (history, theirs) in enumerate(zip(histories, judged, strict=True)):
        ours = verdict_on(history)
        told[history[0].model, theirs] += 1
        assert ours is not Verdict.UNDECIDED
        assert theirs in (ours.value, "undecided"), f"seed {seed}: " + "\n".join(map(str, history))
    # Porcupine tries the orders of appends that nobody read; ours need not.
    assert sum(told[model, "undecided"] for model in MODELS) <= HISTORIES // 100
    # A comparison in which one verdict is rare proves little.
    assert all(told[model, verdict] >= 100 for model in MODELS for verdict in ("ok", "violated")), (
        told
    )


def random_history(seed: int, count: int, clients: int, unknown_chance: float) -> list[Operation]:
    random = Random(seed)
    model = sorted(MODELS)[seed % len(MODELS)]
    history = random_linear_history(random, model, count, clients, unknown_chance)
    for _ in range(random.randrange(3)):
        history = mutated(random, history)
    return history


def verdict_on(history: Sequence[Operation]) -> Verdict:
    """Ours, on what the other one read."""
    (judgement,) = check_history(read_history(write_history(history)))
    return judgement.verdict
