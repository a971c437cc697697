"""`bitebyte log`: what the replicated log holds."""

import sys
from typing import Annotated, Any

import msgspec
import typer
from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
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
TOLD_ELSEWHERE = frozenset(("id", "at_ms"))
"""Every command has them; they say nothing about what it does."""
OPEN_MARK = "*"
EMPTY = ("", None, False, [])
LEFT_OUT = "(left out)"
"""As the node says it."""


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
    full: Annotated[bool, typer.Option("--full", help="All fields of every entry.")] = False,
    personal: Annotated[
        bool,
        typer.Option("--personal", help="Also e-mail addresses, names and texts of people."),
    ] = False,
    as_json: AsJson = False,
    timeout_s: TimeoutS = 10.0,
    ca: AdminCa = None,
    cert: AdminCert = None,
    key: AdminKey = None,
) -> None:
    """Show entries of the log of the first node that answers, decoded: one line for each, with as
    many of its fields as fit, and (+n) where there are more. `--full` shows them.

    Passwords and sessions are always left out, and people are unless `--personal` asks for them.
    Entries that are not committed yet are marked: they may still vanish. What is compacted is not
    in the log any more.

    Exit codes: 0 shown; 1 refused, or no node answers; 2 wrong options.
    """
    client = open_client(admin, ca, cert, key, timeout_s=timeout_s)
    path = f"/admin/v1/log?limit={limit}" + (f"&from={first}" if first is not None else "")
    path += "&personal=true" if personal else ""
    with telling_outcome(as_json=as_json):
        body = client.request("GET", path).body
        if as_json:
            tell_json(body)
            return
        try:
            page = msgspec.convert(body, type=LogPage)
        except msgspec.ValidationError as error:
            raise Refused("not_a_node", f"no admin address of BiteByte: {error}") from None
        console = Console(file=sys.stdout)
        console.print(_described(page) if full else _overview(page, console.width))
        if not all(row.committed for row in page.entries):
            typer.echo(f"{OPEN_MARK} not committed yet: may still vanish")
        if page.next is not None:
            typer.echo(f"more with --from {page.next}")


def _title(page: LogPage) -> Text:
    first, last, commit = page.first_index, page.last_index, page.commit_index
    text = f"log of member {page.member_id}: {first:,} to {last:,}, committed {commit:,}"
    return Text(text, style="italic")


def _overview(page: LogPage, width: int) -> RenderableType:
    """One line for each entry."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    heads = ("index", "term", "entry", "bytes")
    cells = [
        (f"{row.index:,}", str(row.term), _name(row), f"{row.size_bytes:,}") for row in page.entries
    ]
    for place, heading in enumerate(heads):
        table.add_column(heading, justify="left" if heading == "entry" else "right", no_wrap=True)
        width -= 2 + max(len(heading), *(len(str(row[place])) for row in cells), 0)
    table.add_column("fields", overflow="fold")
    for row, first_cells in zip(page.entries, cells, strict=True):
        table.add_row(*first_cells, Text(_essential(row.fields, width)))
    return Group(_title(page), table)


def _described(page: LogPage) -> RenderableType:
    """Every entry with a line for each field."""
    parts: list[Text] = [_title(page)]
    for row in page.entries:
        head = Text.assemble(f"{row.index:,}  term {row.term}  ", _name(row))
        parts.append(head.append(f"  {row.size_bytes:,} bytes"))
        for name, value in row.fields.items():
            parts.append(Text(f"    {name}: {_text(value)}", overflow="fold"))
    return Group(*parts)


def _name(row: LogRow) -> Text:
    return Text(row.name) if row.committed else Text(f"{row.name} {OPEN_MARK}", style="yellow")


def _essential(fields: dict[str, Any], width: int) -> str:
    """As many fields as fit into `width`, each whole or not at all, and how many more there are."""
    said = {
        name: _text(value)
        for name, value in fields.items()
        if name not in TOLD_ELSEWHERE and value not in (*EMPTY, LEFT_OUT)
    }
    short = [f"{n}={text}" for n, text in said.items() if len(text) <= VALUE_CHARACTERS_MAX]
    told: list[str] = []
    for field in short:
        if cell_len(_line([*told, field], len(said))) <= width:
            told.append(field)
    return _line(told, len(said))


def _line(told: list[str], count: int) -> str:
    more = count - len(told)
    return " ".join([*told, *([f"(+{more})"] if more else [])])


def _text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
