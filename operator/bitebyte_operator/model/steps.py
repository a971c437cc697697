"""What may be done in one pass: at most one of these, and each may be repeated.

The status of the decision is written first, under the resourceVersion of the BarCluster that was
read; if that write is refused, the step is not taken. `Latch..` steps are that write and nothing
more. Where a step names a uid and a resourceVersion, both are preconditions of the request.
"""

import msgspec

from bitebyte_operator.model.observed import ObjectRef


class LatchClusterId(msgspec.Struct, frozen=True, tag=True):
    """From now on the cluster has this id. Done by writing the status."""

    cluster_id: str


class AddFinalizer(msgspec.Struct, frozen=True, tag=True):
    """On the BarCluster, and on nothing else."""

    resource_version: str


class ApplyObjects(msgspec.Struct, frozen=True, tag=True):
    """Bring these owned objects to what the spec says, each by server-side apply."""

    objects: tuple[ObjectRef, ...]
    replicas: int
    """What the StatefulSet's manifest says: what it has, or what a new one begins with."""


class LatchBootstrap(msgspec.Struct, frozen=True, tag=True):
    """This member alone may begin the cluster. Done by writing the status."""

    member_id: str


class OrderBootstrap(msgspec.Struct, frozen=True, tag=True):
    """`POST /admin/v1/bootstrap` to this pod."""

    pod: str
    cluster_id: str
    member_id: str


class SetReplicas(msgspec.Struct, frozen=True, tag=True):
    """Of the StatefulSet."""

    replicas: int
    uid: str
    resource_version: str


class AddLearner(msgspec.Struct, frozen=True, tag=True):
    """`POST /admin/v1/members` at the leader, with `wants_vote`. Also for a learner that is there
    and does not want to vote yet."""

    member_id: str
    name: str
    peer_address: str


class WithdrawLearner(msgspec.Struct, frozen=True, tag=True):
    """Removes a member that has no vote yet. Not if it has become a voter meanwhile: the caller
    looks again first."""

    member_id: str
    name: str


class TransferLeader(msgspec.Struct, frozen=True, tag=True):
    """From the member that leads to one that shall."""

    from_id: str
    to_id: str
    to_name: str


class RemoveMember(msgspec.Struct, frozen=True, tag=True):
    """`DELETE /admin/v1/members/ID` at the leader, never forced."""

    member_id: str
    name: str


class DeletePod(msgspec.Struct, frozen=True, tag=True):
    """So that the StatefulSet makes it anew. Its claim stays."""

    name: str
    uid: str
    resource_version: str
    reason: str
    unless_leader: str = ""
    """Id of the member that must not lead at the moment of the request: the leader's confirmed
    answer is read once more just before, and the step dropped if this is it. Empty: nobody."""


class StampClaim(msgspec.Struct, frozen=True, tag=True):
    """Writes which retired member's data the claim holds; None takes the stamp away."""

    name: str
    uid: str
    resource_version: str
    retired_member: str | None


class DeleteStatefulSet(msgspec.Struct, frozen=True, tag=True):
    """With its pods, because the BarCluster is deleted; claims stay."""

    uid: str
    resource_version: str


class DeleteClaim(msgspec.Struct, frozen=True, tag=True):
    """Destroys the data of a deleted BarCluster, as its deletion policy says."""

    name: str
    uid: str
    resource_version: str


class RemoveFinalizer(msgspec.Struct, frozen=True, tag=True):
    """Lets the BarCluster go; Kubernetes collects what it owns."""

    resource_version: str


class Wait(msgspec.Struct, frozen=True, tag=True):
    """Nothing now. `reason` is for the log."""

    reason: str


Step = (
    LatchClusterId
    | AddFinalizer
    | ApplyObjects
    | LatchBootstrap
    | OrderBootstrap
    | SetReplicas
    | AddLearner
    | WithdrawLearner
    | TransferLeader
    | RemoveMember
    | DeletePod
    | StampClaim
    | DeleteStatefulSet
    | DeleteClaim
    | RemoveFinalizer
    | Wait
)
