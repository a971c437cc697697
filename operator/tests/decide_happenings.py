"""What happens in a small world by itself, what goes wrong, and what its owner does."""

from collections.abc import Iterator

import msgspec
from decide_world import AGE_S, Disk, Node, Scenario, Set, World, is_old, settled

from bitebyte_operator.model import StatusRecord


def progress(world: World, scenario: Scenario) -> Iterator[tuple[str, World]]:
    """What Kubernetes and the members do if nothing goes wrong."""
    found = world.set
    if found is not None and not found.is_seen:
        seen = found._replace(is_seen=True, known=found.template)
        yield "the StatefulSet is seen", world._replace(set=seen)
    elif found is not None:
        yield from _controller(found, world)
    for n, node in enumerate(world.nodes):
        if node is not None and node.phase == "stop":
            yield f"pod {n} has stopped", world.with_node(n, None)
        elif node is not None and node.phase == "boot" and node.template not in scenario.broken:
            yield f"node {n} comes up", _boot(n, node, world)
    yield from _raft(world, scenario)


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


def _raft(world: World, scenario: Scenario) -> Iterator[tuple[str, World]]:
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
        is_ready = one.state == "learner" and one.wants_vote and world.is_up(one)
        if is_ready and scenario.catches_up:
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
