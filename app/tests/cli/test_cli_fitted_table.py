"""Tables of the command line fit the terminal, and nothing is cut off from them."""

import io

import msgspec
import pytest
from cluster_double import cluster_body, serve
from rich.console import Console
from typer.testing import CliRunner

from bitebyte.cli import app
from bitebyte.cli.fitted_table import FittedTable
from bitebyte.cli.roster_view import MemberRow, Roster, roster_table

IDS = ("9223372036854775807", "4611686018427387904", "1234567890123456789")
HEADINGS = ("name", "number", "place")


def shown(table: object, columns: int) -> list[str]:
    file = io.StringIO()
    Console(file=file, width=columns, color_system=None).print(table)
    return [line.rstrip() for line in file.getvalue().splitlines()]


def roster(*, answered_by: str, leader_id: str | None) -> Roster:
    first = MemberRow(
        id=IDS[0],
        name="night-owl-0",
        state="learner",
        role="follower",
        peer_address="night-owl-0.night-owl-peers.bars.svc:7080",
        lag=12,
        applied_index=1_234_567,
        flushed_index=1_234_000,
        wants_vote=True,
        healthy=True,
        version="0.1.0",
    )
    others = (
        msgspec.structs.replace(first, id=number, name=f"night-owl-{n}", state="voter")
        for n, number in enumerate(IDS[1:], 1)
    )
    return Roster(
        cluster_id=IDS[0],
        cluster_version=2,
        term=17,
        answered_by=answered_by,
        commit_index=1_234_579,
        members=(first, *others),
        leader_id=leader_id,
    )


def test_columns_stand_beside_each_other_as_far_as_they_fit() -> None:
    table = FittedTable("two", HEADINGS, [("a", "12", "here"), ("bb", "3", "")])
    assert shown(table, 19) == ["two", "name  number  place", "a     12      here", "bb    3"]
    assert shown(table, 18) == [
        *("two", "name  number", "a     12", "bb    3"),
        *("a: place here", "bb:"),
    ]


def test_a_name_wider_than_the_terminal_is_folded_and_not_cut() -> None:
    lines = shown(FittedTable("long", ("name", "x"), [("n" * 30, "1")]), 20)
    assert "".join(lines).count("n") >= 60
    assert max(map(len, lines)) <= 20


@pytest.mark.parametrize("columns", [40, 60, 80, 100, 120, 200])
def test_ids_addresses_and_states_of_members_are_whole_at_every_width(columns: int) -> None:
    lines = shown(roster_table(roster(answered_by=IDS[0], leader_id=IDS[1])), columns)
    assert max(map(len, lines)) <= columns
    text = "".join(line.strip() for line in lines)
    for whole in (*IDS, "night-owl-0.night-owl-peers.bars.svc:7080", "1,234,567", "0.1.0"):
        assert whole in text
    assert "…" not in text


def test_at_80_columns_the_first_look_is_one_line_a_member() -> None:
    lines = shown(roster_table(roster(answered_by=IDS[0], leader_id=IDS[0])), 80)
    assert lines[1].split() == ["member", "id", "state", "role", "health", "lag"]
    assert [line.split()[:2] for line in lines[2:5]] == [
        [f"night-owl-{number}", member_id] for number, member_id in enumerate(IDS)
    ]


def test_without_a_leader_nobody_is_named_to_be_asked() -> None:
    text = " ".join(shown(roster_table(roster(answered_by=IDS[0], leader_id=None)), 80))
    assert "Told by night-owl-0, which knows no leader" in text


@pytest.mark.parametrize("columns", [80, 120])
def test_status_cuts_nothing_off(columns: int) -> None:
    runner = CliRunner(env={"COLUMNS": str(columns), "TERM": "dumb", "NO_COLOR": "1"})
    with serve(cluster_body(leader="2")) as url:
        result = runner.invoke(app, ["status", "--url", url])
    lines = result.stdout.splitlines()
    assert max(map(len, lines)) <= columns
    assert "…" not in result.stdout
    row = next(line for line in lines if line.startswith("node-1"))
    assert row.split() == [
        *("node-1", "follower", "voter", "healthy", "4", "1,230", "1,234", "99", "%", "0.1.0")
    ]
