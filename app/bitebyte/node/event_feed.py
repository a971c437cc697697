"""Events in log order: the newest in memory, older ones from the database."""

import asyncio
from bisect import bisect_right
from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from bitebyte.node.types import EventsExpired, PositionedEvents
from bitebyte.repository.types import AppliedEntry

ENTRIES_IN_MEMORY_MAX = 4096
"""Entries with events kept in memory. A stream that resumes from further back, or reads so
slowly that it falls behind, is served from the database instead."""

PAGE_ENTRIES = 500


class EventArchive(Protocol):
    """The events that were flushed."""

    async def events_after(self, index: int, limit: int) -> Sequence[AppliedEntry]:
        """Entries after `index` that have events, oldest first, at most `limit`."""
        ...

    async def oldest_event_index(self) -> int:
        """The oldest index still kept; the one after the newest if none is."""
        ...


class EventFeed:
    """Lets any number of streams follow the events, each at its own pace.

    A stream is a position, not a queue: a slow reader holds no memory here.
    """

    def __init__(self, archive: EventArchive, *, last_index: int) -> None:
        self._archive = archive
        self._ring: list[PositionedEvents] = []
        self._indexes: list[int] = []
        self._complete_after = last_index
        """Everything after this index is in the ring."""
        self._lost_until = 0
        """Events up to here came in a snapshot, hence never."""
        self._changed = asyncio.Event()

    def reset(self, index: int) -> None:
        """The state jumped to `index`: what happened on the way is not known here."""
        self._ring.clear()
        self._indexes.clear()
        self._complete_after = self._lost_until = index
        self._changed.set()
        self._changed = asyncio.Event()

    def publish(self, entries: Sequence[PositionedEvents]) -> None:
        """Adds what was applied. Called by the applier, in order."""
        if not entries:
            return
        for entry in entries:
            self._ring.append(entry)
            self._indexes.append(entry.index)
        excess = len(self._ring) - ENTRIES_IN_MEMORY_MAX
        if excess >= ENTRIES_IN_MEMORY_MAX // 4:
            # Cut in large steps: removing from the front of a list moves the rest.
            self._complete_after = self._indexes[excess - 1]
            del self._ring[:excess]
            del self._indexes[:excess]
        self._changed.set()
        self._changed = asyncio.Event()

    async def follow(self, after_index: int) -> AsyncIterator[PositionedEvents]:
        """All events after `after_index`, then live ones. Raises EventsExpired."""
        position = after_index
        if position < self._complete_after and position + 1 < (
            oldest := await self._archive.oldest_event_index()
        ):
            raise EventsExpired(f"events are kept from index {oldest} on")
        while True:
            if position < self._lost_until:
                raise EventsExpired(f"events are kept from index {self._lost_until + 1} on")
            while position < self._complete_after:
                # The ring is complete after `boundary`; the archive holds what was flushed.
                # What is in neither is flushed soon: the ring outlasts several flushes.
                boundary = self._complete_after
                page = await self._archive.events_after(position, PAGE_ENTRIES)
                if position < self._lost_until:
                    break
                for entry in page:
                    if entry.index > boundary:
                        break
                    yield PositionedEvents(entry.index, entry.events)
                    position = entry.index
                if len(page) < PAGE_ENTRIES or page[-1].index > boundary:
                    position = max(position, boundary)
            if position < self._lost_until:
                continue
            changed = self._changed
            start = bisect_right(self._indexes, position)
            for entry in self._ring[start : start + PAGE_ENTRIES]:
                position = entry.index
                yield entry
            if position < self._complete_after or bisect_right(self._indexes, position) < len(
                self._indexes
            ):
                continue
            await changed.wait()
