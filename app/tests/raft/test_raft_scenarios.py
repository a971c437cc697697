"""Every scenario file plays out exactly as it is written.

To accept a changed behaviour, run with REWRITE_SCENARIOS=1 and read the difference like prose.
"""

import os
from pathlib import Path

import pytest
from scenario_interpreter import Interpreter
from scenario_text import Case, parse, render

SCENARIOS = sorted((Path(__file__).parent / "scenarios").glob("*.txt"))


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_scenario_plays_out_as_written(path: Path) -> None:
    text = path.read_text()
    interpreter = Interpreter()
    played: list[Case] = []
    for case in parse(text):
        if not case.command:
            played.append(case)
            continue
        try:
            output = interpreter.run(case.command)
        except (AssertionError, KeyError, ValueError) as error:
            error.add_note(f"{path.name}, line {case.line}: {case.command}")
            raise
        played.append(Case(case.prose, case.command, output, case.line))
    if os.environ.get("REWRITE_SCENARIOS"):
        path.write_text(render(played))
    else:
        assert render(played) == text


def test_a_case_without_its_rule_is_refused_by_line() -> None:
    with pytest.raises(ValueError, match="line 3"):
        parse("# prose\n\nadd-nodes 3\nok\n")


def test_a_file_is_rendered_as_it_was_parsed() -> None:
    for path in SCENARIOS:
        assert render(parse(path.read_text())) == path.read_text()
