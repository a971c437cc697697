"""Members whose databases hold the same are told from those that do not."""

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
    """Three voters."""
    folder = tmp_path_factory.mktemp("verify")
    async with running_admin_cluster(folder, postgres_server, 3) as running:
        yield running


async def test_verify_finds_equal_databases_equal(cluster: AdminCluster) -> None:
    result = await cluster.run("verify", "--timeout", "30")
    assert result.exit_code == 0, result.output
    assert "equal: 3 members" in result.stdout
    assert result.stdout.count("kinds of rows digested") == 3
