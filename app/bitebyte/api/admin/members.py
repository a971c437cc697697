"""Who belongs to the cluster, and who leads it."""

from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import Field
from typing_extensions import TypedDict

from bitebyte.api.admin.fields import (
    TIMEOUT_S_DEFAULT,
    Confirmed,
    Force,
    MemberIdPath,
    MemberIdText,
    TimeoutS,
)
from bitebyte.api.admin.state import AdminState, WithAdmin
from bitebyte.api.answers import JsonAnswer
from bitebyte.api.fields import RequestModel
from bitebyte.api.route import StrictRoute
from bitebyte.node.administration import NAME_LENGTH_MAX
from bitebyte.node.types import MemberStatus

router = APIRouter(route_class=StrictRoute)

ADDRESS_LENGTH_MAX = 255 + 8
"""A DNS name, brackets, a colon and a port."""


class NewMember(RequestModel):
    """A node as it describes itself at `GET /admin/v1/identity`."""

    id: MemberIdText
    name: Annotated[str, Field(min_length=1, max_length=NAME_LENGTH_MAX)]
    peer_address: Annotated[str, Field(min_length=1, max_length=ADDRESS_LENGTH_MAX)]


class AddMember(NewMember):
    """`wants_vote`: the leader makes it a voter as soon as it has caught up."""

    wants_vote: bool = True


class TransferLeader(RequestModel):
    """Who shall lead."""

    to: MemberIdText


class MemberAnswer(TypedDict):
    """A member as the answering node sees it; what that does not know is null."""

    id: str
    name: str
    peer_address: str | None
    role: str
    state: str
    """`voter`, `learner`, `leaving` (votes until the joint change is left) or `outsider` (not, or
    not yet, or not any more a member)."""
    match_index: int | None
    commit_index: int | None
    applied_index: int | None
    flushed_index: int | None
    lag: int | None
    progress: str | None
    """How the leader sends: `probe`, `replicate` or `snapshot`."""
    wants_vote: bool
    replaces: str | None
    healthy: bool
    version: str | None
    level: int | None


class MembersAnswer(TypedDict):
    """All members, in the order of their names."""

    cluster_id: str
    cluster_version: int
    term: int
    leader_id: str | None
    answered_by: str
    commit_index: int
    members: list[MemberAnswer]


@router.get("/members")
async def list_members(
    admin: WithAdmin, confirmed: Confirmed = False, timeout_s: TimeoutS = TIMEOUT_S_DEFAULT
) -> Response:
    """As this node sees them; the leader sees the most. `confirmed`: not older than the request, so
    not the view of a node that is cut off, or that leads no more."""
    if confirmed:
        await admin.node.read_barrier(timeout_s=timeout_s)
    return _answer(admin)


@router.post("/members")
async def add_member(
    admin: WithAdmin, body: AddMember, timeout_s: TimeoutS = TIMEOUT_S_DEFAULT
) -> Response:
    """Adds a learner. Of one that is there already, name, address and wish are brought up to
    date."""
    await admin.node.members.add_learner(
        int(body.id),
        body.name,
        body.peer_address,
        wants_vote=body.wants_vote,
        timeout_s=timeout_s,
    )
    return _answer(admin)


@router.post("/members/{member_id}/promote")
async def promote_member(
    admin: WithAdmin, member_id: MemberIdPath, timeout_s: TimeoutS = TIMEOUT_S_DEFAULT
) -> Response:
    """Writes down that the learner shall vote. The leader sees to it when it has caught up."""
    await admin.node.members.promote(member_id, timeout_s=timeout_s)
    return _answer(admin)


@router.post("/members/{member_id}/demote")
async def demote_member(
    admin: WithAdmin,
    member_id: MemberIdPath,
    force: Force = False,
    timeout_s: TimeoutS = TIMEOUT_S_DEFAULT,
) -> Response:
    """Makes a learner of a voter."""
    await admin.node.members.demote(member_id, is_forced=force, timeout_s=timeout_s)
    return _answer(admin)


@router.delete("/members/{member_id}")
async def remove_member(
    admin: WithAdmin,
    member_id: MemberIdPath,
    force: Force = False,
    timeout_s: TimeoutS = TIMEOUT_S_DEFAULT,
) -> Response:
    """Removes a member. Its id never comes back."""
    await admin.node.members.remove(member_id, is_forced=force, timeout_s=timeout_s)
    return _answer(admin)


@router.post("/members/{member_id}/replace")
async def replace_member(
    admin: WithAdmin,
    member_id: MemberIdPath,
    body: NewMember,
    timeout_s: TimeoutS = TIMEOUT_S_DEFAULT,
) -> Response:
    """Adds the node of the body; when it has caught up, it takes the vote and the other one
    leaves, in one change."""
    await admin.node.members.replace(
        member_id,
        int(body.id),
        name=body.name,
        peer_address=body.peer_address,
        timeout_s=timeout_s,
    )
    return _answer(admin)


@router.post("/leader/transfer")
async def transfer_leader(
    admin: WithAdmin, body: TransferLeader, timeout_s: TimeoutS = TIMEOUT_S_DEFAULT
) -> Response:
    """Answers when this node knows the new leader."""
    await admin.node.transfer_leader(int(body.to), timeout_s=timeout_s)
    return _answer(admin)


def _answer(admin: AdminState) -> JsonAnswer:
    status = admin.node.status()
    answer: MembersAnswer = {
        "cluster_id": str(status.cluster_id),
        "cluster_version": status.cluster_version,
        "term": status.term,
        "leader_id": str(status.leader_id) if status.leader_id else None,
        "answered_by": str(status.member_id),
        "commit_index": status.commit_index,
        "members": [_member_answer(member) for member in status.members],
    }
    return JsonAnswer(answer, index=status.applied_index)


def _member_answer(member: MemberStatus) -> MemberAnswer:
    return {
        "id": str(member.id),
        "name": member.name,
        "peer_address": member.peer_address,
        "role": member.role,
        "state": member.state,
        "match_index": member.match_index,
        "commit_index": member.commit_index,
        "applied_index": member.applied_index,
        "flushed_index": member.flushed_index,
        "lag": member.lag,
        "progress": member.progress,
        "wants_vote": member.wants_vote,
        "replaces": str(member.replaces_id) if member.replaces_id else None,
        "healthy": member.is_healthy,
        "version": member.version,
        "level": member.level_known,
    }
