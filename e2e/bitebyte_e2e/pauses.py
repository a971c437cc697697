"""How long a node's event loop keeps a caller waiting, seen from outside.

`/livez` is answered by the loop itself and depends on nothing else, so its latency is the loop's
pause plus what the machine's scheduler adds; a run beside which nothing else happens tells how much
that is.
"""

import http.client
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from urllib.parse import urlsplit

ASK_EVERY_S = 0.005
ASK_TIMEOUT_S = 10.0


class Pauses:
    """The latencies that were seen, in milliseconds."""

    def __init__(self) -> None:
        self._latencies_ms: list[float] = []

    def add(self, latency_ms: float) -> None:
        self._latencies_ms.append(latency_ms)

    def longest_ms(self) -> float:
        """Raises AssertionError if nothing was seen, which would say nothing."""
        assert self._latencies_ms, "nobody was asked"
        return max(self._latencies_ms)

    def p999_ms(self) -> float:
        """All but one in a thousand are at most so long."""
        assert self._latencies_ms, "nobody was asked"
        ordered = sorted(self._latencies_ms)
        return ordered[min(len(ordered) - 1, int(len(ordered) * 0.999))]


@contextmanager
def watching_pauses(url: str) -> Generator[Pauses]:
    """Asks the node at `url` all the time, for the length of the `with`."""
    pauses = Pauses()
    told = threading.Event()
    thread = threading.Thread(target=_ask, args=(url, pauses, told), daemon=True)
    thread.start()
    try:
        yield pauses
    finally:
        told.set()
        thread.join(ASK_TIMEOUT_S + 1)


def _ask(url: str, pauses: Pauses, told: threading.Event) -> None:
    address = urlsplit(url)
    assert address.hostname is not None
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=ASK_TIMEOUT_S)
    while not told.wait(ASK_EVERY_S):
        begin_s = time.perf_counter()
        connection.request("GET", "/livez")
        connection.getresponse().read()
        pauses.add((time.perf_counter() - begin_s) * 1e3)
    connection.close()
