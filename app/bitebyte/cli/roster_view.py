"""The members as an operator sees them: parsed from the admin API, found by name, as a table."""

from collections.abc import Sequence

import msgspec
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from bitebyte.cli.admin_client import AdminClient, Refused

MEMBERS_PATH = "/admin/v1/members"


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
    """One line for each member."""
    title = f"cluster {roster.cluster_id}, term {roster.term}, level {roster.cluster_version}"
    table = Table(title=title, title_justify="left")
    for heading in ("member", "id", "peer address", "state", "role"):
        table.add_column(heading)
    for heading in ("log", "applied", "flushed", "lag"):
        table.add_column(heading, justify="right")
    for heading in ("progress", "health", "version"):
        table.add_column(heading)
    for member in roster.members:
        table.add_row(*_cells(member, roster.members))
    return table


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
        member.peer_address or "?",
        state_text(member, members),
        Text(member.role, style="bold" if member.role == "leader" else ""),
        number(member.match_index),
        number(member.applied_index),
        number(member.flushed_index),
        number(member.lag),
        member.progress or ("" if member.role == "leader" else "?"),
        health,
        member.version or "?",
    )


def number(value: int | None) -> str:
    """For people; ? for what is not known."""
    return "?" if value is None else f"{value:,}"
