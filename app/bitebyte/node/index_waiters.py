"""Callers that wait for an index to be reached."""

import asyncio
import heapq

from bitebyte.node.types import NodeStopped, TooFarBehind


class IndexWaiters:
    """Wakes callers in index order as an index advances. For one event loop."""

    def __init__(self, index: int) -> None:
        self.index = index
        self._heap: list[tuple[int, int, asyncio.Future[None]]] = []
        self._count = 0

    @property
    def has_waiters(self) -> bool:
        """Whether anybody waits, or has waited and given up."""
        return bool(self._heap)

    def advance(self, index: int) -> None:
        """The index has moved: wakes whoever waits for it."""
        assert index >= self.index, "an index never falls"
        self.index = index
        while self._heap and self._heap[0][0] <= index:
            future = heapq.heappop(self._heap)[2]
            if not future.done():
                future.set_result(None)

    def stop(self) -> None:
        """Nothing will move any more: everybody gets NodeStopped."""
        for _, _, future in self._heap:
            if not future.done():
                future.set_exception(NodeStopped("the node is stopping"))
        self._heap.clear()

    async def wait(self, index: int, *, timeout_s: float) -> None:
        """Returns once `index` is reached. Raises TooFarBehind or NodeStopped."""
        if index <= self.index:
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._count += 1  # a tie-breaker: futures do not compare
        heapq.heappush(self._heap, (index, self._count, future))
        try:
            async with asyncio.timeout(timeout_s):
                await future
        except TimeoutError:
            raise TooFarBehind(
                f"this node is at index {self.index} and did not reach {index} in {timeout_s:g} s"
            ) from None
