"""The peer links: persistent streams of length-prefixed msgpack frames.

Each member dials every other and only sends on the connection that it dialled; what it
receives comes in on the connections that others dialled. A link loses messages when it is
down or full, and says so to nobody: Raft expects that. It never reorders what one connection
carries.
"""

from bitebyte.transport.frames import Hello, StatusReport
from bitebyte.transport.links import LinkEvents, PeerAddress, PeerLinks
from bitebyte.transport.tls import PeerTls, TlsConfigError

__all__ = [
    "Hello",
    "LinkEvents",
    "PeerAddress",
    "PeerLinks",
    "PeerTls",
    "StatusReport",
    "TlsConfigError",
]
