"""What was measured: one line of JSON for each test, below build/."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bitebyte_k8s.steps import say


class Figures:
    """Collects figures of all tests in one file, which is begun anew with each run."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.unlink(missing_ok=True)

    def record(self, test: str, **figures: Any) -> None:
        """Prints a test's figures and keeps them. Names end in their unit."""
        line = json.dumps({"test": test} | figures)
        with self._path.open("a") as file:
            file.write(line + "\n")
        say(f"measured: {', '.join(f'{name} = {value}' for name, value in figures.items())}")


def percentile(values: Sequence[float], percent: float) -> float:
    """By the nearest rank: always a value that was measured."""
    assert values, "nothing was measured"
    ordered = sorted(values)
    rank = max(1, -(-len(ordered) * percent // 100))
    return ordered[int(rank) - 1]
