"""How the command line tells an error: one line on stderr, and an exit code."""

from typing import NoReturn

import typer

FAILED = 1
"""What was asked for could not be done, or the cluster cannot serve."""
USAGE = 2
"""The command line itself is wrong."""


def fail(text: str, *, exit_code: int = FAILED) -> NoReturn:
    """Says what went wrong and ends the program."""
    typer.echo(f"bitebyte: {text}", err=True)
    raise typer.Exit(exit_code)
