"""What a run consists of, in the open: every option, fault and client operation.

A plan is all that decides a run. It is printed when the run fails, written to a file when it
was shrunk, and read back by `--replay`.
"""

import msgspec

LEADER = 0
"""As a member of a fault: whoever leads when the fault begins, else member 1."""


class NetworkOptions(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How the network between members behaves while faults are on."""

    delay_s_min: float = 0.0005
    delay_s_max: float = 0.003
    loss: float = 0.0
    """Chance of each message batch to be lost."""
    duplication: float = 0.0
    """Chance to arrive twice."""
    reordering: float = 0.0
    """Chance to be delayed by up to `reordering_s_max` and overtaken."""
    reordering_s_max: float = 0.2


class DiskOptions(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How long a member's database takes."""

    write_s_min: float = 0.0005
    write_s_max: float = 0.004
    read_s_max: float = 0.002
    slow_chance: float = 0.0
    """Chance of a write to take up to `slow_s_max`."""
    slow_s_max: float = 0.3


class Fault(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that goes wrong, `at_s` after the start of the fault phase, and ends by itself.

    `faults.py` says what each kind does with the other fields.
    """

    at_s: float
    kind: str
    members: tuple[int, ...] = ()
    duration_s: float = 1.0
    amount: float = 0.0


class Operation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that a client does. A client does one at a time, in the order of `at_s`."""

    at_s: float
    client: int
    kind: str
    """`order`, `restock`, `advance`, `reject`, `read_stock`, `read_own`."""
    target: int = 0
    """Product or ingredient."""
    quantity: int = 1
    member: int = 1
    """Asked first; after a failure the next one is asked."""


class Plan(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One run."""

    seed: int
    """Of the small chances of network, disks and timeouts."""
    mode: str
    """`safety`: faults until they all end. `liveness`: at the end of the fault phase they freeze
    so that some quorum is healthy, which then has to make progress."""
    voter_count: int
    raft: dict[str, int] = {}
    """Fields of RaftConfig."""
    bounds: dict[str, int] = {}
    """Bounds of the driver made small, see `buggify.py`."""
    network: NetworkOptions = NetworkOptions()
    disk: DiskOptions = DiskOptions()
    client_count: int = 3
    fault_s: float = 10.0
    """Length of the fault phase."""
    faults: tuple[Fault, ...] = ()
    operations: tuple[Operation, ...] = ()
    stock_servings: int = 8
    """Of each ingredient at the start."""


def encode_plan(plan: Plan) -> bytes:
    """A readable JSON file."""
    return msgspec.json.format(msgspec.json.encode(plan), indent=1)


def decode_plan(data: bytes) -> Plan:
    """The inverse of `encode_plan`. Raises msgspec.ValidationError with what is wrong."""
    return msgspec.json.decode(data, type=Plan)
