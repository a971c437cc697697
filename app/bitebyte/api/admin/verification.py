"""Checkpoints: every member digests its database at the same place in the log."""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Response
from typing_extensions import TypedDict

from bitebyte.api.admin.comparison import Sight, differences, has_one_schema, state_of
from bitebyte.api.admin.fields import TIMEOUT_S_DEFAULT, TimeoutS
from bitebyte.api.admin.state import AdminState, WithAdmin
from bitebyte.api.answers import JsonAnswer
from bitebyte.api.route import StrictRoute
from bitebyte.domain.commands import Checkpoint
from bitebyte.transport.frames import CheckpointReport

router = APIRouter(route_class=StrictRoute)

INDEX_MAX: Final = 2**63 - 1


class CheckedMember(TypedDict):
    """`state`: done, computing, failed, waiting, passed or unreachable."""

    id: str
    name: str
    state: str
    state_hash: str | None
    schema_version: int | None
    """0: an older program, which does not say."""
    digests: dict[str, str] | None
    error: str | None


class DifferenceAnswer(TypedDict):
    """Members that agree with each other are in one group; the largest is the first."""

    kind: str
    groups: list[list[str]]


class VerificationAnswer(TypedDict):
    """`is_equal`: null as long as a member has not reported and no difference is known, and when
    all have, but not all databases have the same schema: then not all can be compared."""

    index: int
    is_complete: bool
    is_equal: bool | None
    members: list[CheckedMember]
    differences: list[DifferenceAnswer]


@router.post("/verify")
async def begin_verification(admin: WithAdmin, timeout_s: TimeoutS = TIMEOUT_S_DEFAULT) -> Response:
    """Writes a checkpoint into the log. `GET /admin/v1/verify/{index}` tells what came of it."""
    command = admin.node.keeper.commands.new(Checkpoint)
    proposed = await admin.node.propose(command, timeout_s=timeout_s)
    return JsonAnswer(_answer(admin, proposed.index), index=admin.node.applied_index)


@router.get("/verify/{index}")
async def get_verification(
    admin: WithAdmin, index: Annotated[int, Path(ge=1, le=INDEX_MAX)]
) -> Response:
    """What the members have reported of the checkpoint at `index`, and whether it is the same."""
    return JsonAnswer(_answer(admin, index), index=admin.node.applied_index)


def _answer(admin: AdminState, index: int) -> VerificationAnswer:
    sights = _sights(admin, index)
    checked = [_checked(sight, index) for sight in sights]
    found = differences(sights, index)
    is_one_schema = has_one_schema(sights, index)
    is_complete = all(member["state"] == "done" for member in checked)
    return {
        "index": index,
        "is_complete": is_complete,
        "is_equal": False if found else True if is_complete and is_one_schema else None,
        "members": checked,
        "differences": [
            {"kind": one.kind, "groups": [list(group) for group in one.groups]} for one in found
        ],
    }


def _sights(admin: AdminState, index: int) -> list[Sight]:
    node = admin.node
    reports = node.keeper.reports(node.conf_state)
    sights: list[Sight] = []
    for member in node.status().members:
        if member.id == node.identity.member_id:
            kept = node.checkpoints.reports
            report: CheckpointReport | None = next(
                (one for one in kept if one.index == index), node.checkpoints.newest
            )
        else:
            of_peer = reports.get(member.id)
            report = of_peer.checkpoint if of_peer is not None else None
        sights.append(Sight(member.id, member.name, member.is_healthy, report))
    return sights


def _checked(sight: Sight, index: int) -> CheckedMember:
    report = sight.report if sight.report is not None and sight.report.index == index else None
    return {
        "id": str(sight.id),
        "name": sight.name,
        "state": state_of(sight, index),
        "state_hash": report.state_hash if report is not None else None,
        "schema_version": report.schema_version if report is not None else None,
        "digests": report.digests if report is not None else None,
        "error": (report.error or None) if report is not None else None,
    }
