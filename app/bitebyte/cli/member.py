"""`bitebyte member`: who belongs to the cluster, and who leads it."""

import sys
from collections.abc import Callable
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from bitebyte.cli.admin_client import (
    AdminCa,
    AdminCert,
    AdminClient,
    AdminKey,
    AdminUrls,
    AsJson,
    Refused,
    TimeoutS,
    Unknown,
    check_url,
    open_client,
    pause,
)
from bitebyte.cli.outcome import tell_json, telling_outcome
from bitebyte.cli.roster_view import (
    MEMBERS_PATH,
    MemberRow,
    Roster,
    best_answer,
    best_roster,
    number,
    parse_roster,
    roster_table,
)

member = typer.Typer(
    help="Who belongs to the cluster, and who leads it. Any node can be asked.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)

CHANGE_TIMEOUT_S = 30.0
CATCH_UP_TIMEOUT_S = 600.0
"""A new member gets a snapshot of everything first."""
LOOK_INTERVAL_S = 0.5

Who = Annotated[str, typer.Argument(metavar="MEMBER", help="Name or id of a member.")]
Force = Annotated[
    bool,
    typer.Option("--force", help="Also if those who remain cannot confirm orders at this moment."),
]
Wait = Annotated[
    bool, typer.Option("--wait/--no-wait", help="Wait until it votes, and tell how far it is.")
]


class Node(msgspec.Struct, frozen=True):
    """What a node says of itself."""

    cluster_id: str
    id: str
    name: str
    state: str
    peer_address: str | None = None


def register(app: typer.Typer) -> None:
    """Adds the commands to the program."""
    app.add_typer(member, name="member")


@member.command("list")
def list_members(
    admin: AdminUrls = None,
    as_json: AsJson = False,
    timeout_s: TimeoutS = CHANGE_TIMEOUT_S,
    ca: AdminCa = None,
    cert: AdminCert = None,
    key: AdminKey = None,
) -> None:
    """Show all members: voter or learner, who leads, how far each has come.

    All addresses are asked, and the best answer is shown: the leader's own, if it is among them.
    Another member knows less of the others; then ? stands for what it does not know, and the last
    line says which node to ask as well. What has no room in the table stands below it.

    *state*: voter, learner, or leaving. *lag*: entries committed and not applied there.
    *flushed*: applied and in its database. *log*: newest entry known to be there. *sending*: how
    the leader sends to it, by probe, replicate or snapshot. `--json` has all of it.

    Exit codes: 0 shown; 1 no node answers; 2 wrong options.
    """
    client = open_client(admin, ca, cert, key, timeout_s=timeout_s)
    with telling_outcome(as_json=as_json):
        body = best_answer(client)
        if as_json:
            tell_json(body)
        else:
            Console(file=sys.stdout).print(roster_table(parse_roster(body)))


@member.command()
def add(
    node: Annotated[
        str,
        typer.Argument(metavar="URL", help="Admin address of the new node, which says who it is."),
    ],
    admin: AdminUrls = None,
    learner: Annotated[
        bool, typer.Option("--learner", help="Keep it a copy without a vote.")
    ] = False,
    name: Annotated[str | None, typer.Option(help="Another name than it gives itself.")] = None,
    peer_address: Annotated[
        str | None,
        typer.Option(help="Where the members reach it (host:port), if not where it says."),
    ] = None,
    wait: Wait = True,
    as_json: AsJson = False,
    timeout_s: TimeoutS = CATCH_UP_TIMEOUT_S,
    ca: AdminCa = None,
    cert: AdminCert = None,
    key: AdminKey = None,
) -> None:
    """Add a node that was started with `--join` and an empty database.

    It becomes a learner at once and gets everything; when it has caught up, the leader makes it a
    voter, whether this command still waits or not.

    Exit codes: 0 done; 1 refused, and nothing was changed; 2 wrong options; 3 not finished in
    time, or not known: the same command again tells, and is safe.
    """
    client = open_client(admin, ca, cert, key, timeout_s=timeout_s)
    check_url(node, "URL")
    with telling_outcome(as_json=as_json) as say:
        roster = best_roster(client)
        new = _ask_who(client, node, roster, name=name, peer_address=peer_address)
        body = {**_described(new), "wants_vote": not learner}
        seen = parse_roster(client.request("POST", MEMBERS_PATH, body).body)
        say(f"{new.name} ({new.id}) is a member; its peer address is {new.peer_address}")
        if wait and not learner:
            seen = _wait_voter(client, new.id, None, seen, say)
        _tell_done(seen, new.id, as_json=as_json)


@member.command()
def replace(
    old: Annotated[str, typer.Argument(metavar="OLD", help="Name or id of who leaves.")],
    new: Annotated[
        str,
        typer.Argument(
            metavar="NEW", help="Admin address of the node that comes, or name or id of a learner."
        ),
    ],
    admin: AdminUrls = None,
    wait: Wait = True,
    as_json: AsJson = False,
    timeout_s: TimeoutS = CATCH_UP_TIMEOUT_S,
    ca: AdminCa = None,
    cert: AdminCert = None,
    key: AdminKey = None,
) -> None:
    """Let a node take the place of a member, dead or alive.

    The new node is added as a learner; when it has caught up, it gets the vote and the old one
    leaves, in one change: at no moment are there more voters than before, or fewer.

    Exit codes: 0 done; 1 refused, and nothing was changed; 2 wrong options; 3 not finished in
    time, or not known: the same command again tells, and is safe.
    """
    client = open_client(admin, ca, cert, key, timeout_s=timeout_s)
    with telling_outcome(as_json=as_json) as say:
        roster = best_roster(client)
        if "://" in new:
            check_url(new, "NEW")
            coming = _ask_who(client, new, roster, name=None, peer_address=None)
        else:
            row = roster.find(new)
            coming = Node(roster.cluster_id, row.id, row.name, row.state, row.peer_address)
        old_id = _id_of(roster, old)
        path = f"{MEMBERS_PATH}/{old_id}/replace"
        seen = parse_roster(client.request("POST", path, _described(coming)).body)
        say(f"{coming.name} ({coming.id}) is to take the place of {old}")
        if wait:
            seen = _wait_voter(client, coming.id, old_id, seen, say)
        _tell_done(seen, coming.id, as_json=as_json)


@member.command()
def promote(
    who: Who,
    admin: AdminUrls = None,
    wait: Wait = True,
    as_json: AsJson = False,
    timeout_s: TimeoutS = CATCH_UP_TIMEOUT_S,
    ca: AdminCa = None,
    cert: AdminCert = None,
    key: AdminKey = None,
) -> None:
    """Make a voter of a learner, as soon as it has caught up.

    Exit codes: 0 done; 1 refused, and nothing was changed; 2 wrong options; 3 not finished in
    time, or not known: the same command again tells, and is safe.
    """
    client = open_client(admin, ca, cert, key, timeout_s=timeout_s)
    with telling_outcome(as_json=as_json) as say:
        member_id = _id_of(best_roster(client), who)
        seen = parse_roster(client.request("POST", f"{MEMBERS_PATH}/{member_id}/promote").body)
        if wait:
            seen = _wait_voter(client, member_id, None, seen, say)
        _tell_done(seen, member_id, as_json=as_json)


@member.command()
def demote(
    who: Who,
    admin: AdminUrls = None,
    force: Force = False,
    as_json: AsJson = False,
    timeout_s: TimeoutS = CHANGE_TIMEOUT_S,
    ca: AdminCa = None,
    cert: AdminCert = None,
    key: AdminKey = None,
) -> None:
    """Make a learner of a voter. A leader hands over first.

    Exit codes: 0 done; 1 refused, and nothing was changed; 2 wrong options; 3 not known: the same
    command again tells, and is safe.
    """
    client = open_client(admin, ca, cert, key, timeout_s=timeout_s)
    with telling_outcome(as_json=as_json):
        member_id = _id_of(best_roster(client), who)
        path = f"{MEMBERS_PATH}/{member_id}/demote{_force(force)}"
        _tell_done(parse_roster(client.request("POST", path).body), member_id, as_json=as_json)


@member.command()
def remove(
    who: Who,
    admin: AdminUrls = None,
    force: Force = False,
    as_json: AsJson = False,
    timeout_s: TimeoutS = CHANGE_TIMEOUT_S,
    ca: AdminCa = None,
    cert: AdminCert = None,
    key: AdminKey = None,
) -> None:
    """Remove a member for good. A leader hands over first.

    Its id never comes back; the node can be stopped then, and ends with exit code 5. To let it in
    again, start it with `--join` and an empty database.

    Exit codes: 0 done; 1 refused, and nothing was changed; 2 wrong options; 3 not known: the same
    command again, with the id, tells, and is safe.
    """
    client = open_client(admin, ca, cert, key, timeout_s=timeout_s)
    with telling_outcome(as_json=as_json) as say:
        member_id = _id_of(best_roster(client), who)
        path = f"{MEMBERS_PATH}/{member_id}{_force(force)}"
        seen = parse_roster(client.request("DELETE", path).body)
        say(f"{who} ({member_id}) is no member any more: its node can be stopped")
        _tell_done(seen, member_id, as_json=as_json)


@member.command()
def transfer(
    who: Who,
    admin: AdminUrls = None,
    as_json: AsJson = False,
    timeout_s: TimeoutS = CHANGE_TIMEOUT_S,
    ca: AdminCa = None,
    cert: AdminCert = None,
    key: AdminKey = None,
) -> None:
    """Let a voter lead. Orders go on meanwhile.

    Exit codes: 0 it leads; 1 refused; 2 wrong options; 3 not known: the same command again tells,
    and is safe.
    """
    client = open_client(admin, ca, cert, key, timeout_s=timeout_s)
    with telling_outcome(as_json=as_json):
        found = best_roster(client).find(who)
        body = {"to": found.id}
        answer = client.request("POST", "/admin/v1/leader/transfer", body).body
        _tell_done(parse_roster(answer), found.id, as_json=as_json)


def _ask_who(
    client: AdminClient,
    url: str,
    roster: Roster,
    *,
    name: str | None,
    peer_address: str | None,
) -> Node:
    """Who the node at that address is. Raises Refused if it cannot become a member here."""
    try:
        said = msgspec.convert(client.ask_node(url, "/admin/v1/identity").body, type=Node)
    except msgspec.ValidationError as error:
        raise Refused("not_a_node", f"{url} is no admin address of BiteByte: {error}") from None
    if said.cluster_id != roster.cluster_id:
        raise Refused(
            "another_cluster",
            f"{url} belongs to cluster {said.cluster_id}, and this is cluster {roster.cluster_id}:"
            " start the node with this cluster's --cluster-id, --join and an empty database",
        )
    if said.state == "removed":
        raise Refused(
            "member_retired",
            f"{said.name} ({said.id}) was removed, and an id never comes back: start the node with"
            " --join and an empty database, so that it gets a new one",
        )
    node = msgspec.structs.replace(
        said, name=name or said.name, peer_address=peer_address or said.peer_address
    )
    if not node.peer_address:
        raise Refused("no_address", f"{url} does not say its peer address: give --peer-address")
    return node


def _described(node: Node) -> dict[str, object]:
    return {"id": node.id, "name": node.name, "peer_address": node.peer_address}


def _id_of(roster: Roster, reference: str) -> str:
    """An id is passed on as it is: the cluster remembers those that were removed."""
    is_id = reference.isascii() and reference.isdigit() and 0 < int(reference) < 2**63
    return reference if is_id else roster.find(reference).id


def _force(force: bool) -> str:
    return "?force=true" if force else ""


def _wait_voter(
    client: AdminClient,
    member_id: str,
    old_id: str | None,
    seen: Roster,
    say: Callable[[str], None],
) -> Roster:
    """Until it votes and, if given, the old one has left. Raises Unknown at the deadline."""
    told = ""
    while True:
        row = seen.member(member_id)
        has_left = old_id is None or seen.member(old_id) is None
        if row is not None and row.state == "voter" and has_left:
            say(f"{row.name} votes")
            return seen
        text = f"{member_id} is not seen yet" if row is None else _progress(row, seen)
        if text != told:
            say(text)
            told = text
        if client.left_s <= 0:
            raise Unknown(
                f"it has not caught up in time ({text}); the leader makes it a voter when it has"
            )
        pause(LOOK_INTERVAL_S)
        try:
            seen = best_roster(client)
        except Refused as error:
            if error.code != "no_answer":
                raise


def _progress(row: MemberRow, seen: Roster) -> str:
    if not row.healthy:
        return f"{row.name}: {row.state}, does not answer the members"
    if row.progress == "snapshot":
        return f"{row.name}: {row.state}, gets a snapshot"
    has = number(row.flushed_index)
    return f"{row.name}: {row.state}, has {has} of {seen.commit_index:,} entries"


def _tell_done(seen: Roster, member_id: str, *, as_json: bool) -> None:
    if as_json:
        tell_json(
            {
                "outcome": "done",
                "member_id": member_id,
                "member": seen.member(member_id),
                "leader_id": seen.leader_id,
                "members": seen.members,
            }
        )
    else:
        Console(file=sys.stdout).print(roster_table(seen))
