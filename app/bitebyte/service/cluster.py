"""The cluster as this node sees it."""

import msgspec

from bitebyte.node.node import Node
from bitebyte.node.types import NodeStatus
from bitebyte.service.errors import Denied


class ClusterView(msgspec.Struct, frozen=True):
    """One look: the status, and this node's own state hash after `hash_index`."""

    status: NodeStatus
    hash_index: int
    hash: str


class Cluster:
    """Looks at the node."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def view(self, at: int | None) -> ClusterView:
        """The status with the hash of now, or of the index `at`. Raises Denied
        `index_not_kept`."""
        status = self._node.status()
        if at is None:
            return ClusterView(status, status.applied_index, status.state_hash)
        found = self._node.hash_at(at)
        if found is None:
            raise Denied(
                "index_not_kept",
                f"This node keeps the hashes of its last 10,000 indexes, up to"
                f" {status.applied_index}; {at} is not among them.",
            )
        return ClusterView(status, at, found)
