"""kill -9 of the leader under load: a confirmed order is never lost, never doubled, and never
sells an ingredient that isn't there.

Rounds: BITEBYTE_E2E_ROUNDS (default 2). Seed: BITEBYTE_E2E_SEED.
"""

import json
import os
import random
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from bitebyte_e2e import checks
from bitebyte_e2e.bar import Bar, open_bar, register_customers
from bitebyte_e2e.client import Client
from bitebyte_e2e.cluster import Cluster, Leader
from bitebyte_e2e.database import check_rows, read_rows
from bitebyte_e2e.history import History
from bitebyte_e2e.observe import node_states
from bitebyte_e2e.waiting import wait_until
from bitebyte_e2e.workload import Workload

ROUNDS = int(os.environ.get("BITEBYTE_E2E_ROUNDS") or 2)
CUSTOMERS = 16
CONFIRMED_MIN = 50
"""A round that confirmed fewer orders, before or after the kill, has shown nothing."""
FIRST_CONFIRMATION_S_MAX = 10.0
"""Far above the aim of 1 s: this test is about loss; the figure is reported."""
REPLAYS = 60
"""Orders repeated with their first key after each round, at a random node each."""


@dataclass(frozen=True)
class Round:
    """What a round did and was told."""

    bar: Bar
    merchant_token: str
    history: History
    workload: Workload
    before: Leader
    after: Leader
    recovery_s: float
    """From the kill to the first order confirmed by a request that began after the process had
    ended."""
    rejoin_s: float
    """From the restart of the killed node until it is ready again, under load."""


def play_round(cluster: Cluster, number: int, chance: random.Random) -> Round:
    """Opens a bar of its own, lets customers order, kills the leader, starts it again."""
    slug = f"round-{number}"
    with Client(chance.choice(sorted(cluster.urls.values()))) as client:
        bar = open_bar(client, slug=slug)
        merchant_token = str(client.token)
        tokens = register_customers(client, slug=slug, count=CUSTOMERS)
    before = cluster.wait_leader()
    workload = Workload(
        urls=cluster.urls,
        bar=bar,
        customer_tokens=tokens,
        merchant_token=merchant_token,
        seed=chance.getrandbits(32),
    )
    history = workload.history
    with workload:
        wait_until(
            lambda: history.confirmed_count() >= CONFIRMED_MIN,
            what=f"{CONFIRMED_MIN} confirmed orders",
            timeout_s=20,
        )
        workload.run_for(chance.uniform(0.2, 2.0))
        killed_ns = time.monotonic_ns()
        cluster.kill(before.name)
        dead_ns = time.monotonic_ns()
        first = wait_until(
            lambda: history.first_confirmation_after(dead_ns),
            what="an order confirmed after the kill",
            timeout_s=FIRST_CONFIRMATION_S_MAX,
        )
        workload.run_for(chance.uniform(0.0, 1.0))
        cluster.start(before.name)
        started_s = time.monotonic()
        confirmed = history.confirmed_count()
        cluster.wait_ready(before.name)
        rejoin_s = time.monotonic() - started_s
        wait_until(
            lambda: history.confirmed_count() >= confirmed + CONFIRMED_MIN,
            what=f"{CONFIRMED_MIN} more orders after the restart",
            timeout_s=20,
        )
    return Round(
        bar=bar,
        merchant_token=merchant_token,
        history=history,
        workload=workload,
        before=before,
        after=cluster.wait_leader(),
        recovery_s=(first.ended_ns - killed_ns) / 1e9,
        rejoin_s=rejoin_s,
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


def report(rounds: list[Round], seed: int, artifacts_dir: Path) -> None:
    """Prints the recovery times and keeps them beside the screenshots."""
    recovery = [played.recovery_s for played in rounds]
    summary = {
        "seed": seed,
        "rounds": len(rounds),
        "recovery_s": {
            "p50": round(statistics.median(recovery), 3),
            "max": round(max(recovery), 3),
            "all": [round(value, 3) for value in recovery],
        },
        "rejoin_s": [round(played.rejoin_s, 3) for played in rounds],
        "histories": [played.history.summary() for played in rounds],
    }
    (artifacts_dir / "leader_kill.json").write_text(json.dumps(summary, indent=2))
    print(json.dumps(summary, indent=2))


@pytest.mark.timeout(60 + 45 * ROUNDS)
def test_no_confirmed_order_is_lost_doubled_or_oversold(
    cluster: Cluster, seed: int, artifacts_dir: Path
) -> None:
    print(f"BITEBYTE_E2E_SEED={seed}")
    chance = random.Random(seed)
    rounds: list[Round] = []
    for number in range(1, ROUNDS + 1):
        try:
            played = play_round(cluster, number, chance)
            assert why_void(played) == [], f"round {number} is void: {played.history.summary()}"
            broken = broken_promises(cluster, played, chance)
            assert broken == [], f"round {number}: {len(broken)} broken promises"
        except AssertionError as problem:
            problem.add_note(f"round {number}, seed {seed}\n{cluster.logs()}")
            raise
        rounds.append(played)
    report(rounds, seed, artifacts_dir)
    for number, played in enumerate(rounds, start=1):
        index = cluster.wait_settled()
        states = node_states(cluster, played.bar, token=played.merchant_token, at_least=index)
        later = [line for state in states for line in checks.check_orders(state, played.history)]
        assert later == [], f"orders of round {number} were damaged by later rounds"
