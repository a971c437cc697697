"""Customers who order all the time through the Services, and the judgement afterwards."""

import random
import time
from dataclasses import dataclass

from bitebyte_e2e import checks
from bitebyte_e2e.bar import open_bar, register_customers
from bitebyte_e2e.client import Client
from bitebyte_e2e.history import History
from bitebyte_e2e.observe import node_state
from bitebyte_e2e.waiting import pause, wait_until
from bitebyte_e2e.workload import Workload
from bitebyte_k8s.bar_cluster import BarCluster
from bitebyte_k8s.steps import say, step

CUSTOMERS = 4
"""Enough for orders at any moment; more would only starve two cores that carry three machines."""
CONFIRMED_MIN = 15
"""Fewer orders have shown nothing."""
_SETTLE_TIMEOUT_S = 60.0
_ORDER_TIMEOUT_S = 60.0
_REPLAYS = 30


@dataclass(frozen=True)
class Disturbance:
    """What customers felt between two moments."""

    gap_s: float
    """The longest time without a confirmed order."""
    failures: int
    """Attempts without a definite answer."""
    confirmed: int


class Guests:
    """A bar of its own with customers at it. `with` lets them order; `judge` must follow."""

    def __init__(
        self, cluster: BarCluster, slug: str, *, urls: dict[str, str] | None = None, seed: int = 1
    ) -> None:
        """Opens the bar through the leader Service. `urls` is where customers go, by name: that
        Service if it is not told."""
        self._cluster = cluster
        self._chance = random.Random(seed)
        self.url = cluster.service_url()
        with step(f"a bar opens at {cluster.name}, and {CUSTOMERS} customers sign in"):
            self.wait_served()
            with Client(self.url) as client:
                self.bar = open_bar(client, slug=slug)
                self.merchant_token = str(client.token)
                tokens = register_customers(client, slug=slug, count=CUSTOMERS)
        places = urls or {"leader Service": self.url}
        self.workload = Workload(
            urls=lambda: places,
            bar=self.bar,
            customer_tokens=tokens,
            merchant_token=self.merchant_token,
            seed=seed,
        )

    def wait_served(self, *, timeout_s: float = 60.0) -> None:
        """Waits until the leader Service leads to a node."""
        wait_until(
            lambda: self._cluster.view(self.url) is not None,
            what=f"{self.url} answers",
            timeout_s=timeout_s,
        )

    @property
    def history(self) -> History:
        return self.workload.history

    def __enter__(self) -> "Guests":
        self.workload.__enter__()
        self.wait_more()
        return self

    def __exit__(self, *problem: object) -> None:
        self.workload.__exit__(*problem)

    def wait_more(self, count: int = CONFIRMED_MIN) -> None:
        """Waits until so many more orders are confirmed."""
        wanted = self.history.confirmed_count() + count
        wait_until(
            lambda: self.history.confirmed_count() >= wanted,
            what=f"{count} more confirmed orders: {self.history.summary()}",
            timeout_s=_ORDER_TIMEOUT_S,
        )

    def recovery_s(self, begin_ns: int, *, done_ns: int | None = None) -> float:
        """From the begin of a fault to the end of the first confirmed order that was asked for when
        the fault was complete, at `done_ns` (now, if it is not told)."""
        after_ns = time.monotonic_ns() if done_ns is None else done_ns
        first = wait_until(
            lambda: self.history.first_confirmation_after(after_ns),
            what=f"an order confirmed after the fault: {self.history.summary()}",
            timeout_s=_ORDER_TIMEOUT_S,
        )
        return (first.ended_ns - begin_ns) / 1e9

    def since(self, begin_ns: int) -> Disturbance:
        """What was felt from that moment until now."""
        end_ns = time.monotonic_ns()
        confirmed = [op for op in self.history.confirmed if begin_ns <= op.ended_ns <= end_ns]
        return Disturbance(
            gap_s=self.history.longest_gap_s(begin_ns, end_ns),
            failures=len(self.history.failures_between(begin_ns, end_ns)),
            confirmed=len(confirmed),
        )

    def judge(self, *, pods: int) -> None:
        """After the load: every node holds every confirmed order once, as promised; nothing was
        sold twice; all nodes have the same state. `pods` is how many must agree."""
        with step(f"{pods} nodes agree, and no confirmed order is lost, doubled or oversold"):
            summary = self.history.summary()
            say(f"{summary}")
            assert summary["confirmed"] >= CONFIRMED_MIN, f"too few orders: {summary}"
            urls = self._wait_settled(pods)
            index = max(self._applied(url) or 0 for url in urls.values())
            broken = self._replayed()
            states = [
                node_state(name, url, self.bar, token=self.merchant_token, at_least=index)
                for name, url in urls.items()
            ]
            for state in states:
                broken += checks.check_orders(state, self.history)
                broken += checks.check_totals(state, self.bar)
                broken += checks.check_stock(state, self.bar)
                broken += checks.check_order_numbers(state, self.history)
                broken += checks.check_transitions(state, self.workload.transitions)
            broken += checks.check_same_everywhere(states)
            broken += checks.check_refusals(self.history)
            broken += checks.check_hashes({index: self._hashes(urls, index)})
            assert broken == [], f"{len(broken)} broken promises: {broken[:20]}"

    def _wait_settled(self, pods: int) -> dict[str, str]:
        def settled() -> dict[str, str] | None:
            urls = self._cluster.pod_urls()
            first = {self._applied(url) for url in urls.values()}
            if len(urls) != pods or len(first) != 1 or None in first:
                return None
            pause(0.2)
            return urls if {self._applied(url) for url in urls.values()} == first else None

        what = f"{pods} nodes at one index"
        return wait_until(settled, what=what, timeout_s=_SETTLE_TIMEOUT_S)

    def _applied(self, url: str) -> int | None:
        seen = self._cluster.view(url)
        return None if seen is None else int(seen["state"]["index"])

    def _hashes(self, urls: dict[str, str], index: int) -> dict[str, str | None]:
        views = {name: self._cluster.view(url, at=index) for name, url in urls.items()}
        return {
            name: None if view is None else view["state"]["hash"] for name, view in views.items()
        }

    def _replayed(self) -> list[str]:
        """Orders repeated with their first key get their first answer."""
        definite = self.history.confirmed + self.history.refused
        self._chance.shuffle(definite)
        definite.sort(key=lambda operation: len(operation.attempts) == 1)
        broken: list[str] = []
        with Client(self.url) as client:
            for operation in definite[:_REPLAYS]:
                client.token = operation.token
                answer = client.place_order(self.bar.id, operation.body, key=operation.key)
                broken += checks.check_replay(operation, answer)
        return broken
