"""From single runs to medians, ratios and a text that says how they came about. Pure."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bench.load import Measured

OURS = "bitebyte"
OBVIOUS = "obvious"
TUNED = "tuned"
ALTERNATIVES = (OBVIOUS, TUNED)


@dataclass(frozen=True)
class Run:
    """One measured turn of one system."""

    system: str
    """`bitebyte`, or an alternative with its number of uvicorn workers: `obvious-1`, `tuned-2`."""
    repeat: int
    measured: Measured


@dataclass(frozen=True)
class NodeMemory:
    """What a node's process holds after the load."""

    role: str
    """`leader` or `follower`."""
    pss_mib: float
    """Proportional set: its own memory and its share of what others use too."""
    rss_mib: float


@dataclass(frozen=True)
class Comparison:
    """Ours against one alternative with its better number of workers, at one number of
    connections."""

    connections: int
    alternative: str
    better: str
    ours_orders_per_s: float
    theirs_orders_per_s: float
    ratio: float
    """Of the medians."""
    ratio_min: float
    """Of the turns of one repeat; the same for the maximum."""
    ratio_max: float
    ours_p50_ms: float
    theirs_p50_ms: float
    ours_p99_ms: float
    theirs_p99_ms: float


def compare(runs: Sequence[Run]) -> list[Comparison]:
    """Medians over the repeats, by connections, the obvious alternative before the tuned one. Each
    counts with its better number of workers."""
    found: list[Comparison] = []
    for connections in sorted({run.measured.connections for run in runs}):
        here = [run for run in runs if run.measured.connections == connections]
        found += [_compare_with(name, connections, here) for name in ALTERNATIVES]
    return found


def _compare_with(alternative: str, connections: int, runs: Sequence[Run]) -> Comparison:
    variants = sorted({run.system for run in runs if run.system.startswith(f"{alternative}-")})
    better = max(variants, key=lambda system: _median(runs, system, "orders_per_s"))
    pairs = [
        ours.measured.orders_per_s / theirs.measured.orders_per_s
        for ours in runs
        for theirs in runs
        if ours.system == OURS and theirs.system == better and ours.repeat == theirs.repeat
    ]
    rate, their_rate = (_median(runs, name, "orders_per_s") for name in (OURS, better))
    return Comparison(
        connections=connections,
        alternative=alternative,
        better=better,
        ours_orders_per_s=rate,
        theirs_orders_per_s=their_rate,
        ratio=rate / their_rate,
        ratio_min=min(pairs),
        ratio_max=max(pairs),
        ours_p50_ms=_median(runs, OURS, "p50_ms"),
        theirs_p50_ms=_median(runs, better, "p50_ms"),
        ours_p99_ms=_median(runs, OURS, "p99_ms"),
        theirs_p99_ms=_median(runs, better, "p99_ms"),
    )


def below(
    comparisons: Sequence[Comparison], alternative: str, demanded: Sequence[tuple[int, float]]
) -> list[str]:
    """What falls short of the demanded ratios (connections, ratio) to this alternative, a sentence
    each. A number of connections that was not measured falls short too."""
    reached = {row.connections: row.ratio for row in comparisons if row.alternative == alternative}
    return [
        f"{reached.get(connections, 0):.2f}× of the {alternative} alternative at"
        f" {connections} connections, must be {ratio:g}×"
        for connections, ratio in demanded
        if reached.get(connections, 0) < ratio
    ]


def _median(runs: Sequence[Run], system: str, figure: str) -> float:
    return statistics.median(getattr(run.measured, figure) for run in runs if run.system == system)


def table(comparisons: Sequence[Comparison]) -> str:
    """Markdown, readable on a terminal too."""
    lines = [
        "| connections | system | orders/s | p50 ms | p99 ms | BiteByte does (min–max) |",
        "|---:|---|---:|---:|---:|---:|",
    ]
    for row in comparisons:
        if row.alternative == ALTERNATIVES[0]:
            lines.append(
                f"| {row.connections} | BiteByte | {row.ours_orders_per_s:,.0f}"
                f" | {row.ours_p50_ms:.2f} | {row.ours_p99_ms:.2f} | |"
            )
        lines.append(
            f"| {row.connections} | {row.alternative} alternative, {_workers(row.better)}"
            f" | {row.theirs_orders_per_s:,.0f} | {row.theirs_p50_ms:.2f} | {row.theirs_p99_ms:.2f}"
            f" | **{row.ratio:.1f}×** ({row.ratio_min:.1f}–{row.ratio_max:.1f}) |"
        )
    return "\n".join(lines)


def _workers(system: str) -> str:
    count = system.rsplit("-", 1)[1]
    return f"{count} worker" + ("s" if count != "1" else "")


def memory_line(memory: Mapping[str, NodeMemory]) -> str:
    """`node-1 (leader) 120 MiB (131 resident), ...`"""
    return ", ".join(
        f"{name} ({held.role}) {held.pss_mib:.0f} MiB ({held.rss_mib:.0f} resident)"
        for name, held in memory.items()
    )


def document(
    *,
    comparisons: Sequence[Comparison],
    machine: dict[str, Any],
    method: dict[str, Any],
    memory: Mapping[str, NodeMemory],
) -> str:
    """The section for docs/benchmarks.md."""
    machine_line = ", ".join(f"{name} {value}" for name, value in machine.items())
    return f"""## Confirmed orders per second

{table(comparisons)}

The same order on the same machine in one run: {method["repeats"]} repeat(s) of
{method["duration_s"]} s, in turns (BiteByte, the obvious alternative with 1 worker, with 2
workers, the tuned one with 1, with 2, and again), each after {method["warm_up_s"]} s of warm-up;
medians. Each alternative is shown with the number of workers that did more orders. The ratio's
range is over turns of the same repeat. While one system is measured the others have no work:
BiteByte's processes are stopped, an alternative's have no clients. One machine carries all three
nodes (or servers), their databases and wrk, so CPU is the limit for all. It was
{method["idle_percent_before"]:.0f} % idle before.

**BiteByte**: three nodes with PostgreSQL 18 each (fsync on), elections, sessions and
authorisation on, load at the leader.

**Both alternatives**: FastAPI + asyncpg (uvicorn, uvloop, httptools, the same tuning of the garbage
collector as BiteByte, a pool of {method["pool"]} connections over all workers) on a PostgreSQL 18
primary with two synchronous standbys (`ANY 1`, synchronous_commit on, fsync on, the same binaries
and more memory than BiteByte's), each with a database of its own there. Every statement is prepared
once a connection; asyncpg's pool resets a connection when it comes back, a round trip an order, as
it does by default. They are idempotent, reserve all or nothing and lock ingredients in id order, so
nothing deadlocks. They send no events and keep no state hash; BiteByte does both.

**Obvious alternative**: what a competent team writes first. `order_line`, `reservation` and
`order_status` are tables with foreign keys. After the session and its account are looked up, one
transaction does one statement a step: take the idempotency key, read the bar, read the products
with the recipes of all lines, lock the ingredients (`FOR UPDATE`), reserve (one `UPDATE` for all),
take the next number from the bar's row, insert the order, its lines and its reservations
(`executemany`), insert its first status, open low-stock alerts if there are any, commit. The answer
is a pydantic model.

**Tuned alternative**: the same, by hand, for as few round trips and as short locks as SQL allows.
Session and products are read before the transaction, which is two statements: one locks and
reserves, one numbers, stores and remembers the order. Lines, reservation and history are json in
the order's row, without foreign keys; hot rows have room for heap-only updates; the answer is
encoded by msgspec.

**Load**: wrk, 1 thread; {method["accounts"]} signed-in customers in turn, spread over
{method["bars"]} bar(s), which spares the alternatives much waiting for locks;
{method["orders"]} different orders of 1 to 3 of {method["products"]} drinks, each with a fresh
Idempotency-Key; stock never runs out. A run with any answer of 400 or above does not count, and
afterwards all three databases must hold as many orders as wrk has counted, or more (those on the
wire when it stopped).

**Memory** of a node's process after the load of {method["orders_ours"]:,} orders:
{memory_line(memory)}.

**Machine**: {machine_line}.
"""


def as_json(
    runs: Sequence[Run],
    comparisons: Sequence[Comparison],
    **more: Any,
) -> dict[str, Any]:
    """Everything, for whoever wants to compute by themselves."""
    return {
        "comparisons": [asdict(comparison) for comparison in comparisons],
        "runs": [
            {"system": run.system, "repeat": run.repeat} | asdict(run.measured) for run in runs
        ],
        **more,
    }
