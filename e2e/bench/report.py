"""From single runs to medians, ratios and a text that says how they came about. Pure."""

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bench.load import Measured

OURS = "bitebyte"


@dataclass(frozen=True)
class Run:
    """One measured turn of one system."""

    system: str
    """`bitebyte`, `alternative-1` or `alternative-2` (uvicorn workers)."""
    repeat: int
    measured: Measured


@dataclass(frozen=True)
class Comparison:
    """Ours against the better alternative, at one number of connections."""

    connections: int
    better: str
    ours_orders_per_s: float
    theirs_orders_per_s: float
    ratio: float
    """Of the medians."""
    ratio_min: float
    """Of the turns that followed each other; the same for the maximum."""
    ratio_max: float
    ours_p50_ms: float
    theirs_p50_ms: float
    ours_p99_ms: float
    theirs_p99_ms: float


def compare(runs: Sequence[Run]) -> list[Comparison]:
    """Medians over the repeats. The alternative counts with its better number of workers."""
    found: list[Comparison] = []
    for connections in sorted({run.measured.connections for run in runs}):
        here = [run for run in runs if run.measured.connections == connections]
        others = sorted({run.system for run in here} - {OURS})
        better = max(others, key=lambda system: _median(here, system, "orders_per_s"))
        pairs = [
            ours.measured.orders_per_s / theirs.measured.orders_per_s
            for ours in here
            for theirs in here
            if ours.system == OURS and theirs.system == better and ours.repeat == theirs.repeat
        ]
        rate, their_rate = (_median(here, name, "orders_per_s") for name in (OURS, better))
        found.append(
            Comparison(
                connections=connections,
                better=better,
                ours_orders_per_s=rate,
                theirs_orders_per_s=their_rate,
                ratio=rate / their_rate,
                ratio_min=min(pairs),
                ratio_max=max(pairs),
                ours_p50_ms=_median(here, OURS, "p50_ms"),
                theirs_p50_ms=_median(here, better, "p50_ms"),
                ours_p99_ms=_median(here, OURS, "p99_ms"),
                theirs_p99_ms=_median(here, better, "p99_ms"),
            )
        )
    return found


def _median(runs: Sequence[Run], system: str, figure: str) -> float:
    return statistics.median(getattr(run.measured, figure) for run in runs if run.system == system)


def table(comparisons: Sequence[Comparison]) -> str:
    """Markdown, readable on a terminal too."""
    lines = [
        "| connections | BiteByte orders/s | p50 ms | p99 ms | alternative orders/s | p50 ms"
        " | p99 ms | ratio (min–max) |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {row.connections} | {row.ours_orders_per_s:,.0f} | {row.ours_p50_ms:.2f}"
        f" | {row.ours_p99_ms:.2f} | {row.theirs_orders_per_s:,.0f} ({_workers(row.better)})"
        f" | {row.theirs_p50_ms:.2f} | {row.theirs_p99_ms:.2f}"
        f" | **{row.ratio:.1f}×** ({row.ratio_min:.1f}–{row.ratio_max:.1f}) |"
        for row in comparisons
    ]
    return "\n".join(lines)


def _workers(system: str) -> str:
    count = system.rsplit("-", 1)[1]
    return f"{count} worker" + ("s" if count != "1" else "")


def document(
    *,
    comparisons: Sequence[Comparison],
    machine: dict[str, Any],
    method: dict[str, Any],
    memory: dict[str, dict[str, float]],
) -> str:
    """The section for docs/benchmarks.md."""
    node_memory = ", ".join(
        f"{name} {figures['pss']:.0f} MiB ({figures['rss']:.0f} resident)"
        for name, figures in memory.items()
    )
    machine_line = ", ".join(f"{name} {value}" for name, value in machine.items())
    return f"""## Confirmed orders per second

{table(comparisons)}

The same order on the same machine in one run: {method["repeats"]} repeats of
{method["duration_s"]} s, in turns (BiteByte, the alternative with 1 worker, with 2 workers, and
again), each after {method["warm_up_s"]} s of warm-up; medians. The ratio's range is over turns
that followed each other. While one system is measured the other has no CPU: BiteByte's processes
are stopped, the alternative's have no clients. One machine carries all three nodes (or servers),
their databases and wrk, so CPU is the limit for both. It was
{method["idle_percent_before"]:.0f} % idle before.

**BiteByte**: three nodes with PostgreSQL 18 each (fsync on), elections, sessions and
authorisation on, load at the leader. **Alternative**: FastAPI + asyncpg (uvicorn, uvloop,
httptools, 1 or 2 workers, the better one counts) on a PostgreSQL 18 primary with two synchronous
standbys (`ANY 1`, synchronous_commit on, fsync on, the same binaries, more memory). It checks the
session, reads prices and recipes, and reserves, numbers, stores and remembers the order in one
transaction of two statements, locks last. It sends no events and keeps no state hash; BiteByte
does both.

**Load**: wrk, 1 thread; {method["accounts"]} signed-in customers in turn, spread over
{method["bars"]} bar(s); {method["orders"]} different orders of 1 to 3 of {method["products"]}
drinks, each with a fresh Idempotency-Key; stock never runs out. A run with any answer of 400 or
above does not count, and afterwards both databases must hold as many orders as wrk has counted,
or more (those on the wire when it stopped).

**Memory** of a node's process after the load of {method["orders_ours"]:,} orders: {node_memory}.

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
