"""Snapshots on their way out of this node, and into it."""

from fastapi import APIRouter, Response

from bitebyte.api.admin.state import WithAdmin
from bitebyte.api.answers import JsonAnswer
from bitebyte.api.route import StrictRoute

router = APIRouter(route_class=StrictRoute)


@router.get("/snapshots")
async def get_snapshots(admin: WithAdmin) -> Response:
    """`index` is null for one that waits for its turn."""
    node = admin.node
    incoming = node.traffic.receiver.incoming
    answer = {
        "outgoing": [
            {"to": str(peer_id), "index": one.index, "sent_bytes": one.sent_bytes}
            for peer_id, one in sorted(node.traffic.sender.outgoing.items())
        ],
        "incoming": None
        if incoming is None
        else {
            "from": str(incoming[0]),
            "index": incoming[1],
            "received_bytes": incoming[2],
        },
    }
    return JsonAnswer(answer, index=node.applied_index)
