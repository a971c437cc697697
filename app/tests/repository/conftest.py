"""An open database per test, on the shared server."""

from collections.abc import AsyncIterator

import pytest
from repository_examples import CONF_STATE, IDENTITY

from bitebyte.repository.database import Database


@pytest.fixture
async def database(postgres_dsn: str) -> AsyncIterator[Database]:
    """Bootstrapped, empty, its log loaded."""
    opened = await Database.open(postgres_dsn)
    await opened.bootstrap(IDENTITY, CONF_STATE)
    await opened.log.load()
    yield opened
    await opened.close()
