"""Makes the log durable: one write at a time, and everything that arrives meanwhile is the
next one.

That is group commit without a timer: an idle member writes at once, a busy one writes large
batches, and the batch grows exactly as fast as the disk is slow.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import msgspec

from bitebyte.raft.messages import StorageAppend
from bitebyte.raft.types import HardState, Snapshot


class LogStorage(Protocol):
    """Where the log is kept."""

    async def append(self, appends: Sequence[StorageAppend]) -> None:
        """Writes all of them in one transaction; durable on return."""
        ...


class LogWriter:
    """Writes appends in order. `on_durable(append)` is called for each, in order, when it is
    on disk; `on_fatal(error)` once, when a write failed: nothing is ever tried again, because
    after a failed fsync nobody knows what is on disk. `on_install(snapshot, hard_state)` is
    awaited where an append carries a snapshot, between the writes before and after it."""

    def __init__(
        self,
        storage: LogStorage,
        *,
        on_durable: Callable[[Sequence[StorageAppend]], None],
        on_fatal: Callable[[BaseException], None],
        on_install: Callable[[Snapshot, HardState], Awaitable[None]] | None = None,
        hard_state: HardState | None = None,
    ) -> None:
        self._storage = storage
        self._on_install = on_install
        self._hard_state = hard_state if hard_state is not None else HardState()
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
        if self._task is None and not _must_write(append):
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
                if any(append.snapshot is not None for append in batch):
                    await self._write_around_snapshots(batch)
                else:
                    await self._write(batch)
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

    async def _write(self, batch: Sequence[StorageAppend]) -> None:
        for append in batch:
            if append.hard_state is not None:
                self._hard_state = append.hard_state
        if any(map(_must_write, batch)):
            await self._storage.append(batch)

    async def _write_around_snapshots(self, batch: Sequence[StorageAppend]) -> None:
        before: list[StorageAppend] = []
        for append in batch:
            if append.snapshot is None:
                before.append(append)
                continue
            await self._write(before)
            before = []
            if append.hard_state is not None:
                self._hard_state = append.hard_state
            assert self._on_install is not None, "a member without snapshots is sent none"
            commit = max(self._hard_state.commit, append.snapshot.index)
            self._hard_state = msgspec.structs.replace(self._hard_state, commit=commit)
            await self._on_install(append.snapshot, self._hard_state)
            if append.entries:
                # After the snapshot and not with it: nothing was promised yet for either.
                before.append(StorageAppend(append.entries, None, ()))
        await self._write(before)


def _must_write(append: StorageAppend) -> bool:
    return bool(append.entries or append.hard_state is not None or append.snapshot is not None)
