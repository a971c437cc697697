"""A small world for `decide` to act in: Kubernetes, disks, and members that change by Raft.

It is honest about what makes operators hard: a StatefulSet that is seen late, pods that crash,
leaders that move, a change of members that takes two steps, writes that are lost, an operator that
dies between two effects, and one that acts on what it saw a moment ago (which is also what a second
operator does whose Lease was stolen). Time does not pass in it; what is under way gets old, and
then its deadline has passed.

A world is a value. `decide_explore.successors` names everything that can happen next.

    decide_world       what a world is
    decide_sight       what the operator sees of it
    decide_deeds       what its steps do there
    decide_happenings  what happens by itself, or goes wrong
    decide_explore     every world that can be reached
    decide_invariants  what must hold in all of them
"""

from typing import NamedTuple

from bitebyte_operator.model import Operation, StatusRecord

NAME = "bar"
NOW_S = 0.0
AGE_S = 10_000.0
"""Longer than every deadline."""
FRESH_ID = "42"


class Wish(NamedTuple):
    """What the owner wants. Pods of a template in `broken` never run."""

    replicas: int
    template: int = 0
    deleted: bool = False
    policy: str = "Retain"
    paused: bool = False


class Scenario(NamedTuple):
    """The owner's wishes, one after the other, each at any moment; and how much may go wrong."""

    name: str
    wishes: tuple[Wish, ...]
    begins_with: int = 0
    """So many members are there already; 0: nothing is."""
    broken: frozenset[int] = frozenset()
    crashes: int = 0
    moves: int = 0
    """Times that leadership moves by itself."""
    is_timed: bool = False
    """Whether a deadline may pass, at any moment."""
    disks_lost: int = 0
    meddling: int = 0
    """Times that somebody else scales or deletes the StatefulSet, or deletes a pod."""
    wipes: int = 0
    """Times that somebody empties the status."""
    is_stale: bool = True
    """Whether an operator may act on what it saw before the last thing that happened."""
    catches_up: bool = True
    """Whether learners ever do."""
    is_blind: bool = False
    """Whether nodes may leave the operator without an answer."""
    has_an_end: bool = True
    """Whether the last wish can be fulfilled without anybody's help, whatever has happened."""


class Set(NamedTuple):
    """The StatefulSet. Its controller knows the template `known` and catches up some time."""

    replicas: int
    template: int
    known: int
    is_seen: bool = True
    is_deleting: bool = False


class Node(NamedTuple):
    """A pod: `boot` (its process does not run), `up`, or `stop` (on its way out)."""

    serial: int
    template: int
    phase: str = "boot"


class Disk(NamedTuple):
    member: int = 0
    stamp: str | None = None


class Member(NamedTuple):
    """`voter`, `learner` or `leaving`."""

    id: int
    ordinal: int
    state: str
    wants_vote: bool = False


class World(NamedTuple):
    wish: int
    """Which of the owner's wishes holds."""
    status: StatusRecord
    set: Set | None
    nodes: tuple[Node | None, ...]
    disks: tuple[Disk | None, ...]
    drawn: tuple[int, ...]
    """Member ids that were drawn at each place; none comes twice."""
    members: tuple[Member, ...] = ()
    leader: int = 0
    retired: frozenset[int] = frozenset()
    begun: int = 0
    """How often a cluster has begun. More than once is the disaster."""
    has_finalizer: bool = False
    is_gone: bool = False
    crashes: int = 0
    moves: int = 0
    disks_lost: int = 0
    meddling: int = 0
    wipes: int = 0

    # What is so ---------------------------------------------------------------------------

    def is_up(self, member: Member) -> bool:
        node, disk = self.nodes[member.ordinal], self.disks[member.ordinal]
        has_its_disk = disk is not None and disk.member == member.id
        return node is not None and node.phase == "up" and has_its_disk

    def member(self, member_id: int) -> Member | None:
        return next((one for one in self.members if one.id == member_id), None)

    @property
    def voters(self) -> tuple[Member, ...]:
        return tuple(one for one in self.members if one.state != "learner")

    def has_quorum(self) -> bool:
        """Of the voters as they are, and of those that remain when somebody is leaving."""
        return all(
            2 * sum(self.is_up(one) for one in group) > len(group)
            for group in (self.voters, tuple(one for one in self.members if one.state == "voter"))
        )

    def with_node(self, ordinal: int, node: Node | None) -> "World":
        nodes = list(self.nodes)
        nodes[ordinal] = node
        return settled(self._replace(nodes=tuple(nodes)))

    def with_disk(self, ordinal: int, disk: Disk | None) -> "World":
        disks = list(self.disks)
        disks[ordinal] = disk
        return self._replace(disks=tuple(disks))

    def with_member(self, member: Member) -> "World":
        others = [one for one in self.members if one.id != member.id]
        return settled(self._replace(members=tuple(sorted([*others, member]))))


def settled(world: World) -> World:
    """A leader that is down, does not vote or has lost the quorum leads no more."""
    leader = world.member(world.leader)
    if leader is not None and leader.state != "learner" and world.is_up(leader):
        return world if world.has_quorum() else world._replace(leader=0)
    return world._replace(leader=0)


def empty(places: int) -> World:
    return World(
        wish=0,
        status=StatusRecord(),
        set=None,
        nodes=(None,) * places,
        disks=(None,) * places,
        drawn=(0,) * places,
    )


def is_old(operation: Operation) -> bool:
    """Its deadline has passed."""
    return operation.deadline_s <= NOW_S
