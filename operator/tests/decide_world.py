"""A small world for `decide` to act in: Kubernetes, disks, and members that change by Raft.

It is honest about what makes operators hard: a StatefulSet that is seen late, pods that crash,
leaders that move, a change of members that takes two steps, writes that are lost, an operator that
dies between two effects, and one that acts on what it saw a moment ago (which is also what a second
operator does whose Lease was stolen). Time does
not pass in it; what is under way gets old, and then its deadline has passed.

A world is a value. `successors` names everything that can happen next.
"""

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from bitebyte_operator.decide import decide
from bitebyte_operator.model import (
    AddFinalizer,
    AddLearner,
    ApplyObjects,
    BarCluster,
    BarClusterSpec,
    Claim,
    Condition,
    ConfirmedMembers,
    Decision,
    DeleteClaim,
    DeletePod,
    DeleteStatefulSet,
    Identity,
    MemberRecord,
    NoMembersAnswer,
    ObjectRef,
    Observed,
    Operation,
    OrderBootstrap,
    Pod,
    PostgresSpec,
    RemoveFinalizer,
    RemoveMember,
    SetReplicas,
    StampClaim,
    StatefulSet,
    StatusRecord,
    StorageSpec,
    TransferLeader,
    UpdateSpec,
    WithdrawLearner,
)
from bitebyte_operator.model import Member as SeenMember
from bitebyte_operator.model.status import DEGRADED, INITIALIZED

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
    is_blind: bool = False
    """Whether nodes may leave the operator without an answer."""
    has_an_end: bool = True
    """Whether the last wish can be fulfilled without anybody's help, whatever has happened."""


class Set(NamedTuple):
    replicas: int
    template: int
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


# What the operator sees -----------------------------------------------------------------------


def desired(world: World, scenario: Scenario) -> BarCluster:
    wish = scenario.wishes[world.wish]
    return BarCluster(
        name=NAME,
        namespace="bars",
        uid="bar",
        resource_version="1",
        generation=world.wish + 1,
        spec=BarClusterSpec(
            image=f"bar:{wish.template}",
            postgres=PostgresSpec(image="database"),
            storage=StorageSpec(size="1Gi"),
            replicas=wish.replicas,
            paused=wish.paused,
            deletion_policy="Delete" if wish.policy == "Delete" else "Retain",
            update=UpdateSpec(min_ready_seconds=0),
        ),
        deletion_requested_s=1.0 if wish.deleted else None,
        has_finalizer=world.has_finalizer,
    )


def observe(world: World, scenario: Scenario) -> Observed:
    wish = scenario.wishes[world.wish]
    differ = world.set is None or world.set.template != wish.template
    has_id = world.status.cluster_id is not None
    return Observed(
        stateful_set=_seen_set(world),
        pods=tuple(
            _seen_pod(n, node, world, scenario)
            for n, node in enumerate(world.nodes)
            if node is not None
        ),
        claims=tuple(
            _seen_claim(n, disk, world) for n, disk in enumerate(world.disks) if disk is not None
        ),
        members=_seen_members(world),
        objects_that_differ=(ObjectRef("StatefulSet", NAME),) if differ and has_id else (),
    )


def _seen_set(world: World) -> StatefulSet | None:
    found = world.set
    if found is None:
        return None
    return StatefulSet(
        uid="set",
        resource_version=str(found),
        generation=2,
        observed_generation=2 if found.is_seen else 1,
        replicas=found.replicas,
        current_revision="",
        update_revision=f"t{found.template}",
        cluster_id=FRESH_ID,
        is_deleting=found.is_deleting,
    )


def pod_version(node: Node) -> str:
    return f"{node.serial}-{node.phase}"


def _seen_pod(n: int, node: Node, world: World, scenario: Scenario) -> Pod:
    is_up = node.phase == "up"
    return Pod(
        name=f"{NAME}-{n}",
        uid=str(node.serial),
        resource_version=pod_version(node),
        ordinal=n,
        revision=f"t{node.template}",
        phase="Running",
        is_ready=is_up,
        ready_since_s=0.0 if is_up else None,
        waiting_reason="ImagePullBackOff" if node.template in scenario.broken else "",
        is_deleting=node.phase == "stop",
        identity=_identity(n, world) if is_up else None,
    )


def _identity(n: int, world: World) -> Identity:
    disk = world.disks[n]
    assert disk is not None, "a node that is up has a disk"
    member = world.member(disk.member)
    state = member.state if member is not None else "outsider"
    return Identity(
        cluster_id=FRESH_ID,
        member_id=str(disk.member),
        name=f"{NAME}-{n}",
        peer_address=f"{NAME}-{n}:7080",
        state="removed" if disk.member in world.retired else state,
        version="1",
    )


def _seen_claim(n: int, disk: Disk, world: World) -> Claim:
    return Claim(
        name=f"data-{NAME}-{n}",
        uid=f"disk{n}",
        resource_version=str(disk.stamp),
        ordinal=n,
        cluster_id=FRESH_ID,
        owner_uid="bar",
        retired_member=disk.stamp,
    )


def _seen_members(world: World) -> ConfirmedMembers | NoMembersAnswer:
    if world.leader == 0:
        is_anybody_up = any(node is not None and node.phase == "up" for node in world.nodes)
        return NoMembersAnswer(reason="NoLeader" if is_anybody_up else "NoPods")
    seen = [
        SeenMember(
            id=str(one.id),
            name=f"{NAME}-{one.ordinal}",
            state=one.state,
            is_healthy=world.is_up(one),
            lag=0 if world.is_up(one) else None,
            wants_vote=one.wants_vote,
        )
        for one in world.members
    ]
    return ConfirmedMembers(
        cluster_id=FRESH_ID, leader_id=str(world.leader), term=1, members=tuple(seen)
    )


# What the operator does -----------------------------------------------------------------------


def blind_looks(world: World, scenario: Scenario) -> Iterator[tuple[str, Observed]]:
    """What is seen of it when the network between the operator and the nodes fails."""
    seen = observe(world, scenario)
    silent = tuple(msgspec.structs.replace(pod, identity=None) for pod in seen.pods)
    unreachable = NoMembersAnswer(reason="Unreachable")
    yield "blind", msgspec.structs.replace(seen, pods=silent, members=unreachable)
    yield "no leader answers", msgspec.structs.replace(seen, members=unreachable)
    yield "only the leader answers", msgspec.structs.replace(seen, pods=silent)


def decision_in(world: World, scenario: Scenario, seen: Observed | None = None) -> Decision:
    return decide(
        desired(world, scenario),
        observe(world, scenario) if seen is None else seen,
        world.status,
        NOW_S,
        FRESH_ID,
    )


def essence(status: StatusRecord) -> StatusRecord:
    """What `decide` reads of a status. The rest is for people, and would only make more worlds of
    what is one."""
    conditions: list[Condition] = []
    for condition_type in (INITIALIZED, DEGRADED):
        found = status.condition(condition_type)
        assert found is not None, "every condition is always there"
        is_failed = found.reason == "RolloutFailed"
        conditions.append(
            msgspec.structs.replace(
                found,
                last_transition_s=0.0,
                reason="RolloutFailed" if is_failed else "",
                message=found.message if is_failed else "",
                observed_generation=found.observed_generation if is_failed else 0,
            )
        )
    members = [
        MemberRecord(
            name=one.name,
            member_id=one.member_id,
            role="Learner" if one.role == "Learner" else "Voter",
            ready=False,
            healthy=False,
            lag=0,
            version="",
            node="",
        )
        for one in status.members
    ]
    operation = status.operation
    return StatusRecord(
        conditions=tuple(conditions),
        cluster_id=status.cluster_id,
        bootstrap=status.bootstrap,
        members=tuple(members),
        operation=None if operation is None else msgspec.structs.replace(operation, message=""),
    )


def write_status(decision: Decision, seen: World, world: World) -> World | None:
    """The world after the status was written; None if the API server refuses, because the
    BarCluster is not the one that was read any more."""
    wanted = essence(decision.status)
    if wanted == seen.status:
        return world
    is_unchanged = (world.wish, world.status, world.has_finalizer, world.is_gone) == (
        seen.wish,
        seen.status,
        seen.has_finalizer,
        seen.is_gone,
    )
    return world._replace(status=wanted) if is_unchanged else None


def act(decision: Decision, seen: World, world: World, scenario: Scenario) -> World:
    """The world after the step was sent, as the API server and the nodes take it."""
    step, written = decision.step, write_status(decision, seen, world)
    if written is None:
        return world
    match step:
        case AddFinalizer():
            # The API server takes none any more when the deletion was asked for.
            is_deleted = scenario.wishes[world.wish].deleted
            return world if is_deleted else written._replace(has_finalizer=True)
        case RemoveFinalizer():
            return written._replace(has_finalizer=False, is_gone=True)
        case ApplyObjects() | SetReplicas() | DeleteStatefulSet():
            return _act_on_the_set(step, seen, written, scenario)
        case DeletePod():
            return _delete_pod(step, written)
        case StampClaim() | DeleteClaim():
            return _act_on_a_claim(step, written)
        case OrderBootstrap():
            return _begin(step, written)
        case AddLearner() | WithdrawLearner() | RemoveMember() | TransferLeader():
            return _act_on_the_members(step, written)
        case _:
            return written


def _act_on_the_set(
    step: ApplyObjects | SetReplicas | DeleteStatefulSet,
    seen: World,
    world: World,
    scenario: Scenario,
) -> World:
    found = world.set
    if isinstance(step, ApplyObjects):
        template = scenario.wishes[seen.wish].template
        replicas = step.replicas if found is None else found.replicas
        return world._replace(set=Set(replicas, template, is_seen=False))
    if found is None or str(found) != step.resource_version:
        return world
    if isinstance(step, DeleteStatefulSet):
        return world._replace(set=found._replace(is_deleting=True))
    return world._replace(set=found._replace(replicas=step.replicas, is_seen=False))


def _ordinal(name: str) -> int:
    return int(name.rpartition("-")[2])


def _delete_pod(step: DeletePod, world: World) -> World:
    n = _ordinal(step.name)
    node = world.nodes[n]
    if node is None or (str(node.serial), pod_version(node)) != (step.uid, step.resource_version):
        return world
    if step.unless_leader and step.unless_leader == str(world.leader):
        return world
    return world.with_node(n, node._replace(phase="stop"))


def _act_on_a_claim(step: StampClaim | DeleteClaim, world: World) -> World:
    n = _ordinal(step.name)
    disk = world.disks[n]
    if disk is None or str(disk.stamp) != step.resource_version:
        return world
    if isinstance(step, DeleteClaim):
        return world.with_disk(n, None)
    return world.with_disk(n, disk._replace(stamp=step.retired_member))


def _begin(step: OrderBootstrap, world: World) -> World:
    n = _ordinal(step.pod)
    node, disk, member_id = world.nodes[n], world.disks[n], int(step.member_id)
    if node is None or node.phase != "up" or disk is None or disk.member != member_id:
        return world
    if world.member(member_id) is not None:
        return world  # it has begun, or is a member already
    first = Member(member_id, n, "voter")
    return settled(world._replace(members=(first,), leader=member_id, begun=world.begun + 1))


def _act_on_the_members(
    step: AddLearner | WithdrawLearner | RemoveMember | TransferLeader, world: World
) -> World:
    """As the leader takes it: its own rules hold whatever the operator asks."""
    if world.leader == 0:
        return world
    if isinstance(step, TransferLeader):
        to = world.member(int(step.to_id))
        is_possible = to is not None and to.state == "voter" and world.is_up(to)
        is_so = str(world.leader) == step.from_id
        return world._replace(leader=int(step.to_id)) if is_possible and is_so else world
    member_id = int(step.member_id)
    member = world.member(member_id)
    if isinstance(step, AddLearner):
        return _add_learner(member_id, member, _ordinal(step.name), world)
    is_changing = any(one.state == "leaving" for one in world.members)
    if member is None or is_changing:
        return world
    if member.state == "learner":
        others = tuple(one for one in world.members if one.id != member_id)
        return world._replace(members=others, retired=world.retired | {member_id})
    if isinstance(step, WithdrawLearner):
        return world  # it votes by now: the operator looks again first
    others = [one for one in world.voters if one.id != member_id]
    if 2 * sum(world.is_up(one) for one in others) <= len(others):
        return world
    if world.leader == member_id:
        world = world._replace(leader=min(one.id for one in others if world.is_up(one)))
    return world.with_member(member._replace(state="leaving", wants_vote=False))


def _add_learner(member_id: int, member: Member | None, ordinal: int, world: World) -> World:
    if member is not None:
        is_learner = member.state == "learner"
        return world.with_member(member._replace(wants_vote=True)) if is_learner else world
    if member_id in world.retired or any(one.ordinal == ordinal for one in world.members):
        return world
    return world.with_member(Member(member_id, ordinal, "learner", wants_vote=True))


# What happens by itself -----------------------------------------------------------------------


def progress(world: World, scenario: Scenario) -> Iterator[tuple[str, World]]:
    """What Kubernetes and the members do if nothing goes wrong."""
    found = world.set
    if found is not None and not found.is_seen:
        yield "the StatefulSet is seen", world._replace(set=found._replace(is_seen=True))
    elif found is not None:
        yield from _controller(found, world)
    for n, node in enumerate(world.nodes):
        if node is not None and node.phase == "stop":
            yield f"pod {n} has stopped", world.with_node(n, None)
        elif node is not None and node.phase == "boot" and node.template not in scenario.broken:
            yield f"node {n} comes up", _boot(n, node, world)
    yield from _raft(world)


def _controller(found: Set, world: World) -> Iterator[tuple[str, World]]:
    missing = [n for n in range(found.replicas) if world.nodes[n] is None]
    if missing and not found.is_deleting:
        for n in missing:
            world = _create(n, found, world)
        yield "pods are made", world
        return
    surplus = [
        n
        for n, node in enumerate(world.nodes)
        if node is not None and (n >= found.replicas or found.is_deleting)
    ]
    if surplus:
        for n in surplus:
            world = world.with_node(n, None)
        yield "pods are stopped", world
    elif found.is_deleting:
        yield "the StatefulSet is gone", world._replace(set=None)


def _create(n: int, found: Set, world: World) -> World:
    """Serial numbers repeat after a while, so that there is an end of worlds."""
    serials = {node.serial for node in world.nodes if node is not None}
    serial = next(one for one in range(2 * len(world.nodes)) if one not in serials)
    world = world.with_node(n, Node(serial, found.template))
    return world if world.disks[n] is not None else world.with_disk(n, Disk())


def _boot(n: int, node: Node, world: World) -> World:
    """Who finds an empty database, or one of a member that was removed, draws a new id."""
    disk = world.disks[n]
    assert disk is not None, "a pod is made with its disk"
    if disk.member == 0 or disk.member in world.retired:
        drawn = list(world.drawn)
        drawn[n] += 1
        member_id = 10 * (n + 1) + drawn[n]
        world = world._replace(drawn=tuple(drawn)).with_disk(n, disk._replace(member=member_id))
    return world.with_node(n, node._replace(phase="up"))


def _raft(world: World) -> Iterator[tuple[str, World]]:
    if world.leader == 0:
        if world.members and world.has_quorum():
            for one in world.members:
                if one.state == "voter" and world.is_up(one):
                    yield f"{one.id} is elected", world._replace(leader=one.id)
        return
    leaving = next((one for one in world.members if one.state == "leaving"), None)
    if leaving is not None:
        others = tuple(one for one in world.members if one.id != leaving.id)
        after = world._replace(members=others, retired=world.retired | {leaving.id})
        yield f"{leaving.id} has left", settled(after)
        return
    for one in world.members:
        if one.state == "learner" and one.wants_vote and world.is_up(one):
            after = world.with_member(one._replace(state="voter", wants_vote=False))
            yield f"{one.id} is given its vote", after


def faults(world: World, scenario: Scenario) -> Iterator[tuple[str, World]]:
    """What may go wrong."""
    for n, node in enumerate(world.nodes):
        if node is None or node.phase != "up":
            continue
        if world.crashes < scenario.crashes:
            after = world._replace(crashes=world.crashes + 1)
            yield f"node {n} crashes", after.with_node(n, node._replace(phase="boot"))
        if world.disks_lost < scenario.disks_lost:
            after = world._replace(disks_lost=world.disks_lost + 1).with_disk(n, Disk())
            yield f"disk {n} is lost", after.with_node(n, node._replace(phase="boot"))
        if world.meddling < scenario.meddling:
            after = world._replace(meddling=world.meddling + 1)
            yield f"somebody deletes pod {n}", after.with_node(n, node._replace(phase="stop"))
    if world.wipes < scenario.wipes and world.status.conditions:
        yield "the status is emptied", world._replace(status=StatusRecord(), wipes=world.wipes + 1)
    if world.set is not None and world.meddling < scenario.meddling:
        after = world._replace(meddling=world.meddling + 1)
        for replicas in {0, 1, len(world.nodes)} - {world.set.replicas}:
            scaled = world.set._replace(replicas=replicas, is_seen=False)
            yield f"somebody scales to {replicas}", after._replace(set=scaled)
        yield (
            "somebody deletes the StatefulSet",
            after._replace(set=world.set._replace(is_deleting=True)),
        )
    if world.leader and world.moves < scenario.moves:
        for one in world.members:
            if one.state == "voter" and world.is_up(one) and one.id != world.leader:
                yield f"{one.id} leads now", world._replace(leader=one.id, moves=world.moves + 1)


def owner(world: World, scenario: Scenario) -> Iterator[tuple[str, World]]:
    """The next wish, and time."""
    if world.wish + 1 < len(scenario.wishes):
        wish = world.wish + 1
        is_gone = scenario.wishes[wish].deleted and not world.has_finalizer
        yield f"wish {wish}", world._replace(wish=wish, is_gone=is_gone)
    operation = world.status.operation
    if scenario.is_timed and operation is not None and not is_old(operation):
        old = msgspec.structs.replace(
            operation,
            started_s=operation.started_s - AGE_S,
            deadline_s=operation.deadline_s - AGE_S,
        )
        status = msgspec.structs.replace(world.status, operation=old)
        yield "time passes", world._replace(status=status)


def is_old(operation: Operation) -> bool:
    """Its deadline has passed."""
    return operation.deadline_s <= NOW_S
