"""A connection of its own for one snapshot: it must not stand in the way of heartbeats.

The dialler says hello, begins, sends pieces as fast as the other side takes them, and ends with
the hash of all. The answer is one frame: taken, or refused and why.
"""

import asyncio
import zlib
from collections import deque
from collections.abc import AsyncIterator

from bitebyte.transport.frames import (
    Frame,
    FrameError,
    FrameReader,
    Hello,
    Refused,
    SnapshotBegin,
    SnapshotChunk,
    SnapshotEnd,
    SnapshotTaken,
    encode_frame,
)

UNSENT_BYTES_MAX = 1024 * 1024
"""Of one snapshot, waiting in the sender's connection."""

UNREAD_BYTES_MAX = 1024 * 1024
"""Waiting at the receiver: then it stops reading, and the sender soon stops sending."""

ANSWER_TIMEOUT_S = 120.0
"""For the last pieces to be staged and checked. Longer than any pause of a healthy disk."""

PROGRESS_TIMEOUT_S = 30.0
"""Without any room for another piece, or any piece, for so long: the other side is gone."""


class SnapshotNotTaken(Exception):
    """The other side refused the snapshot, or a piece of it is damaged; the text says why."""


class SnapshotLink:
    """The dialler's end."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._frames = FrameReader()
        writer.transport.set_write_buffer_limits(high=UNSENT_BYTES_MAX)

    def begin(self, hello: Hello, begin: SnapshotBegin) -> None:
        """The first two frames."""
        self._writer.write(encode_frame(hello))
        self._writer.write(encode_frame(begin))

    async def send(self, chunk: bytes) -> None:
        """Sends, waiting for room. Raises OSError, or SnapshotNotTaken when the peer has refused
        already."""
        frame = SnapshotChunk(chunk, zlib.crc32(chunk))
        self._writer.write(encode_frame(frame))
        try:
            async with asyncio.timeout(PROGRESS_TIMEOUT_S):
                await self._writer.drain()
        except TimeoutError:
            raise OSError("the peer takes no more of the snapshot") from None
        except OSError:
            await self._raise_refusal()
            raise

    async def finish(self, sha256: bytes) -> None:
        """All was sent; returns when the peer says that it has staged it. Raises as `send`."""
        self._writer.write(encode_frame(SnapshotEnd(sha256)))
        if not isinstance(await self._answer(ANSWER_TIMEOUT_S), SnapshotTaken):
            raise OSError("the peer closed the connection before it had the whole snapshot")

    async def close(self) -> None:
        """Ends the connection, also in the middle."""
        self._writer.transport.abort()

    async def _raise_refusal(self) -> None:
        """A refusal may have arrived before the connection broke: it says more than the break."""
        try:
            await self._answer(1.0)
        except OSError:
            return

    async def _answer(self, timeout_s: float) -> Frame | None:
        try:
            async with asyncio.timeout(timeout_s):
                while data := await self._reader.read(4096):
                    for frame in self._frames.feed(data):
                        if isinstance(frame, Refused):
                            raise SnapshotNotTaken(f"the peer refused it: {frame.reason}")
                        return frame
        except TimeoutError:
            raise OSError("the peer did not say in time whether it has the snapshot") from None
        except FrameError as error:
            raise OSError(f"the peer's answer is no frame: {error}") from error
        return None


class SnapshotInbox:
    """The receiver's end: fed by the connection's protocol, read by the node at its own pace."""

    def __init__(self, transport: asyncio.Transport, begin: SnapshotBegin) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport = transport
        self.begin = begin
        self.sha256 = b""
        self._chunks: deque[SnapshotChunk] = deque()
        self._unread_bytes = 0
        self._is_paused = False
        self._is_complete = False
        self._is_lost = False
        self._changed = asyncio.Event()

    def feed(self, frame: Frame) -> bool:
        """A frame has arrived; False: it has no place here."""
        if self._is_complete:
            return False
        if isinstance(frame, SnapshotChunk):
            self._chunks.append(frame)
            self._unread_bytes += len(frame.data)
            if self._unread_bytes > UNREAD_BYTES_MAX and not self._is_paused:
                self._is_paused = True
                self._transport.pause_reading()
        elif isinstance(frame, SnapshotEnd):
            self.sha256 = frame.sha256
            self._is_complete = True
        else:
            return False
        self._changed.set()
        return True

    def note_lost(self) -> None:
        """The connection is gone."""
        self._is_lost = True
        self._changed.set()

    async def chunks(self) -> AsyncIterator[bytes]:
        """All pieces. Raises OSError when the connection breaks or nothing comes, and
        SnapshotNotTaken when a piece is damaged."""
        while True:
            while self._chunks:
                chunk = self._chunks.popleft()
                self._unread_bytes -= len(chunk.data)
                if self._is_paused and self._unread_bytes < UNREAD_BYTES_MAX // 2:
                    self._is_paused = False
                    self._transport.resume_reading()
                if zlib.crc32(chunk.data) != chunk.crc32:
                    raise SnapshotNotTaken("a piece was damaged on the way")
                yield chunk.data
            if self._is_complete:
                return
            if self._is_lost:
                raise OSError("the connection broke in the middle of the snapshot")
            self._changed.clear()
            try:
                async with asyncio.timeout(PROGRESS_TIMEOUT_S):
                    await self._changed.wait()
            except TimeoutError:
                raise OSError("the snapshot stopped arriving") from None

    def accept(self) -> None:
        """Tells the sender that it is staged, and ends the connection."""
        self._answer(SnapshotTaken())

    def refuse(self, reason: str) -> None:
        """Tells the sender why not, and ends the connection."""
        self._answer(Refused(reason))

    def _answer(self, frame: Frame) -> None:
        if not self._is_lost and not self._transport.is_closing():
            self._transport.write(encode_frame(frame))
            self._transport.close()
