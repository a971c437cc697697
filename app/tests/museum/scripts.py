"""Plans for bugs that chance hardly ever meets: the moves of a known story, one after the other.

Every message takes the same time, so that a fault falls between two given messages. What is left
to the seed are the election timeouts, and what the members' disks take.
"""

import msgspec

from bitebyte.simulation.plan import (
    LEADER,
    DiskOptions,
    Fault,
    NetworkOptions,
    Operation,
    Plan,
)

HOP_S = 0.03
"""One way of any message; a write takes a small part of it."""
ELECTED_S = 0.14
"""After a campaign begins: two round trips and two writes, and the no-op is on its way."""
ELECTION_S = 0.6
"""The shortest election timeout, and how long votes are refused after a leader was heard."""
SIZE_OF_ONE_ENTRY = 1


def _scripted(
    plan: Plan, faults: tuple[Fault, ...], operations: tuple[Operation, ...], **raft: int
) -> Plan:
    return msgspec.structs.replace(
        plan,
        mode="safety",
        faults=tuple(sorted(faults, key=lambda fault: fault.at_s)),
        operations=operations,
        raft={"election_ticks": 12, "heartbeat_ticks": 2, **raft},
        bounds={},
        network=NetworkOptions(delay_s_min=HOP_S, delay_s_max=HOP_S),
        disk=DiskOptions(write_s_max=0.002),
    )


def figure_eight(plan: Plan) -> Plan:
    """The story of figure 8 of the paper: an entry is on a majority, and yet overwritten.

    (a) Member 1 leads, and an entry of its reaches member 2 only. (b) Member 5 is elected by 3 and
    4, and cut off before its own entry reaches anybody. (c) Member 1 is elected again, and sends
    the old entry to 3 and 4, one entry in a message; before its new one follows, it is cut off with
    member 2. (d) Member 5 is elected once more.
    """
    a_s = 2.0
    b_s = a_s + ELECTION_S + 0.12
    isolated_s = b_s + ELECTED_S
    c_s = isolated_s + 0.35
    # The first append is refused, the second brings the old entry, the third would bring the new.
    cut_s = c_s + 4 * HOP_S + 4 * HOP_S + 0.018
    faults = (
        Fault(at_s=0.5, kind="transfer", members=(LEADER,), amount=1),
        Fault(at_s=a_s, kind="partition", members=(1, 2), duration_s=isolated_s - a_s),
        Fault(at_s=b_s, kind="campaign", members=(5,)),
        Fault(at_s=isolated_s, kind="partition", members=(5,), duration_s=cut_s - isolated_s),
        Fault(at_s=c_s, kind="campaign", members=(1,)),
        Fault(at_s=cut_s, kind="partition", members=(1, 2), duration_s=4.0),
    )
    operations = (Operation(at_s=a_s + 0.05, client=0, kind="restock", member=1),)
    plan = msgspec.structs.replace(plan, voter_count=5)
    return _scripted(plan, faults, operations, size_per_message_bytes_max=SIZE_OF_ONE_ENTRY)
