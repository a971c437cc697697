"""Members in this process: free ports, and waiting for what they come to."""

import asyncio
import contextlib
import socket
import time
from collections.abc import Callable

DEADLINE_S = 30.0


def free_ports(count: int) -> list[int]:
    """Ports that were free just now, all different."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for sock in sockets:
            sock.bind(("127.0.0.1", 0))
        return [sock.getsockname()[1] for sock in sockets]


async def until(condition: Callable[[], bool], what: str) -> None:
    """Waits for a condition, and says what was waited for if it does not come."""
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, f"waited {DEADLINE_S:g} s for {what}"
        await asyncio.sleep(0.005)
