"""What must hold in every world, and of every decision. Written against the world, not against
what `decide` believes."""

from decide_world import Scenario, World, is_old

from bitebyte_operator.model import (
    AddFinalizer,
    AddLearner,
    ApplyObjects,
    Decision,
    DeleteClaim,
    DeletePod,
    DeleteStatefulSet,
    LatchBootstrap,
    LatchClusterId,
    OrderBootstrap,
    RemoveFinalizer,
    RemoveMember,
    SetReplicas,
    StampClaim,
    TransferLeader,
    Wait,
    WithdrawLearner,
)

MENDING = (ApplyObjects, AddFinalizer, LatchClusterId, LatchBootstrap, OrderBootstrap, Wait)
"""Touch no member, no running pod, no claim."""


def broken_in_world(world: World, scenario: Scenario) -> str:
    """The rule that this world breaks, or nothing."""
    if world.begun > 1:
        return "6: a cluster has begun twice"
    if sum(one.state == "leaving" for one in world.members) > 1:
        return "1: two members are leaving at once"
    if world.retired & {one.id for one in world.members}:
        return "7: an id came back"
    wish = scenario.wishes[world.wish]
    for member in world.members:
        if world.disks[member.ordinal] is None and not wish.deleted:
            return "5: a member has lost its claim"
        if (
            world.set is not None
            and member.ordinal >= world.set.replicas
            and not (_is_late(world) or world.meddling)
        ):
            return "a member has no place in the StatefulSet"
    broken = [n for n in world.nodes if n is not None and n.template in scenario.broken]
    if len(broken) > 1 and not world.meddling and len(world.voters) > 1:
        return "the rollout went on after its first failure"
    for member in world.members:
        disk = world.disks[member.ordinal]
        if disk is not None and disk.stamp == str(member.id):
            return "the claim of a member is stamped as retired"
    return ""


def _is_late(world: World) -> bool:
    """A learner that an operator has added on an old view; it is withdrawn by the next look."""
    found = world.set
    return all(
        one.state == "learner"
        for one in world.members
        if found is not None and one.ordinal >= found.replicas
    )


def broken_by_decision(decision: Decision, world: World, scenario: Scenario) -> str:
    """The rule that a step breaks, or nothing: judged where it was decided."""
    step, wish = decision.step, scenario.wishes[world.wish]
    if wish.deleted:
        return _broken_by_deletion(decision, world, scenario)
    if wish.paused and not isinstance(step, Wait):
        return "a pause is broken"
    if isinstance(step, DeleteClaim | RemoveFinalizer | DeleteStatefulSet):
        return "12: something is destroyed that nobody asked to destroy"
    if world.leader == 0 and world.begun and not isinstance(step, MENDING):
        return _broken_without_leader(decision, world)
    if isinstance(step, SetReplicas) and world.set is not None:
        return _broken_by_replicas(step, world)
    if isinstance(step, DeletePod):
        return _broken_by_restart(step, world, scenario)
    if isinstance(step, RemoveMember | WithdrawLearner | AddLearner | TransferLeader):
        return _broken_by_change(step, world, scenario)
    if isinstance(step, StampClaim) and step.retired_member is not None:
        ordinal = int(step.name.rpartition("-")[2])
        if any(one.ordinal == ordinal for one in world.members):
            return "the claim of a member is stamped as retired"
    return ""


def _broken_without_leader(decision: Decision, world: World) -> str:
    step = decision.step
    if isinstance(step, SetReplicas) and world.set is not None:
        return "" if step.replicas > world.set.replicas else "2: a pod less without a leader"
    if isinstance(step, DeletePod):
        node = world.nodes[_ordinal(step.name)]
        return "" if node is not None and node.phase == "boot" else "2: a vote is taken blindly"
    return "2: members are changed without a leader"


def _broken_by_deletion(decision: Decision, world: World, scenario: Scenario) -> str:
    step, policy = decision.step, scenario.wishes[world.wish].policy
    if isinstance(step, DeleteClaim):
        if policy != "Delete":
            return "12: data is destroyed against the policy"
        operation = world.status.operation
        if operation is None or not is_old(operation):
            return "5: a claim goes at first sight"
        if any(node is not None for node in world.nodes):
            return "a claim goes while pods run"
    return ""


def _ordinal(name: str) -> int:
    return int(name.rpartition("-")[2])


def _broken_by_replicas(step: SetReplicas, world: World) -> str:
    assert world.set is not None
    if step.replicas >= world.set.replicas:
        is_mended = any(one.ordinal >= world.set.replicas for one in world.members)
        return "" if is_mended or not world.begun else _broken_by_growth(world)
    if any(one.ordinal >= step.replicas for one in world.members):
        return "the pod of a member is taken away"
    if world.set.replicas - step.replicas != 1:
        return "more than one pod is taken away at once"
    disk = world.disks[world.set.replicas - 1]
    if disk is not None and disk.member in world.retired and disk.stamp is None:
        return "the claim of a removed member is not stamped"
    return ""


def _broken_by_growth(world: World) -> str:
    is_anybody_sick = any(not world.is_up(one) for one in world.voters)
    return "4: it grows while a voter is sick" if is_anybody_sick else ""


def _broken_by_restart(step: DeletePod, world: World, scenario: Scenario) -> str:
    ordinal = _ordinal(step.name)
    node, disk = world.nodes[ordinal], world.disks[ordinal]
    is_as_wanted = node is not None and node.template == scenario.wishes[world.wish].template
    if is_as_wanted and not (disk is not None and disk.member in world.retired):
        return "a pod is restarted that is as it is wanted"
    member = next((one for one in world.voters if one.ordinal == ordinal), None)
    if member is None or not world.is_up(member):
        return ""
    if len(world.voters) == 1:
        return ""
    up = sum(world.is_up(one) for one in world.voters)
    if up < len(world.voters) // 2 + 2:
        return "3: a voter is restarted without one to spare"
    if any(one.state == "leaving" for one in world.members):
        return "1: a voter is restarted while another is leaving"
    if any(one.wants_vote for one in world.members):
        return "1: a voter is restarted while another is to be promoted"
    if world.leader == member.id:
        return "the leader is restarted without handing over"
    if step.unless_leader != str(member.id):
        return "a voter is restarted whoever leads by then"
    return ""


def _broken_by_change(
    step: RemoveMember | WithdrawLearner | AddLearner | TransferLeader,
    world: World,
    scenario: Scenario,
) -> str:
    is_leaving = any(one.state == "leaving" for one in world.members)
    if is_leaving:
        return "1: a change is asked for while another is in flight"
    if isinstance(step, AddLearner):
        if int(step.member_id) in world.retired:
            return "7: a retired id is added"
        return _broken_by_growth(world)
    if isinstance(step, TransferLeader):
        to = world.member(int(step.to_id))
        is_voter = to is not None and to.state == "voter" and world.is_up(to)
        return "" if is_voter else "leadership is given to one that cannot take it"
    member = world.member(int(step.member_id))
    if member is None:
        return "somebody is removed who is no member"
    if isinstance(step, WithdrawLearner):
        return "" if member.state == "learner" else "a voter is withdrawn like a learner"
    return _broken_by_removal(member.id, world, scenario)


def _broken_by_removal(member_id: int, world: World, scenario: Scenario) -> str:
    voters, wish = world.voters, scenario.wishes[world.wish]
    if any(one.wants_vote for one in world.members):
        return "1: a member is removed while another is to be promoted"
    up = [one for one in voters if world.is_up(one)]
    if len(up) < min(len(voters) // 2 + 2, len(voters)):
        return "3: a voter is removed without one to spare"
    rest = [one for one in voters if one.id != member_id]
    if 2 * sum(world.is_up(one) for one in rest) <= len(rest):
        return "3: those that remain have no quorum"
    if len(rest) < wish.replicas:
        return "more members are removed than is wanted"
    if world.leader == member_id:
        return "the leader is removed without handing over"
    return ""


def is_goal(world: World, decision: Decision | None, scenario: Scenario) -> bool:
    """The last wish is fulfilled, and the operator is at rest."""
    if world.wish + 1 != len(scenario.wishes):
        return False
    wish = scenario.wishes[-1]
    if wish.deleted:
        has_data = any(disk is not None for disk in world.disks)
        return world.is_gone and (wish.policy == "Retain" or not has_data)
    return (
        decision is not None
        and decision.rule == "rest"
        and decision.status.operation is None
        and len(world.voters) == len(world.members) == wish.replicas
        and all(world.is_up(one) for one in world.voters)
        and not any(disk and disk.stamp for disk in world.disks[: wish.replicas])
        and world.set is not None
        and world.set.replicas == wish.replicas
        and all(
            node is not None and node.template == wish.template
            for node in world.nodes[: wish.replicas]
        )
    )
