"""The members as an operator sees them: parsed from the admin API, found by name, as a table."""

from collections.abc import Sequence

import msgspec
from rich.console import Group, RenderableType
from rich.text import Text

from bitebyte.cli.admin_client import AdminClient, Refused
from bitebyte.cli.fitted_table import FittedTable

MEMBERS_PATH = "/admin/v1/members"

HEADINGS = (
    *("member", "id", "state", "role", "health", "lag", "applied"),
    *("flushed", "log", "sending", "version", "peer address"),
)
NUMBERS = frozenset(("lag", "applied", "flushed", "log"))


class MemberRow(msgspec.Struct, frozen=True):
    """A member as the answering node sees it; what that does not know is None."""

    id: str
    name: str
    state: str
    role: str
    peer_address: str | None = None
    match_index: int | None = None
    commit_index: int | None = None
    applied_index: int | None = None
    flushed_index: int | None = None
    lag: int | None = None
    progress: str | None = None
    wants_vote: bool = False
    replaces: str | None = None
    healthy: bool = False
    version: str | None = None
    level: int | None = None


class Roster(msgspec.Struct, frozen=True):
    """One node's answer."""

    cluster_id: str
    cluster_version: int
    term: int
    answered_by: str
    commit_index: int
    members: tuple[MemberRow, ...]
    leader_id: str | None = None

    def member(self, member_id: str) -> MemberRow | None:
        """The member of that id; one that is only looking on from outside is none."""
        found = next((member for member in self.members if member.id == member_id), None)
        return None if found is None or found.state == "outsider" else found

    def find(self, reference: str) -> MemberRow:
        """By name or id. Raises Refused naming those that there are."""
        named = [
            member
            for member in self.members
            if member.state != "outsider" and reference in (member.name, member.id)
        ]
        if len(named) == 1:
            return named[0]
        if named:
            ids = ", ".join(member.id for member in named)
            raise Refused(
                "ambiguous", f"several members are called {reference}: give an id ({ids})"
            )
        names = ", ".join(f"{member.name} ({member.id})" for member in self.members)
        raise Refused("member_not_found", f"no member is called {reference}; there are {names}")

    @property
    def rank(self) -> tuple[bool, int, bool]:
        """The larger, the more this answer is worth: of a member, of the newest term, and of the
        leader itself."""
        is_member = self.member(self.answered_by) is not None
        return is_member, self.term, self.answered_by == self.leader_id


def parse_roster(body: object) -> Roster:
    """Reads a decoded answer; fields of newer versions are left out. Raises Refused."""
    try:
        return msgspec.convert(body, type=Roster)
    except msgspec.ValidationError as error:
        raise Refused("not_a_node", f"this is no admin address of BiteByte: {error}") from None


def best_answer(client: AdminClient) -> object:
    """What the node that knows the most says, undecoded. Raises Refused."""
    answers = client.ask_all(MEMBERS_PATH)
    if not answers:
        # Nobody at once: says why, or waits for the first one.
        return client.request("GET", MEMBERS_PATH).body
    bodies = [answer.body for answer in answers.values()]
    clusters = {parse_roster(body).cluster_id for body in bodies}
    if len(clusters) > 1:
        raise Refused(
            "different_clusters",
            f"the addresses belong to different clusters: {', '.join(sorted(clusters))}",
        )
    return max(bodies, key=lambda body: parse_roster(body).rank)


def best_roster(client: AdminClient) -> Roster:
    """The same, parsed."""
    return parse_roster(best_answer(client))


def roster_table(roster: Roster) -> RenderableType:
    """A row for each member, and who told it."""
    table = FittedTable(
        f"cluster {roster.cluster_id}, term {roster.term}, level {roster.cluster_version}",
        HEADINGS,
        [_cells(member, roster.members) for member in roster.members],
        right=NUMBERS,
    )
    source = source_text(roster)
    return Group(table, Text(source)) if source else table


def source_text(roster: Roster) -> str:
    """What is missing because the leader itself was not asked, and whom to ask; empty if nothing
    is."""
    if roster.answered_by == roster.leader_id:
        return ""
    told_by = next(
        (one.name for one in roster.members if one.id == roster.answered_by), roster.answered_by
    )
    leader = next((one for one in roster.members if one.id == roster.leader_id), None)
    if leader is None:
        return f"Told by {told_by}, which knows no leader: only a leader knows what stands as ?."
    return (
        f"Told by {told_by}. Only {leader.name}, which leads, knows what stands as ?:"
        f" add the admin address of {leader.name} with --admin."
    )


def state_text(member: MemberRow, members: Sequence[MemberRow]) -> str:
    """The state, and what it is meant to become."""
    if member.state != "learner" or not member.wants_vote:
        return member.state
    if member.replaces is None:
        return "learner, to vote"
    old = next((one.name for one in members if one.id == member.replaces), member.replaces)
    return f"learner, to replace {old}"


def _cells(member: MemberRow, members: Sequence[MemberRow]) -> tuple[str | Text, ...]:
    health = Text("healthy", style="green") if member.healthy else Text("lost", style="red")
    return (
        member.name,
        member.id,
        state_text(member, members),
        Text(member.role, style="bold" if member.role == "leader" else ""),
        health,
        number(member.lag),
        number(member.applied_index),
        number(member.flushed_index),
        number(member.match_index),
        member.progress or ("" if member.role == "leader" else "?"),
        member.version or "?",
        member.peer_address or "?",
    )


def number(value: int | None) -> str:
    """For people; ? for what is not known."""
    return "?" if value is None else f"{value:,}"
