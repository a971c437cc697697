"""Node processes without the process: the same code on the event loop of the test, with real
listeners and a database each; and real ones, which can be killed."""

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import AsyncGenerator, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
from member_waiting import free_ports

from bitebyte.config import NodeConfig, load_node_config
from bitebyte.main.process import NodeProcess

CLUSTER_ID = 4242
STOP_TIMEOUT_S = 20.0


class ServedNode:
    """A node that runs, and where to reach it."""

    def __init__(self, config: NodeConfig) -> None:
        assert config.admin_listen is not None
        self.config = config
        self.stop = asyncio.Event()
        self.admin = httpx.AsyncClient(
            base_url=f"http://{config.admin_listen}/admin/v1", timeout=15.0
        )
        self.http = httpx.AsyncClient(base_url=f"http://{config.http_listen}", timeout=15.0)

    async def answer(self, method: str, path: str, body: object = None) -> httpx.Response:
        """Of the admin API, which a node that starts may not have yet."""
        async with asyncio.timeout(STOP_TIMEOUT_S):
            while True:
                try:
                    return await self.admin.request(method, path, json=body)
                except httpx.TransportError:
                    await asyncio.sleep(0.01)

    async def identity(self) -> dict[str, str]:
        return (await self.answer("GET", "/identity")).json()

    async def order(self, cluster_id: object, member_id: object) -> httpx.Response:
        """The order to found a cluster."""
        body = {"cluster_id": str(cluster_id), "member_id": str(member_id)}
        return await self.answer("POST", "/bootstrap", body)

    async def until_ready(self) -> None:
        async with asyncio.timeout(STOP_TIMEOUT_S):
            while True:
                with contextlib.suppress(httpx.TransportError):
                    if (await self.http.get("/readyz")).status_code == 200:
                        return
                await asyncio.sleep(0.01)


def joining(folder: Path, name: str, dsn: str, **changes: object) -> dict[str, Any]:
    """The options of a node that waits to be added, with addresses of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    dsn_file = folder / f"{name}.dsn"
    dsn_file.write_text(dsn)
    http, peer, admin = free_ports(3)
    return {
        "name": name,
        "cluster_id": CLUSTER_ID,
        "join": True,
        "database_dsn_file": dsn_file,
        "http_listen": f"127.0.0.1:{http}",
        "peer_listen": f"127.0.0.1:{peer}",
        "admin_listen": f"127.0.0.1:{admin}",
        **changes,
    }


@contextlib.asynccontextmanager
async def serving(*, ends_with: int = 0, **options: object) -> AsyncGenerator[ServedNode]:
    """A node for the length of the context; it must end by itself with that exit code."""
    config = load_node_config(**options)
    node = ServedNode(config)
    running = asyncio.create_task(NodeProcess(config, node.stop).run())
    try:
        yield node
    finally:
        node.stop.set()
        await node.admin.aclose()
        await node.http.aclose()
        async with asyncio.timeout(STOP_TIMEOUT_S):
            assert await running == ends_with


def command_line(options: dict[str, Any]) -> list[str]:
    """The options as `bitebyte node` takes them."""

    def flags() -> Iterator[str]:
        for key, value in options.items():
            flag = "--" + key.replace("_", "-")
            yield from [flag] if value is True else [flag, str(value)]

    return ["node", *flags()]


def start_process(
    arguments: Sequence[str], log_file: Path, program: Sequence[str] = ("-m", "bitebyte")
) -> subprocess.Popen[bytes]:
    """A real process; its lines go to `log_file`."""
    with log_file.open("ab") as log:
        return subprocess.Popen(
            [sys.executable, *program, *arguments],
            stdout=log,
            stderr=log,
            env=dict(os.environ),
        )
