"""A member that was removed comes back on its old disk as a new one; nothing goes on a guess."""

import asyncio
from pathlib import Path

import asyncpg
import pytest
from node_processes import CLUSTER_ID, ServedNode, joining, serving
from structlog.testing import capture_logs

from bitebyte.main.process import EXIT_REMOVED
from bitebyte.repository.database import Database

pytestmark = pytest.mark.anyio


async def found(node: ServedNode) -> str:
    own_id = (await node.identity())["id"]
    assert (await node.order(CLUSTER_ID, own_id)).status_code == 200
    await node.until_ready()
    return own_id


async def add_learner(leader: ServedNode, node: ServedNode) -> str:
    said = await node.identity()
    new = {key: said[key] for key in ("id", "name", "peer_address")}
    answer = await leader.answer("POST", "/members", {**new, "wants_vote": False})
    assert answer.status_code == 200, answer.text
    await node.until_ready()
    return said["id"]


async def remove(leader: ServedNode, member_id: str) -> None:
    assert (await leader.answer("DELETE", f"/members/{member_id}")).status_code == 200


async def until_state(node: ServedNode, state: str, *, not_id: str = "") -> dict[str, str]:
    async with asyncio.timeout(30):
        while True:
            said = await node.identity()
            if said["state"] == state and said["id"] != not_id:
                return said
            await asyncio.sleep(0.02)


async def schemas_kept(dsn: str) -> list[str]:
    connection = await asyncpg.connect(dsn)
    rows = await connection.fetch(
        "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'bitebyte\\_retired%' ORDER BY 1"
    )
    await connection.close()
    return [row["nspname"] for row in rows]


async def test_who_was_removed_while_away_sets_its_data_aside_and_joins_as_a_new_member(
    postgres_dsn: str, joiner_dsn: str, tmp_path: Path
) -> None:
    options = joining(tmp_path, "node-2", joiner_dsn)
    async with serving(**joining(tmp_path, "node-1", postgres_dsn)) as first:
        await found(first)
        async with serving(**options) as second:
            old_id = await add_learner(first, second)
        await remove(first, old_id)
        with capture_logs() as lines:
            async with serving(**options) as second:
                new = await until_state(second, "outsider", not_id=old_id)
                assert new["id"] != old_id
                assert await add_learner(first, second) == new["id"]
        told = [line for line in lines if line["event"] == "node.database_set_aside"]
        assert [line["member_id"] for line in told] == [old_id]
        assert await schemas_kept(joiner_dsn) == [told[0]["schema"]]
        connection = await asyncpg.connect(joiner_dsn)
        kept = await connection.fetchval(
            f'SELECT member_id FROM "{told[0]["schema"]}".member_identity'
        )
        await connection.close()
        assert str(kept) == old_id


async def test_who_is_removed_while_it_runs_joins_anew_after_a_restart_with_no_peer_to_ask(
    postgres_dsn: str, joiner_dsn: str, tmp_path: Path
) -> None:
    options = joining(tmp_path, "node-2", joiner_dsn)
    async with serving(**joining(tmp_path, "node-1", postgres_dsn)) as first:
        await found(first)
        async with serving(ends_with=EXIT_REMOVED, **options) as second:
            old_id = await add_learner(first, second)
            await remove(first, old_id)
            said = await until_state(second, "removed")
            assert said["id"] == old_id, "as long as it runs it says who it was"
            unready = await second.http.get("/readyz")
            assert unready.json()["reasons"] == ["removed from the cluster"]
            # Its word is durable before anybody is told to stop it.
            async with asyncio.timeout(10):
                connection = await asyncpg.connect(joiner_dsn)
                while not await connection.fetchval("SELECT count(*) FROM member_retirement"):
                    await asyncio.sleep(0.02)
                await connection.close()
    async with serving(**options) as second:
        assert (await until_state(second, "outsider"))["id"] != old_id


async def test_with_no_peer_to_ask_nothing_is_set_aside_on_a_guess(
    postgres_dsn: str, joiner_dsn: str, tmp_path: Path
) -> None:
    options = joining(tmp_path, "node-2", joiner_dsn)
    async with serving(**joining(tmp_path, "node-1", postgres_dsn)) as first:
        await found(first)
        async with serving(**options) as second:
            old_id = await add_learner(first, second)
        await remove(first, old_id)
    with capture_logs() as lines:
        async with serving(**options) as second:
            async with asyncio.timeout(10):
                while not any(line["event"] == "peer.unreachable" for line in lines):
                    await asyncio.sleep(0.02)
            said = await second.identity()
            assert (said["id"], said["state"]) == (old_id, "learner")
    assert await schemas_kept(joiner_dsn) == []


async def test_two_former_members_are_kept_and_older_ones_dropped(postgres_dsn: str) -> None:
    schemas: list[str] = []
    for _ in range(4):
        database = await Database.open(postgres_dsn)
        identity = await database.join(7, "node-1")
        assert not await database.is_retired()
        await database.note_retired(identity.member_id)
        await database.note_retired(identity.member_id)
        assert await database.is_retired()
        await database.close()
        aside = await Database.set_aside(postgres_dsn)
        assert aside.member_id == identity.member_id
        schemas.append(aside.schema)
    assert await schemas_kept(postgres_dsn) == schemas[-2:]


async def test_a_note_of_another_member_says_nothing_of_this_one(postgres_dsn: str) -> None:
    database = await Database.open(postgres_dsn)
    identity = await database.join(7, "node-1")
    await database.note_retired(identity.member_id ^ 1)
    assert not await database.is_retired()
    await database.close()
