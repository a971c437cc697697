"""The search that decides whether a change is good: 300 seeds on two cores."""

import pytest

from bitebyte.simulation.__main__ import main

SEEDS = 300


@pytest.mark.timeout(400)
def test_no_invariant_breaks_in_300_seeds(capsys: pytest.CaptureFixture[str]) -> None:
    exit_code = main(["--seeds", str(SEEDS), "--jobs", "2", "--no-shrink"])
    out = capsys.readouterr().out
    assert exit_code == 0, out
    assert f"{SEEDS} seeds, " in out
