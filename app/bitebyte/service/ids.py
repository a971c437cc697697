"""UUIDv7 ids (RFC 9562 §5.7): opaque, unique without asking anybody, sorted by time."""

import secrets
from collections.abc import Callable
from typing import Final, Protocol

_COUNTER_MAX: Final = (1 << 12) - 1


class IdSource(Protocol):
    """Makes the ids of commands."""

    def new_id(self, at_ms: int) -> str:
        """A UUIDv7 that carries `at_ms` and that was never made before."""
        ...


class Uuid7Source:
    """Ids of one process: they also sort by the order in which they were made.

    The 12 bits beside the time count within a millisecond and run over into the time when they
    are used up (RFC 9562 §6.2, method 1); the other 62 bits are random.
    """

    def __init__(self, random_bits: Callable[[int], int] = secrets.randbits) -> None:
        self._random_bits = random_bits
        self._last_ms = 0
        self._counter = 0

    def new_id(self, at_ms: int) -> str:
        if at_ms > self._last_ms:
            self._last_ms = at_ms
            self._counter = 0
        elif self._counter < _COUNTER_MAX:
            self._counter += 1
        else:
            self._last_ms += 1
            self._counter = 0
        value = (
            (self._last_ms & ((1 << 48) - 1)) << 80
            | 0x7 << 76
            | self._counter << 64
            | 0b10 << 62
            | self._random_bits(62)
        )
        digits = f"{value:032x}"
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
