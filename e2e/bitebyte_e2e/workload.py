"""Customers who order at once, through any node, and retry like a careful client.

Each order has one Idempotency-Key, repeated at another node whenever the outcome is unknown
(no answer, or 5xx) until it is definite. The key is also the note of the first line, so that an
order found on a node can be matched without trusting the server's answer.
"""

import random
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass

import httpx

from bitebyte_e2e.bar import Bar
from bitebyte_e2e.client import Client, Json
from bitebyte_e2e.history import History, Operation, attempt_of
from bitebyte_e2e.waiting import pause

DEFINITE_TIMEOUT_S = 30.0
"""How long a customer tries to learn the outcome of one order."""
_RETRY_PAUSE_S_MAX = 0.2
_THINK_PAUSE_S_MAX = 0.03
"""Between two orders of a customer: the load is to find races, not to starve two cores."""
_TRANSITION_BATCH = 20

Job = Callable[[Client, random.Random], None]


@dataclass(frozen=True)
class ConfirmedTransition:
    """A step of an order that the merchant was told has happened."""

    order_id: str
    to: str
    version: int


def random_order(chance: random.Random, bar: Bar, key: str) -> Json:
    """One to three lines; sometimes the same drink twice, so that demand must be summed."""
    products = sorted(bar.products.values())
    chosen = [chance.choice(products) for _ in range(chance.randint(1, 3))]
    if len(chosen) > 1 and chance.random() < 0.2:
        chosen[1] = chosen[0]
    lines = [
        {"product_id": product, "quantity": chance.randint(1, 2), "note": ""} for product in chosen
    ]
    lines[0]["note"] = key
    return {"lines": lines}


class Workload:
    """Threads that order until they are stopped. `with` starts and stops them. `urls` is asked
    before each attempt, since members come and go."""

    def __init__(
        self,
        *,
        urls: Callable[[], dict[str, str]],
        bar: Bar,
        customer_tokens: list[str],
        merchant_token: str,
        seed: int,
        host: str | None = None,
    ) -> None:
        self.history = History()
        self.transitions: list[ConfirmedTransition] = []
        self._urls = urls
        self._bar = bar
        self._host = host
        self._stopping = threading.Event()
        self._failures: list[BaseException] = []
        self._threads = [
            threading.Thread(target=self._run, args=(self._order_on, token, f"{seed}-{number}"))
            for number, token in enumerate(customer_tokens)
        ]
        self._threads.append(
            threading.Thread(target=self._run, args=(self._serve, merchant_token, f"{seed}-bar"))
        )

    def __enter__(self) -> "Workload":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Lets everybody finish the order they are at, then raises what went wrong, if any."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        if self._failures:
            raise self._failures[0]

    def run_for(self, duration_s: float) -> None:
        """Lets them order; ends early when one of them failed."""
        deadline = time.monotonic() + duration_s
        while time.monotonic() < deadline and not self._failures:
            pause(0.02)

    def _run(self, job: Job, token: str, seed: str) -> None:
        try:
            with Client("", token=token, host=self._host) as client:
                job(client, random.Random(seed))
        except BaseException as problem:  # noqa: BLE001  a thread's outermost frame; stop() raises it
            self._failures.append(problem)

    def _order_on(self, client: Client, chance: random.Random) -> None:
        while not self._stopping.is_set():
            key = str(uuid.UUID(int=chance.getrandbits(128), version=4))
            assert client.token is not None
            operation = self.history.open(
                key=key, token=client.token, body=random_order(chance, self._bar, key)
            )
            self._finish(client, chance, operation)
            pause(chance.uniform(0, _THINK_PAUSE_S_MAX))

    def _finish(self, client: Client, chance: random.Random, operation: Operation) -> None:
        """Attempts the order until its outcome is definite or the customer gives up."""
        deadline = time.monotonic() + DEFINITE_TIMEOUT_S
        urls = self._urls()
        node = chance.choice(sorted(urls))
        while True:
            invoked_ns = time.monotonic_ns()
            try:
                outcome = client.place_order(
                    self._bar.id, operation.body, key=operation.key, base_url=urls[node]
                )
            except httpx.TransportError as problem:
                operation.attempts.append(attempt_of(node, invoked_ns, problem))
            else:
                operation.attempts.append(attempt_of(node, invoked_ns, outcome))
            if not operation.is_unknown or time.monotonic() > deadline:
                return
            urls = self._urls()
            others = [name for name in sorted(urls) if name != node]
            node = chance.choice(others or sorted(urls))
            pause(chance.uniform(0, _RETRY_PAUSE_S_MAX))

    def _serve(self, client: Client, chance: random.Random) -> None:
        """The merchant: takes placed orders through their states, and turns some away."""
        while not self._stopping.is_set():
            client.base_url = chance.choice(sorted(self._urls().values()))
            try:
                page = client.request(
                    "GET",
                    f"/bars/{self._bar.id}/orders",
                    params={"status": "placed", "limit": str(_TRANSITION_BATCH)},
                )
                if page.status == 200:
                    for order in page.body["items"]:
                        self._take_through(client, chance, order)
            except httpx.TransportError:
                pass
            pause(0.05)

    def _take_through(self, client: Client, chance: random.Random, order: Json) -> None:
        path = chance.choice(
            (
                ("accepted", "preparing", "ready", "completed"),
                ("accepted", "preparing", "ready"),
                ("accepted", "preparing"),
                ("rejected",),
                ("accepted", "cancelled"),
            )
        )
        for to in path:
            answer = client.transition(order, to, reason="as the evening goes")
            if answer.status != 200:
                return
            order = answer.body
            self.transitions.append(ConfirmedTransition(order["id"], to, order["version"]))
