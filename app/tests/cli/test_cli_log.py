"""The log can be read from the command line."""

from collections.abc import AsyncIterator

import pytest
from admin_cluster import AdminCluster, running_admin_cluster

from bitebyte.domain.commands import RegisterAccount
from bitebyte.repository.embedded import EmbeddedPostgres
from bitebyte.service.ids import Uuid7Source

pytestmark = pytest.mark.anyio

EMAIL = "mia@bar.example"


@pytest.fixture(scope="module")
async def cluster(
    anyio_backend: object,
    postgres_server: EmbeddedPostgres,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[AdminCluster]:
    """A single voter."""
    folder = tmp_path_factory.mktemp("log")
    async with running_admin_cluster(folder, postgres_server, 1) as running:
        yield running


async def register(cluster: AdminCluster) -> None:
    """The newest entry is an account of hers."""
    command = RegisterAccount(
        id=Uuid7Source().new_id(1),
        at_ms=1,
        email=EMAIL,
        display_name="Mia",
        role="customer",
        password_hash="argon2id",
    )
    await cluster.members["node-1"].node.propose(command, timeout_s=10)


async def test_show_decodes_the_log_and_pages_through_it(cluster: AdminCluster) -> None:
    answer = await cluster.run_json("log", "show", "--limit", "500")
    first = answer["first_index"]
    answer = await cluster.run_json("log", "show", "--from", str(first), "--limit", "1")
    assert [entry["index"] for entry in answer["entries"]] == [first]
    assert answer["next"] == first + 1
    assert answer["entries"][0]["kind"] == "no_op"


async def test_show_begins_with_the_newest_entries_as_a_table(cluster: AdminCluster) -> None:
    result = await cluster.run("log", "show", "--limit", "500")
    assert result.exit_code == 0, result.output
    assert "describe_members" in result.stdout
    assert "not committed" not in result.stdout
    assert "*" not in result.stdout


async def test_show_beyond_the_end_is_an_empty_page(cluster: AdminCluster) -> None:
    answer = await cluster.run_json("log", "show", "--from", "1000000")
    assert answer["entries"] == []
    assert answer["next"] is None


@pytest.mark.parametrize("columns", [80, 120])
async def test_show_has_one_line_for_each_entry_and_no_person_in_it(
    cluster: AdminCluster, columns: int
) -> None:
    await register(cluster)
    result = await cluster.run("log", "show", "--limit", "3", columns=columns)
    lines = result.stdout.splitlines()
    assert len(lines) == 2 + 3
    assert max(map(len, lines)) <= columns
    assert "register_account" in lines[-1]
    assert "role=customer" in lines[-1]
    assert EMAIL not in result.stdout


async def test_show_tells_all_fields_and_persons_when_it_is_asked_to(
    cluster: AdminCluster,
) -> None:
    await register(cluster)
    full = await cluster.run("log", "show", "--limit", "1", "--full", columns=80)
    assert "    email: (left out)" in full.stdout.splitlines()
    asked = await cluster.run("log", "show", "--limit", "1", "--full", "--personal", columns=80)
    assert f"    email: {EMAIL}" in asked.stdout.splitlines()
    for options, email in (([], "(left out)"), (["--personal"], EMAIL)):
        answer = await cluster.run_json("log", "show", "--limit", "1", *options)
        assert answer["entries"][0]["fields"]["email"] == email
