"""Which idempotency keys may have been used before: an answer without asking the database.

Nearly every order brings a key that nobody has used, and only the database could say so for
certain: one query for each order on each node. A Bloom filter over all keys says "certainly new"
almost always, and "perhaps used" for the rest, which is then looked up. It only saves the
question; it never decides an outcome, so members need not agree on it.
"""

from typing import Final

FILTER_BITS: Final = 1 << 25
"""4 MiB. With a million keys, of two days or so, one new key in 5,000 is looked up in vain; with
ten million, one in four. Nothing else depends on it."""

_MASK: Final = FILTER_BITS - 1


class SeenKeys:
    """A Bloom filter with four probes. Keys are only added: a restart begins anew with those
    that the database still keeps."""

    def __init__(self) -> None:
        self._bits = bytearray(FILTER_BITS // 8)

    def add(self, parts: tuple[str, ...]) -> None:
        """From now on `may_hold` says yes to these key parts."""
        bits = self._bits
        for position in _positions(parts):
            bits[position >> 3] |= 1 << (position & 7)

    def may_hold(self, parts: tuple[str, ...]) -> bool:
        """False: certainly never added."""
        bits = self._bits
        a, b, c, d = _positions(parts)
        # Written out: a generator costs more than all of it, and nearly every call ends at once.
        return bool(
            bits[a >> 3] & (1 << (a & 7))
            and bits[b >> 3] & (1 << (b & 7))
            and bits[c >> 3] & (1 << (c & 7))
            and bits[d >> 3] & (1 << (d & 7))
        )


def _positions(parts: tuple[str, ...]) -> tuple[int, int, int, int]:
    # Salted per process (PYTHONHASHSEED), so nobody outside can choose keys that collide.
    first = hash(parts)
    second = hash((first, 1))
    return first & _MASK, (first >> 32) & _MASK, second & _MASK, (second >> 32) & _MASK
