"""Changing who belongs to the cluster, and who leads it: for operators, at any node.

Every call may be repeated: it looks first, with a linearizable read, and what is already so is
done. It ends in one of three ways: it happened; MembershipRefused, NoLeader or Overloaded, and it
did certainly not; or OutcomeUnknown.
"""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from bitebyte.domain.commands import AnyCommand, ChangeMembers, DescribeMembers, WishVote
from bitebyte.domain.results import Refused
from bitebyte.domain.roster import Cluster, ClusterMember
from bitebyte.node.configuration import ids_of, is_voter
from bitebyte.node.own_commands import OwnCommands
from bitebyte.node.types import MembershipRefused, NodeError, Proposed
from bitebyte.raft.types import NONE_ID, ChangeKind, ConfState, SingleChange
from bitebyte.transport.links import parse_address

CHANGE_AGAIN_S = 0.2
"""While another change is under way, ours is tried again in such steps."""

HEARD_PATIENCE_S = 2.0
"""Members report twice a second: whoever is not heard for so long is not there."""

MEMBERS_MAX = 16
"""Voters and learners of one cluster: more only make every commit slower."""

NAME_LENGTH_MAX = 63


class AdministeredNode(Protocol):
    """What is needed of the node."""

    @property
    def conf_state(self) -> ConfState: ...
    @property
    def cluster(self) -> Cluster: ...
    @property
    def leader_id(self) -> int: ...
    def healthy_ids(self) -> frozenset[int]: ...
    async def read_barrier(self, *, timeout_s: float) -> int: ...
    async def propose(self, command: AnyCommand, *, timeout_s: float) -> Proposed: ...
    async def change_configuration(
        self, parts: Sequence[SingleChange], command: ChangeMembers, *, timeout_s: float
    ) -> Proposed: ...
    async def transfer_leader(self, transferee: int, *, timeout_s: float) -> None: ...


class MemberAdministration:
    """The operations of `bitebyte member`. `timeout_s` bounds each as a whole."""

    def __init__(self, node: AdministeredNode, commands: OwnCommands) -> None:
        self._node = node
        self._commands = commands
        self._loop = asyncio.get_running_loop()

    async def add_learner(
        self,
        member_id: int,
        name: str,
        peer_address: str,
        *,
        wants_vote: bool = False,
        replaces_id: int = NONE_ID,
        timeout_s: float,
    ) -> None:
        """Adds a member that gets the log and has no vote.

        With `wants_vote` the leader makes it a voter as soon as it has caught up, in one change
        with the removal of `replaces_id` if that is given. For a member that is there already,
        name, address and wish are brought up to date.
        """
        deadline_s = self._loop.time() + timeout_s
        await self._node.read_barrier(timeout_s=timeout_s)
        member = ClusterMember(member_id, name, peer_address, wants_vote, replaces_id)
        self._check_new(member)
        if member_id in ids_of(self._node.conf_state):
            await self._describe(member, deadline_s)
            return
        if len(ids_of(self._node.conf_state)) >= MEMBERS_MAX:
            raise MembershipRefused("too_many_members", f"there are {MEMBERS_MAX} members already")
        command = self._commands.new(ChangeMembers, added=(member,))
        await self._change([SingleChange(ChangeKind.ADD_LEARNER, member_id)], command, deadline_s)

    async def promote(self, member_id: int, *, timeout_s: float) -> None:
        """A learner shall become a voter: the leader sees to it as soon as it has caught up."""
        deadline_s = self._loop.time() + timeout_s
        await self._node.read_barrier(timeout_s=timeout_s)
        self._check_member(member_id)
        if is_voter(self._node.conf_state, member_id):
            return
        await self._wish(member_id, wants_vote=True, replaces_id=NONE_ID, deadline_s=deadline_s)

    async def demote(self, member_id: int, *, timeout_s: float, is_forced: bool = False) -> None:
        """A voter becomes a learner, and is not meant to be more. A leader hands over first."""
        deadline_s = self._loop.time() + timeout_s
        await self._node.read_barrier(timeout_s=timeout_s)
        self._check_member(member_id)
        if not is_voter(self._node.conf_state, member_id):
            await self._wish(
                member_id, wants_vote=False, replaces_id=NONE_ID, deadline_s=deadline_s
            )
            return
        await self._check_quorum_without(member_id, deadline_s, is_forced=is_forced)
        await self._move_leadership_from(member_id, deadline_s)
        command = self._commands.new(ChangeMembers, demoted_ids=(member_id,))
        await self._change([SingleChange(ChangeKind.ADD_LEARNER, member_id)], command, deadline_s)

    async def remove(self, member_id: int, *, timeout_s: float, is_forced: bool = False) -> None:
        """Removes a member for ever: its id never comes back. A leader hands over first.

        Refused if those who remain could not form a quorum now, unless `is_forced`.
        """
        deadline_s = self._loop.time() + timeout_s
        await self._node.read_barrier(timeout_s=timeout_s)
        if member_id in self._node.cluster.retired_ids:
            return
        self._check_member(member_id)
        if is_voter(self._node.conf_state, member_id):
            await self._check_quorum_without(member_id, deadline_s, is_forced=is_forced)
        await self._move_leadership_from(member_id, deadline_s)
        command = self._commands.new(ChangeMembers)
        await self._change([SingleChange(ChangeKind.REMOVE, member_id)], command, deadline_s)

    async def replace(
        self,
        old_id: int,
        new_id: int,
        *,
        name: str = "",
        peer_address: str = "",
        timeout_s: float,
    ) -> None:
        """One member takes the place of another, dead or alive: the new one is added as a learner
        if it is no member yet, and when it has caught up, one joint change makes it a voter and
        removes the old one."""
        deadline_s = self._loop.time() + timeout_s
        await self._node.read_barrier(timeout_s=timeout_s)
        conf_state, cluster = self._node.conf_state, self._node.cluster
        if old_id in cluster.retired_ids and is_voter(conf_state, new_id):
            return
        self._check_member(old_id)
        if old_id == new_id:
            raise MembershipRefused("same_member", "a member cannot take its own place")
        if is_voter(conf_state, new_id):
            raise MembershipRefused(
                "already_voter", f"member {new_id} votes already: remove member {old_id} instead"
            )
        known = cluster.member(new_id)
        if new_id in ids_of(conf_state) and known is not None:
            await self._wish(new_id, wants_vote=True, replaces_id=old_id, deadline_s=deadline_s)
            return
        await self.add_learner(
            new_id,
            name,
            peer_address,
            wants_vote=True,
            replaces_id=old_id,
            timeout_s=deadline_s - self._loop.time(),
        )

    # Rules ----------------------------------------------------------------------------------

    def _check_member(self, member_id: int) -> None:
        if member_id in ids_of(self._node.conf_state):
            return
        if member_id in self._node.cluster.retired_ids:
            raise MembershipRefused("member_retired", f"member {member_id} was removed")
        raise MembershipRefused("member_not_found", f"no member has the id {member_id}")

    def _check_new(self, member: ClusterMember) -> None:
        cluster = self._node.cluster
        if not 0 < member.id < 2**63:
            raise MembershipRefused("invalid_member", "a member id is a number from 1 to 2^63 - 1")
        if member.id in cluster.retired_ids:
            raise MembershipRefused(
                "member_retired",
                f"member {member.id} was removed, and an id never comes back: it could have voted"
                " and forgotten it. Start the node with an empty database, so that it gets a new"
                " id, and add that",
            )
        if not 0 < len(member.name) <= NAME_LENGTH_MAX:
            raise MembershipRefused(
                "invalid_member", f"a name has 1 to {NAME_LENGTH_MAX} characters"
            )
        try:
            parse_address(member.peer_address)
        except ValueError as error:
            raise MembershipRefused("invalid_member", f"peer address: {error}") from None
        for other in cluster.members:
            if other.id not in (member.id, member.replaces_id) and other.name == member.name:
                raise MembershipRefused(
                    "name_taken", f"member {other.id} has the name {member.name}: give another"
                )
        if member.replaces_id != NONE_ID:
            self._check_member(member.replaces_id)

    async def _check_quorum_without(
        self, member_id: int, deadline_s: float, *, is_forced: bool
    ) -> None:
        voters = set(self._node.conf_state.voters) - {member_id}
        if not voters:
            raise MembershipRefused("last_voter", "this is the only voter: nobody could go on")
        # A node that has just started has not heard from everybody yet.
        patience_s = min(deadline_s, self._loop.time() + HEARD_PATIENCE_S)
        while not is_forced:
            healthy = len(voters & self._node.healthy_ids())
            if 2 * healthy > len(voters):
                return
            if self._loop.time() >= patience_s:
                raise MembershipRefused(
                    "quorum_at_risk",
                    f"of the {len(voters)} voters that would remain only {healthy} can be reached:"
                    " nothing could be confirmed any more. Bring one back first, or force it",
                )
            await asyncio.sleep(CHANGE_AGAIN_S)

    # Steps ----------------------------------------------------------------------------------

    async def _describe(self, member: ClusterMember, deadline_s: float) -> None:
        known = self._node.cluster.member(member.id)
        if known is None or (known.name, known.peer_address) != (member.name, member.peer_address):
            command = self._commands.new(DescribeMembers, members=(member,))
            await self._propose(command, deadline_s)
        is_learner = not is_voter(self._node.conf_state, member.id)
        if is_learner and (known is None or known.wants_vote != member.wants_vote):
            await self._wish(
                member.id,
                wants_vote=member.wants_vote,
                replaces_id=member.replaces_id,
                deadline_s=deadline_s,
            )

    async def _wish(
        self, member_id: int, *, wants_vote: bool, replaces_id: int, deadline_s: float
    ) -> None:
        command = self._commands.new(
            WishVote, member_id=member_id, wants_vote=wants_vote, replaces_id=replaces_id
        )
        await self._propose(command, deadline_s)

    async def _propose(self, command: AnyCommand, deadline_s: float) -> None:
        proposed = await self._node.propose(command, timeout_s=deadline_s - self._loop.time())
        if isinstance(proposed.result, Refused):
            raise MembershipRefused(proposed.result.code, proposed.result.detail)

    async def _change(
        self, parts: Sequence[SingleChange], command: ChangeMembers, deadline_s: float
    ) -> None:
        while True:
            proposed = await self._node.change_configuration(
                parts, command, timeout_s=deadline_s - self._loop.time()
            )
            result = proposed.result
            if not isinstance(result, Refused):
                return
            is_late = self._loop.time() + CHANGE_AGAIN_S >= deadline_s
            if result.code != "change_under_way" or is_late:
                raise MembershipRefused(result.code, result.detail)
            await asyncio.sleep(CHANGE_AGAIN_S)

    async def _move_leadership_from(self, member_id: int, deadline_s: float) -> None:
        """To the healthy voter with the smallest id. If that does not work out, the removal of a
        leader does it by itself, a little later."""
        if self._node.leader_id != member_id:
            return
        others = set(self._node.conf_state.voters) & self._node.healthy_ids() - {member_id}
        if not others:
            return
        left_s = deadline_s - self._loop.time()
        try:
            await self._node.transfer_leader(min(others), timeout_s=left_s / 2)
        except NodeError:
            return
