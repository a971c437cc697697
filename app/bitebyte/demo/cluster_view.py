"""What several nodes' answers to `GET /api/v1/cluster` say together. Pure.

Every node answers from where it stands: the leader knows the most, a follower knows its own
indexes, and a node that was cut off may still name an old leader. The newest term wins, and an
index only ever grows, so the largest one seen is the freshest.
"""

from collections.abc import Mapping, Sequence

import msgspec


class MemberReport(msgspec.Struct, frozen=True):
    """A member as one node sees it; what that node does not know is None."""

    id: str
    name: str
    role: str
    is_voter: bool = msgspec.field(name="voter")
    commit_index: int | None = None
    applied_index: int | None = None
    lag: int | None = None
    version: str | None = None
    is_healthy: bool = msgspec.field(name="healthy", default=False)


class StateReport(msgspec.Struct, frozen=True):
    """How far the answering node has applied, and the hash of its state there."""

    index: int
    hash: str | None = None


class SelfReport(msgspec.Struct, frozen=True):
    """The node that answers."""

    id: str


class ClusterReport(msgspec.Struct, frozen=True):
    """One node's answer."""

    cluster_id: str
    term: int
    members: tuple[MemberReport, ...]
    state: StateReport
    leader_id: str | None = None
    node: SelfReport | None = None

    def member(self, name: str) -> MemberReport | None:
        """The member of that name, as the answering node sees it."""
        return next((member for member in self.members if member.name == name), None)


class ClusterView(msgspec.Struct, frozen=True):
    """The answers of all reachable nodes, put together."""

    cluster_id: str
    term: int
    leader_name: str | None
    members: tuple[MemberReport, ...]

    @property
    def has_quorum(self) -> bool:
        """More than half of the voters are healthy."""
        voters = [member for member in self.members if member.is_voter]
        return sum(voter.is_healthy for voter in voters) * 2 > len(voters)

    @property
    def can_serve(self) -> bool:
        """New orders can be confirmed: there is a leader, and a quorum behind it."""
        return self.leader_name is not None and self.has_quorum


class NotAClusterReport(ValueError):
    """The body is not an answer of `GET /api/v1/cluster`."""


def parse_report(body: object) -> ClusterReport:
    """Reads a decoded answer; fields of newer versions are left out. Raises
    NotAClusterReport."""
    try:
        return msgspec.convert(body, type=ClusterReport)
    except msgspec.ValidationError as error:
        raise NotAClusterReport(str(error)) from error


def merge(reports: Sequence[ClusterReport]) -> ClusterView:
    """One view of all reports, of which there is at least one, all of the same cluster."""
    assert reports
    newest = max(reports, key=lambda report: (report.term, _known_count(report)))
    members = tuple(
        _merge_member(member.id, newest, reports, leader_id=newest.leader_id)
        for member in newest.members
    )
    leader = next((member for member in members if member.id == newest.leader_id), None)
    commit_index = max((member.commit_index or 0 for member in members), default=0)
    return ClusterView(
        cluster_id=newest.cluster_id,
        term=newest.term,
        leader_name=leader.name if leader is not None else None,
        members=tuple(_with_lag(member, commit_index) for member in members),
    )


def without_silent(
    view: ClusterView, reports: Sequence[ClusterReport], *, unreachable_count: int
) -> ClusterView:
    """The same, without calling a member healthy whose address does not answer.

    Whose address that is nobody says. But if at least as many addresses are silent as members
    that did not answer for themselves, it is all of theirs. With fewer addresses than members it
    stays with what the others say, from reports that are at most two seconds old.
    """
    heard = {report.node.id for report in reports if report.node is not None}
    silent = {member.id for member in view.members} - heard
    if not heard or unreachable_count < len(silent):
        return view
    members = tuple(
        msgspec.structs.replace(member, is_healthy=False) if member.id in silent else member
        for member in view.members
    )
    return msgspec.structs.replace(view, members=members)


def describe_reports(
    reports: Mapping[str, ClusterReport],
) -> str | None:
    """What is wrong with asking these addresses together; None if nothing is."""
    if len({report.cluster_id for report in reports.values()}) > 1:
        named = ", ".join(f"{url}: {report.cluster_id}" for url, report in reports.items())
        return f"the addresses belong to different clusters ({named})"
    return None


def _known_count(report: ClusterReport) -> int:
    return sum(member.applied_index is not None for member in report.members)


def _merge_member(
    member_id: str,
    newest: ClusterReport,
    reports: Sequence[ClusterReport],
    *,
    leader_id: str | None,
) -> MemberReport:
    by_newest_first = sorted(
        reports, key=lambda report: (report is newest, report.term), reverse=True
    )
    seen = [
        member for report in by_newest_first for member in report.members if member.id == member_id
    ]
    known_role = next(
        (one.role for one in seen if one.role not in ("unknown", "leader")), "unknown"
    )
    return MemberReport(
        id=member_id,
        name=seen[0].name,
        role="leader" if member_id == leader_id else known_role,
        is_voter=seen[0].is_voter,
        commit_index=max((one.commit_index for one in seen if one.commit_index), default=None),
        applied_index=max((one.applied_index for one in seen if one.applied_index), default=None),
        version=next((one.version for one in seen if one.version is not None), None),
        is_healthy=seen[0].is_healthy,
    )


def _with_lag(member: MemberReport, commit_index: int) -> MemberReport:
    if member.applied_index is None:
        return member
    return msgspec.structs.replace(member, lag=max(0, commit_index - member.applied_index))
