"""`python -m bitebyte.simulation`: what it prints, how it ends, and what it leaves."""

import subprocess
import sys
from pathlib import Path

import pytest

from bitebyte.domain import ordering
from bitebyte.simulation.__main__ import main
from bitebyte.simulation.plan import decode_plan
from bitebyte.simulation.run import run_plan
from bitebyte.simulation.trace import decode_transitions


def test_seeds_without_findings_end_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seeds", "2", "--first", "5"]) == 0
    assert capsys.readouterr().out.startswith("2 seeds, ")


def test_the_program_shares_seeds_between_processes() -> None:
    command = [sys.executable, "-m", "bitebyte.simulation", "--seeds", "2", "--jobs", "2"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    assert done.stdout.startswith("2 seeds, ")


def test_one_seed_prints_the_same_trace_each_time(capsys: pytest.CaptureFixture[str]) -> None:
    traces: list[str] = []
    for _ in range(2):
        assert main(["--seed", "3", "--trace"]) == 0
        traces.append(capsys.readouterr().out)
    assert traces[0] == traces[1]
    assert len(traces[0].splitlines()) > 2_000
    assert "seed 3 (safety)" in traces[0].splitlines()[-1]


def test_a_failing_seed_says_how_to_replay_it_and_leaves_a_smaller_plan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(ordering, "apply_once", lambda view, command, run: run(view, command))
    plan_file = tmp_path / "plan.json"
    assert main(["--seeds", "20", "--shrink-to", str(plan_file)]) == 1
    out = capsys.readouterr().out
    assert "BROKEN at step " in out
    assert "python -m bitebyte.simulation --seed " in out
    plan = decode_plan(plan_file.read_bytes())
    assert len(plan.operations) < 30  # of 60
    violation = run_plan(plan).violation
    assert violation is not None
    assert f"{violation.invariant}: " in out
    assert main(["--replay", str(plan_file)]) == 1
    monkeypatch.undo()
    assert main(["--replay", str(plan_file)]) == 0


def test_the_transitions_of_a_seed_become_a_file_of_json_lines(tmp_path: Path) -> None:
    file = tmp_path / "transitions.ndjson"
    assert main(["--seed", "2", "--transitions", str(file)]) == 0
    assert len(list(decode_transitions(file.read_bytes().splitlines()))) > 1_000
    assert main(["--seeds", "2", "--validate"]) == 0
