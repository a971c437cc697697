"""Keeps the log short: looks now and then, and compacts in the background."""

import asyncio
from collections.abc import Callable, Sequence

import structlog

from bitebyte.node.compaction import compact_through, tail_entries
from bitebyte.node.ports import Log
from bitebyte.node.types import NodeOptions
from bitebyte.raft.rawnode import RawNode

log = structlog.get_logger()

SAMPLE_ENTRIES = 64
"""Newest entries whose size stands for that of all, read once a look."""


class LogKeeper:
    """One compaction at a time: first the core forgets, then the rows go. A crash in between costs
    nothing but the room, until the next time."""

    def __init__(
        self, storage: Log, options: NodeOptions, *, on_fatal: Callable[[BaseException], None]
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._storage = storage
        self._options = options
        self._on_fatal = on_fatal
        self._task: asyncio.Task[None] | None = None
        self.average_entry_bytes = 512.0

    def look(self, raw: RawNode, flushed_index: int, held_from: Sequence[int]) -> None:
        """Compacts if it is worth it."""
        if self._task is not None:
            return
        tail = tail_entries(
            entries_max=self._options.kept_entries_max,
            bytes_max=self._options.kept_bytes_max,
            average_bytes=self.average_entry_bytes,
        )
        active = [
            progress.match_index + 1
            for progress in raw.progress().values()
            if progress.is_recently_active
        ]
        through = compact_through(
            first_index=raw.first_index,
            flushed_index=min(flushed_index, raw.applied_index),
            tail=tail,
            needed_from=(*active, *held_from),
        )
        if through is not None:
            self._task = self._loop.create_task(self._compact(raw, through))

    async def stop(self) -> None:
        """Waits for the step under way."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _compact(self, raw: RawNode, through: int) -> None:
        try:
            sample = await self._storage.fetch(
                through, through + SAMPLE_ENTRIES, self._options.kept_bytes_max
            )
            if sample:
                mean = sum(len(entry.data) for entry in sample) / len(sample)
                self.average_entry_bytes += (mean - self.average_entry_bytes) / 2
            raw.compact(through)
            await self._storage.compact(through)
            log.info("log.compacted", through=through)
        except Exception as error:  # noqa: BLE001  a log that cannot be written ends the member
            self._on_fatal(error)
        finally:
            self._task = None
