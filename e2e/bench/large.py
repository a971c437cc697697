"""What a million orders cost: `python -m bench.large [--orders N]`, with `e2e` on PYTHONPATH.

Three nodes take orders while they are nearly empty, then hold N more, then take orders again; then
a fourth node joins by a snapshot while customers go on. Told are order rates and latencies before
and after, memory, how long the newcomer took, and the longest time in which the leader did not
answer `/livez`, which its event loop answers by itself. Writes `large.md` and `large.json`.

The N orders are written straight into every node's database, the same rows in each: through the
API they would take an hour. They are finished orders of the last hours, with their remembered
answers, so they are in snapshots and in what a start loads, as real ones would be.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import threading
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import asyncpg

from bench import ours
from bench.__main__ import idle_percent, machine
from bench.load import LoadFailed, Measured, Target, require_wrk, run_load, write_load_file
from bench.menu import order_mix
from bench.report import NodeMemory, memory_line
from bitebyte_e2e import operators
from bitebyte_e2e.cluster import Cluster, running_cluster
from bitebyte_e2e.database import dsn_of
from bitebyte_e2e.pauses import Pauses, watching_pauses
from bitebyte_e2e.waiting import wait_until

CONNECTIONS = (1, 64)
LOAD_S = 8
WARM_UP_S = 2
JOIN_CONNECTIONS = 4
"""Customers while the newcomer joins."""
JOIN_TURN_S = 3
BARS, ACCOUNTS = 8, 64
COPIED_ORDERS = 997
"""Orders that the many are copies of."""

_COPY_ORDERS = """
INSERT INTO orders
SELECT md5('order ' || n)::uuid, 1 + n, business_day, bar_id, customer_id, customer_name,
       'completed', lines, total_minor, currency, placed_at_ms - n, updated_at_ms,
       reservation, 'consumed', history, version
FROM generate_series(1, $1::bigint) AS n JOIN copied ON n % (SELECT count(*) FROM copied) = k
"""
_COPY_ANSWERS = """
INSERT INTO idempotency_records
SELECT account_id, 'large-' || n, request_hash, answer, created_at_ms
FROM generate_series(1, $1::bigint) AS n
JOIN copied_answer ON n % (SELECT count(*) FROM copied_answer) = k
"""


@dataclass(frozen=True)
class Figures:
    """One run. `empty` and `full` are by number of connections."""

    orders: int
    idle_percent_before: float
    empty: dict[int, Measured]
    full: dict[int, Measured]
    memory: dict[str, NodeMemory]
    start_s: float
    """From the start of a node with all orders to its being ready, the longest of three."""
    join_s: float
    """From `bitebyte member add` to the newcomer's vote."""
    calm_pause: "Pause"
    joining_pause: "Pause"
    joining: list[Measured]


@dataclass(frozen=True)
class Pause:
    """How long the leader kept a caller waiting, with and without the machine's own delays."""

    p999_ms: float
    longest_ms: float

    @classmethod
    def of(cls, pauses: Pauses) -> "Pause":
        return cls(pauses.p999_ms(), pauses.longest_ms())


class Large:
    """The cluster, and what is done with it."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self._cluster = cluster
        self._load_file = folder / "ours.load"
        self._runs = 0

    def fill(self) -> None:
        """Bars and customers, through the API."""
        shops = ours.fill(self._cluster, bars=BARS, accounts=ACCOUNTS)
        write_load_file(self._load_file, shops=shops, mix=order_mix(1))

    def load(self, connections: int, duration_s: int) -> Measured:
        """Orders at the leader."""
        self._runs += 1
        target = Target(ours.steady_leader_url(self._cluster), self._load_file)
        return run_load(
            target, connections=connections, duration_s=duration_s, run_id=f"large-{self._runs}"
        )

    def measure(self) -> dict[int, Measured]:
        """A turn for each number of connections."""
        found: dict[int, Measured] = {}
        for connections in CONNECTIONS:
            self.load(connections, WARM_UP_S)
            found[connections] = self.load(connections, LOAD_S)
            rate, p50 = found[connections].orders_per_s, found[connections].p50_ms
            print(f"  {connections:>2} connections: {rate:,.0f}/s, p50 {p50:.2f} ms", flush=True)
        return found

    def multiply(self, orders: int) -> None:
        """Every node's database holds that many more."""
        self._cluster.wait_settled()
        for node in self._cluster.nodes.values():
            asyncio.run(_multiply(dsn_of(node.spec.data_dir), orders))

    def restart(self) -> float:
        """All nodes one after another; seconds that the slowest took to be ready."""
        slowest_s = 0.0
        for name, node in self._cluster.nodes.items():
            node.stop()
            begin_s = time.monotonic()
            self._cluster.start(name)
            self._cluster.wait_ready(name, timeout_s=120)
            slowest_s = max(slowest_s, time.monotonic() - begin_s)
        return slowest_s

    def join(self) -> tuple[float, Pauses, list[Measured]]:
        """A newcomer, while a few customers order: seconds, the leader's pauses, their orders."""
        leader_url = ours.steady_leader_url(self._cluster)
        joiner = self._cluster.start_joiner("node-4")
        wait_until(
            lambda: self._cluster.answers_admin(joiner), what="the newcomer waits", timeout_s=60
        )
        with watching_pauses(leader_url) as pauses, self._customers() as measured:
            begin_s = time.monotonic()
            operators.add(self._cluster, joiner)
            join_s = time.monotonic() - begin_s
        return join_s, pauses, measured

    def calm(self) -> Pauses:
        """The leader's pauses under the same few customers, when nobody joins."""
        with watching_pauses(ours.steady_leader_url(self._cluster)) as pauses:
            self.load(JOIN_CONNECTIONS, LOAD_S)
        return pauses

    @contextmanager
    def _customers(self) -> Generator[list[Measured]]:
        measured: list[Measured] = []
        told = threading.Event()

        def order() -> None:
            while not told.is_set():
                measured.append(self.load(JOIN_CONNECTIONS, JOIN_TURN_S))

        with ThreadPoolExecutor(1) as pool:
            ordering = pool.submit(order)
            try:
                yield measured
            finally:
                told.set()
            ordering.result()


async def _multiply(dsn: str, orders: int) -> None:
    connection = await asyncpg.connect(dsn, timeout=5, command_timeout=600)
    try:
        for table, copies, key in (
            ("orders", "copied", "id"),
            ("idempotency_records", "copied_answer", "account_id, idempotency_key"),
        ):
            await connection.execute(
                f"CREATE TEMP TABLE {copies} AS SELECT row_number() OVER (ORDER BY {key}) - 1 AS k,"
                f" * FROM {table} ORDER BY {key} LIMIT {COPIED_ORDERS}"
            )
        async with connection.transaction():
            await connection.execute(_COPY_ORDERS, orders)
            await connection.execute(_COPY_ANSWERS, orders)
        await connection.execute("VACUUM ANALYZE orders, idempotency_records")
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()


def run(orders: int) -> Figures:
    """Everything once. Raises LoadFailed or AssertionError if something did not work."""
    idle = idle_percent(2.0)
    with tempfile.TemporaryDirectory(prefix="bitebyte-large-") as name:
        folder = Path(name)
        with running_cluster(folder / "ours", seed=1) as cluster:
            large = Large(cluster, folder)
            large.fill()
            empty = large.measure()
            large.multiply(orders)
            start_s = large.restart()
            print(f"  {orders:,} orders in every database, a start takes {start_s:.1f} s")
            full = large.measure()
            memory = ours.memory(cluster)
            calm = large.calm()
            join_s, joining, measured = large.join()
            print(f"  joined after {join_s:.1f} s, longest pause {joining.longest_ms():.0f} ms")
            verdict = operators.verify(cluster)
            if not verdict["is_equal"]:
                raise LoadFailed(f"the members differ: {verdict}")
    return Figures(
        orders,
        idle,
        empty,
        full,
        memory,
        start_s,
        join_s,
        Pause.of(calm),
        Pause.of(joining),
        measured,
    )


def document(figures: Figures) -> str:
    """The figures as a page for people."""
    lines = [
        f"| connections | orders/s empty | p50 ms | p99 ms | with {figures.orders:,} | p50 ms |"
        " p99 ms | p50, times empty |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for connections, empty in figures.empty.items():
        full = figures.full[connections]
        lines.append(
            f"| {connections} | {empty.orders_per_s:,.0f} | {empty.p50_ms:.2f} | {empty.p99_ms:.2f}"
            f" | {full.orders_per_s:,.0f} | {full.p50_ms:.2f} | {full.p99_ms:.2f}"
            f" | {full.p50_ms / empty.p50_ms:.2f} |"
        )
    worst = max(turn.max_ms for turn in figures.joining)
    calm, joining = figures.calm_pause, figures.joining_pause
    orders_joining = sum(turn.orders for turn in figures.joining)
    lines += [
        "",
        f"A node with all orders is ready {figures.start_s:.1f} s after its start. Memory:"
        f" {memory_line(figures.memory)}.",
        "",
        f"A fourth node was a voter {figures.join_s:.1f} s after it was added, while"
        f" {JOIN_CONNECTIONS} customers placed {orders_joining:,} orders, the slowest in"
        f" {worst:.0f} ms. Meanwhile the leader answered `/livez` within"
        f" {joining.p999_ms:.0f} ms in 99.9 % of cases and {joining.longest_ms:.0f} ms at most;"
        f" without the newcomer {calm.p999_ms:.0f} and {calm.longest_ms:.0f} ms.",
        "",
        f"The machine was {figures.idle_percent_before:.0f} % idle before.",
    ]
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.large", description=__doc__)
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--out", type=Path, default=Path("build/bench"))
    options = parser.parse_args()
    try:
        require_wrk()
        figures = run(options.orders)
    except LoadFailed as problem:
        print(f"bench: {problem}", file=sys.stderr)
        return 1
    options.out.mkdir(parents=True, exist_ok=True)
    everything = asdict(figures) | {"machine": machine()}
    (options.out / "large.json").write_text(json.dumps(everything, indent=2) + "\n")
    (options.out / "large.md").write_text(document(figures))
    print(f"\n{document(figures)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
