"""One real member with real PostgreSQL behind a real HTTP server, shared by all tests here.

Tests do not share accounts or bars, except those of `scene`, which no test changes for others.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import httpx
import pytest
import uvicorn
from api_scene import BarScene, Http, open_bar, sign_up

from bitebyte.config import Member, NodeConfig
from bitebyte.main import OpenMember, open_member
from bitebyte.repository.embedded import EmbeddedPostgres


@pytest.fixture(scope="session")
async def member(
    anyio_backend: object,
    postgres_server: EmbeddedPostgres,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[OpenMember]:
    """The only voter of its cluster, leading."""
    connection = await asyncpg.connect(postgres_server.dsn)
    await connection.execute("CREATE DATABASE api_tests TEMPLATE template0")
    await connection.close()
    folder = tmp_path_factory.mktemp("member")
    dsn_file = folder / "dsn"
    dsn_file.write_text(postgres_server.dsn_of("api_tests"))
    config = NodeConfig(
        name="node-1",
        cluster_id=4242,
        member=(Member.parse("node-1=17@127.0.0.1:0"),),
        bootstrap=True,
        database_dsn_file=dsn_file,
        peer_listen="127.0.0.1:0",  # pyright: ignore - parsed by the model
        site_dir=_site(folder),
        insecure_cookie=True,
    )
    async with open_member(config) as opened:
        async with asyncio.timeout(10):
            await opened.node.read_barrier(timeout_s=10)
        yield opened


def _site(folder: Path) -> Path:
    site = folder / "site"
    (site / "assets").mkdir(parents=True)
    (site / "index.html").write_text("<!doctype html><title>BiteByte</title>")
    (site / "assets" / "page-1a2b3c.js").write_text("export const drinks = 'many';\n" * 20)
    return site


@pytest.fixture(scope="session")
async def base_url(member: OpenMember) -> AsyncIterator[str]:
    """Where the member is served."""
    server = uvicorn.Server(
        uvicorn.Config(
            member.app,
            port=0,
            loop="none",
            http=member.app.http_protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
        )
    )
    server.capture_signals = contextlib.nullcontext  # pyright: ignore - pytest keeps its signals
    serving = asyncio.create_task(server.serve())
    async with asyncio.timeout(10):
        while not server.started:
            await asyncio.sleep(0.005)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    member.app.close_streams()
    server.should_exit = True
    await serving


@pytest.fixture
async def http(base_url: str) -> AsyncIterator[Http]:
    """Nobody, with an HTTP client."""
    async with httpx.AsyncClient(base_url=base_url, timeout=15) as client:
        yield Http(client)


@pytest.fixture(scope="session")
async def scene(base_url: str) -> AsyncIterator[BarScene]:
    """A stocked bar with its merchant, another merchant with a bar, and two customers."""
    async with httpx.AsyncClient(base_url=base_url, timeout=15) as client:
        http = Http(client)
        merchant = await sign_up(http, "merchant")
        other_merchant = await sign_up(http, "merchant")
        yield BarScene(
            bar=await open_bar(merchant),
            other_bar=await open_bar(other_merchant),
            merchant=merchant,
            other_merchant=other_merchant,
            customer=await sign_up(http, "customer"),
            other_customer=await sign_up(http, "customer"),
        )
