"""Streams see every event once and in order, wherever they start and however slow they are."""

import asyncio
from collections.abc import Sequence

import pytest

from bitebyte.domain.results import Event
from bitebyte.node.event_feed import ENTRIES_IN_MEMORY_MAX, EventFeed
from bitebyte.node.types import EventsExpired, PositionedEvents
from bitebyte.repository.types import AppliedEntry

EVENT = Event("order.placed", "bar", "", False, {})


class Archive:
    """Keeps what was published, from `oldest` on."""

    def __init__(self, oldest: int = 1) -> None:
        self.oldest = oldest
        self.entries: list[AppliedEntry] = []

    async def events_after(self, index: int, limit: int) -> Sequence[AppliedEntry]:
        await asyncio.sleep(0)
        return [e for e in self.entries if e.index > index and e.events][:limit]

    async def oldest_event_index(self) -> int:
        return self.oldest


def publish(feed: EventFeed, archive: Archive, indexes: range) -> None:
    for index in indexes:
        archive.entries.append(AppliedEntry(index, b"", (EVENT,)))
        feed.publish([PositionedEvents(index, (EVENT,))])


async def take(feed: EventFeed, after_index: int, count: int) -> list[int]:
    indexes: list[int] = []
    async with asyncio.timeout(10):
        async for entry in feed.follow(after_index):
            indexes.append(entry.index)
            if len(indexes) == count:
                break
    return indexes


def test_a_stream_gets_old_events_from_the_archive_then_new_ones_as_they_come() -> None:
    async def scenario() -> None:
        archive = Archive()
        archive.entries = [AppliedEntry(i, b"", (EVENT,)) for i in range(1, 1201)]
        feed = EventFeed(archive, last_index=1200)
        reading = asyncio.create_task(take(feed, 3, 1200))
        for index in range(1201, 1204):
            await asyncio.sleep(0)
            publish(feed, archive, range(index, index + 1))
        assert await reading == list(range(4, 1204))

    asyncio.run(scenario())


def test_a_slow_stream_that_falls_out_of_memory_misses_nothing() -> None:
    async def scenario() -> None:
        archive = Archive()
        feed = EventFeed(archive, last_index=0)
        stream = feed.follow(0)
        publish(feed, archive, range(1, 3))
        assert (await anext(stream)).index == 1
        last = 3 * ENTRIES_IN_MEMORY_MAX
        publish(feed, archive, range(3, last + 1))
        rest = [(await anext(stream)).index for _ in range(2, last + 1)]
        assert rest == list(range(2, last + 1))

    asyncio.run(scenario())


def test_a_position_that_is_no_longer_kept_is_told() -> None:
    async def scenario() -> None:
        feed = EventFeed(Archive(oldest=100), last_index=500)
        with pytest.raises(EventsExpired):
            await anext(feed.follow(98))

    asyncio.run(scenario())
