"""How a command of an operator ends: done, refused, or not known."""

import contextlib
from collections.abc import Callable, Generator

import msgspec
import typer

from bitebyte.cli.admin_client import Refused, Unknown
from bitebyte.cli.errors import fail

UNKNOWN = 3
"""Exit code for what may have happened, or may happen yet."""


def tell_json(body: object) -> None:
    """One JSON document on stdout, indented for people who look at it all the same."""
    typer.echo(msgspec.json.format(msgspec.json.encode(body), indent=2).decode())


@contextlib.contextmanager
def telling_outcome(*, as_json: bool) -> Generator[Callable[[str], None]]:
    """Turns Refused and Unknown into texts and exit codes, and with `as_json` into a document with
    `outcome`, `code` and `detail`. Yields what tells people how it goes; programs are told
    nothing on the way."""

    def say(text: str) -> None:
        if not as_json:
            typer.echo(text, err=True)

    try:
        yield say
    except Refused as error:
        if as_json:
            tell_json({"outcome": "refused", "code": error.code, "detail": str(error)})
        fail(f"{error.code}: {error}")
    except Unknown as error:
        if as_json:
            tell_json({"outcome": "unknown", "code": "outcome_unknown", "detail": str(error)})
        fail(f"not known yet: {error}", exit_code=UNKNOWN)
