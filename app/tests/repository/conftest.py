"""An open database per test, on the shared server."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from repository_examples import CONF_STATE, IDENTITY

from bitebyte.repository.database import Database
from bitebyte.repository.embedded import EmbeddedPostgres


@pytest.fixture
async def database(postgres_dsn: str) -> AsyncIterator[Database]:
    """Bootstrapped, empty, its log loaded."""
    opened = await Database.open(postgres_dsn)
    await opened.bootstrap(IDENTITY, CONF_STATE, log_begins_after=0)
    await opened.log.load()
    yield opened
    await opened.close()


@pytest.fixture
async def joiner(joiner_dsn: str) -> AsyncIterator[Database]:
    """A second member, which joined and knows nothing yet."""
    opened = await Database.open(joiner_dsn)
    await opened.join(IDENTITY.cluster_id, "node-4")
    await opened.log.load()
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
def stopped_data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory that initdb has made; copying it is faster than making another one."""
    data_dir = tmp_path_factory.mktemp("stopped-postgres")

    async def make() -> None:
        await (await EmbeddedPostgres.start(data_dir)).stop()

    asyncio.run(make())
    return data_dir
