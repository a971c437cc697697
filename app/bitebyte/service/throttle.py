"""Failed sign-ins are counted, so that passwords cannot be tried one after another.

Counted per account (10 in 10 minutes) and per address (50), in this node's memory. A right
password counts as nothing, but an account over its limit is closed to that address only:
otherwise anybody could lock anybody out (ASVS 6.3.1).
"""

from collections import OrderedDict, deque
from typing import Final

WINDOW_S: Final = 600.0
FAILURES_PER_ACCOUNT_MAX: Final = 10
FAILURES_PER_ADDRESS_MAX: Final = 50
TRACKED_MAX: Final = 10_000
"""Names and addresses remembered at once; the one that failed longest ago is forgotten."""


class SignInThrottle:
    """Remembers failures. All methods take the monotonic time, in seconds."""

    def __init__(self) -> None:
        self._failures: OrderedDict[tuple[str, ...], deque[float]] = OrderedDict()

    def retry_after_s(self, email: str, address: str, now_s: float) -> int | None:
        """Seconds until another try is allowed; None: now."""
        waits = [
            self._wait_s(("account", email, address), FAILURES_PER_ACCOUNT_MAX, now_s),
            self._wait_s(("address", address), FAILURES_PER_ADDRESS_MAX, now_s),
        ]
        longest = max(waits)
        return None if longest <= 0 else int(longest) + 1

    def record_failure(self, email: str, address: str, now_s: float) -> None:
        """A wrong password or an unknown account."""
        for key, kept in (
            (("account", email, address), FAILURES_PER_ACCOUNT_MAX),
            (("address", address), FAILURES_PER_ADDRESS_MAX),
        ):
            times = self._failures.pop(key, None) or deque[float](maxlen=kept)
            times.append(now_s)
            self._failures[key] = times
        while len(self._failures) > TRACKED_MAX:
            self._failures.popitem(last=False)

    def record_success(self, email: str, address: str) -> None:
        """The account's own failures from that address are forgiven."""
        self._failures.pop(("account", email, address), None)

    def _wait_s(self, key: tuple[str, ...], failures_max: int, now_s: float) -> float:
        times = self._failures.get(key)
        if times is None or len(times) < failures_max:
            return 0.0
        return times[0] + WINDOW_S - now_s
