"""The one place that asks what time it is."""

import time
from typing import Protocol


class Clock(Protocol):
    """Two clocks: one to write down, one to measure with."""

    def now_ms(self) -> int:
        """Milliseconds since 1970 UTC; may jump."""
        ...

    def monotonic_s(self) -> float:
        """Seconds that never jump; meaningless outside this process."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic_s(self) -> float:
        return time.monotonic()
