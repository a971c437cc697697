"""Members in one process with a PostgreSQL each, linked over loopback: real in all but machines."""

import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvloop
from member_waiting import free_ports, until

from bitebyte.config import NodeConfig, load_node_config
from bitebyte.main import OpenMember, open_member
from bitebyte.node.node import Node
from bitebyte.node.types import NodeOptions
from bitebyte_e2e.made_database import make_data_dir

CLUSTER_ID = 4711


class Cluster:
    """A cluster whose members can be stopped and started one by one."""

    def __init__(self, folder: Path, size: int, options: NodeOptions | None = None) -> None:
        self.folder = folder
        self.size = size
        self.options = options
        self.ports = free_ports(2 * size + 2)
        self.members: dict[int, OpenMember] = {}
        self._stacks: dict[int, contextlib.AsyncExitStack] = {}

    def config(self, number: int, *, bootstrap: bool, **changes: object) -> NodeConfig:
        """The options of member `number`, which counts from 1."""
        options: dict[str, object] = {
            "name": f"node-{number}",
            "cluster_id": CLUSTER_ID,
            "member": [
                f"node-{n}={n}@127.0.0.1:{p}" for n, p in enumerate(self.ports[: self.size], 1)
            ],
            "bootstrap": bootstrap,
            "data_dir": self.folder / f"node-{number}",
            "peer_listen": f"127.0.0.1:{self.ports[number - 1]}",
        }
        return load_node_config(**{**options, **changes})

    async def start(
        self,
        number: int,
        *,
        bootstrap: bool = False,
        options: NodeOptions | None = None,
        **changes: object,
    ) -> Node:
        """Numbers above the size are those of members that join."""
        stack = contextlib.AsyncExitStack()
        if number > self.size:
            changes |= {"join": True, "member": []}
        config = self.config(number, bootstrap=bootstrap, **changes)
        if config.data_dir is not None and not config.data_dir.exists():
            make_data_dir(config.data_dir)
        member = open_member(config, options or self.options)
        self.members[number] = await stack.enter_async_context(member)
        self._stacks[number] = stack
        return self.members[number].node

    async def stop(self, number: int) -> None:
        del self.members[number]
        await self._stacks.pop(number).aclose()

    async def start_all(self, **changes: object) -> None:
        for number in range(1, self.size + 1):
            await self.start(number, bootstrap=True, **changes)
        await self.until_ready()

    async def stop_all(self) -> None:
        for number in list(self.members):
            await self.stop(number)

    async def until_ready(self) -> None:
        await until(lambda: all(node.is_caught_up for node in self.nodes), "all caught up")

    def address(self, number: int) -> str:
        """Where member `number` listens for its peers."""
        return f"127.0.0.1:{self.ports[number - 1]}"

    @property
    def leader(self) -> Node:
        """The node that leads now."""
        return self.members[self.number_of_leader()].node

    @property
    def nodes(self) -> list[Node]:
        return [member.node for member in self.members.values()]

    def number_of_leader(self) -> int:
        return next(n for n, m in self.members.items() if m.node.status().role == "leader")

    def numbers_of_followers(self) -> list[int]:
        return [n for n in self.members if n != self.number_of_leader()]


def run_cluster(
    folder: Path,
    size: int,
    scenario: Callable[[Cluster], Awaitable[None]],
    options: NodeOptions | None = None,
    **changes: object,
) -> None:
    """Plays the scenario on a bootstrapped cluster, on the loop that nodes really run on.
    `changes`: to the configuration of its first members."""

    async def whole() -> None:
        cluster = Cluster(folder, size, options)
        await cluster.start_all(**changes)
        try:
            await scenario(cluster)
        finally:
            await cluster.stop_all()

    uvloop.run(whole())
