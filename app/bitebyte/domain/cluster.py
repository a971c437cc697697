"""What commands do to the cluster's own row."""

from collections.abc import Iterable

import msgspec

from bitebyte.domain.changeset import refuse
from bitebyte.domain.commands import (
    ChangeMembers,
    Checkpoint,
    DescribeMembers,
    SetClusterVersion,
    WishVote,
)
from bitebyte.domain.results import Accepted, Applied
from bitebyte.domain.roster import CLUSTER_KEY, Cluster, ClusterMember
from bitebyte.domain.view import View


def cluster_of(view: View) -> Cluster:
    """The cluster's row; what it is before anybody wrote it is the empty one."""
    row = view.get(CLUSTER_KEY)
    assert row is None or isinstance(row, Cluster)
    return Cluster() if row is None else row


def describe_members(view: View, command: DescribeMembers) -> Applied:
    """Names and addresses, as their owners tell them. Used up ids are left out."""
    cluster = cluster_of(view)
    members = {member.id: member for member in cluster.members}
    for told in command.members:
        if told.id in cluster.retired_ids:
            continue
        known = members.get(told.id, told)
        members[told.id] = msgspec.structs.replace(
            known, name=told.name, peer_address=told.peer_address
        )
    return _put(cluster, members=_in_order(members.values()))


def wish_vote(view: View, command: WishVote) -> Applied:
    """What a learner is meant to become. Refused: member_not_found."""
    cluster = cluster_of(view)
    known = cluster.member(command.member_id)
    if known is None:
        return refuse("member_not_found", f"No member has the id {command.member_id}.")
    members = {member.id: member for member in cluster.members}
    members[known.id] = msgspec.structs.replace(
        known, wants_vote=command.wants_vote, replaces_id=command.replaces_id
    )
    return _put(cluster, members=_in_order(members.values()))


def set_cluster_version(view: View, command: SetClusterVersion) -> Applied:
    """All members know this level. It never falls: what was written with it stays in the log."""
    cluster = cluster_of(view)
    return _put(cluster, cluster_version=max(cluster.cluster_version, command.level))


def checkpoint(view: View, command: Checkpoint) -> Applied:
    """Changes nothing: where it stands in the log, every member looks at its whole state."""
    del command
    return Applied(Accepted(cluster=cluster_of(view)))


def change_members(view: View, command: ChangeMembers) -> Applied:
    """Refused: the roster changes with the configuration or not at all."""
    del view, command
    return refuse("not_a_configuration_change", "Members change with the configuration only.")


def apply_configuration(
    view: View, command: ChangeMembers | None, *, removed_ids: Iterable[int]
) -> Applied:
    """What a change of the configuration that took effect does to the cluster's row.

    `removed_ids` are in no part of the configuration any more. Ends the wishes that it fulfils or
    makes void: of those who are demoted, and of replacements whose goal is reached.
    """
    cluster = cluster_of(view)
    gone = tuple(sorted(set(removed_ids) - set(cluster.retired_ids)))
    members = {member.id: member for member in cluster.members}
    if command is not None:
        for member in command.added:
            members[member.id] = member
        for member_id in command.demoted_ids:
            if member_id in members:
                members[member_id] = msgspec.structs.replace(
                    members[member_id], wants_vote=False, replaces_id=0
                )
    kept = [
        msgspec.structs.replace(member, replaces_id=0) if member.replaces_id in gone else member
        for member in members.values()
        if member.id not in gone and member.id not in cluster.retired_ids
    ]
    return _put(cluster, members=_in_order(kept), retired_ids=cluster.retired_ids + gone)


def _in_order(members: Iterable[ClusterMember]) -> tuple[ClusterMember, ...]:
    return tuple(sorted(members, key=lambda member: member.id))


def _put(cluster: Cluster, **changes: object) -> Applied:
    changed = msgspec.structs.replace(cluster, **changes)
    if changed == cluster:
        return Applied(Accepted(cluster=cluster))
    return Applied(Accepted(cluster=changed), (changed,))
