"""The command line says what it does, what it saw, and how it ended."""

import socket
from collections.abc import Generator
from pathlib import Path

import pytest
from cluster_double import cluster_body, serve
from typer.testing import CliRunner

from bitebyte import __version__
from bitebyte.cli import app

RUNNER = CliRunner(env={"COLUMNS": "120", "TERM": "dumb", "NO_COLOR": "1"})
COMMANDS = ("node", "demo", "status", "member", "log", "verify", "recover", "openapi", "version")
PARTS = {
    "member": ("list", "add", "replace", "promote", "demote", "remove", "transfer"),
    "log": ("show",),
}
COMPLETE_COMMANDS = [
    *([command] for command in COMMANDS if command not in PARTS),
    *([command, part] for command, parts in PARTS.items() for part in parts),
]


@pytest.fixture
def closed_url() -> Generator[str]:
    """An address where nothing listens, and nothing will while the test runs."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{reserved.getsockname()[1]}"


def test_without_a_command_the_program_explains_itself() -> None:
    result = RUNNER.invoke(app, [])
    for command in COMMANDS:
        assert command in result.output


@pytest.mark.parametrize("command", COMPLETE_COMMANDS, ids=" ".join)
def test_every_command_has_help_that_names_its_exit_codes(command: list[str]) -> None:
    result = RUNNER.invoke(app, [*command, "--help"])
    assert result.exit_code == 0
    assert "Exit code" in result.output


def test_version_names_the_program_and_its_version() -> None:
    result = RUNNER.invoke(app, ["version"])
    assert result.exit_code == 0
    assert result.output.startswith(f"bitebyte {__version__} (Python 3.")


def test_status_shows_who_leads_and_how_far_everyone_is() -> None:
    with serve(cluster_body(leader="2")) as url:
        result = RUNNER.invoke(app, ["status", "--url", url])
    assert result.exit_code == 0, result.output
    assert "cluster 7, term 3" in result.stdout
    assert "node-2 leads in term 3" in result.stdout
    leader_row = next(line for line in result.stdout.splitlines() if line.startswith("node-2"))
    for cell in ("leader", "1,234", "1,230", "4", "healthy", "0.1.0"):
        assert cell in leader_row
    assert result.stderr == ""


def test_status_names_what_it_cannot_reach_and_still_answers(closed_url: str) -> None:
    with serve(cluster_body(leader="1")) as url:
        result = RUNNER.invoke(app, ["status", "--url", url, "--url", closed_url])
    assert result.exit_code == 0, result.output
    assert f"unreachable: {closed_url} does not answer: Connection refused" in result.stdout


def test_status_calls_no_member_healthy_whose_address_does_not_answer(closed_url: str) -> None:
    first, second = (cluster_body(leader="1") | {"node": {"id": number}} for number in ("1", "2"))
    with serve(first) as one, serve(second) as two:
        asked = [argument for url in (one, two, closed_url) for argument in ("--url", url)]
        result = RUNNER.invoke(app, ["status", *asked])
    assert result.exit_code == 0, result.output
    rows = {line.split()[0]: line for line in result.stdout.splitlines()}
    assert "no answer" in rows["node-3"]
    assert "healthy" not in rows["node-3"]
    assert "healthy" in rows["node-2"]


def test_status_fails_when_no_node_answers(closed_url: str) -> None:
    result = RUNNER.invoke(app, ["status", "--url", closed_url])
    assert result.exit_code == 1
    assert "bitebyte: no node answers" in result.stderr


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (cluster_body(leader=None), "no leader"),
        (cluster_body(leader="1", healthy="1"), "fewer than half of the nodes are healthy"),
    ],
)
def test_status_fails_when_the_cluster_cannot_confirm_orders(
    body: dict[str, object], reason: str
) -> None:
    with serve(body) as url:
        result = RUNNER.invoke(app, ["status", "--url", url])
    assert result.exit_code == 1
    assert reason in result.stderr
    assert "node-3" in result.stdout


def test_status_knows_a_stranger_from_a_node() -> None:
    with serve({"hello": "world"}) as url:
        result = RUNNER.invoke(app, ["status", "--url", url])
    assert result.exit_code == 1
    assert "is not a BiteByte node" in result.stdout.replace("\n", " ")


@pytest.mark.parametrize(
    "url", ["nonsense", "ftp://127.0.0.1", "http://", "http://127.0.0.1:99999", "http://["]
)
def test_status_refuses_what_is_no_address(url: str) -> None:
    result = RUNNER.invoke(app, ["status", "--url", url])
    assert result.exit_code == 2
    assert "is not an address" in result.stderr


def test_the_demo_refuses_port_ranges_that_overlap(tmp_path: Path) -> None:
    result = RUNNER.invoke(
        app,
        ["demo", "--data", str(tmp_path), "--http-port", "9000", "--peer-port", "9002"],
    )
    assert result.exit_code == 2
    assert "must lie at least 3 apart" in result.stderr


def test_the_demo_says_which_port_is_taken_and_starts_nothing(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    with socket.socket() as other_program:
        other_program.bind(("127.0.0.1", 0))
        other_program.listen()
        taken = other_program.getsockname()[1]
        result = RUNNER.invoke(
            app,
            ["demo", "--data", str(data_dir), "--http-port", str(taken), "--peer-port", "7080"],
        )
    assert result.exit_code == 1
    assert f"port {taken} (HTTP of node-1) is taken" in result.stderr
    assert not list(data_dir.glob("node-*"))


def test_the_demo_refuses_a_cluster_whose_database_vanished(tmp_path: Path) -> None:
    from bitebyte.demo.data_folder import read_or_draw_cluster, write_cluster

    write_cluster(tmp_path, read_or_draw_cluster(tmp_path).with_bootstrapped("node-3"))
    result = RUNNER.invoke(app, ["demo", "--data", str(tmp_path)])
    assert result.exit_code == 1
    assert "node-3 took part in this cluster before" in result.stderr
