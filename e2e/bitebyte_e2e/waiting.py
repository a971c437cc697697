"""Waiting for a condition, always with a deadline and a name."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_POLL_PAUSE_S = 0.05
"""Short against an election timeout (0.6 s), long enough to leave the CPU to the nodes."""


class WaitExpired(AssertionError):
    """What was waited for did not happen in time; the text says what it was."""


def wait_until(condition: Callable[[], T | None], *, what: str, timeout_s: float) -> T:
    """Polls until `condition` returns something truthy, and returns that.

    Raises WaitExpired, naming `what` and the last value, after `timeout_s` seconds.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= deadline:
            raise WaitExpired(f"after {timeout_s:g} s still not: {what} (last: {value!r})")
        pause(_POLL_PAUSE_S)


def pause(duration_s: float) -> None:
    """Lets a *workload* run for a while. Never a substitute for waiting for a condition."""
    threading.Event().wait(duration_s)
