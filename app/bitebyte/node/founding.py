"""The order that makes a waiting member the first of a new cluster, and when it is refused. Pure.

Whoever gives it names the cluster and the member that it has seen waiting, so that an order that
is late, or reaches the wrong node, changes nothing. An order that was carried out already is done.
"""

import msgspec

from bitebyte.node.types import MembershipRefused, NodeStatus
from bitebyte.raft.types import ConfState


class FoundingOrder(msgspec.Struct, frozen=True):
    """That member shall become the only voter of that cluster."""

    cluster_id: int
    member_id: int


def is_founded(order: FoundingOrder, status: NodeStatus, conf_state: ConfState) -> bool:
    """Whether nothing is left to do.

    Raises MembershipRefused: `wrong_member`, `member_retired`, or `already_member` if this member
    has others beside it, or anything has been said to it.
    """
    named = (order.cluster_id, order.member_id)
    if named != (status.cluster_id, status.member_id):
        raise MembershipRefused(
            "wrong_member",
            f"this is member {status.member_id} of cluster {status.cluster_id}, and the order is"
            f" for member {order.member_id} of cluster {order.cluster_id}",
        )
    if status.is_removed:
        raise MembershipRefused("member_retired", f"member {status.member_id} was removed")
    if conf_state == ConfState(voters=(status.member_id,)):
        return True
    if conf_state != ConfState(voters=()) or status.last_index or status.term:
        raise MembershipRefused(
            "already_member",
            f"member {status.member_id} belongs to a cluster with others already, or one of them"
            " has spoken to it: a second cluster would have the same name and other orders",
        )
    return False
