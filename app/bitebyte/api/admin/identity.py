"""Who this node is. Answered also by one that nobody has added to its cluster yet: that is how
whoever adds it learns its id."""

from fastapi import APIRouter, Response

from bitebyte import __version__
from bitebyte.api.admin.state import WithAdmin
from bitebyte.api.answers import JsonAnswer
from bitebyte.api.route import StrictRoute

router = APIRouter(route_class=StrictRoute)


@router.get("/identity")
async def get_identity(admin: WithAdmin) -> Response:
    """Ids are text, because they have 63 bits."""
    node = admin.node
    identity = node.identity
    return JsonAnswer(
        {
            "cluster_id": str(identity.cluster_id),
            "id": str(identity.member_id),
            "name": identity.name,
            "version": __version__,
        },
        index=node.applied_index,
    )
