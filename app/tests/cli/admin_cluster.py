"""Members in this process, with a database each and real admin listeners, for the command line."""

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import asyncpg
import structlog
from click.testing import Result
from member_waiting import free_ports, until
from typer.testing import CliRunner

from bitebyte.api.admin.app import create_admin_app
from bitebyte.api.admin.listener import serving_admin
from bitebyte.cli import app
from bitebyte.config import NodeConfig, load_node_config
from bitebyte.domain.roster import LEVEL_NEWEST
from bitebyte.main import OpenMember, open_member
from bitebyte.repository.embedded import EmbeddedPostgres
from bitebyte_e2e.made_database import make_data_dir

CLUSTER_ID = 815
RUNNER = CliRunner(env={"COLUMNS": "200", "TERM": "dumb", "NO_COLOR": "1"})


class AdminCluster:
    """Bootstrapped members, and a command line that knows their addresses."""

    def __init__(self, folder: Path, server: EmbeddedPostgres, size: int) -> None:
        self._folder = folder
        self._server = server
        self.ports = free_ports(size)
        self.members: dict[str, OpenMember] = {}
        self.urls: dict[str, str] = {}
        self._stacks: dict[str, contextlib.AsyncExitStack] = {}

    @property
    def seeds(self) -> list[str]:
        """The members that it was bootstrapped with."""
        return [f"node-{n}={n}@127.0.0.1:{p}" for n, p in enumerate(self.ports, 1)]

    def config(self, number: int, dsn: str, **changes: object) -> NodeConfig:
        name = f"node-{number}"
        dsn_file = self._folder / f"{name}.dsn"
        dsn_file.write_text(dsn)
        options: dict[str, object] = {
            "name": name,
            "cluster_id": CLUSTER_ID,
            "member": self.seeds,
            "database_dsn_file": dsn_file,
            "peer_listen": f"127.0.0.1:{self.ports[number - 1]}"
            if number <= len(self.ports)
            else f"127.0.0.1:{free_ports(1)[0]}",
        }
        return load_node_config(**{**options, **changes})

    def own_server(self, number: int) -> dict[str, object]:
        """Options of a node that starts a server for itself: the shared one has connections for
        three."""
        data_dir = self._folder / f"node-{number}"
        make_data_dir(data_dir)
        return {"data_dir": data_dir, "database_dsn_file": None}

    def _database_of(self, number: int) -> str:
        return f"cli_{self._folder.name.replace('-', '_')}_{number}"

    async def change_rows(self, name: str, statement: str) -> None:
        """Behind the back of that member, as a broken disk would."""
        number = int(name.removeprefix("node-"))
        connection = await asyncpg.connect(self._server.dsn_of(self._database_of(number)))
        await connection.execute(statement)
        await connection.close()

    async def new_database(self, number: int) -> str:
        name = self._database_of(number)
        connection = await asyncpg.connect(self._server.dsn)
        await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
        await connection.close()
        return self._server.dsn_of(name)

    async def start(self, number: int, **changes: object) -> OpenMember:
        config = self.config(number, await self.new_database(number), **changes)
        stack = contextlib.AsyncExitStack()
        member = await stack.enter_async_context(open_member(config))
        admin = create_admin_app(member.node, member.database.log, is_tls=False)
        port = await stack.enter_async_context(
            serving_admin(admin, host="127.0.0.1", port=0, tls=None)
        )
        self.members[config.name] = member
        self.urls[config.name] = f"http://127.0.0.1:{port}"
        self._stacks[config.name] = stack
        return member

    async def bootstrap(self) -> None:
        # The nodes live in the process whose stdout the command line writes to.
        structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.__stderr__))
        for number in range(1, len(self.ports) + 1):
            await self.start(number, bootstrap=True)
        await self.until_known()

    async def until_known(self) -> None:
        """Until all are ready, and the leader has heard all of them lately and has written
        down their names and what they know."""

        def is_known() -> bool:
            nodes = [member.node for member in self.members.values()]
            leaders = [node for node in nodes if node.status().role == "leader"]
            return (
                all(node.is_caught_up for node in nodes)
                and len(leaders) == 1
                and len(leaders[0].cluster.members) == len(nodes)
                and leaders[0].cluster.cluster_version == LEVEL_NEWEST
                and all(member.is_healthy for member in leaders[0].status().members)
            )

        await until(is_known, "a leader that knows all members")

    async def stop(self, name: str) -> None:
        del self.members[name]
        await self._stacks.pop(name).aclose()

    async def stop_all(self) -> None:
        for name in list(self.members):
            await self.stop(name)
        structlog.reset_defaults()

    def leader(self) -> str:
        return next(n for n, m in self.members.items() if m.node.status().role == "leader")

    async def run(
        self, *arguments: str, asks: list[str] | None = None, columns: int = 200
    ) -> Result:
        """The command, with the addresses of all members, or of those in `asks`, in a terminal of
        so many columns."""
        command = list(arguments)
        for name in asks or list(self.members):
            command += ["--admin", self.urls[name]]
        env = {"COLUMNS": str(columns)}
        return await asyncio.to_thread(lambda: RUNNER.invoke(app, command, env=env))

    async def run_json(
        self, *arguments: str, exit_code: int = 0, asks: list[str] | None = None
    ) -> Any:
        """The same with --json: what it answered."""
        result = await self.run(*arguments, "--json", asks=asks)
        assert result.exit_code == exit_code, result.output
        return json.loads(result.stdout)


@contextlib.asynccontextmanager
async def running_admin_cluster(
    folder: Path, server: EmbeddedPostgres, size: int
) -> AsyncGenerator[AdminCluster]:
    """Voters that know each other, for the length of a `with`."""
    cluster = AdminCluster(folder, server, size)
    await cluster.bootstrap()
    try:
        yield cluster
    finally:
        await cluster.stop_all()
