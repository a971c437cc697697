"""What the operator's steps do in a small world, as the API server and the nodes take them."""

import msgspec
from decide_sight import pod_version
from decide_world import Member, Scenario, Set, World, settled

from bitebyte_operator.model import (
    AddFinalizer,
    AddLearner,
    ApplyObjects,
    Condition,
    Decision,
    DeleteClaim,
    DeletePod,
    DeleteStatefulSet,
    MemberRecord,
    OrderBootstrap,
    RemoveFinalizer,
    RemoveMember,
    SetReplicas,
    StampClaim,
    StatusRecord,
    TransferLeader,
    WithdrawLearner,
)
from bitebyte_operator.model.status import DEGRADED, INITIALIZED


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
        known = template if found is None else found.known
        return world._replace(set=Set(replicas, template, known, is_seen=False))
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
