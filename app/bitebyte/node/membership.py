"""What a member knows about the others: names and addresses from the cluster's row, from what
they say of themselves and from the options; their progress from the core if it leads, else from
their reports."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from bitebyte.domain.roster import Cluster, ClusterMember
from bitebyte.node.configuration import ids_of, is_voter
from bitebyte.node.types import MemberStatus
from bitebyte.raft.rawnode import RawNode
from bitebyte.raft.types import NONE_ID, ConfState, Role
from bitebyte.transport.frames import StatusReport
from bitebyte.transport.links import PeerAddress, format_address, parse_address

REPORT_AGE_S_MAX = 2.0
"""A member whose last report is older than this (four reports missed) is not healthy."""

STRANGERS_MAX = 64
"""Members that said hello and that the configuration does not name (yet). More are not dialled."""


def role_name(role: Role) -> str:
    """For people, who need not know that there are two kinds of candidates."""
    return "candidate" if role == Role.PRE_CANDIDATE else role.name.lower()


class _Known(NamedTuple):
    report: StatusReport
    at_s: float


class _Told(NamedTuple):
    name: str
    peer_address: str


class MembershipView:
    """The members, and what each of them last said.

    `members` are those of the options: where to look before anything else is known. What a member
    says of itself (`note_hello`) goes before them, and they before the cluster's row: an address
    is wherever the member is now.
    """

    def __init__(
        self,
        *,
        own_id: int,
        members: Sequence[PeerAddress],
        program_version: str,
        own_name: str = "",
        own_address: str = "",
    ) -> None:
        self.program_version = program_version
        self.cluster = Cluster()
        """The cluster's row as of the applied index. Set by the node."""
        self._own_id = own_id
        self._seeds = {m.id: _Told(m.name, format_address(m.host, m.port)) for m in members}
        own = self._seeds.get(own_id, _Told(f"{own_id:x}", ""))
        self._own = _Told(own_name or own.name, own_address or own.peer_address)
        self._told: dict[int, _Told] = {}
        self._known: dict[int, _Known] = {}

    # What others say ------------------------------------------------------------------------

    def note(self, member_id: int, report: StatusReport, now_s: float) -> None:
        """A member has reported."""
        self._known[member_id] = _Known(report, now_s)
        if len(self._known) > 2 * STRANGERS_MAX:
            oldest = min(self._known, key=lambda key: self._known[key].at_s)
            del self._known[oldest]

    def note_hello(self, member_id: int, name: str, peer_address: str) -> bool:
        """A member says who and where it is; whether that is news."""
        told = _Told(name, peer_address)
        if self._told.get(member_id) == told:
            return False
        if member_id not in self._told and len(self._told) >= 2 * STRANGERS_MAX:
            del self._told[next(iter(self._told))]
        self._told[member_id] = told
        return True

    def note_lost(self, member_id: int) -> None:
        """The connection to a member broke: it is not healthy until it reports again."""
        known = self._known.get(member_id)
        if known is not None:
            self._known[member_id] = known._replace(at_s=float("-inf"))

    def report_of(self, member_id: int, now_s: float) -> StatusReport | None:
        """What a member last said, unless that is too long ago."""
        known = self._known.get(member_id)
        if known is None or now_s - known.at_s > REPORT_AGE_S_MAX:
            return None
        return known.report

    def last_report_of(self, member_id: int) -> StatusReport | None:
        """What a member last said, however long ago."""
        known = self._known.get(member_id)
        return known.report if known is not None else None

    # Who is who -----------------------------------------------------------------------------

    def is_removed(self, member_id: int) -> bool:
        """Whether that id once belonged to a member and never will again."""
        return member_id in self.cluster.retired_ids

    def name_of(self, member_id: int) -> str | None:
        """The name of a member; None for no member, its id in hex for an unknown one."""
        if member_id == NONE_ID:
            return None
        if member_id == self._own_id:
            return self._own.name
        row = self.cluster.member(member_id)
        told = self._told.get(member_id) or self._seeds.get(member_id)
        return row.name if row else told.name if told else f"{member_id:x}"

    def address_of(self, member_id: int) -> str:
        """`host:port` of a member's peer listener; empty if nobody has told it."""
        if member_id == self._own_id:
            return self._own.peer_address
        told = self._told.get(member_id)
        seed = self._seeds.get(member_id)
        row = self.cluster.member(member_id)
        for source in (told, seed, row):
            if source is not None and source.peer_address:
                return source.peer_address
        return ""

    def others(self, conf_state: ConfState) -> frozenset[int]:
        """All members of the configuration but this one."""
        return ids_of(conf_state) - {self._own_id}

    def peers(self, conf_state: ConfState) -> tuple[PeerAddress, ...]:
        """Whom to dial, by id: all others of the configuration, and strangers who said hello: one
        may be a member that this one has not heard of yet."""
        ids = ids_of(conf_state)
        strangers = [key for key in self._told if key not in ids][-STRANGERS_MAX:]
        if not ids:
            strangers.extend(self._seeds)
        addresses: list[PeerAddress] = []
        for member_id in sorted({*ids, *strangers} - {self._own_id}):
            if self.is_removed(member_id):
                continue
            try:
                host, port = parse_address(self.address_of(member_id))
            except ValueError:
                continue  # nobody has told it, or what was told is no address
            addresses.append(PeerAddress(member_id, self.name_of(member_id) or "", host, port))
        return tuple(addresses)

    def undescribed(self, conf_state: ConfState) -> tuple[ClusterMember, ...]:
        """Members whose row is missing, or says something else than they do themselves."""
        described: list[ClusterMember] = []
        for member_id in sorted(ids_of(conf_state)):
            row = self.cluster.member(member_id)
            told = self._own if member_id == self._own_id else self._told.get(member_id)
            if told is None and row is None:
                told = self._seeds.get(member_id)
            if told is None or not told.name:
                continue
            address = told.peer_address or (row.peer_address if row else "")
            fresh = ClusterMember(member_id, told.name, address)
            if row is not None:
                fresh = msgspec.structs.replace(row, name=told.name, peer_address=address)
            if fresh != row:
                described.append(fresh)
        return tuple(described)

    # For people -----------------------------------------------------------------------------

    def members(
        self,
        raw: RawNode,
        *,
        applied_index: int,
        now_s: float,
        conf_state: ConfState | None = None,
        flushed_index: int | None = None,
        level_known: int | None = None,
    ) -> tuple[MemberStatus, ...]:
        """All members in name order, and this one if it is none, as seen from here at `now_s`."""
        conf_state = raw.conf_state if conf_state is None else conf_state
        own = self._describe(self._own_id, conf_state)
        own = msgspec.structs.replace(
            own,
            role=role_name(raw.role),
            match_index=raw.last_index,
            commit_index=raw.commit_index,
            applied_index=applied_index,
            flushed_index=flushed_index,
            lag=max(0, raw.commit_index - applied_index),
            version=self.program_version,
            level_known=level_known,
            is_healthy=raw.leader_id != NONE_ID,
        )
        others = [
            self._other(raw, self._describe(member_id, conf_state), now_s)
            for member_id in ids_of(conf_state) - {self._own_id}
        ]
        return tuple(sorted((own, *others), key=lambda member: (member.name, member.id)))

    def _describe(self, member_id: int, conf_state: ConfState) -> MemberStatus:
        row = self.cluster.member(member_id)
        return MemberStatus(
            id=member_id,
            name=self.name_of(member_id) or "",
            role="unknown",
            is_voter=is_voter(conf_state, member_id),
            match_index=None,
            commit_index=None,
            applied_index=None,
            lag=None,
            version=None,
            is_healthy=False,
            state=state_name(conf_state, member_id),
            peer_address=self.address_of(member_id) or None,
            wants_vote=row is not None and row.wants_vote,
            replaces_id=row.replaces_id if row is not None else NONE_ID,
        )

    def _other(self, raw: RawNode, member: MemberStatus, now_s: float) -> MemberStatus:
        known = self._known.get(member.id)
        progress = raw.progress().get(member.id)
        is_fresh = self.report_of(member.id, now_s) is not None
        role = "unknown"
        if is_fresh:
            role = "leader" if member.id == raw.leader_id else "follower"
        report = known.report if known is not None else None
        return msgspec.structs.replace(
            member,
            role=role,
            match_index=progress.match_index if progress is not None else None,
            progress=progress.state.name.lower() if progress is not None else None,
            commit_index=report.commit_index if report else None,
            applied_index=report.applied_index if report else None,
            flushed_index=report.flushed_index if report else None,
            lag=max(0, raw.commit_index - report.applied_index) if report else None,
            version=report.program_version if report else None,
            level_known=report.level_known if report else None,
            is_healthy=is_fresh,
        )


def state_name(conf_state: ConfState, member_id: int) -> str:
    """What a member is in the configuration."""
    if member_id in conf_state.voters:
        return "voter"
    if member_id in conf_state.voters_outgoing:
        return "leaving"
    if member_id in conf_state.learners:
        return "learner"
    return "outsider"
