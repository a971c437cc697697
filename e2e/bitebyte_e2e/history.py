"""What the customers were told, in one process' monotonic time.

An operation is one order that a customer wants: its key, its body, every attempt at it. It ends
as *confirmed* (201), *refused* (a definite 4xx) or stays *unknown* (timeouts, resets, 5xx), which
keeps it open: it may have happened or not.
"""

import threading
import time
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from bitebyte_e2e.client import Answer, Json


@dataclass(frozen=True)
class Attempt:
    """One request of an operation. Times are monotonic nanoseconds."""

    node: str
    invoked_ns: int
    ended_ns: int
    status: int | None
    """None: no answer came."""
    code: str | None
    content: bytes
    """Empty where no answer came."""
    failure: str = ""


@dataclass
class Operation:
    """One wanted order. Only its own customer's thread writes to it."""

    key: str
    token: str
    body: Json
    attempts: list[Attempt] = field(default_factory=list)

    @property
    def last(self) -> Attempt:
        return self.attempts[-1]

    @property
    def is_confirmed(self) -> bool:
        return self.last.status == 201

    @property
    def is_refused(self) -> bool:
        return self.last.status is not None and 400 <= self.last.status < 500

    @property
    def is_unknown(self) -> bool:
        return not self.is_confirmed and not self.is_refused

    @property
    def invoked_ns(self) -> int:
        """When it may have happened at the earliest."""
        return self.attempts[0].invoked_ns

    @property
    def ended_ns(self) -> int:
        """When it had happened at the latest, if it was confirmed."""
        return self.last.ended_ns


def attempt_of(node: str, invoked_ns: int, outcome: Answer | Exception) -> Attempt:
    """An attempt that ends now, with an answer or with a transport error."""
    now = time.monotonic_ns()
    if isinstance(outcome, Exception):
        return Attempt(node, invoked_ns, now, None, None, b"", type(outcome).__name__)
    return Attempt(node, invoked_ns, now, outcome.status, outcome.code, outcome.content)


class History:
    """All operations of a run. Customers add from their own threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._operations: list[Operation] = []

    def open(self, *, key: str, token: str, body: Json) -> Operation:
        """Registers the operation before its first request is sent."""
        operation = Operation(key, token, body)
        with self._lock:
            self._operations.append(operation)
        return operation

    @property
    def operations(self) -> list[Operation]:
        """Those with at least one attempt that ended."""
        with self._lock:
            return [operation for operation in self._operations if operation.attempts]

    @property
    def confirmed(self) -> list[Operation]:
        return [operation for operation in self.operations if operation.is_confirmed]

    @property
    def refused(self) -> list[Operation]:
        return [operation for operation in self.operations if operation.is_refused]

    @property
    def unknown(self) -> list[Operation]:
        return [operation for operation in self.operations if operation.is_unknown]

    def confirmed_count(self) -> int:
        return len(self.confirmed)

    def first_confirmation_after(self, moment_ns: int) -> Operation | None:
        """The first to be confirmed by an attempt that began after `moment_ns`: an answer
        that was already on its way does not count."""
        late = [operation for operation in self.confirmed if operation.last.invoked_ns > moment_ns]
        return min(late, key=lambda operation: operation.ended_ns, default=None)

    def longest_gap_s(self, begin_ns: int, end_ns: int) -> float:
        """The longest time between two confirmations, or between one and the begin or the end."""
        times = sorted(
            operation.ended_ns
            for operation in self.confirmed
            if begin_ns <= operation.ended_ns <= end_ns
        )
        return max(b - a for a, b in pairwise([begin_ns, *times, end_ns])) / 1e9

    def failures_between(self, begin_ns: int, end_ns: int) -> list[Attempt]:
        """Attempts that ended in this time without a definite answer."""
        return [
            attempt
            for operation in self.operations
            for attempt in list(operation.attempts)
            if begin_ns <= attempt.ended_ns <= end_ns
            and (attempt.status is None or attempt.status >= 500)
        ]

    def summary(self) -> dict[str, Any]:
        """Counts for the text of a report."""
        attempts = [attempt for operation in self.operations for attempt in operation.attempts]
        answers: dict[str, int] = {}
        for attempt in attempts:
            label = str(attempt.status) if attempt.status else attempt.failure
            label += f" {attempt.code}" if attempt.code else ""
            answers[label] = answers.get(label, 0) + 1
        return {
            "operations": len(self.operations),
            "confirmed": len(self.confirmed),
            "refused": len(self.refused),
            "unknown": len(self.unknown),
            "attempts": dict(sorted(answers.items())),
        }
