"""BiteByte as it is run: three nodes, elections, sessions and authorisation on."""

import re
from dataclasses import dataclass
from pathlib import Path

from bench.load import Shop
from bench.menu import BAR_INGREDIENTS, BAR_PRODUCTS
from bitebyte_e2e.bar import Bar, open_bar, register_customers
from bitebyte_e2e.client import Client
from bitebyte_e2e.cluster import Cluster
from bitebyte_e2e.waiting import wait_until


@dataclass(frozen=True)
class OpenBar:
    """A bar, whoever may ask how many orders it took, and its customers."""

    bar: Bar
    merchant_token: str
    shop: Shop


def fill(cluster: Cluster, *, bars: int, accounts: int) -> list[OpenBar]:
    """Bars with menu and stock, and `accounts` signed-in customers, through the API."""
    opened: list[OpenBar] = []
    with Client(cluster.urls[cluster.wait_leader().name]) as client:
        for number in range(bars):
            slug = f"bench-{number}"
            bar = open_bar(client, slug=slug, ingredients=BAR_INGREDIENTS, products=BAR_PRODUCTS)
            merchant_token = str(client.token)
            tokens = register_customers(client, slug=slug, count=accounts // bars)
            opened.append(OpenBar(bar, merchant_token, Shop(bar.id, bar.products, tokens)))
    return opened


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


def orders_count(cluster: Cluster, opened: list[OpenBar]) -> int:
    """How many orders the bars have taken, by the number of each one's newest: a check on wrk's
    count that does not page through all of them. Numbers start anew at midnight, so a run over
    midnight fails."""
    total = 0
    for one in opened:
        url = cluster.urls[cluster.wait_leader().name]
        with Client(url, token=one.merchant_token) as client:
            page = client.expect(
                200,
                "GET",
                f"/bars/{one.bar.id}/orders",
                params={"limit": "1", "consistency": "linearizable"},
            )
        total += page["items"][0]["number"] if page["items"] else 0
    return total


def memory_mib(cluster: Cluster) -> dict[str, dict[str, float]]:
    """Proportional and resident set of each node's Python process (the database is its own)."""
    return {name: _memory_of(node.pid) for name, node in sorted(cluster.nodes.items())}


def _memory_of(pid: int) -> dict[str, float]:
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    found: dict[str, float] = {}
    for label in ("Pss", "Rss"):
        match = re.search(rf"^{label}:\s+(\d+) kB", rollup, re.MULTILINE)
        assert match is not None, f"no {label} in smaps_rollup of {pid}"
        found[label.lower()] = round(int(match[1]) / 1024, 1)
    return found
