"""The cluster, as this node sees it. Public; there is nothing secret in it."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from typing_extensions import TypedDict

from bitebyte.api.answers import JsonAnswer
from bitebyte.api.cookies import INDEX_MAX
from bitebyte.api.deps import WithServices
from bitebyte.api.responses import answers
from bitebyte.api.route import BASE_PATH, StrictRoute
from bitebyte.node.types import MemberStatus
from bitebyte.service.cluster import ClusterView

router = APIRouter(prefix=BASE_PATH, tags=["cluster"], route_class=StrictRoute)


class MemberAnswer(TypedDict):
    """A member. Ids are text, because they have 63 bits. What this node does not know is null."""

    id: str
    name: str
    role: str
    voter: bool
    commit_index: int | None
    applied_index: int | None
    lag: int | None
    version: str | None
    healthy: bool


class StateAnswer(TypedDict):
    """The chained hash of this node's own state after `index`."""

    index: int
    hash: str


class SelfAnswer(TypedDict):
    """The node that answers."""

    id: str
    name: str
    role: Literal["leader", "follower", "candidate", "unknown"]
    commit_index: int
    applied_index: int
    flushed_index: int
    leader_contact_age_s: float


class ClusterAnswer(TypedDict):
    """Who leads, who follows, and how far each has come."""

    cluster_id: str
    term: int
    leader_id: str | None
    members: list[MemberAnswer]
    state: StateAnswer
    node: SelfAnswer


@router.get(
    "/cluster",
    operation_id="get_cluster",
    summary="The cluster",
    response_model=ClusterAnswer,
    responses=answers(404, text="What this node knows"),
)
async def get_cluster(
    services: WithServices,
    at: Annotated[
        int | None,
        Query(ge=0, le=INDEX_MAX, description="The state hash after this log index instead."),
    ] = None,
) -> Response:
    """`state` is this node's own. 404 `index_not_kept` outside the last 10,000 indexes."""
    view = services.cluster.view(at)
    return JsonAnswer(cluster_answer(view), index=view.status.applied_index)


def cluster_answer(view: ClusterView) -> ClusterAnswer:
    """The status as JSON."""
    status = view.status
    return {
        "cluster_id": str(status.cluster_id),
        "term": status.term,
        "leader_id": str(status.leader_id) if status.leader_id else None,
        "members": [_member_answer(member) for member in status.members],
        "state": {"index": view.hash_index, "hash": view.hash},
        "node": {
            "id": str(status.member_id),
            "name": status.name,
            "role": _role(status.role),
            "commit_index": status.commit_index,
            "applied_index": status.applied_index,
            "flushed_index": status.flushed_index,
            "leader_contact_age_s": round(min(status.leader_contact_age_s, 1e9), 3),
        },
    }


def _role(name: str) -> Literal["leader", "follower", "candidate", "unknown"]:
    match name:
        case "leader":
            return "leader"
        case "follower":
            return "follower"
        case "candidate" | "pre_candidate":
            return "candidate"
        case _:
            return "unknown"


def _member_answer(member: MemberStatus) -> MemberAnswer:
    return {
        "id": str(member.id),
        "name": member.name,
        "role": member.role,
        "voter": member.is_voter,
        "commit_index": member.commit_index,
        "applied_index": member.applied_index,
        "lag": member.lag,
        "version": member.version,
        "healthy": member.is_healthy,
    }
