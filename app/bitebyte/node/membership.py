"""What a member knows about the others: from the core if it leads, else from their reports."""

from collections.abc import Sequence
from typing import NamedTuple

from bitebyte.node.types import MemberStatus
from bitebyte.raft.rawnode import RawNode
from bitebyte.raft.types import NONE_ID, Role
from bitebyte.transport.frames import StatusReport
from bitebyte.transport.links import PeerAddress

REPORT_AGE_S_MAX = 2.0
"""A member whose last report is older than this (four reports missed) is not healthy."""


def role_name(role: Role) -> str:
    """For people, who need not know that there are two kinds of candidates."""
    return "candidate" if role == Role.PRE_CANDIDATE else role.name.lower()


class _Known(NamedTuple):
    report: StatusReport
    at_s: float


class MembershipView:
    """The members in name order, and what each of them last said."""

    def __init__(
        self, *, own_id: int, members: Sequence[PeerAddress], program_version: str
    ) -> None:
        self.program_version = program_version
        self._own_id = own_id
        self._members = sorted(members, key=lambda member: member.name)
        self._names = {member.id: member.name for member in members}
        self._known: dict[int, _Known] = {}

    def note(self, member_id: int, report: StatusReport, now_s: float) -> None:
        """A member has reported."""
        if member_id in self._names:
            self._known[member_id] = _Known(report, now_s)

    def name_of(self, member_id: int) -> str | None:
        """The name of a member; None for no member or an unknown one."""
        return None if member_id == NONE_ID else self._names.get(member_id, f"{member_id:x}")

    def members(
        self, raw: RawNode, *, applied_index: int, now_s: float
    ) -> tuple[MemberStatus, ...]:
        """All members, as seen from here at `now_s`."""
        return tuple(
            self._own(raw, member, applied_index)
            if member.id == self._own_id
            else self._other(raw, member, now_s)
            for member in self._members
        )

    def _own(self, raw: RawNode, member: PeerAddress, applied_index: int) -> MemberStatus:
        return MemberStatus(
            id=member.id,
            name=member.name,
            role=role_name(raw.role),
            is_voter=member.id in raw.conf_state.voters,
            match_index=raw.last_index,
            commit_index=raw.commit_index,
            applied_index=applied_index,
            lag=max(0, raw.commit_index - applied_index),
            version=self.program_version,
            is_healthy=raw.leader_id != NONE_ID,
        )

    def _other(self, raw: RawNode, member: PeerAddress, now_s: float) -> MemberStatus:
        known = self._known.get(member.id)
        progress = raw.progress().get(member.id)
        is_fresh = known is not None and now_s - known.at_s <= REPORT_AGE_S_MAX
        role = "unknown"
        if is_fresh:
            role = "leader" if member.id == raw.leader_id else "follower"
        return MemberStatus(
            id=member.id,
            name=member.name,
            role=role,
            is_voter=member.id in raw.conf_state.voters,
            match_index=progress.match_index if progress is not None else None,
            commit_index=known.report.commit_index if known else None,
            applied_index=known.report.applied_index if known else None,
            lag=max(0, raw.commit_index - known.report.applied_index) if known else None,
            version=known.report.program_version if known else None,
            is_healthy=is_fresh,
        )
