"""A way to one node that lets little through: what is sent there takes as long as a test needs."""

import asyncio
import contextlib
import threading
from collections.abc import Generator

STEP_BYTES = 512
STEP_S = 0.1
"""5 KiB/s on each connection: plenty for heartbeats, and seconds for the smallest snapshot."""
START_S_MAX = 10.0


class SlowLink:
    """Listens on a free loopback port and passes connections on to `port`, slowly as long as it is
    not `open`."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._opened = threading.Event()
        self._started = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run)
        self.address = ""
        """`host:port` that leads there."""
        self.passed_bytes = 0

    def open(self) -> None:
        """From now on everything passes at once."""
        self._opened.set()

    def start(self) -> None:
        self._thread.start()
        assert self._started.wait(START_S_MAX), "the link does not start"

    def stop(self) -> None:
        """Breaks all connections."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self) -> None:
        loop = self._loop
        asyncio.set_event_loop(loop)
        server = loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._started.set()
        loop.run_forever()
        server.close()
        open_tasks = asyncio.all_tasks(loop)
        for task in open_tasks:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*open_tasks, return_exceptions=True))
        loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer), contextlib.suppress(OSError):
            there, to_there = await asyncio.open_connection(
                "127.0.0.1", self._port, limit=STEP_BYTES
            )
            with contextlib.closing(to_there):
                ways = (self._pass(reader, to_there), self._pass(there, writer))
                await asyncio.wait(
                    [asyncio.ensure_future(way) for way in ways],
                    return_when=asyncio.FIRST_COMPLETED,
                )

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(STEP_BYTES):
                writer.write(data)
                await writer.drain()
                self.passed_bytes += len(data)
                if not self._opened.is_set():
                    await asyncio.sleep(STEP_S)


@contextlib.contextmanager
def slow_link(port: int) -> Generator[SlowLink]:
    """For the length of a `with`."""
    link = SlowLink(port)
    link.start()
    try:
        yield link
    finally:
        link.stop()
