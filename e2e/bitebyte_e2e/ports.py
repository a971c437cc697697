"""Free loopback ports for servers that are killed and started again on the same port."""

import random
import socket

_PORT_MIN = 20000
_PORT_MAX = 32000
"""Below Linux' ephemeral range (from 32768): while a node is down, no outgoing connection of
another process can take its port."""


def free_ports(count: int, *, seed: int | None = None) -> list[int]:
    """`count` different ports that nothing listens on right now."""
    chance = random.Random(seed)
    found: list[int] = []
    for _ in range(1000):
        if len(found) == count:
            return found
        port = chance.randint(_PORT_MIN, _PORT_MAX)
        if port not in found and is_free(port):
            found.append(port)
    raise AssertionError(f"no {count} free ports between {_PORT_MIN} and {_PORT_MAX}")


def free_port_block(count: int) -> int:
    """The first of `count` consecutive free ports."""
    for _ in range(1000):
        first = random.randint(_PORT_MIN, _PORT_MAX - count)
        if all(is_free(port) for port in range(first, first + count)):
            return first
    raise AssertionError(f"no {count} consecutive free ports")


def is_free(port: int) -> bool:
    """Whether a server could listen on 127.0.0.1:`port` now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
