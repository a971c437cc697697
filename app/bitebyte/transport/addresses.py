"""Where members listen for each other."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PeerAddress:
    """Where a member listens for its peers. The id is its identity, the address is not."""

    id: int
    name: str
    host: str
    port: int


def format_address(host: str, port: int) -> str:
    """`host:port`; IPv6 hosts in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def parse_address(text: str) -> tuple[str, int]:
    """The inverse of `format_address`. Raises ValueError."""
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isascii() or not port.isdigit() or not 0 < int(port[:9]) < 65536:
        raise ValueError(f"{text!r} is not host:port")
    return host, int(port)
