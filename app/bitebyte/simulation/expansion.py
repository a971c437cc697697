"""A seed becomes a plan."""

from random import Random

import msgspec

from bitebyte.simulation.plan import LEADER, DiskOptions, Fault, NetworkOptions, Operation, Plan


class RunOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What the caller fixes of every plan; the seed decides the rest."""

    mode: str = "both"
    """`safety`, `liveness`, or `both`: the seed decides."""
    voter_count: int = 5
    fault_s: float = 12.0
    operation_count: int = 60
    fault_count_max: int = 14


def expand(seed: int, options: RunOptions) -> Plan:
    """The plan of that seed: the same for the same options, for ever."""
    random = Random(f"{seed}/plan")
    mode = options.mode
    if mode == "both":
        mode = random.choice(["safety", "liveness"])
    client_count = random.choice([2, 3, 4])
    return Plan(
        seed=seed,
        mode=mode,
        voter_count=options.voter_count,
        raft=_raft(random),
        bounds=_bounds(random),
        network=_network(random),
        disk=_disk(random),
        client_count=client_count,
        fault_s=options.fault_s,
        faults=_faults(random, options),
        operations=_operations(random, options, client_count),
        stock_servings=random.choice([3, 8, 20]),
    )


def _raft(random: Random) -> dict[str, int]:
    """Small bounds make rare paths common."""
    heartbeat_ticks = random.choice([1, 1, 2])
    return {
        "election_ticks": random.choice([6, 8, 12]),
        "heartbeat_ticks": heartbeat_ticks,
        "size_per_message_bytes_max": random.choice([1, 1000, 1024 * 1024]),
        "inflight_messages_max": random.choice([1, 2, 8]),
        "apply_size_bytes_max": random.choice([1, 2000, 4 * 1024 * 1024]),
        "log_cache_bytes_max": random.choice([1, 4000, 8 * 1024 * 1024]),
        "pending_reads_max": random.choice([2, 4096]),
        "unapplied_bytes_max": random.choice([3000, 32 * 1024 * 1024]),
    }


def _bounds(random: Random) -> dict[str, int]:
    choices = {
        "DIRTY_ROWS_MAX": [5, 40],
        "ENTRIES_PER_TURN_MAX": [1, 3],
        "APPLY_ENTRIES_MAX": [1, 4],
        "HELD_PROPOSAL_MESSAGES_MAX": [1],
        "FLUSH_INTERVAL": [5, 30, 400],
        "COMMIT_NOTICE": [50],
        "APPLY_DELAY": [30],
        "ROWS_KEPT_MAX": [0, 2, 10],
        "FILTER_IS_FULL": [1],
        "KEPT_ENTRIES_MAX": [1, 4, 12],
    }
    return {
        name: random.choice(values) for name, values in choices.items() if random.random() < 0.35
    }


def _network(random: Random) -> NetworkOptions:
    return NetworkOptions(
        delay_s_max=random.choice([0.001, 0.005, 0.03]),
        loss=random.choice([0.0, 0.0, 0.02, 0.1]),
        duplication=random.choice([0.0, 0.02, 0.1]),
        reordering=random.choice([0.0, 0.05, 0.3]),
        reordering_s_max=random.choice([0.02, 0.5]),
    )


def _disk(random: Random) -> DiskOptions:
    return DiskOptions(
        write_s_max=random.choice([0.001, 0.004, 0.02]),
        read_s_max=random.choice([0.001, 0.02]),
        slow_chance=random.choice([0.0, 0.05]),
        slow_s_max=random.choice([0.05, 0.4]),
    )


def _faults(random: Random, options: RunOptions) -> tuple[Fault, ...]:
    # Each plan favours some kinds: a run in which everything happens tests nothing deeply.
    kinds = {
        "crash": 4,
        "crash_many": 1,
        "pause": 2,
        "clock": 1,
        "partition": 3,
        "deaf": 1,
        "mute": 1,
        "ring": 1,
        "bridge": 1,
        "swizzle": 1,
        "loss": 1,
        "stall": 2,
        "write_fails": 1,
        "tail_lost": 1,
        "change": 4,
        "transfer": 2,
        "forget": 1,
        "campaign": 1,
    }
    weights = [weight * random.choice([0, 1, 1, 4]) for weight in kinds.values()]
    if not any(weights):
        weights = list(kinds.values())
    count = random.randrange(2, options.fault_count_max + 1)
    faults = [
        _fault(random, kind, options)
        for kind in random.choices(list(kinds), weights=weights, k=count)
    ]
    return tuple(sorted(faults, key=lambda fault: fault.at_s))


def _fault(random: Random, kind: str, options: RunOptions) -> Fault:
    at_s = round(random.random() * options.fault_s, 3)
    duration_s = round(random.choice([0.2, 1.0, 3.0]) * (0.5 + random.random()), 3)
    voters = list(range(1, options.voter_count + 1))
    one = (LEADER,) if random.random() < 0.5 else (random.choice(voters),)
    some = tuple(sorted(random.sample(voters, random.randrange(1, len(voters)))))
    members, amount = one, 0.0
    match kind:
        case "crash":
            amount = float(random.choice([0, random.randrange(1, 30)]))
        case "crash_many":
            kind, members = "crash", random.choice([some, tuple(voters)])
        case "clock":
            amount = random.choice([0.3, 0.7, 1.5, 3.0])
        case "partition" | "deaf" | "mute":
            members = random.choice([one, some])
        case "swizzle":
            members = random.choice([one, tuple(voters)])
        case "loss":
            amount = random.choice([0.1, 0.4, 0.8])
        case "stall":
            members = random.choice([one, one, some])
        case "transfer":
            amount = float(random.choice(voters))
        case "forget" | "campaign":
            members = some
        case _:
            pass
    return Fault(at_s=at_s, kind=kind, members=members, duration_s=duration_s, amount=amount)


def _operations(random: Random, options: RunOptions, client_count: int) -> tuple[Operation, ...]:
    weights = {
        "order": 8,
        "restock": 2,
        "advance": 3,
        "reject": 1,
        "read_stock": 5,
        "read_own": 2,
    }
    operations = [
        Operation(
            at_s=round(random.random() * options.fault_s, 3),
            client=random.randrange(client_count),
            kind=kind,
            target=random.randrange(6),
            quantity=random.choice([1, 1, 2]),
            member=random.randrange(1, options.voter_count + 1),
        )
        for kind in random.choices(
            list(weights), weights=list(weights.values()), k=options.operation_count
        )
    ]
    return tuple(sorted(operations, key=lambda operation: operation.at_s))
