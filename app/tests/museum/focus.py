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
