"""What the operator sees of a small world, and what it decides then."""

from collections.abc import Iterator

import msgspec
from decide_world import FRESH_ID, NAME, NOW_S, Disk, Node, Scenario, World

from bitebyte_operator.decide import decide
from bitebyte_operator.model import (
    BarCluster,
    BarClusterSpec,
    Claim,
    ConfirmedMembers,
    Decision,
    Identity,
    NoMembersAnswer,
    ObjectRef,
    Observed,
    Pod,
    PostgresSpec,
    StatefulSet,
    StorageSpec,
    UpdateSpec,
)
from bitebyte_operator.model import Member as SeenMember


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
        update_revision=f"t{found.known}",
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
