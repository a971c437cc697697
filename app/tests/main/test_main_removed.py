"""A process whose member was removed says so when it is told to stop."""

import asyncio
from pathlib import Path

import pytest
from node_processes import CLUSTER_ID, ServedNode, joining, serving

from bitebyte.main.process import EXIT_REMOVED
from bitebyte_e2e.made_database import make_data_dir

pytestmark = pytest.mark.anyio

TIMEOUT_S = 20.0


async def until_state(node: ServedNode, state: str) -> None:
    """Until the node itself knows that this is what it is."""
    async with asyncio.timeout(TIMEOUT_S):
        while (await node.identity())["state"] != state:
            await asyncio.sleep(0.01)


async def test_a_removed_member_that_is_told_to_stop_ends_with_a_code_of_its_own(
    postgres_dsn: str, tmp_path: Path
) -> None:
    make_data_dir(tmp_path / "data-2")
    second_options = joining(
        tmp_path, "node-2", "", database_dsn_file=None, data_dir=tmp_path / "data-2"
    )
    async with (
        serving(**joining(tmp_path, "node-1", postgres_dsn)) as first,
        serving(ends_with=EXIT_REMOVED, **second_options) as second,
    ):
        await first.order(CLUSTER_ID, (await first.identity())["id"])
        await first.until_ready()
        own = await second.identity()
        described = {key: own[key] for key in ("id", "name", "peer_address")}
        added = await first.answer("POST", "/members", {**described, "wants_vote": False})
        assert added.status_code == 200, added.text
        await until_state(second, "learner")

        removed = await first.answer("DELETE", f"/members/{own['id']}")
        assert removed.status_code == 200, removed.text
        await until_state(second, "removed")
