"""Recovery tells what is at stake, and does nothing without having been told that it was read."""

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bitebyte.cli import app
from bitebyte.raft.types import ConfState
from bitebyte.repository.database import Database
from bitebyte.repository.types import Identity

RUNNER = CliRunner(env={"COLUMNS": "200", "TERM": "dumb", "NO_COLOR": "1"})


@pytest.fixture
def dsn_file(postgres_dsn: str, tmp_path: Path) -> Path:
    """The database of member 7 of a cluster of three."""

    async def bootstrap() -> None:
        database = await Database.open(postgres_dsn)
        await database.bootstrap(Identity(5, 7, "node-1"), ConfState(voters=(7, 8, 9)))
        await database.close()

    asyncio.run(bootstrap())
    path = tmp_path / "dsn"
    path.write_text(postgres_dsn)
    return path


def test_without_a_confirmation_it_tells_and_changes_nothing(dsn_file: Path) -> None:
    command = ["recover", "--database-dsn-file", str(dsn_file)]
    result = RUNNER.invoke(app, command)
    assert result.exit_code == 0, result.output
    assert "Left out for ever: 8, 9" in result.stdout
    assert "--confirm 7-1-1" in result.stdout
    assert RUNNER.invoke(app, command).stdout == result.stdout


def test_a_wrong_confirmation_is_refused(dsn_file: Path) -> None:
    command = ["recover", "--database-dsn-file", str(dsn_file), "--confirm", "yes"]
    result = RUNNER.invoke(app, command)
    assert result.exit_code == 1
    assert "read the report again" in result.stderr


def test_with_the_value_that_it_printed_the_member_is_alone_in_a_new_cluster(
    dsn_file: Path,
) -> None:
    command = ["recover", "--database-dsn-file", str(dsn_file), "--json"]
    told = json.loads(RUNNER.invoke(app, command).stdout)
    assert told["left_out"] == ["8", "9"]
    result = RUNNER.invoke(app, [*command, "--confirm", told["confirm"]])
    assert result.exit_code == 0, result.output
    done = json.loads(result.stdout)
    assert (done["outcome"], done["name"]) == ("done", "node-1")
    assert done["cluster_id"] != "5"
    again = json.loads(RUNNER.invoke(app, command).stdout)
    assert (again["id"], again["left_out"]) == (done["id"], [])


def test_options_that_name_no_database_are_wrong_usage(tmp_path: Path) -> None:
    for options in ([], ["--data-dir", str(tmp_path)]):
        assert RUNNER.invoke(app, ["recover", *options]).exit_code == 2
