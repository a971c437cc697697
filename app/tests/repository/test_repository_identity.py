"""Identity: an empty database joins under a new id, and nobody's disk becomes somebody else's."""

import pytest
from repository_examples import CONF_STATE, IDENTITY

from bitebyte.raft.types import ConfState
from bitebyte.repository.database import Database
from bitebyte.repository.errors import ForeignDatabase
from bitebyte.repository.types import Identity

pytestmark = pytest.mark.anyio


async def test_an_empty_database_joins_under_an_id_of_its_own(postgres_dsn: str) -> None:
    database = await Database.open(postgres_dsn)

    identity = await database.join(7, "node-4")

    assert (identity.cluster_id, identity.name) == (7, "node-4")
    assert 0 < identity.member_id < 2**63
    assert identity.member_id.bit_length() > 20, "random"
    assert (await database.log.load()).conf_state == ConfState(voters=())
    await database.close()
    reopened = await Database.open(postgres_dsn, expect=identity)
    assert await reopened.identity() == identity
    await reopened.close()


async def test_an_emptied_disk_never_gets_its_old_id_back(
    postgres_dsn: str, joiner_dsn: str
) -> None:
    first, second = await Database.open(postgres_dsn), await Database.open(joiner_dsn)

    ids = {(await database.join(7, "node-4")).member_id for database in (first, second)}

    assert len(ids) == 2
    await first.close()
    await second.close()


async def test_joining_and_bootstrapping_happen_once(database: Database) -> None:
    with pytest.raises(ForeignDatabase, match=r"of member b \(node-1\): joining happens once"):
        await database.join(7, "node-4")

    assert await database.identity() == IDENTITY
    assert (await database.log.load()).conf_state == CONF_STATE


async def test_one_who_joined_cannot_bootstrap(joiner: Database) -> None:
    before = await joiner.identity()

    with pytest.raises(ForeignDatabase, match="bootstrap happens once"):
        await joiner.bootstrap(IDENTITY, CONF_STATE, log_begins_after=0)

    assert await joiner.identity() == before


@pytest.mark.parametrize("cluster_id", [8, 2**62])
async def test_the_database_of_another_cluster_is_refused(
    joiner: Database, joiner_dsn: str, cluster_id: int
) -> None:
    identity = await joiner.identity()
    assert identity is not None
    await joiner.close()

    with pytest.raises(ForeignDatabase, match=f"expected was .* of cluster {cluster_id:x}"):
        await Database.open(joiner_dsn, expect=Identity(cluster_id, identity.member_id, "node-4"))
