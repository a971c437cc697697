"""Looks at a cluster named `night-owl`, in few words: what the examples of `decide` are made of.

Unless a test says otherwise all is well: three voters, NAME-0 leads, pods have the new template.
"""

from collections.abc import Iterable, Sequence

import msgspec

from bitebyte_operator.decide import decide
from bitebyte_operator.model import (
    BarCluster,
    BarClusterSpec,
    Bootstrap,
    Claim,
    Condition,
    ConfirmedMembers,
    Decision,
    Identity,
    Member,
    MemberRecord,
    NoMembersAnswer,
    ObjectRef,
    Observed,
    Operation,
    Pod,
    StatefulSet,
    StatusRecord,
)
from bitebyte_operator.model.status import CONDITION_TYPES, INITIALIZED

NAME = "night-owl"
CLUSTER_ID = "4242"
FRESH_ID = "777"
NOW_S = 1_000_000.0
DEADLINE_S = 600

NO_LEADER = NoMembersAnswer(reason="NoLeader")
UNREACHABLE = NoMembersAnswer(reason="Unreachable")


def name(ordinal: int) -> str:
    return f"{NAME}-{ordinal}"


def member_id(ordinal: int) -> str:
    return str(100 + ordinal)


def bar(
    replicas: int = 3,
    *,
    deleted: bool = False,
    finalizer: bool = True,
    generation: int = 7,
    **spec: object,
) -> BarCluster:
    body = {
        "image": "bar:2",
        "postgres": {"image": "database:1"},
        "storage": {"size": "1Gi"},
        "replicas": replicas,
        "progressDeadlineSeconds": DEADLINE_S,
        **spec,
    }
    return BarCluster(
        name=NAME,
        namespace="bars",
        uid="bar-uid",
        resource_version="55",
        generation=generation,
        spec=msgspec.convert(body, BarClusterSpec),
        deletion_requested_s=NOW_S if deleted else None,
        has_finalizer=finalizer,
    )


def pod(
    ordinal: int,
    *,
    new: bool = True,
    ready: bool = True,
    answers: bool | None = None,
    id: str | None = None,
    state: str = "voter",
    cluster_id: str = CLUSTER_ID,
    waiting: str = "",
    deleting: bool = False,
    ready_since_s: float = 0.0,
) -> Pod:
    identity = Identity(
        cluster_id=cluster_id,
        member_id=id or member_id(ordinal),
        name=name(ordinal),
        peer_address=f"{name(ordinal)}.peers:7080",
        state=state,
        version="1.0.0",
    )
    return Pod(
        name=name(ordinal),
        uid=f"pod-uid-{ordinal}",
        resource_version=f"9{ordinal}",
        ordinal=ordinal,
        revision="new" if new else "old",
        phase="Running",
        is_ready=ready,
        ready_since_s=ready_since_s if ready else None,
        waiting_reason=waiting,
        node=f"machine-{ordinal}",
        is_deleting=deleting,
        image="bar:2" if new else "bar:1",
        identity=identity if (ready if answers is None else answers) else None,
    )


def pods(count: int, *, new: bool = True) -> list[Pod]:
    return [pod(ordinal, new=new) for ordinal in range(count)]


def voter(
    ordinal: int, *, healthy: bool = True, lag: int = 0, id: str | None = None, state: str = "voter"
) -> Member:
    return Member(
        id=id or member_id(ordinal),
        name=name(ordinal),
        state=state,
        is_healthy=healthy,
        lag=lag if healthy else None,
        version="1.0.0",
    )


def learner(ordinal: int, *, wants_vote: bool = True, id: str | None = None) -> Member:
    return Member(
        id=id or member_id(ordinal),
        name=name(ordinal),
        state="learner",
        is_healthy=True,
        lag=0,
        version="1.0.0",
        wants_vote=wants_vote,
    )


def voters(count: int) -> list[Member]:
    return [voter(ordinal) for ordinal in range(count)]


def claim(ordinal: int, **more: object) -> Claim:
    facts: dict[str, object] = {
        "name": f"data-{name(ordinal)}",
        "uid": f"claim-uid-{ordinal}",
        "resource_version": f"8{ordinal}",
        "ordinal": ordinal,
        "cluster_id": CLUSTER_ID,
        "owner_uid": "bar-uid",
        **more,
    }
    return msgspec.convert(facts, Claim)


def stateful_set(replicas: int, **more: object) -> StatefulSet:
    facts: dict[str, object] = {
        "uid": "set-uid",
        "resource_version": "70",
        "generation": 3,
        "observed_generation": 3,
        "replicas": replicas,
        "current_revision": "old",
        "update_revision": "new",
        "cluster_id": CLUSTER_ID,
        **more,
    }
    return msgspec.convert(facts, StatefulSet)


def look(
    seen_pods: Sequence[Pod] | None = None,
    members: Iterable[Member] | NoMembersAnswer | None = None,
    *,
    leader: int | str = 0,
    replicas: int | None = None,
    found: StatefulSet | None = None,
    claims: Sequence[Claim] | None = None,
    differ: Sequence[tuple[str, str]] = (),
    in_the_way: Sequence[str] = (),
    cluster_id: str = CLUSTER_ID,
) -> Observed:
    seen_pods = pods(3) if seen_pods is None else seen_pods
    members = voters(3) if members is None else members
    if not isinstance(members, NoMembersAnswer):
        members = ConfirmedMembers(
            cluster_id=cluster_id,
            leader_id=leader if isinstance(leader, str) else member_id(leader),
            term=5,
            members=tuple(members),
        )
    count = len(seen_pods) if replicas is None else replicas
    return Observed(
        stateful_set=found or stateful_set(count),
        pods=tuple(seen_pods),
        claims=tuple(claims) if claims is not None else tuple(claim(n) for n in range(count)),
        members=members,
        objects_that_differ=tuple(ObjectRef(kind, of) for kind, of in differ),
        objects_in_the_way=tuple(in_the_way),
    )


def nothing_yet() -> Observed:
    return Observed(stateful_set=None, pods=(), claims=(), members=NoMembersAnswer(reason="NoPods"))


def condition(of_type: str, status: str = "False", reason: str = "Reason") -> Condition:
    facts = {
        "type": of_type,
        "status": status,
        "reason": reason,
        "message": "",
        "observedGeneration": 7,
        "lastTransitionTime": 1.0,
    }
    return msgspec.convert(facts, Condition)


def remembered(
    *,
    initialized: bool = True,
    bootstrap: str | None = member_id(0),
    cluster_id: str | None = CLUSTER_ID,
    operation: Operation | None = None,
    voters: int = 3,
) -> StatusRecord:
    """The status of a cluster that has been looked at before."""
    conditions = [
        condition(one, "True" if one == INITIALIZED and initialized else "False")
        for one in CONDITION_TYPES
    ]
    return StatusRecord(
        observed_generation=7,
        conditions=tuple(conditions),
        cluster_id=cluster_id,
        bootstrap=Bootstrap(member_id=bootstrap) if bootstrap else None,
        operation=operation,
        members=tuple(
            MemberRecord(
                name=name(n),
                member_id=member_id(n),
                role="Leader" if n == 0 else "Voter",
                ready=True,
                healthy=True,
                lag=0,
                version="1.0.0",
                node=f"machine-{n}",
            )
            for n in range(voters if initialized else 0)
        ),
    )


def under_way(
    of_type: str, member: str = "", *, since_s: float = NOW_S, member_id: str = "", **more: object
) -> Operation:
    facts: dict[str, object] = {
        "type": of_type,
        "member": member,
        "memberID": member_id,
        "startedAt": since_s,
        "deadline": since_s + DEADLINE_S,
        "generation": 7,
        "message": "It is under way.",
        **more,
    }
    return msgspec.convert(facts, Operation)


def decided(
    desired: BarCluster | None = None,
    observed: Observed | None = None,
    status: StatusRecord | None = None,
    now_s: float = NOW_S,
) -> Decision:
    return decide(desired or bar(), observed or look(), status or remembered(), now_s, FRESH_ID)


def settled(
    desired: BarCluster | None = None,
    observed: Observed | None = None,
    status: StatusRecord | None = None,
    now_s: float = NOW_S,
) -> Decision:
    """What is decided when the first decision's status is there already: conditions at rest."""
    first = decided(desired, observed, status, now_s)
    return decided(desired, observed, first.status, now_s)


def reasons(decision: Decision) -> dict[str, tuple[str, str]]:
    """(status, reason) of each condition."""
    return {one.type: (one.status, one.reason) for one in decision.status.conditions}


def message(decision: Decision, of_type: str) -> str:
    found = decision.status.condition(of_type)
    assert found is not None
    return found.message
