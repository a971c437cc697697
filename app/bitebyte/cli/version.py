"""`bitebyte version`: what runs here."""

import platform

import typer

from bitebyte import __version__


def register(app: typer.Typer) -> None:
    """Adds the command to the program."""
    app.command("version")(version)


def version() -> None:
    """Print the version of BiteByte and of the Python it runs on. Exit code: 0."""
    typer.echo(f"bitebyte {__version__} (Python {platform.python_version()})")
