"""Every scenario file plays out exactly as it is written.

To accept a changed behaviour, run with REWRITE_SCENARIOS=1 and read the difference like prose.
"""

from pathlib import Path

import pytest
from membership_interpreter import MembershipInterpreter
from scenario_files import play
from scenario_interpreter import Interpreter
from scenario_text import parse, render

HERE = Path(__file__).parent
SCENARIOS = sorted((HERE / "scenarios").glob("*.txt"))
ARITHMETIC = sorted((HERE / "scenarios_arithmetic").glob("*.txt"))


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_scenario_plays_out_as_written(path: Path) -> None:
    play(path, Interpreter().run)


@pytest.mark.parametrize("path", ARITHMETIC, ids=lambda path: path.stem)
def test_arithmetic_of_members_and_quorums_comes_out_as_written(path: Path) -> None:
    play(path, MembershipInterpreter().run)


def test_a_case_without_its_rule_is_refused_by_line() -> None:
    with pytest.raises(ValueError, match="line 3"):
        parse("# prose\n\nadd-nodes 3\nok\n")


@pytest.mark.parametrize("path", [*SCENARIOS, *ARITHMETIC], ids=lambda path: path.stem)
def test_a_file_is_rendered_as_it_was_parsed(path: Path) -> None:
    assert render(parse(path.read_text())) == path.read_text()


@pytest.mark.parametrize("path", [*SCENARIOS, *ARITHMETIC], ids=lambda path: path.stem)
def test_a_file_says_first_what_it_shows(path: Path) -> None:
    first, *_ = parse(path.read_text())
    assert len(" ".join(line for line in first.prose if line.startswith("#"))) > 60


def test_an_output_that_differs_is_not_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REWRITE_SCENARIOS", raising=False)
    path = tmp_path / "wrong.txt"
    path.write_text("given voters=1\n----\nvoters=2\n")
    with pytest.raises(AssertionError):
        play(path, MembershipInterpreter().run)
