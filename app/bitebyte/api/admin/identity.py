"""Who this node is. Answered also by one that nobody has added to its cluster yet: that is how
whoever adds it learns its id."""

from fastapi import APIRouter, Response

from bitebyte import __version__
from bitebyte.api.admin.state import WithAdmin
from bitebyte.api.answers import JsonAnswer
from bitebyte.api.route import StrictRoute
from bitebyte.node.node import Node

router = APIRouter(route_class=StrictRoute)


@router.get("/identity")
async def get_identity(admin: WithAdmin) -> Response:
    """Ids are text, because they have 63 bits. `state` is that of a member; `removed`: it was one
    and never will be again."""
    return identity_answer(admin.node)


def identity_answer(node: Node) -> JsonAnswer:
    """Who that node is."""
    status = node.status()
    own = next(member for member in status.members if member.id == status.member_id)
    return JsonAnswer(
        {
            "cluster_id": str(status.cluster_id),
            "id": str(status.member_id),
            "name": status.name,
            "peer_address": own.peer_address,
            "state": "removed" if status.is_removed else own.state,
            "version": __version__,
        },
        index=status.applied_index,
    )
