"""What the operator knows and may do, as frozen types. No IO, no clock, no chance.

    cluster    the BarCluster as its owner wants it
    status     what the operator remembers, and shows: the status of the BarCluster
    observed   what one look at Kubernetes and at the nodes has found
    steps      what may be done in one pass
    decision   what comes out of `decide`

All ids of members and clusters are decimal text: they have 63 bits. All moments are seconds since
the epoch, as `float`; whoever talks to the API server turns them into text and back.
"""

from bitebyte_operator.model.cluster import (
    BarCluster,
    BarClusterSpec,
    IngressSpec,
    NetworkPolicySpec,
    PostgresSpec,
    RaftSpec,
    StorageSpec,
    UpdateSpec,
)
from bitebyte_operator.model.decision import Decision, Event
from bitebyte_operator.model.observed import (
    Claim,
    ConfirmedMembers,
    Identity,
    Member,
    NoMembersAnswer,
    ObjectRef,
    Observed,
    Pod,
    StatefulSet,
)
from bitebyte_operator.model.status import (
    Bootstrap,
    Condition,
    LeaderRecord,
    MemberRecord,
    Operation,
    StatusRecord,
)
from bitebyte_operator.model.steps import (
    AddFinalizer,
    AddLearner,
    ApplyObjects,
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
    Step,
    TransferLeader,
    Wait,
    WithdrawLearner,
)

__all__ = [
    "AddFinalizer",
    "AddLearner",
    "ApplyObjects",
    "BarCluster",
    "BarClusterSpec",
    "Bootstrap",
    "Claim",
    "Condition",
    "ConfirmedMembers",
    "Decision",
    "DeleteClaim",
    "DeletePod",
    "DeleteStatefulSet",
    "Event",
    "Identity",
    "IngressSpec",
    "LatchBootstrap",
    "LatchClusterId",
    "LeaderRecord",
    "Member",
    "MemberRecord",
    "NetworkPolicySpec",
    "NoMembersAnswer",
    "ObjectRef",
    "Observed",
    "Operation",
    "OrderBootstrap",
    "Pod",
    "PostgresSpec",
    "RaftSpec",
    "RemoveFinalizer",
    "RemoveMember",
    "SetReplicas",
    "StampClaim",
    "StatefulSet",
    "StatusRecord",
    "Step",
    "StorageSpec",
    "TransferLeader",
    "UpdateSpec",
    "Wait",
    "WithdrawLearner",
]
