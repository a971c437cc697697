"""What the peer links tell the node, besides messages and reports."""

from collections.abc import Callable

from bitebyte.node.cluster_keeper import ClusterKeeper
from bitebyte.node.snapshot_traffic import SnapshotTraffic
from bitebyte.raft.messages import LocalMessage, PeerMessage, PeerUnreachable
from bitebyte.transport.links import LinkEvents
from bitebyte.transport.snapshot_link import SnapshotInbox


class NodeLinkEvents(LinkEvents):
    """Hands each to the part of the node that it concerns."""

    def __init__(
        self,
        own_id: int,
        keeper: ClusterKeeper,
        traffic: SnapshotTraffic,
        deliver: Callable[[PeerMessage | LocalMessage], None],
    ) -> None:
        self._own_id = own_id
        self._keeper = keeper
        self._traffic = traffic
        self._deliver = deliver

    def on_hello(self, peer_id: int, name: str, peer_address: str) -> None:
        self._keeper.note_hello(peer_id, name, peer_address)

    def on_lost(self, peer_id: int) -> None:
        self._keeper.note_lost(peer_id)
        self._deliver(PeerUnreachable(to=self._own_id, sender=self._own_id, peer_id=peer_id))

    def on_removed(self, reason: str) -> None:
        del reason
        self._keeper.note_removed()

    def on_snapshot(self, peer_id: int, inbox: SnapshotInbox) -> None:
        self._traffic.receiver.start(peer_id, inbox)

    def is_removed(self, peer_id: int) -> bool:
        return self._keeper.is_removed_member(peer_id)
