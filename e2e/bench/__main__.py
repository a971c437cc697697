"""Runs the comparison: `python -m bench [--quick]`, with `e2e` on PYTHONPATH (`make bench`).

Writes `orders.json` and `orders.md` to --out. Exit codes: 0 measured, 1 a run did not count or a
demanded ratio (--ratio-min, --tuned-ratio-min) was not reached, 2 wrong usage.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from bench import ours, report
from bench.alternative.replicated import ReplicatedPostgres
from bench.alternative.system import POOL_BY_WORKERS, Alternative
from bench.load import LoadFailed, Shop, Target, require_wrk, run_load, write_load_file
from bench.menu import BAR_PRODUCTS, ORDERS, order_mix
from bitebyte_e2e.cluster import Cluster, running_cluster
from bitebyte_e2e.waiting import pause

MEMORY_MIB_MAX = 150.0
IDLE_PERCENT_MIN = 90.0


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    repeats: int
    duration_s: int
    warm_up_s: int
    connections: tuple[int, ...] = (1, 64)
    workers: tuple[int, ...] = (1, 2)
    bars: int = 8
    """Orders of one bar wait for its counter and its limes, whose rows the alternatives lock until
    a standby has confirmed: several bars give them the chance to use both cores."""
    accounts: int = 64


FULL = Plan(repeats=3, duration_s=8, warm_up_s=2)
QUICK = Plan(repeats=1, duration_s=1, warm_up_s=1, bars=4, accounts=16)


class Bench:
    """All systems, filled, and the turns."""

    def __init__(self, plan: Plan, cluster: Cluster, folder: Path, seed: int) -> None:
        self._plan = plan
        self._cluster = cluster
        self._folder = folder
        self._mix = order_mix(seed)
        self._runs_started = 0
        self._orders_by_system: dict[str, int] = {}
        self._postgres = ReplicatedPostgres(folder / "theirs")
        self._alternatives = [
            Alternative(name, self._postgres, folder / "theirs") for name in report.ALTERNATIVES
        ]
        self.runs: list[report.Run] = []

    def prepare(self) -> None:
        """Fills all with the same bars."""
        bars, accounts = self._plan.bars, self._plan.accounts
        shops = ours.fill(self._cluster, bars=bars, accounts=accounts)
        self._our_load = self._load_file(report.OURS, shops)
        ours.freeze(self._cluster)
        self._postgres.start()
        self._their_targets: dict[str, Target] = {}
        for alternative in self._alternatives:
            shops = alternative.fill(bars=bars, accounts=accounts)
            load_file = self._load_file(alternative.name, shops)
            alternative.serve(workers=self._plan.workers)
            for workers, url in alternative.urls.items():
                self._their_targets[f"{alternative.name}-{workers}"] = Target(url, load_file)

    def close(self) -> None:
        """Ends the alternatives and lets BiteByte's nodes run, so that they can be stopped."""
        for alternative in self._alternatives:
            alternative.close()
        self._postgres.close()
        for node in self._cluster.nodes.values():
            node.thaw()

    def _load_file(self, name: str, shops: list[Shop]) -> Path:
        path = self._folder / f"{name}.load"
        write_load_file(path, shops=shops, mix=self._mix)
        return path

    def measure(self) -> None:
        """All turns: for each repeat and number of connections, one system after another."""
        for repeat in range(1, self._plan.repeats + 1):
            for connections in self._plan.connections:
                leader_url = ours.thaw(self._cluster)
                target = Target(leader_url, self._our_load)
                self._turn(report.OURS, target, repeat, connections)
                ours.freeze(self._cluster)
                for system, target in self._their_targets.items():
                    self._turn(system, target, repeat, connections)

    def _turn(self, system: str, target: Target, repeat: int, connections: int) -> None:
        for duration_s in (self._plan.warm_up_s, self._plan.duration_s):
            self._runs_started += 1
            measured = run_load(
                target,
                connections=connections,
                duration_s=duration_s,
                run_id=f"{os.getpid()}-{self._runs_started}",
            )
            known = self._orders_by_system.get(system, 0)
            self._orders_by_system[system] = known + measured.orders
        self.runs.append(report.Run(system, repeat, measured))
        print(
            f"  repeat {repeat}, {connections:>2} connections, {system:<13}"
            f" {measured.orders_per_s:>8,.0f}/s  p50 {measured.p50_ms:.2f} ms"
            f"  p99 {measured.p99_ms:.2f} ms",
            flush=True,
        )

    def verify(self) -> tuple[int, dict[str, report.NodeMemory]]:
        """Counts the orders in all systems against wrk's count, and takes the nodes' memory.

        Raises LoadFailed where an answer of 201 left no order, or the nodes' states differ.
        """
        ours.thaw(self._cluster)
        index = self._cluster.wait_settled()
        hashes = self._cluster.state_hashes(index)
        if len(set(hashes.values())) != 1 or None in hashes.values():
            raise LoadFailed(f"the nodes' states differ at {index}: {hashes}")
        held = ours.orders_count(self._cluster, at_least=index)
        self._check_count(report.OURS, held, [report.OURS])
        for alternative in self._alternatives:
            systems = [f"{alternative.name}-{workers}" for workers in alternative.urls]
            self._check_count(alternative.name, alternative.orders_count(), systems)
        return held, ours.memory(self._cluster)

    def _check_count(self, name: str, held: int, systems: list[str]) -> None:
        told = sum(self._orders_by_system[system] for system in systems)
        if held < told:
            raise LoadFailed(f"{name} holds {held} orders, wrk was told of {told}")


def machine() -> dict[str, Any]:
    """What a reader needs to judge the figures."""
    cpu = "unknown CPU"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            cpu = line.split(":", 1)[1].strip()
            break
    memory_kib = int(Path("/proc/meminfo").read_text().split()[1])
    return {
        "CPU": f"{os.cpu_count()} × {cpu}",
        "memory": f"{memory_kib / 1024 / 1024:.0f} GiB",
        "kernel": platform.release(),
        "Python": platform.python_version(),
    }


def idle_percent(duration_s: float) -> float:
    """How idle the machine is right now, over all its CPUs: what is left of it for a measurement
    whose processes have not started yet."""

    def totals() -> tuple[int, int]:
        fields = [int(value) for value in Path("/proc/stat").read_text().split("\n")[0].split()[1:]]
        return fields[3] + fields[4], sum(fields[:8])

    idle_before, all_before = totals()
    pause(duration_s)
    idle, everything = totals()
    return 100 * (idle - idle_before) / max(1, everything - all_before)


def run(plan: Plan, out: Path, seed: int) -> list[report.Comparison]:
    """Everything once, and writes the results to `out`. Returns the comparisons."""
    out.mkdir(parents=True, exist_ok=True)
    idle = idle_percent(2.0)
    if idle < IDLE_PERCENT_MIN:
        print(
            f"bench: the machine is only {idle:.0f} % idle before it starts: other programs will"
            " disturb the figures",
            file=sys.stderr,
        )
    with tempfile.TemporaryDirectory(prefix="bitebyte-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with running_cluster(folder / "ours", seed=seed) as cluster:
            bench = Bench(plan, cluster, folder, seed)
            try:
                bench.prepare()
                bench.measure()
                orders, memory = bench.verify()
            finally:
                bench.close()
    comparisons = report.compare(bench.runs)
    method = _method(plan, seed) | {"orders_ours": orders, "idle_percent_before": round(idle, 1)}
    text = report.document(comparisons=comparisons, machine=machine(), method=method, memory=memory)
    everything = report.as_json(
        bench.runs,
        comparisons,
        machine=machine(),
        method=method,
        memory={name: asdict(held) for name, held in memory.items()},
    )
    (out / "orders.md").write_text(text)
    (out / "orders.json").write_text(json.dumps(everything, indent=2) + "\n")
    print(f"\n{report.table(comparisons)}\n")
    print(f"memory: {report.memory_line(memory)}\nwritten to {out}")
    if any(held.pss_mib > MEMORY_MIB_MAX for held in memory.values()):
        raise LoadFailed(f"more than {MEMORY_MIB_MAX:.0f} MiB: {report.memory_line(memory)}")
    return comparisons


def _method(plan: Plan, seed: int) -> dict[str, Any]:
    """What the report says of the run beside its figures."""
    return {
        "repeats": plan.repeats,
        "duration_s": plan.duration_s,
        "warm_up_s": plan.warm_up_s,
        "accounts": plan.accounts,
        "orders": ORDERS,
        "products": len(BAR_PRODUCTS),
        "bars": plan.bars,
        "pool": POOL_BY_WORKERS[1],
        "seed": seed,
    }


def parse_ratio(text: str) -> tuple[int, float]:
    """`64:3` → at 64 connections at least 3 times as many orders."""
    connections, ratio = text.split(":")
    return int(connections), float(ratio)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short repeat: does it still run?")
    parser.add_argument("--out", type=Path, default=Path("build/bench"), help="for the results")
    parser.add_argument("--seed", type=int, default=1, help="of the order mix")
    parser.add_argument("--bars", type=int, help="that the customers spread over")
    parser.add_argument("--repeats", type=int, help="instead of the default of 3")
    for option, alternative in (("--ratio-min", "obvious"), ("--tuned-ratio-min", "tuned")):
        parser.add_argument(
            option,
            type=parse_ratio,
            action="append",
            default=[],
            metavar="CONNECTIONS:RATIO",
            help=f"fail below it against the {alternative} alternative, for example 64:3;"
            " may be repeated",
        )
    options = parser.parse_args()
    plan = QUICK if options.quick else FULL
    plan = replace(plan, bars=options.bars or plan.bars, repeats=options.repeats or plan.repeats)
    try:
        require_wrk()
        comparisons = run(plan, options.out.absolute(), options.seed)
        short = report.below(comparisons, report.OBVIOUS, options.ratio_min)
        short += report.below(comparisons, report.TUNED, options.tuned_ratio_min)
        if short:
            raise LoadFailed("; ".join(short))
    except LoadFailed as problem:
        print(f"bench: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
