"""Members whose databases hold the same are told from those that do not."""

from collections.abc import AsyncIterator

import pytest
from admin_cluster import AdminCluster, running_admin_cluster

from bitebyte.cli.verify import Checked, Verification, verdict_lines
from bitebyte.domain.commands import RegisterAccount
from bitebyte.repository.embedded import EmbeddedPostgres
from bitebyte.service.ids import Uuid7Source

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


async def test_verify_names_the_member_whose_rows_differ_and_their_kind(
    cluster: AdminCluster,
) -> None:
    command = RegisterAccount(
        id=Uuid7Source().new_id(1),
        at_ms=1,
        email="mia@bar.example",
        display_name="Mia",
        role="customer",
        password_hash="argon2id",
    )
    nodes = [member.node for member in cluster.members.values()]
    proposed = await nodes[0].propose(command, timeout_s=10)
    await nodes[1].wait_flushed(proposed.index, timeout_s=10)
    await cluster.change_rows("node-2", "UPDATE accounts SET display_name = 'Eve'")

    result = await cluster.run("verify", "--timeout", "30")
    assert result.exit_code == 1, result.output
    assert "account differs: node-1, node-3 | node-2" in result.stdout.splitlines()
    assert "NOT equal at index" in result.stdout
    answer = await cluster.run_json("verify", "--timeout", "30", exit_code=1)
    assert answer["is_equal"] is False
    assert answer["differences"] == [
        {"kind": "account", "groups": [["node-1", "node-3"], ["node-2"]]}
    ]


def test_members_with_different_schemas_are_not_called_different() -> None:
    checked = [
        Checked(str(n), f"node-{n}", "done", "h", schema_version=3 + n // 3) for n in (1, 2, 3)
    ]
    found = Verification(7, is_complete=True, members=tuple(checked), differences=())
    assert verdict_lines(found)[-1] == (
        "different schema: node-1 has 3, node-2 has 3, node-3 has 4."
        " Rows are comparable when all run the same program"
    )
