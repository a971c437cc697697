"""Committed entries on their way to the applier: at once where somebody waits, else a little later
and together."""

import asyncio
from collections.abc import Callable, Sequence

from bitebyte.raft.types import Entry

APPLY_DELAY_S = 0.004
"""How long a follower may leave committed entries unapplied while nobody there waits for them."""

APPLY_ENTRIES_MAX = 64
"""So many unapplied entries are applied at once, whoever waits: a few milliseconds of work."""


class ApplyQueue:
    """`submit` gives entries to the applier, in order."""

    def __init__(self, submit: Callable[[Sequence[Entry]], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._submit = submit
        self._waiting: list[Sequence[Entry]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._is_stopped = False

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits here."""
        return not self._waiting

    @property
    def is_delayed(self) -> bool:
        """Whether entries wait for the end of the delay."""
        return self._timer is not None

    @property
    def is_full(self) -> bool:
        """Whether so much waits that it is worth applying."""
        return sum(map(len, self._waiting)) >= APPLY_ENTRIES_MAX

    def add(self, entries: Sequence[Entry]) -> None:
        """More entries are committed."""
        self._waiting.append(entries)

    def apply_later(self) -> None:
        """Nobody waits: many entries applied together cost a third of each alone."""
        if self._timer is None:
            self._timer = self._loop.call_later(APPLY_DELAY_S, self.apply)

    def apply_soon(self) -> None:
        """After what the loop has to do first."""
        self._loop.call_soon(self.apply)

    def apply(self) -> None:
        """Gives everything to the applier now."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._is_stopped:
            return
        waiting, self._waiting = self._waiting, []
        for entries in waiting:
            self._submit(entries)

    def clear(self) -> None:
        """A snapshot brings what waits here."""
        self._waiting = []

    def stop(self) -> None:
        """Nothing is applied any more."""
        self._is_stopped = True
        if self._timer is not None:
            self._timer.cancel()
