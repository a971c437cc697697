"""One round: a bar is opened, customers order, something is killed, and everything is judged."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from bitebyte_e2e import checks
from bitebyte_e2e.bar import Bar, open_bar, register_customers
from bitebyte_e2e.client import Client
from bitebyte_e2e.cluster import Cluster, Leader
from bitebyte_e2e.database import check_rows, read_rows
from bitebyte_e2e.history import History, Operation
from bitebyte_e2e.observe import node_states
from bitebyte_e2e.waiting import wait_until
from bitebyte_e2e.workload import Workload

CUSTOMERS = 16
CONFIRMED_MIN = 50
"""A round that confirmed fewer orders, before or after the fault, has shown nothing."""
ROUND_TIMEOUT_S = 30.0
"""For each of the things that a round waits for. Far above the aims: a round is about loss, the
times are reported."""
REPLAYS = 60
"""Orders repeated with their first key after each round, at a random node each."""


@dataclass(frozen=True)
class Outage:
    """How long a fault was felt."""

    recovery_s: float
    """From the kill to the first order confirmed by a request that began after the processes had
    ended."""
    rejoin_s: float
    """From the restart until what was killed is ready again, under load."""
    gap_s: float = 0.0
    """The longest time without a confirmation between the fault's begin and its end, where the
    fault is planned work that customers should not notice."""
    failures: int = 0
    """Attempts in that time without a definite answer."""


Fault = Callable[[Cluster, Workload, random.Random], Outage]


def kill_leader(cluster: Cluster, workload: Workload, chance: random.Random) -> Outage:
    """kill -9 of the leader; it is started again after up to a second of the new leader."""
    victim = cluster.wait_leader().name
    killed_ns = time.monotonic_ns()
    cluster.kill(victim)
    first = _first_confirmation(workload.history, time.monotonic_ns())
    workload.run_for(chance.uniform(0.0, 1.0))
    started_s = time.monotonic()
    cluster.start(victim)
    cluster.wait_ready(victim)
    return Outage((first.ended_ns - killed_ns) / 1e9, time.monotonic() - started_s)


def kill_all(cluster: Cluster, workload: Workload, chance: random.Random) -> Outage:
    """kill -9 of every node at once: what was confirmed must have been on disk by then. They are
    started again in random order."""
    killed_ns = time.monotonic_ns()
    cluster.kill_all()
    dead_ns = time.monotonic_ns()
    started_s = time.monotonic()
    for name in chance.sample(sorted(cluster.nodes), len(cluster.nodes)):
        cluster.start(name)
    cluster.wait_ready()
    rejoin_s = time.monotonic() - started_s
    first = _first_confirmation(workload.history, dead_ns)
    return Outage((first.ended_ns - killed_ns) / 1e9, rejoin_s)


def _first_confirmation(history: History, after_ns: int) -> Operation:
    return wait_until(
        lambda: history.first_confirmation_after(after_ns),
        what="an order confirmed after the kill",
        timeout_s=ROUND_TIMEOUT_S,
    )


@dataclass(frozen=True)
class Round:
    """What a round did and was told."""

    bar: Bar
    merchant_token: str
    workload: Workload
    before: Leader
    after: Leader
    outage: Outage

    @property
    def history(self) -> History:
        return self.workload.history


def play_round(cluster: Cluster, slug: str, fault: Fault, chance: random.Random) -> Round:
    """Opens a bar of its own, lets customers order, lets the fault happen while they do, and
    lets them order on."""
    with Client(chance.choice(sorted(cluster.urls.values()))) as client:
        bar = open_bar(client, slug=slug)
        merchant_token = str(client.token)
        tokens = register_customers(client, slug=slug, count=CUSTOMERS)
    before = cluster.wait_leader()
    workload = Workload(
        urls=lambda: cluster.urls,
        bar=bar,
        customer_tokens=tokens,
        merchant_token=merchant_token,
        seed=chance.getrandbits(32),
    )
    with workload:
        _wait_confirmed(workload.history, CONFIRMED_MIN)
        workload.run_for(chance.uniform(0.2, 2.0))
        outage = fault(cluster, workload, chance)
        _wait_confirmed(workload.history, workload.history.confirmed_count() + CONFIRMED_MIN)
    return Round(bar, merchant_token, workload, before, cluster.wait_leader(), outage)


def _wait_confirmed(history: History, count: int) -> None:
    wait_until(
        lambda: history.confirmed_count() >= count,
        what=f"{count} confirmed orders",
        timeout_s=ROUND_TIMEOUT_S,
    )


def replay_some(cluster: Cluster, played: Round, chance: random.Random) -> list[str]:
    """Repeats definite orders with their first key, each at a random node; those whose first
    answer came only after a retry before all others."""
    definite = played.history.confirmed + played.history.refused
    chance.shuffle(definite)
    definite.sort(key=lambda operation: len(operation.attempts) == 1)
    broken: list[str] = []
    with Client("") as client:
        for operation in definite[:REPLAYS]:
            client.token = operation.token
            answer = client.place_order(
                played.bar.id,
                operation.body,
                key=operation.key,
                base_url=chance.choice(sorted(cluster.urls.values())),
            )
            broken += checks.check_replay(operation, answer)
    return broken


def broken_promises(cluster: Cluster, played: Round, chance: random.Random) -> list[str]:
    """Everything that must hold once the cluster is whole again."""
    broken = replay_some(cluster, played, chance)
    index = cluster.wait_settled()
    states = node_states(cluster, played.bar, token=played.merchant_token, at_least=index)
    definite = {operation.key for operation in played.history.confirmed + played.history.refused}
    for state in states:
        broken += checks.check_orders(state, played.history)
        broken += checks.check_totals(state, played.bar)
        broken += checks.check_stock(state, played.bar)
        broken += checks.check_order_numbers(state, played.history)
        broken += checks.check_transitions(state, played.workload.transitions)
        data_dir = cluster.nodes[state.node].spec.data_dir
        rows = read_rows(state.node, data_dir, played.bar.id, at_least=index)
        broken += check_rows(rows, state, definite)
    broken += checks.check_same_everywhere(states)
    broken += checks.check_refusals(played.history)
    sampled = {index, *chance.sample(range(max(1, index - 500), index + 1), 10)}
    return broken + checks.check_hashes({at: cluster.state_hashes(at) for at in sampled})


def why_void(played: Round) -> list[str]:
    """Reasons why the round has shown nothing, whatever the checks say."""
    reasons: list[str] = []
    if played.after.term <= played.before.term:
        reasons.append(f"no new term: {played.before} → {played.after}")
    if not played.history.refused:
        reasons.append("no order was refused: the scarce ingredients did not run out")
    if not played.workload.transitions:
        reasons.append("the merchant took no order through")
    unknown = played.history.unknown
    if len(unknown) > CUSTOMERS:
        reasons.append(f"{len(unknown)} orders stayed without a definite answer")
    return reasons
