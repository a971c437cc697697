"""How a scenario file is compared with what happens, or written anew."""

import os
from collections.abc import Callable
from pathlib import Path

from scenario_text import Case, parse, render


def play(path: Path, run: Callable[[str], list[str]]) -> None:
    """Runs every command of the file in order and compares all output with what is written there.

    With REWRITE_SCENARIOS=1 the file is written anew instead: read the difference like prose.
    An error of a command carries the line of the file.
    """
    text = path.read_text()
    played: list[Case] = []
    for case in parse(text):
        if not case.command:
            played.append(case)
            continue
        try:
            output = run(case.command)
        except Exception as error:
            error.add_note(f"{path.name}, line {case.line}: {case.command}")
            raise
        played.append(Case(case.prose, case.command, output, case.line))
    if os.environ.get("REWRITE_SCENARIOS"):
        path.write_text(render(played))
    else:
        assert render(played) == text
