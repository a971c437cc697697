"""Makes the log durable: one write at a time, and everything that arrives meanwhile is the
next one.

That is group commit without a timer: an idle member writes at once, a busy one writes large
batches, and the batch grows exactly as fast as the disk is slow.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from bitebyte.raft.messages import StorageAppend


class LogStorage(Protocol):
    """Where the log is kept."""

    async def append(self, appends: Sequence[StorageAppend]) -> None:
        """Writes all of them in one transaction; durable on return."""
        ...


class LogWriter:
    """Writes appends in order. `on_durable(append)` is called for each, in order, when it is
    on disk; `on_fatal(error)` once, when a write failed: nothing is ever tried again, because
    after a failed fsync nobody knows what is on disk."""

    def __init__(
        self,
        storage: LogStorage,
        *,
        on_durable: Callable[[Sequence[StorageAppend]], None],
        on_fatal: Callable[[BaseException], None],
    ) -> None:
        self._storage = storage
        self._on_durable = on_durable
        self._on_fatal = on_fatal
        self._queue: list[StorageAppend] = []
        self._task: asyncio.Task[None] | None = None
        self._has_failed = False

    @property
    def is_busy(self) -> bool:
        """Whether a write is under way."""
        return self._task is not None

    def submit(self, append: StorageAppend) -> None:
        """Queues one append. The core bounds how much can wait here."""
        if self._has_failed:
            return
        if self._task is None and not append.entries and append.hard_state is None:
            self._on_durable((append,))
            return
        self._queue.append(append)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._write_all())

    async def stop(self) -> None:
        """Waits for the write under way."""
        if self._task is not None:
            await self._task

    async def _write_all(self) -> None:
        try:
            while self._queue:
                batch, self._queue = self._queue, []
                if any(a.entries or a.hard_state is not None for a in batch):
                    await self._storage.append(batch)
                # Idle from here if nothing came in: whoever reacts may submit again.
                if not self._queue:
                    self._task = None
                self._on_durable(batch)
                if self._task is None:
                    return
        except Exception as error:  # noqa: BLE001  a log that cannot be written ends the member
            self._has_failed = True
            self._task = None
            self._on_fatal(error)
            return
        self._task = None
