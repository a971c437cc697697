"""What one look at Kubernetes and at the nodes has found. Read without a cache."""

import msgspec


class ObjectRef(msgspec.Struct, frozen=True, order=True):
    """An owned object by kind and name."""

    kind: str
    name: str


class StatefulSet(msgspec.Struct, frozen=True, kw_only=True):
    """The one StatefulSet of the cluster."""

    uid: str
    resource_version: str
    generation: int
    observed_generation: int
    """What the StatefulSet controller has seen; revisions are true only when it has caught up."""
    replicas: int
    """`.spec.replicas`."""
    current_revision: str
    update_revision: str
    """The revision of the template as it is now."""
    cluster_id: str | None = None
    """Annotation `bitebyte.io/cluster-id`."""
    is_deleting: bool = False


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """A node's own answer at `GET /admin/v1/identity`."""

    cluster_id: str
    member_id: str
    name: str
    peer_address: str
    state: str
    """`voter`, `learner`, `leaving`, `outsider` or `removed`, as that node knows it."""
    version: str


class Pod(msgspec.Struct, frozen=True, kw_only=True):
    """A pod of the StatefulSet."""

    name: str
    uid: str
    resource_version: str
    ordinal: int
    revision: str
    """Label `controller-revision-hash`."""
    phase: str
    is_ready: bool
    ready_since_s: float | None = None
    """When its Ready condition became true; None if it is not."""
    waiting_reason: str = ""
    """Why a container does not run (`ImagePullBackOff`, `CrashLoopBackOff`, ..), `Unschedulable`,
    or empty."""
    waiting_message: str = ""
    node: str = ""
    is_deleting: bool = False
    image: str = ""
    """Of container `node`."""
    identity: Identity | None = None
    """None: it did not answer, or there is nobody to ask yet."""


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """A PersistentVolumeClaim of the template, with or without a pod."""

    name: str
    uid: str
    resource_version: str
    ordinal: int
    cluster_id: str | None = None
    """Annotation `bitebyte.io/cluster-id`, from the template of the claims."""
    owner_uid: str | None = None
    """Annotation `bitebyte.io/barcluster-uid`, from the template of the claims: of the BarCluster
    that it was made for."""
    retired_member: str | None = None
    """Annotation `bitebyte.io/retired-member`."""
    is_deleting: bool = False


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A member by the leader's confirmed answer."""

    id: str
    name: str
    state: str
    """`voter`, `learner` or `leaving`; `outsider`s are none."""
    is_healthy: bool
    """The leader hears it."""
    lag: int | None = None
    version: str = ""
    wants_vote: bool = False


class ConfirmedMembers(msgspec.Struct, frozen=True, kw_only=True):
    """The leader's answer at `GET /admin/v1/members?confirmed=true`, without outsiders."""

    cluster_id: str
    leader_id: str
    term: int
    members: tuple[Member, ...]


class NoMembersAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Nobody could confirm who belongs to the cluster.

    `reason`: `NoLeader` (at least one node answered, and it knows none), `Unreachable` (no node
    answered the operator), `NoPods` (there is nobody to ask).
    """

    reason: str
    message: str = ""


class Observed(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that `decide` may know of the world."""

    stateful_set: StatefulSet | None
    pods: tuple[Pod, ...]
    """In the order of their ordinals; those that belong to another owner are left out."""
    claims: tuple[Claim, ...]
    """In the order of their ordinals."""
    members: ConfirmedMembers | NoMembersAnswer
    objects_that_differ: tuple[ObjectRef, ...] = ()
    """Owned objects that are missing, or not as the spec wants them; of the StatefulSet all but
    its replicas count. Where the operator has no cluster id yet, it is empty."""
    objects_in_the_way: tuple[str, ...] = ()
    """Sentences: an object with one of our names that belongs to somebody else, or a change that
    the API server refuses (an immutable field)."""
