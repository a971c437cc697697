"""What the operator remembers of a BarCluster between two passes, and what people see of it.

It is the whole of `.status`: `decide` is given the one that was read, and returns the one to be
there. Nothing else is remembered anywhere, so that any operator can go on at any moment.
"""

from typing import Final, Literal

import msgspec

ConditionStatus = Literal["True", "False", "Unknown"]

INITIALIZED: Final = "Initialized"
AVAILABLE: Final = "Available"
READY: Final = "Ready"
PROGRESSING: Final = "Progressing"
DEGRADED: Final = "Degraded"
PAUSED: Final = "Paused"
CONDITION_TYPES: Final = (INITIALIZED, AVAILABLE, READY, PROGRESSING, DEGRADED, PAUSED)


class Condition(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An observation, in the form of `metav1.Condition`."""

    type: str
    status: ConditionStatus
    reason: str
    message: str
    observed_generation: int
    last_transition_s: float = msgspec.field(name="lastTransitionTime")
    """When `status` last changed."""


class Bootstrap(msgspec.Struct, frozen=True, kw_only=True):
    """The one member that may begin the cluster."""

    member_id: str = msgspec.field(name="memberID")


OperationType = Literal["Create", "ScaleUp", "ScaleDown", "Upgrade", "Repair", "Delete"]


class Operation(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is under way. It is written down before its first effect.

    The deadline is that of its present part: it is set anew when another member's turn comes, or
    when the owner changes the spec.
    """

    type: OperationType
    member: str
    """Name of the pod whose turn it is; empty if it is about no single one."""
    member_id: str = msgspec.field(name="memberID", default="")
    started_s: float = msgspec.field(name="startedAt")
    deadline_s: float = msgspec.field(name="deadline")
    generation: int
    """Of the spec that it serves."""
    message: str
    evidence: str = ""
    """What was seen when it began and must be seen again before anything is destroyed."""


class LeaderRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Who leads, by the newest confirmed answer."""

    name: str
    member_id: str = msgspec.field(name="memberID")
    term: int


class MemberRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A member as shown to people."""

    name: str
    member_id: str = msgspec.field(name="memberID")
    role: str
    """`Leader`, `Voter`, `Learner`, `Leaving`."""
    ready: bool
    healthy: bool
    lag: int
    """Entries behind, rounded so that an ordinary load does not show as a change; -1: unknown."""
    version: str
    node: str


class StatusRecord(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`.status`. Empty for a BarCluster that nobody has looked at yet."""

    observed_generation: int = 0
    conditions: tuple[Condition, ...] = ()
    cluster_id: str | None = msgspec.field(name="clusterID", default=None)
    """Latched: never changes once it is set."""
    bootstrap: Bootstrap | None = None
    """Latched: never changes once it is set."""
    replicas: int = 0
    ready_replicas: int = 0
    voters: int = 0
    learners: int = 0
    selector: str = ""
    leader: LeaderRecord | None = None
    version: str = ""
    fault_tolerance: int = 0
    """So many voters may be lost now without losing the quorum."""
    members: tuple[MemberRecord, ...] = ()
    operation: Operation | None = None
    current_revision: str = ""
    update_revision: str = ""

    def condition(self, condition_type: str) -> Condition | None:
        """The condition of that type."""
        return next((one for one in self.conditions if one.type == condition_type), None)

    @property
    def is_initialized(self) -> bool:
        """The cluster has begun; it never begins again."""
        condition = self.condition(INITIALIZED)
        return condition is not None and condition.status == "True"
