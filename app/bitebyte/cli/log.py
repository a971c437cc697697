"""`bitebyte log`: what the replicated log holds."""

import sys
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bitebyte.cli.admin_client import (
    AdminCa,
    AdminCert,
    AdminKey,
    AdminUrls,
    AsJson,
    Refused,
    TimeoutS,
    open_client,
)
from bitebyte.cli.outcome import tell_json, telling_outcome

log = typer.Typer(
    help="What the replicated log holds.", no_args_is_help=True, rich_markup_mode="markdown"
)

LIMIT_MAX = 500
VALUE_CHARACTERS_MAX = 60


class LogRow(msgspec.Struct, frozen=True):
    """An entry in words."""

    index: int
    term: int
    kind: str
    name: str
    size_bytes: int
    committed: bool
    fields: dict[str, Any]


class LogPage(msgspec.Struct, frozen=True):
    """A page of one node's log."""

    member_id: str
    first_index: int
    last_index: int
    commit_index: int
    entries: tuple[LogRow, ...]
    next: int | None = None


def register(app: typer.Typer) -> None:
    """Adds the commands to the program."""
    app.add_typer(log, name="log")


@log.callback()
def group() -> None:
    """Keeps `show` a command of its own, however few there are."""


@log.command()
def show(
    admin: AdminUrls = None,
    first: Annotated[
        int | None,
        typer.Option("--from", min=1, help="Index of the first entry.  [default: the newest ones]"),
    ] = None,
    limit: Annotated[
        int, typer.Option(min=1, max=LIMIT_MAX, help="How many entries at most.")
    ] = 20,
    as_json: AsJson = False,
    timeout_s: TimeoutS = 10.0,
    ca: AdminCa = None,
    cert: AdminCert = None,
    key: AdminKey = None,
) -> None:
    """Show entries of the log of the first node that answers, decoded.

    Hashes of passwords and sessions are left out. Entries that are not committed yet are marked:
    they may still vanish. What is compacted is not in the log any more.

    Exit codes: 0 shown; 1 refused, or no node answers; 2 wrong options.
    """
    client = open_client(admin, ca, cert, key, timeout_s=timeout_s)
    path = f"/admin/v1/log?limit={limit}" + (f"&from={first}" if first is not None else "")
    with telling_outcome(as_json=as_json):
        body = client.request("GET", path).body
        if as_json:
            tell_json(body)
            return
        try:
            page = msgspec.convert(body, type=LogPage)
        except msgspec.ValidationError as error:
            raise Refused("not_a_node", f"no admin address of BiteByte: {error}") from None
        Console(file=sys.stdout).print(_table(page))
        if page.next is not None:
            typer.echo(f"more with --from {page.next}")


def _table(page: LogPage) -> Table:
    title = (
        f"log of member {page.member_id}: {page.first_index:,} to {page.last_index:,},"
        f" committed {page.commit_index:,}"
    )
    table = Table(title=title, title_justify="left")
    table.add_column("index", justify="right")
    table.add_column("term", justify="right")
    table.add_column("entry")
    table.add_column("bytes", justify="right")
    table.add_column("fields", overflow="fold")
    for row in page.entries:
        table.add_row(
            f"{row.index:,}",
            str(row.term),
            row.name if row.committed else Text(f"{row.name} (not committed)", style="yellow"),
            f"{row.size_bytes:,}",
            Text(_fields(row.fields)),
        )
    return table


def _fields(fields: dict[str, Any]) -> str:
    return "  ".join(f"{name}={_value(value)}" for name, value in fields.items() if value != "")


def _value(value: Any) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return text if len(text) <= VALUE_CHARACTERS_MAX else f"{text[:VALUE_CHARACTERS_MAX]}…"
