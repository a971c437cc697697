"""What tests of every part may use: asyncio for async tests, and a fresh database each."""

import asyncio
import itertools
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from bitebyte.repository.embedded import EmbeddedPostgres

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Tests marked `anyio` run on asyncio's own loop: on uvloop a failing test was seen to hang
    the whole run instead of failing."""
    return "asyncio"


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """One real server, safe settings and all, shared by the whole run."""
    data_dir: Path = tmp_path_factory.mktemp("shared-postgres")
    with asyncio.Runner() as runner:
        server = runner.run(EmbeddedPostgres.start(data_dir))
        yield server
        runner.run(server.stop())


@pytest.fixture
def postgres_dsn(postgres_server: EmbeddedPostgres) -> Iterator[str]:
    """The DSN of an empty database of this test alone."""
    name = f"test_{next(_numbers)}"
    asyncio.run(_execute(postgres_server.dsn, f"CREATE DATABASE {name} TEMPLATE template0"))
    yield postgres_server.dsn_of(name)
    asyncio.run(_execute(postgres_server.dsn, f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
def joiner_dsn(postgres_server: EmbeddedPostgres) -> Iterator[str]:
    """The DSN of a second database, empty, for whoever joins."""
    asyncio.run(_execute(postgres_server.dsn, "CREATE DATABASE joiner TEMPLATE template0"))
    yield postgres_server.dsn_of("joiner")
    asyncio.run(_execute(postgres_server.dsn, "DROP DATABASE joiner WITH (FORCE)"))


async def _execute(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement, timeout=30)
    finally:
        await connection.close()
