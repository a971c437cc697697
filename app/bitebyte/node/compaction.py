"""How much of the log is kept: enough for members that lag a little, and no more."""

from collections.abc import Iterable

KEPT_TIMES_MAX = 4
"""While a snapshot is on its way, or a member that is in touch lags, so many times the usual tail
is kept for it. One that lags more gets a snapshot (again)."""

STEPS_PER_TAIL = 4
"""Compaction runs when it frees at least a quarter of the tail: not for every entry."""


def tail_entries(*, entries_max: int, bytes_max: int, average_bytes: float) -> int:
    """How many entries are kept for members that lag: `entries_max`, fewer if those would take
    more than `bytes_max`."""
    return max(1, min(entries_max, int(bytes_max / max(1.0, average_bytes))))


def compact_through(
    *, first_index: int, flushed_index: int, tail: int, needed_from: Iterable[int]
) -> int | None:
    """The index through which the log may go now; None if that is not worth it.

    Never past what is flushed: a crash applies the log again from there. `needed_from` are the
    indexes from which running snapshots and active members still need entries.
    """
    keep_from = flushed_index - tail + 1
    held_from = max(
        min((keep_from, *needed_from)),
        flushed_index - KEPT_TIMES_MAX * tail + 1,
    )
    through = min(held_from, keep_from) - 1
    if through - first_index + 1 < max(1, tail // STEPS_PER_TAIL):
        return None
    return through
