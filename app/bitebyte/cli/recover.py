"""`bitebyte recover`: one stopped member goes on alone when a quorum is lost for good."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from bitebyte.cli.admin_client import AsJson
from bitebyte.cli.errors import USAGE, fail
from bitebyte.cli.outcome import tell_json

DataDir = Annotated[
    Path | None,
    typer.Option(help="Folder of the stopped node's embedded PostgreSQL (its --data-dir)."),
]
DsnFile = Annotated[
    Path | None, typer.Option(help="Instead: a file with the DSN of the stopped node's database.")
]
Confirm = Annotated[
    str | None,
    typer.Option(help="The value that this command printed, when you have read what it means."),
]


def register(app: typer.Typer) -> None:
    """Adds the command to the program."""
    app.command("recover")(recover)


def recover(
    data_dir: DataDir = None,
    database_dsn_file: DsnFile = None,
    confirm: Confirm = None,
    as_json: AsJson = False,
) -> None:
    """Make a stopped member the only one of a new cluster, because a quorum is lost **for good**.

    Without `--confirm` nothing is changed: it tells what this member holds and what may be lost.
    Run it so on every database that is left and choose the one with the largest last term, and of
    those the largest last index. Members of the old cluster are refused by the new one.

    Exit codes: 0 told, or recovered; 1 refused, and nothing was changed; 2 wrong options.
    """
    if (data_dir is None) == (database_dsn_file is None):
        fail("give either --data-dir or --database-dsn-file", exit_code=USAGE)
    if data_dir is not None and not (data_dir / "postgres" / "PG_VERSION").is_file():
        fail(f"--data-dir: {data_dir} holds no database of a node", exit_code=USAGE)
    from bitebyte.repository.embedded import EmbeddedPostgres
    from bitebyte.repository.errors import RepositoryError
    from bitebyte.repository.recovery import inspect
    from bitebyte.repository.recovery import recover as recover_database

    async def run(dsn: str) -> None:
        if confirm is None:
            report = _told(await inspect(dsn))
            _tell(report, _warning(report), as_json=as_json)
            return
        new = await recover_database(dsn, confirmation=confirm)
        ids = {"cluster_id": str(new.cluster_id), "id": str(new.member_id), "name": new.name}
        _tell({"outcome": "done", **ids}, _next_steps(ids), as_json=as_json)

    async def with_server() -> None:
        if database_dsn_file is not None:
            await run(database_dsn_file.read_text(encoding="utf-8").strip())
            return
        assert data_dir is not None, "one of both was given"
        server = await EmbeddedPostgres.start(data_dir)
        try:
            await run(server.dsn)
        finally:
            await server.stop()

    try:
        asyncio.run(with_server())
    except (RepositoryError, OSError, UnicodeDecodeError) as error:
        if as_json:
            tell_json({"outcome": "refused", "code": type(error).__name__, "detail": str(error)})
        fail(str(error))


def _tell(body: dict[str, Any], text: str, *, as_json: bool) -> None:
    if as_json:
        tell_json(body)
    else:
        typer.echo(text)


def _told(report: Any) -> dict[str, Any]:
    """The report of `repository.recovery`, with ids as text and the last entry in words."""
    from bitebyte.api.admin.log_words import describe_entry

    conf_state, own = report.conf_state, report.identity
    members = {*conf_state.voters, *conf_state.voters_outgoing, *conf_state.learners}
    last = report.last_entry
    return {
        "name": own.name,
        "id": str(own.member_id),
        "cluster_id": str(own.cluster_id),
        "voters": [str(one) for one in conf_state.voters],
        "left_out": [str(one) for one in sorted(members - {own.member_id})],
        "term": report.term,
        "has_lost_log": report.has_lost_log,
        "last_term": report.last_term,
        "last_index": report.last_index,
        "commit_index": report.commit_index,
        "applied_index": report.applied_index,
        "uncertain_entries": report.uncertain_entries,
        "changes_to_void": report.changes_to_void,
        "log_time": _time(report.log_time_ms),
        "last_entry": None if last is None else describe_entry(last, commit_index=0)["name"],
        "confirm": report.confirmation,
    }


def _time(time_ms: int) -> str | None:
    return datetime.fromtimestamp(time_ms / 1000, UTC).isoformat() if time_ms else None


def _warning(report: dict[str, Any]) -> str:
    left_out = ", ".join(report["left_out"]) or "nobody"
    lines = [
        f"{report['name']} (member {report['id']} of cluster {report['cluster_id']})",
        f"  last entry          index {report['last_index']:,}, term {report['last_term']}"
        f" ({report['last_entry'] or 'compacted'})",
        f"  known as committed  through index {report['commit_index']:,}",
        f"  applied             through index {report['applied_index']:,}, newest command of"
        f" {report['log_time'] or 'no time'}",
        "",
        "If you go on:",
        f"  - Left out for ever: {left_out}. They can come back with empty databases only.",
        "  - Lost: every order that was confirmed and is not among the entries above.",
        f"  - {report['uncertain_entries']:,} entries above the known commit index will count,"
        " whether or not anybody was told so.",
    ]
    if report["changes_to_void"]:
        lines.append(f"  - {report['changes_to_void']} changes of members under way are dropped.")
    if report["has_lost_log"]:
        lines.append(
            "  - This disk once LOST entries that it had acknowledged: take any other one."
        )
    lines += [
        "",
        "If a majority of the voters can be started again in any way, do that instead.",
        "Otherwise stop all other members, compare their databases with this command, and on the",
        "one with the largest last term and index run it again with",
        f"  --confirm {report['confirm']}",
    ]
    return "\n".join(lines)


def _next_steps(ids: dict[str, str]) -> str:
    return "\n".join(
        (
            f"{ids['name']} is member {ids['id']}, the only one, of the new cluster"
            f" {ids['cluster_id']}.",
            f"1. Start it with --cluster-id {ids['cluster_id']}, without --bootstrap and --join;"
            f" where --member names it, with the id {ids['id']}.",
            "2. Look whether the newest orders are there.",
            f"3. Start others with --cluster-id {ids['cluster_id']}, --join and EMPTY databases,"
            " and add each with `bitebyte member add`.",
        )
    )
