"""The log can be read from the command line."""

from collections.abc import AsyncIterator

import pytest
from admin_cluster import AdminCluster, running_admin_cluster

from bitebyte.repository.embedded import EmbeddedPostgres

pytestmark = pytest.mark.anyio


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


async def test_show_beyond_the_end_is_an_empty_page(cluster: AdminCluster) -> None:
    answer = await cluster.run_json("log", "show", "--from", "1000000")
    assert answer["entries"] == []
    assert answer["next"] is None
