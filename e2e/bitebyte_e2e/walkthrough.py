"""The commands of a page of the documentation, so that a test can run them as they stand."""

import shlex
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]

RUN = "sh"
"""Blocks of this language are run. Whatever is only to be read is `text`."""


class CommandFailed(Exception):
    """A documented command did not do what the page says."""


@dataclass(frozen=True)
class Command:
    """One line of a block."""

    section: str
    """The heading that it stands under."""
    line: int
    """Its number in the file."""
    text: str

    @property
    def words(self) -> list[str]:
        """As a shell splits them."""
        return shlex.split(self.text)


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    section: str
    language: str
    lines: tuple[tuple[int, str], ...]


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a Markdown file, in order."""
    found: list[Block] = []
    section, language = "", None
    inside: list[tuple[int, str]] = []
    for number, line in enumerate(page.read_text().splitlines(), 1):
        if language is None and line.startswith("#"):
            section = line.lstrip("# ")
        elif language is None and line.startswith("```"):
            language, inside = line[3:].strip(), []
        elif language is not None and line.startswith("```"):
            found.append(Block(section, language, tuple(inside)))
            language = None
        elif language is not None:
            inside.append((number, line))
    assert language is None, f"{page.name}: a block is not closed"
    return found


def commands(page: Path) -> list[Command]:
    """Every command that the page tells its reader to run, one a line, in order."""
    return [
        Command(block.section, number, line)
        for block in blocks(page)
        if block.language == RUN
        for number, line in block.lines
        if line.strip()
    ]


def run_command(
    command: Command, *, environment: Mapping[str, str], timeout_s: float = 900.0
) -> str:
    """Runs it in the repository as a shell would, and returns what it prints.

    Raises CommandFailed with the command, its place and its output if it ends with an error.
    """
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command.text],
        cwd=REPOSITORY,
        env=dict(environment),
        capture_output=True,
        text=True,
        timeout=timeout_s,
    )
    if done.returncode != 0:
        raise CommandFailed(
            f"{command.section}, line {command.line}: {command.text}\n{done.stdout}{done.stderr}"
        )
    return done.stdout
