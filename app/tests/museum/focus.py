"""Plans turned towards what some bugs need: more of the faults and requests that reveal them."""

from random import Random

import msgspec

from bitebyte.simulation.plan import LEADER, Fault, Operation, Plan

READERS_OPERATIONS = 240
SPAN_S = 12.0


def deposed_leaders(plan: Plan) -> Plan:
    """Three members, many reads and writes of one product, and a leader that again and again is
    cut off or stands still just long enough to be replaced without knowing it."""
    random = Random(f"{plan.seed}/deposed leaders")
    faults: list[Fault] = []
    at_s = 0.5
    while at_s < SPAN_S - 1:
        kind = random.choice(["pause", "partition", "mute", "deaf"])
        duration_s = random.choice([0.6, 1.0, 1.8])
        faults.append(
            Fault(at_s=round(at_s, 3), kind=kind, members=(LEADER,), duration_s=duration_s)
        )
        at_s += duration_s + random.choice([0.05, 0.3, 0.8])
    operations = [
        Operation(
            at_s=round(random.random() * SPAN_S, 3),
            client=random.randrange(plan.client_count),
            kind=random.choice(["order", "restock", "read_stock", "read_stock", "read_own"]),
            member=random.randrange(1, 4),
        )
        for _ in range(READERS_OPERATIONS)
    ]
    return msgspec.structs.replace(
        plan,
        voter_count=3,
        mode="safety",
        faults=tuple(faults),
        operations=tuple(sorted(operations, key=lambda operation: operation.at_s)),
    )


def many_elections(plan: Plan) -> Plan:
    """Leaders fall all the time, and messages are slow, lost, doubled and overtaken: logs part."""
    random = Random(f"{plan.seed}/many elections")
    faults: list[Fault] = []
    at_s = 0.3
    while at_s < SPAN_S - 0.5:
        kind = random.choice(["crash", "crash", "partition", "mute", "deaf", "stall", "pause"])
        members = (LEADER,)
        if random.random() < 0.3:
            members = tuple(sorted(random.sample(range(1, plan.voter_count + 1), 2)))
        fuse = float(random.choice([0, 5, 15])) if kind == "crash" else 0.0
        duration_s = random.choice([0.3, 0.6, 1.2])
        faults.append(
            Fault(
                at_s=round(at_s, 3),
                kind=kind,
                members=members,
                duration_s=duration_s,
                amount=fuse,
            )
        )
        at_s += random.choice([0.15, 0.4, 0.8])
    network = msgspec.structs.replace(
        plan.network,
        delay_s_max=0.05,
        loss=0.05,
        duplication=0.1,
        reordering=0.3,
        reordering_s_max=1.0,
    )
    return msgspec.structs.replace(
        plan,
        faults=tuple(faults),
        raft={**plan.raft, "election_ticks": 6, "heartbeat_ticks": 1},
        network=network,
    )


def many_elections_of_three(plan: Plan) -> Plan:
    """The same among three members."""
    return many_elections(msgspec.structs.replace(plan, voter_count=3))


def changes_of_members(plan: Plan) -> Plan:
    """The membership is changed all the time, while leaders are cut off, fall and are replaced."""
    random = Random(f"{plan.seed}/changes of members")
    faults: list[Fault] = []
    at_s = 0.2
    while at_s < SPAN_S - 0.5:
        kind = random.choice(["change"] * 4 + ["crash", "partition", "mute", "transfer", "stall"])
        members = (LEADER,)
        amount = float(random.choice([0, 3, 9])) if kind == "crash" else 0.0
        if kind == "transfer":
            amount = float(random.randrange(1, plan.voter_count + 1))
        elif kind == "partition" and random.random() < 0.6:
            members = (LEADER, random.randrange(1, plan.voter_count + 1))
        faults.append(
            Fault(
                at_s=round(at_s, 3),
                kind=kind,
                members=members,
                duration_s=random.choice([0.3, 0.8, 1.5]),
                amount=amount,
            )
        )
        at_s += random.choice([0.05, 0.2, 0.5])
    network = msgspec.structs.replace(plan.network, delay_s_max=0.03, loss=0.05, reordering=0.2)
    return msgspec.structs.replace(
        plan,
        faults=tuple(faults),
        raft={**plan.raft, "election_ticks": 6, "heartbeat_ticks": 1},
        network=network,
    )


def changes_among_three(plan: Plan) -> Plan:
    """The same, beginning with three members."""
    return changes_of_members(msgspec.structs.replace(plan, voter_count=3))


def many_snapshots(plan: Plan) -> Plan:
    """Next to no log is kept, and members are away long enough to need a snapshot. Some die while
    it arrives, or hear a new leader."""
    random = Random(f"{plan.seed}/many snapshots")
    faults: list[Fault] = []
    at_s = 0.2
    while at_s < SPAN_S - 1.5:
        kind = random.choice(["partition", "partition", "crash", "deaf", "change", "stall"])
        one = (random.randrange(1, plan.voter_count + 1),)
        faults.append(
            Fault(
                at_s=round(at_s, 3),
                kind=kind,
                members=random.choice([one, one, (LEADER,)]),
                duration_s=random.choice([0.5, 1.2, 2.0]),
                amount=float(random.choice([0, 4, 12])) if kind == "crash" else 0.0,
            )
        )
        at_s += random.choice([0.3, 0.6, 1.0])
    operations = [
        Operation(
            at_s=round(random.random() * SPAN_S, 3),
            client=random.randrange(plan.client_count),
            kind=random.choice(["order", "order", "restock", "advance", "read_stock"]),
            target=random.randrange(6),
            member=random.randrange(1, plan.voter_count + 1),
        )
        for _ in range(READERS_OPERATIONS)
    ]
    return msgspec.structs.replace(
        plan,
        faults=tuple(faults),
        operations=tuple(sorted(operations, key=lambda operation: operation.at_s)),
        bounds={**plan.bounds, "KEPT_ENTRIES_MAX": 1},
    )


def many_slow_snapshots(plan: Plan) -> Plan:
    """The same on disks that often take long."""
    plan = many_snapshots(plan)
    disk = msgspec.structs.replace(plan.disk, slow_chance=0.2, slow_s_max=0.3)
    return msgspec.structs.replace(plan, disk=disk)


def dismissed_leaders(plan: Plan) -> Plan:
    """Leaders are removed while just enough others are in reach."""
    random = Random(f"{plan.seed}/dismissed leaders")
    faults: list[Fault] = []
    for at_s in (1.0, 4.0, 7.0):
        away = tuple(sorted(random.sample(range(1, 6), 2)))
        faults += [
            Fault(at_s=at_s, kind="partition", members=away, duration_s=2.0),
            Fault(at_s=at_s + 0.7, kind="dismiss", members=(LEADER,)),
            Fault(at_s=at_s + 1.2, kind="dismiss", members=(LEADER,)),
        ]
    operations = tuple(
        Operation(
            at_s=round(0.05 * number, 3),
            client=number % plan.client_count,
            kind="restock",
            target=number % 6,
            member=random.randrange(1, 6),
        )
        for number in range(READERS_OPERATIONS)
    )
    return msgspec.structs.replace(plan, faults=tuple(faults), operations=operations)


def cut_off_logs(plan: Plan) -> Plan:
    """Disks forget the end of the log while elections go on."""
    random = Random(f"{plan.seed}/cut-off logs")
    victim = random.randrange(1, plan.voter_count + 1)
    faults = tuple(
        Fault(at_s=at_s, kind="tail_lost", members=(victim,), duration_s=0.1)
        for at_s in (1.0, 2.0, 4.0, 6.0, 8.0)
    )
    bounds = {**plan.bounds, "FLUSH_INTERVAL": 400, "KEPT_ENTRIES_MAX": 12}
    return msgspec.structs.replace(plan, faults=faults, bounds=bounds)


def joint_halves_apart(plan: Plan) -> Plan:
    """Among three, one is replaced, and just when its leader knows of the joint configuration,
    leader and newcomer, most of the new voters, are cut off from most of the old ones."""
    random = Random(f"{plan.seed}/joint halves apart")
    faults: list[Fault] = []
    for newcomer, at_s in enumerate((0.4, 2.9, 5.4, 7.9, 10.4), 4):
        apart_s = at_s + random.choice([0.01, 0.02, 0.03, 0.05, 0.08])
        faults += [
            Fault(at_s=at_s, kind="change", members=(LEADER,)),
            Fault(at_s=apart_s, kind="partition", members=(LEADER, newcomer), duration_s=1.6),
        ]
    network = msgspec.structs.replace(plan.network, delay_s_max=0.03, loss=0.0)
    return msgspec.structs.replace(
        plan,
        voter_count=3,
        mode="safety",
        faults=tuple(faults),
        raft={**plan.raft, "election_ticks": 6, "heartbeat_ticks": 1},
        network=network,
    )
