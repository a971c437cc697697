"""A connection that carries one snapshot from a process to another, over the simulated network."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from random import Random

from bitebyte.simulation.loop import SimulatedLoop
from bitebyte.transport.frames import SnapshotBegin

CHECK_S = 0.3
"""How soon an end notices that the other one, or the way there, is gone."""

DELAY_S_MAX = 0.02


class SnapshotStream:
    """Both ends. `is_open()` says whether the link and both processes still stand."""

    def __init__(
        self,
        begin: SnapshotBegin,
        *,
        world: SimulatedLoop,
        sender: SimulatedLoop,
        receiver: SimulatedLoop,
        random: Random,
        is_open: Callable[[], bool],
    ) -> None:
        self.begin = begin
        self.sha256 = b""
        self._world = world
        self._random = random
        self._is_open = is_open
        self._sender = sender
        self._receiver = receiver
        self._pieces: deque[bytes] = deque()
        self._is_complete = False
        self._is_broken = False
        self._refusal = ""
        self._is_accepted = False
        self._reader: asyncio.Future[None] | None = None
        self._writer: asyncio.Future[None] | None = None
        world.call_later(CHECK_S, self._check)

    def _check(self) -> None:
        if self._is_accepted or self._is_broken:
            return
        if not self._is_open():
            self._is_broken = True
            self._wake()
        else:
            self._world.call_later(CHECK_S, self._check)

    def _wake(self) -> None:
        for future in (self._reader, self._writer):
            if future is not None and not future.done():
                future.set_result(None)

    # The sender's end: SnapshotSink ----------------------------------------------------------

    async def send(self, chunk: bytes) -> None:
        self._raise_if_ended()
        await self._delay(self._sender)
        self._raise_if_ended()
        self._pieces.append(chunk)
        self._wake()

    async def finish(self, sha256: bytes) -> None:
        await self._delay(self._sender)
        self._raise_if_ended()
        self.sha256 = sha256
        self._is_complete = True
        self._wake()
        while not self._is_accepted:
            self._raise_if_ended()
            self._writer = self._sender.create_future()
            await self._writer

    async def close(self) -> None:
        if not self._is_accepted:
            self._is_broken = True
            self._wake()

    def _raise_if_ended(self) -> None:
        if self._refusal:
            raise OSError(f"refused: {self._refusal}")
        if self._is_broken or not self._is_open():
            raise OSError("the connection broke")

    async def _delay(self, loop: SimulatedLoop) -> None:
        done = loop.create_future()
        self._world.call_later(self._random.random() * DELAY_S_MAX, _finish, done)
        await done

    # The receiver's end: SnapshotIntake ------------------------------------------------------

    async def chunks(self) -> AsyncIterator[bytes]:
        while True:
            while self._pieces:
                yield self._pieces.popleft()
            if self._is_complete:
                return
            if self._is_broken:
                raise OSError("the connection broke in the middle of the snapshot")
            self._reader = self._receiver.create_future()
            await self._reader

    def accept(self) -> None:
        self._is_accepted = True
        self._wake()

    def refuse(self, reason: str) -> None:
        self._refusal = reason
        self._wake()


def _finish(done: asyncio.Future[None]) -> None:
    if not done.done():
        done.set_result(None)
