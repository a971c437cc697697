"""Bounds of the driver made so small that rare paths become common.

The product has no switch for that: its bounds are constants of its modules, and those are
replaced for the time of one run.
"""

import contextlib
from collections.abc import Generator, Mapping
from types import ModuleType

from bitebyte.node import applier, apply_queue, barrier, loop
from bitebyte.node.identity_map import IdentityMap
from bitebyte.node.seen_keys import SeenKeys

_BOUNDS: Mapping[str, ModuleType] = {
    "DIRTY_ROWS_MAX": applier,
    "ENTRIES_PER_TURN_MAX": applier,
    "APPLY_ENTRIES_MAX": apply_queue,
    "HELD_PROPOSAL_MESSAGES_MAX": loop,
}
_TIMES_MS: Mapping[str, ModuleType] = {
    "FLUSH_INTERVAL": applier,
    "COMMIT_NOTICE": loop,
    "APPLY_DELAY": apply_queue,
    "RETRY": barrier,
}
KEPT_ENTRIES = "KEPT_ENTRIES_MAX"
"""Entries that the log keeps for members that lag: NodeOptions.kept_entries_max."""

ROWS_KEPT = "ROWS_KEPT_MAX"
"""Clean rows of each kind that stay in memory."""

FILTER_IS_FULL = "FILTER_IS_FULL"
"""1: the filter of idempotency keys never says that a key is new, so each is looked up."""


@contextlib.contextmanager
def small_bounds(bounds: Mapping[str, int]) -> Generator[None]:
    """Replaces the named constants; times are in milliseconds and named without their `_S`."""
    with contextlib.ExitStack() as stack:
        for name, value in bounds.items():
            if name in _BOUNDS:
                _replace(stack, _BOUNDS[name], name, value)
            elif name in _TIMES_MS:
                _replace(stack, _TIMES_MS[name], f"{name}_S", value / 1000)
        yield


def _replace(stack: contextlib.ExitStack, module: ModuleType, name: str, value: float) -> None:
    stack.callback(setattr, module, name, getattr(module, name))
    setattr(module, name, value)


def keep_few_rows(rows: IdentityMap, rows_kept_max: int) -> None:
    """From now on rows leave memory as soon as more than that of a kind are clean."""
    rows._rows_per_kind_max = {}  # pyright: ignore[reportPrivateUsage]
    rows._rows_per_other_kind_max = rows_kept_max  # pyright: ignore[reportPrivateUsage]


class ExactSeenKeys(SeenKeys):
    """The filter without false answers that depend on the process's hash seed."""

    def __init__(self, *, is_full: bool) -> None:  # pyright: ignore[reportMissingSuperCall]  no bits
        self._keys: set[tuple[str, ...]] = set()
        self._is_full = is_full

    def add(self, parts: tuple[str, ...]) -> None:
        self._keys.add(parts)

    def may_hold(self, parts: tuple[str, ...]) -> bool:
        return self._is_full or parts in self._keys
