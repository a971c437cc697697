"""BiteByte as it is run: three nodes, elections, sessions and authorisation on."""

import asyncio
import re
from pathlib import Path

import asyncpg

from bench.load import Shop
from bench.menu import BAR_INGREDIENTS, BAR_PRODUCTS
from bench.report import NodeMemory
from bitebyte_e2e.bar import open_bar, register_customers
from bitebyte_e2e.client import Client
from bitebyte_e2e.cluster import Cluster
from bitebyte_e2e.database import dsn_of
from bitebyte_e2e.waiting import wait_until


def fill(cluster: Cluster, *, bars: int, accounts: int) -> list[Shop]:
    """Bars with menu and stock, and `accounts` signed-in customers, through the API."""
    shops: list[Shop] = []
    with Client(cluster.urls[cluster.wait_leader().name]) as client:
        for number in range(bars):
            slug = f"bench-{number}"
            bar = open_bar(client, slug=slug, ingredients=BAR_INGREDIENTS, products=BAR_PRODUCTS)
            tokens = register_customers(client, slug=slug, count=accounts // bars)
            shops.append(Shop(bar.id, bar.products, tokens))
    return shops


def freeze(cluster: Cluster) -> None:
    """Takes the CPU from the nodes while the other system is measured."""
    for node in cluster.nodes.values():
        node.freeze()


def thaw(cluster: Cluster) -> str:
    """Gives it back, and waits until all are ready under one leader; the leader's address."""
    for node in cluster.nodes.values():
        node.thaw()
    cluster.wait_ready()
    cluster.wait_settled()
    return steady_leader_url(cluster)


def steady_leader_url(cluster: Cluster) -> str:
    """The leader's address, once all nodes name the same leader in the same term."""

    def agreed() -> str | None:
        leader = cluster.leader()
        views = [cluster.view(name) for name in cluster.nodes]
        if leader is None or None in views:
            return None
        named = {(view["term"], str(view["leader_id"])) for view in views if view is not None}
        return cluster.urls[leader.name] if len(named) == 1 else None

    return wait_until(agreed, what="all nodes agree on a leader", timeout_s=20)


def orders_count(cluster: Cluster, *, at_least: int) -> int:
    """How many orders are in the leader's database once it reflects log index `at_least`. Counted
    there, since numbers of orders start anew with each business day."""
    name = cluster.wait_leader().name
    dsn = dsn_of(cluster.nodes[name].spec.data_dir)

    def counted() -> tuple[int] | None:
        return asyncio.run(_count(dsn, at_least))

    return wait_until(counted, what=f"{name} has flushed {at_least}", timeout_s=20)[0]


async def _count(dsn: str, at_least: int) -> tuple[int] | None:
    connection = await asyncpg.connect(dsn, timeout=5)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            if await connection.fetchval("SELECT applied_index FROM applied_state") < at_least:
                return None
            return (await connection.fetchval("SELECT count(*) FROM orders"),)
    finally:
        await connection.close()


def memory(cluster: Cluster) -> dict[str, NodeMemory]:
    """What each node's Python process holds (the database is its own), and its role now."""
    leader = cluster.wait_leader().name
    return {
        name: _memory_of(node.pid, "leader" if name == leader else "follower")
        for name, node in sorted(cluster.nodes.items())
    }


def _memory_of(pid: int, role: str) -> NodeMemory:
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    found: dict[str, float] = {}
    for label in ("Pss", "Rss"):
        match = re.search(rf"^{label}:\s+(\d+) kB", rollup, re.MULTILINE)
        assert match is not None, f"no {label} in smaps_rollup of {pid}"
        found[label] = round(int(match[1]) / 1024, 1)
    return NodeMemory(role, found["Pss"], found["Rss"])
