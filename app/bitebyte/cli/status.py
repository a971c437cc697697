"""`bitebyte status`: who leads, how far everyone is, and whether the cluster can serve."""

import sys
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated
from urllib.parse import urlsplit

import msgspec
import typer
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from bitebyte.cli.errors import FAILED, USAGE, fail
from bitebyte.cli.fitted_table import FittedTable
from bitebyte.demo.cluster_view import (
    ClusterReport,
    ClusterView,
    MemberReport,
    NotAClusterReport,
    describe_reports,
    merge,
    parse_report,
    without_silent,
)
from bitebyte.demo.public_api import Unreachable, call

URLS_DEFAULT = ("http://127.0.0.1:8080", "http://127.0.0.1:8081", "http://127.0.0.1:8082")
"""The three nodes of `bitebyte demo`."""
HEADINGS = ("node", "role", "vote", "health", "lag", "applied", "commit", "progress", "version")
NUMBERS = frozenset(("lag", "applied", "commit", "progress"))

URLS_MAX = 32
"""One thread asks each address."""


class Look(msgspec.Struct, frozen=True):
    """What came back from all addresses at one moment."""

    reports: Mapping[str, ClusterReport]
    problems: Mapping[str, str]
    """Why an address gave no report."""

    @property
    def view(self) -> ClusterView | None:
        """All reports put together; None if there are none or they do not belong together."""
        if not self.reports or describe_reports(self.reports) is not None:
            return None
        reports = tuple(self.reports.values())
        return without_silent(merge(reports), reports, unreachable_count=len(self.problems))

    @property
    def can_serve(self) -> bool:
        """New orders can be confirmed, as far as anyone reachable knows."""
        view = self.view
        return view is not None and view.can_serve


def register(app: typer.Typer) -> None:
    """Adds the command to the program."""
    app.command("status")(status)


def status(
    watch: Annotated[bool, typer.Option("--watch", help="Keep looking until Ctrl-C.")] = False,
    url: Annotated[
        list[str] | None,
        typer.Option(help="A node's address; repeat it for several. Default: the demo's three."),
    ] = None,
    interval_s: Annotated[
        float, typer.Option("--interval", min=0.2, max=60.0, help="Seconds between two looks.")
    ] = 1.0,
    timeout_s: Annotated[
        float, typer.Option("--timeout", min=0.1, max=60.0, help="Seconds to wait for a node.")
    ] = 2.0,
) -> None:
    """Show leader, term, indexes, lag and health of every node.

    Every address is asked, and the answers are put together: the newest term wins.

    Exit codes: 0 there is a leader with a quorum; 1 there is not, or no node answers;
    2 wrong options.
    """
    urls = tuple(dict.fromkeys(one.rstrip("/") for one in url or URLS_DEFAULT))
    _check_urls(urls)
    if not watch:
        seen = look(urls, timeout_s=timeout_s)
        Console(file=sys.stdout).print(render(seen))
        if not seen.can_serve:
            fail(verdict(seen))
        typer.echo(verdict(seen))
        return
    seen = _watch(urls, interval_s=interval_s, timeout_s=timeout_s)
    if seen is None or not seen.can_serve:
        raise typer.Exit(FAILED)


def look(urls: Sequence[str], *, timeout_s: float) -> Look:
    """Asks all addresses at once; takes no longer than the slowest, at most about timeout_s."""
    with ThreadPoolExecutor(max_workers=len(urls)) as pool:
        asking = {url: pool.submit(_ask, url, timeout_s) for url in urls}
    answers = {url: future.result() for url, future in asking.items()}
    return Look(
        reports={u: a for u, a in answers.items() if isinstance(a, ClusterReport)},
        problems={u: a for u, a in answers.items() if isinstance(a, str)},
    )


def verdict(seen: Look) -> str:
    """One sentence: can the cluster serve, and if not, why."""
    if not seen.reports:
        return "no node answers"
    different = describe_reports(seen.reports)
    if different is not None:
        return different
    view = seen.view
    assert view is not None
    if view.leader_name is None:
        return "no leader: new orders are not accepted until one is elected"
    if not view.has_quorum:
        return f"{view.leader_name} leads, but fewer than half of the nodes are healthy"
    return f"{view.leader_name} leads in term {view.term}"


def render(seen: Look) -> RenderableType:
    """The table of members and, below it, what could not be reached."""
    parts: list[RenderableType] = []
    view = seen.view
    if view is not None:
        parts.append(_table(view))
    parts += [Text(f"unreachable: {problem}", style="red") for problem in seen.problems.values()]
    return Group(*parts)


def _table(view: ClusterView) -> FittedTable:
    return FittedTable(
        f"cluster {view.cluster_id}, term {view.term}",
        HEADINGS,
        [_cells(member) for member in sorted(view.members, key=lambda one: one.name)],
        right=NUMBERS,
    )


def _cells(member: MemberReport) -> tuple[str | Text, ...]:
    health = Text("healthy", style="green") if member.is_healthy else Text("no answer", style="red")
    return (
        member.name,
        Text(member.role, style="bold" if member.role == "leader" else ""),
        "voter" if member.is_voter else "learner",
        health,
        _number(member.lag),
        _number(member.applied_index),
        _number(member.commit_index),
        _progress(member),
        member.version or "?",
    )


def _progress(member: MemberReport) -> str:
    """The share of the committed entries that it has applied."""
    if member.applied_index is None or member.lag is None:
        return "?"
    return f"{100 * member.applied_index // max(1, member.applied_index + member.lag)} %"


def _number(value: int | None) -> str:
    return "?" if value is None else f"{value:,}"


def _ask(url: str, timeout_s: float) -> ClusterReport | str:
    try:
        answer = call(url, "GET", "/api/v1/cluster", timeout_s=timeout_s)
        if answer.status != 200:
            return f"{url} answered {answer.text}"
        return parse_report(answer.body)
    except Unreachable as error:
        return str(error)
    except NotAClusterReport as error:
        return f"{url} is not a BiteByte node: {error}"


def _watch(urls: Sequence[str], *, interval_s: float, timeout_s: float) -> Look | None:
    seen: Look | None = None
    try:
        with Live(console=Console(file=sys.stdout), auto_refresh=False) as live:
            while True:
                began_at = time.monotonic()
                seen = look(urls, timeout_s=timeout_s)
                style = "green" if seen.can_serve else "bold red"
                live.update(Group(render(seen), Text(verdict(seen), style=style)), refresh=True)
                _sleep_until(began_at + interval_s)
    except KeyboardInterrupt:
        return seen


def _sleep_until(at: float) -> None:
    threading.Event().wait(max(0.0, at - time.monotonic()))


def _check_urls(urls: Sequence[str]) -> None:
    if len(urls) > URLS_MAX:
        fail(f"at most {URLS_MAX} addresses can be asked", exit_code=USAGE)
    for one in urls:
        try:
            parts = urlsplit(one)
            is_usable = parts.scheme in ("http", "https") and bool(parts.hostname)
            _ = parts.port
        except ValueError:
            is_usable = False
        if not is_usable:
            fail(f"{one!r} is not an address like http://127.0.0.1:8080", exit_code=USAGE)
