"""Reads log entries for peers that lag so far behind that they have left memory."""

import asyncio
from collections.abc import Callable

from bitebyte.node.ports import Log
from bitebyte.raft.messages import StorageFetch, StorageFetchResp


class LogFetches:
    """Answers each fetch with `on_read`. The core asks for at most one per peer."""

    def __init__(
        self,
        log: Log,
        *,
        own_id: int,
        on_read: Callable[[StorageFetchResp], None],
        on_fatal: Callable[[BaseException], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._log = log
        self._own_id = own_id
        self._on_read = on_read
        self._on_fatal = on_fatal
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, fetch: StorageFetch) -> None:
        """Begins to read."""
        task = self._loop.create_task(self._fetch(fetch))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def stop(self) -> None:
        """Nobody waits for an answer any more."""
        for task in self._tasks:
            task.cancel()

    async def _fetch(self, fetch: StorageFetch) -> None:
        try:
            entries = await self._log.fetch(fetch.low, fetch.high, fetch.bytes_max)
        except Exception as error:  # noqa: BLE001  a log that cannot be read ends the member
            self._on_fatal(error)
            return
        self._on_read(
            StorageFetchResp(
                to=self._own_id,
                sender=self._own_id,
                peer_id=fetch.peer_id,
                low=fetch.low,
                entries=tuple(entries),
            )
        )
