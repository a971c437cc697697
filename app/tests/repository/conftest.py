"""An open database per test, on the shared server."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
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
async def joiner_dsn(postgres_server: EmbeddedPostgres) -> AsyncIterator[str]:
    """The DSN of a second database, empty, for whoever receives a snapshot."""
    administrator = await asyncpg.connect(postgres_server.dsn)
    await administrator.execute("CREATE DATABASE joiner TEMPLATE template0")
    yield postgres_server.dsn_of("joiner")
    await administrator.execute("DROP DATABASE joiner WITH (FORCE)")
    await administrator.close()


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
