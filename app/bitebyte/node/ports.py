"""What a node needs of the world around it."""

from collections.abc import Sequence
from typing import Protocol

from bitebyte.node.log_writer import LogStorage
from bitebyte.raft.messages import PeerMessage
from bitebyte.raft.types import Entry
from bitebyte.transport.frames import StatusReport


class Log(LogStorage, Protocol):
    """The stored log: written by the log writer, read for peers that lag far behind."""

    async def fetch(self, low: int, high: int, bytes_max: int) -> Sequence[Entry]:
        """Entries [low, high), fewer to stay within `bytes_max`, at least one."""
        ...


class Links(Protocol):
    """The way to the peers."""

    def send(self, peer_id: int, messages: Sequence[PeerMessage]) -> None:
        """Sends or drops, without waiting."""
        ...

    def broadcast(self, report: StatusReport) -> None:
        """Sends to all, or drops."""
        ...
