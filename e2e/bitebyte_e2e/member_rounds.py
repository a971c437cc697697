"""Planned work and lost members, as faults of a round: customers order all the time."""

import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from bitebyte_e2e import operators
from bitebyte_e2e.cluster import Cluster
from bitebyte_e2e.rounds import Fault, Outage
from bitebyte_e2e.waiting import wait_until
from bitebyte_e2e.workload import Workload

TRANSFERS = 8
PLANNED_WORK_TIMEOUT_S = 60.0


def planned(work: Callable[[Cluster, Workload, random.Random], None]) -> Fault:
    """Measures the longest time without a confirmed order while the work goes on."""

    def fault(cluster: Cluster, workload: Workload, chance: random.Random) -> Outage:
        begin_ns = time.monotonic_ns()
        work(cluster, workload, chance)
        cluster.wait_ready()
        end_ns = time.monotonic_ns()
        gap_s = workload.history.longest_gap_s(begin_ns, end_ns)
        failures = workload.history.failures_between(begin_ns, end_ns)
        return Outage(0.0, (end_ns - begin_ns) / 1e9, gap_s, len(failures))

    return fault


def transfer_in_a_loop(cluster: Cluster, workload: Workload, chance: random.Random) -> None:
    """Leadership goes to another member, again and again."""
    for _ in range(TRANSFERS):
        leader = cluster.wait_leader().name
        target = chance.choice([name for name in sorted(cluster.nodes) if name != leader])
        operators.transfer(cluster, target)
        workload.run_for(chance.uniform(0.1, 0.5))


def rolling_restart(cluster: Cluster, _: Workload, chance: random.Random) -> None:
    """Each node is told to stop and started again, the leader last, as an upgrade does it."""
    leader = cluster.wait_leader().name
    others = [name for name in sorted(cluster.nodes) if name != leader]
    chance.shuffle(others)
    for name in [*others, leader]:
        assert cluster.nodes[name].stop() == 0, cluster.nodes[name].log_tail()
        cluster.start(name)
        cluster.wait_ready(name)


def grow_and_shrink(cluster: Cluster, _: Workload, chance: random.Random) -> None:
    """Three members become five, then three again, of which the old leader is none."""
    for name in ("node-4", "node-5"):
        joiner = cluster.start_joiner(name)
        wait_until(
            lambda node=joiner: cluster.answers_admin(node),
            what=f"{name} waits to be added",
            timeout_s=PLANNED_WORK_TIMEOUT_S,
        )
        operators.add(cluster, joiner)
    assert operators.voters(cluster) == {f"node-{number}" for number in range(1, 6)}
    leader = cluster.wait_leader().name
    leaving = [leader, chance.choice([n for n in sorted(cluster.nodes) if n != leader])]
    for name in leaving:
        operators.remove(cluster, name)
    assert operators.voters(cluster) == set(cluster.nodes)


def replace_dead_member(cluster: Cluster, workload: Workload, chance: random.Random) -> None:
    """A member dies with its disk; one command puts a new one in its place."""
    victim = chance.choice(sorted(cluster.nodes))
    cluster.kill(victim)
    _remove(cluster.nodes[victim].spec.data_dir)
    workload.run_for(0.5)
    joiner = cluster.start_joiner(f"{victim}b")
    wait_until(
        lambda: cluster.answers_admin(joiner),
        what=f"{joiner.spec.name} waits to be added",
        timeout_s=PLANNED_WORK_TIMEOUT_S,
    )
    operators.replace(cluster, victim, joiner)
    assert operators.voters(cluster) == set(cluster.nodes)


def _remove(folder: Path) -> None:
    """The folder is gone when this returns; its database, which dies with the node a moment later,
    may still take files away at the same time."""

    def is_gone() -> bool:
        shutil.rmtree(folder, ignore_errors=True)
        return not folder.exists()

    wait_until(is_gone, what=f"{folder} is gone", timeout_s=10)


def kill_some(cluster: Cluster, workload: Workload, chance: random.Random) -> Outage:
    """kill -9 of any members at once, from one to all of them."""
    names = sorted(cluster.nodes)
    victims = chance.sample(names, chance.randint(1, len(names)))
    begin_ns = time.monotonic_ns()
    for name in victims:
        cluster.nodes[name].send_kill()
    for name in victims:
        cluster.nodes[name].reap()
    workload.run_for(chance.uniform(0.0, 1.0))
    started_s = time.monotonic()
    for name in victims:
        cluster.start(name)
    cluster.wait_ready()
    rejoin_s = time.monotonic() - started_s
    first = wait_until(
        lambda: workload.history.first_confirmation_after(begin_ns),
        what="an order confirmed after the kill",
        timeout_s=PLANNED_WORK_TIMEOUT_S,
    )
    return Outage((first.ended_ns - begin_ns) / 1e9, rejoin_s)
