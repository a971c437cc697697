"""Linearizable reads: callers that arrive together share one ReadIndex."""

import asyncio
from collections.abc import Callable

from bitebyte.node.types import NodeStopped, NoLeader

RETRY_S = 0.3
"""A read request that was not answered in this time is asked again, with a new id: the
message, or the leader, may be gone."""

GIVE_UP_S = 30.0
"""No caller waits that long, so nobody is left to answer."""


class ReadBarriers:
    """Gives out read indexes. `request(id)` asks the core; False means not now."""

    def __init__(self, request: Callable[[int], bool], *, first_id: int) -> None:
        self._request = request
        self._next_id = first_id
        self._gathering: asyncio.Future[int] | None = None
        self._asked: dict[int, tuple[asyncio.Future[int], float, float]] = {}
        self._is_stopped = False

    def join(self) -> asyncio.Future[int]:
        """A future for a read index that is confirmed after this call. Shared: never cancel
        it, shield it."""
        if self._is_stopped:
            raise NodeStopped("the node is stopping")
        if self._gathering is None:
            self._gathering = asyncio.get_running_loop().create_future()
        return self._gathering

    @property
    def has_gathering(self) -> bool:
        """Whether somebody waits for the next request."""
        return self._gathering is not None

    def ask(self, now_s: float) -> None:
        """Sends the request for everybody who gathered, if the core takes it."""
        future = self._gathering
        if future is None:
            return
        request_id = self._take_id()
        if self._request(request_id):
            self._gathering = None
            self._asked[request_id] = (future, now_s, now_s)

    def confirm(self, request_id: int, index: int) -> None:
        """The core has answered."""
        entry = self._asked.pop(request_id, None)
        if entry is not None and not entry[0].done():
            entry[0].set_result(index)

    def retry_old(self, now_s: float) -> None:
        """Asks again for what was not answered, until nobody can be waiting any more."""
        old = [key for key, entry in self._asked.items() if now_s - entry[1] >= RETRY_S]
        for request_id in old:
            future, _, first_asked_s = self._asked.pop(request_id)
            if future.done() or now_s - first_asked_s > GIVE_UP_S:
                continue
            new_id = self._take_id()
            self._request(new_id)
            # Also when the core refused: the next retry comes in RETRY_S.
            self._asked[new_id] = (future, now_s, first_asked_s)

    def stop(self) -> None:
        """Nobody will answer any more."""
        self._is_stopped = True
        futures = [entry[0] for entry in self._asked.values()]
        if self._gathering is not None:
            futures.append(self._gathering)
        for future in futures:
            if not future.done():
                future.set_exception(NodeStopped("the node is stopping"))
                future.exception()  # marks it as seen: its callers may have left
        self._asked.clear()
        self._gathering = None

    def _take_id(self) -> int:
        self._next_id += 1
        return self._next_id


async def wait_for_barrier(future: asyncio.Future[int], *, timeout_s: float) -> int:
    """The read index. Raises NoLeader after the timeout; the shared future lives on."""
    try:
        async with asyncio.timeout(timeout_s):
            return await asyncio.shield(future)
    except TimeoutError:
        raise NoLeader("no leader confirmed the read in time") from None
