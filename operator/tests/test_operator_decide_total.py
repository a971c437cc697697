"""Whatever is seen, there is a decision, and the safety rules hold for it.

Hypothesis makes up looks that no honest world would show: members without pods, pods that are
several members, leaders that are none, claims of others, an operation of last year.
"""

import msgspec
from decide_looks import (
    CLUSTER_ID,
    FRESH_ID,
    NAME,
    NOW_S,
    bar,
    condition,
    name,
)
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from bitebyte_operator.decide import decide
from bitebyte_operator.model import (
    AddLearner,
    ApplyObjects,
    BarCluster,
    Bootstrap,
    Claim,
    ConfirmedMembers,
    DeleteClaim,
    DeletePod,
    DeleteStatefulSet,
    Identity,
    LatchBootstrap,
    LatchClusterId,
    Member,
    MemberRecord,
    NoMembersAnswer,
    ObjectRef,
    Observed,
    Operation,
    OrderBootstrap,
    Pod,
    RemoveFinalizer,
    RemoveMember,
    SetReplicas,
    StatefulSet,
    StatusRecord,
    Step,
    TransferLeader,
    Wait,
    WithdrawLearner,
)
from bitebyte_operator.model.status import CONDITION_TYPES, DEGRADED, INITIALIZED, PROGRESSING

IDS = st.sampled_from([str(100 + n) for n in range(6)] + ["999"])
ORDINALS = st.integers(0, 5)
PLACES = st.one_of(
    st.sampled_from([range(1), range(3), range(3), range(5)]), st.sets(ORDINALS, min_size=1)
)
"""Where there is a pod, a member or a claim: mostly in a row, so that later rules are reached."""
CLUSTERS = st.sampled_from([CLUSTER_ID] * 8 + ["13"])
MOSTLY = st.sampled_from([True] * 5 + [False])
RARELY = st.sampled_from([False] * 19 + [True])
REVISIONS = st.sampled_from(["new", "new", "old"])
REASONS = st.sampled_from(["", "", "ImagePullBackOff", "CrashLoopBackOff", "Unschedulable", "Odd"])
OPERATIONS = st.sampled_from(["Create", "ScaleUp", "ScaleDown", "Upgrade", "Repair", "Delete"])
MOMENTS = st.sampled_from([NOW_S - 1e6, NOW_S - 700, NOW_S - 5, NOW_S])

identities = st.builds(
    Identity,
    cluster_id=CLUSTERS,
    member_id=IDS,
    name=st.just("any"),
    peer_address=st.just("any:7080"),
    state=st.sampled_from(["voter", "voter", "learner", "leaving", "outsider", "removed"]),
    version=st.just("1"),
)


@st.composite
def pods_of(draw: st.DrawFn) -> tuple[Pod, ...]:
    found: list[Pod] = []
    for ordinal in sorted(draw(PLACES)):
        is_ready = draw(MOSTLY)
        identity = draw(identities) if draw(MOSTLY) else None
        if identity is not None and draw(MOSTLY):
            identity = msgspec.structs.replace(identity, member_id=str(100 + ordinal))
        pod = Pod(
            name=name(ordinal),
            uid=f"uid-{ordinal}",
            resource_version=f"version-{ordinal}",
            ordinal=ordinal,
            revision=draw(REVISIONS),
            phase="Running",
            is_ready=is_ready,
            ready_since_s=draw(MOMENTS) if is_ready else None,
            waiting_reason="" if is_ready else draw(REASONS),
            is_deleting=draw(RARELY),
            identity=identity,
        )
        found.append(pod)
    return tuple(found)


@st.composite
def member_lists(draw: st.DrawFn) -> ConfirmedMembers | NoMembersAnswer:
    if draw(st.sampled_from([False] * 7 + [True])):
        reason = draw(st.sampled_from(["NoLeader", "Unreachable", "NoPods"]))
        return NoMembersAnswer(reason=reason)
    members: list[Member] = []
    for ordinal in sorted(draw(PLACES)):
        of_name = name(ordinal) if draw(MOSTLY) else draw(st.sampled_from(["guest", name(77)]))
        is_healthy = draw(MOSTLY)
        member = Member(
            id=str(100 + ordinal),
            name=of_name,
            state=draw(st.sampled_from(["voter"] * 6 + ["learner", "leaving"])),
            is_healthy=is_healthy,
            lag=draw(st.sampled_from([None, 0, 0, 5, 90_000])),
            wants_vote=draw(st.booleans()),
        )
        members.append(member)
    leader = draw(st.sampled_from(members)).id if draw(MOSTLY) else draw(IDS)
    return ConfirmedMembers(
        cluster_id=draw(CLUSTERS), leader_id=leader, term=3, members=tuple(members)
    )


@st.composite
def claim_lists(draw: st.DrawFn) -> tuple[Claim, ...]:
    return tuple(
        Claim(
            name=f"data-{name(ordinal)}",
            uid=f"claim-{ordinal}",
            resource_version=f"version-{ordinal}",
            ordinal=ordinal,
            cluster_id=draw(st.one_of(st.none(), CLUSTERS)),
            owner_uid=draw(st.sampled_from([None, "bar-uid", "bar-uid", "earlier"])),
            retired_member=draw(st.one_of(st.none(), st.none(), IDS)),
            is_deleting=draw(RARELY),
        )
        for ordinal in sorted(draw(PLACES))
    )


stateful_sets = st.builds(
    StatefulSet,
    uid=st.just("set-uid"),
    resource_version=st.just("70"),
    generation=st.just(3),
    observed_generation=st.sampled_from([3] * 19 + [2]),
    replicas=st.sampled_from([6, 6, 5, 5, 4, 4, 3, 2, 1, 0]),
    current_revision=st.just("old"),
    update_revision=st.just("new"),
    cluster_id=st.one_of(st.none(), CLUSTERS),
    is_deleting=RARELY,
)

looks = st.builds(
    Observed,
    stateful_set=RARELY.flatmap(lambda is_missing: st.none() if is_missing else stateful_sets),
    pods=pods_of(),
    claims=claim_lists(),
    members=member_lists(),
    objects_that_differ=st.sampled_from([()] * 19 + [(ObjectRef("Service", NAME),)]),
    objects_in_the_way=st.sampled_from([()] * 8 + [("Service x is not ours.",)]),
)

operations = st.builds(
    Operation,
    type=OPERATIONS,
    member=st.sampled_from(["", "claims", *(name(n) for n in range(4))]),
    member_id=st.one_of(st.just(""), IDS),
    started_s=MOMENTS,
    deadline_s=MOMENTS,
    generation=st.sampled_from([6, 7, 7]),
    message=st.just("It is under way."),
    evidence=st.sampled_from(["", "claim-0 claim-1 claim-2", "uid-2"]),
)


@st.composite
def statuses(draw: st.DrawFn) -> StatusRecord:
    if draw(RARELY):
        return StatusRecord()
    states = st.sampled_from(["True", "False", "Unknown"])
    conditions = {one: condition(one, draw(states)) for one in CONDITION_TYPES}
    conditions[INITIALIZED] = condition(INITIALIZED, "True" if draw(MOSTLY) else "False")
    if draw(RARELY):
        conditions[DEGRADED] = condition(DEGRADED, "True", "RolloutFailed")
    roles = st.sampled_from(["Leader", "Voter", "Learner"])
    members = tuple(
        MemberRecord(
            name=name(ordinal),
            member_id=str(100 + ordinal),
            role=draw(roles),
            ready=True,
            healthy=True,
            lag=0,
            version="1",
            node="",
        )
        for ordinal in sorted(draw(PLACES))
    )
    return StatusRecord(
        observed_generation=7,
        conditions=tuple(conditions.values()),
        cluster_id=draw(st.sampled_from([CLUSTER_ID] * 19 + [None])),
        bootstrap=draw(st.one_of(st.none(), st.builds(Bootstrap, member_id=IDS))),
        members=members,
        operation=draw(st.one_of(st.none(), operations)),
    )


@st.composite
def wishes(draw: st.DrawFn) -> BarCluster:
    return bar(
        draw(st.sampled_from([1, 3, 3, 5])),
        deleted=draw(st.sampled_from([False] * 9 + [True])),
        finalizer=not draw(RARELY),
        paused=draw(RARELY),
        deletionPolicy=draw(st.sampled_from(["Retain", "Delete"])),
    )


def voters_of(members: ConfirmedMembers) -> list[Member]:
    return [one for one in members.members if one.state != "learner"]


def is_heard(member: Member, members: ConfirmedMembers) -> bool:
    return member.is_healthy or member.id == members.leader_id


def check_rules(step: Step, desired: BarCluster, seen: Observed, status: StatusRecord) -> None:
    """The safety rules, as far as one look can tell."""
    if desired.deletion_requested_s is None:
        assert not isinstance(step, DeleteClaim | DeleteStatefulSet | RemoveFinalizer)
        if desired.spec.paused:
            assert isinstance(step, Wait)
    if isinstance(step, DeleteClaim):
        _check_claim(step, desired, seen, status)
    if isinstance(step, LatchClusterId):
        assert status.cluster_id is None
    if isinstance(step, LatchBootstrap | OrderBootstrap):
        _check_bootstrap(step, seen, status)
    if isinstance(step, DeletePod):
        _check_restart(step, seen)
    if isinstance(step, AddLearner | RemoveMember | WithdrawLearner | TransferLeader):
        _check_change(step, desired, seen, status)
    if isinstance(step, SetReplicas):
        _check_replicas(step, seen)


def _check_claim(
    step: DeleteClaim, desired: BarCluster, seen: Observed, status: StatusRecord
) -> None:
    claim = next(one for one in seen.claims if one.uid == step.uid)
    assert desired.spec.deletion_policy == "Delete"
    assert claim.cluster_id == status.cluster_id is not None
    assert not seen.pods
    assert seen.stateful_set is None
    assert status.operation is not None
    assert claim.uid in status.operation.evidence.split()
    assert status.operation.started_s <= NOW_S - 10


def _check_bootstrap(
    step: LatchBootstrap | OrderBootstrap, seen: Observed, status: StatusRecord
) -> None:
    first = next(one for one in seen.pods if one.ordinal == 0)
    assert not status.is_initialized, "rule 6"
    assert first.identity is not None
    assert first.identity.member_id == step.member_id
    assert first.identity.cluster_id == status.cluster_id
    if isinstance(step, OrderBootstrap):
        assert status.bootstrap == Bootstrap(member_id=step.member_id), "rule 6"
    else:
        assert status.bootstrap is None


def _check_restart(step: DeletePod, seen: Observed) -> None:
    pod = next(one for one in seen.pods if one.name == step.name)
    assert (pod.uid, pod.resource_version) == (step.uid, step.resource_version), "rule 8"
    assert not pod.is_deleting
    members = seen.members
    if isinstance(members, NoMembersAnswer) or members.cluster_id != CLUSTER_ID:
        return
    own_id = pod.identity.member_id if pod.identity is not None else None
    voters = voters_of(members)
    own = [one for one in voters if one.id == own_id or (own_id is None and one.name == pod.name)]
    if not own or not is_heard(own[0], members) or len(voters) == 1:
        return
    heard = [one for one in voters if is_heard(one, members)]
    assert len(heard) >= len(voters) // 2 + 2, "rule 3"
    assert not any(one.state == "leaving" for one in members.members), "rule 1"
    assert own[0].id != members.leader_id
    assert step.unless_leader == own[0].id


def _check_change(
    step: AddLearner | RemoveMember | WithdrawLearner | TransferLeader,
    desired: BarCluster,
    seen: Observed,
    status: StatusRecord,
) -> None:
    members = seen.members
    assert isinstance(members, ConfirmedMembers), "rule 2"
    assert members.cluster_id == status.cluster_id, "rule 2"
    assert not any(one.state == "leaving" for one in members.members), "rule 1"
    if isinstance(step, AddLearner):
        retired = {claim.retired_member for claim in seen.claims}
        is_there = any(one.id == step.member_id for one in members.members)
        assert is_there or step.member_id not in retired, "rule 7"
        assert all(is_heard(one, members) for one in voters_of(members)), "rule 4"
    if isinstance(step, TransferLeader):
        to = next(one for one in members.members if one.id == step.to_id)
        assert to.state == "voter"
        assert to.is_healthy
    if isinstance(step, WithdrawLearner):
        assert next(one for one in members.members if one.id == step.member_id).state == "learner"
    if isinstance(step, RemoveMember):
        voters = voters_of(members)
        heard = [one for one in voters if is_heard(one, members)]
        rest = [one for one in voters if one.id != step.member_id]
        assert step.member_id != members.leader_id
        assert len(heard) >= min(len(voters) // 2 + 2, len(voters)), "rule 3"
        assert 2 * sum(is_heard(one, members) for one in rest) > len(rest), "rule 3"
        assert len(rest) >= desired.spec.replicas
        assert not any(one.state == "learner" and one.wants_vote for one in members.members)


def _check_replicas(step: SetReplicas, seen: Observed) -> None:
    found = seen.stateful_set
    assert found is not None
    assert (step.uid, step.resource_version) == (found.uid, found.resource_version)
    if step.replicas < found.replicas:
        assert step.replicas == found.replicas - 1
        assert isinstance(seen.members, ConfirmedMembers), "rule 2"
        names = {one.name for one in seen.members.members}
        ids = {one.id for one in seen.members.members}
        last = next((one for one in seen.pods if one.ordinal == step.replicas), None)
        assert name(step.replicas) not in names
        assert last is None or last.identity is None or last.identity.member_id not in ids


@settings(max_examples=1000, deadline=None, suppress_health_check=list(HealthCheck))
@given(desired=wishes(), seen=looks, status=statuses())
def test_there_is_a_decision_for_everything_and_it_keeps_the_rules(
    desired: BarCluster, seen: Observed, status: StatusRecord
) -> None:
    decision = decide(desired, seen, status, NOW_S, FRESH_ID)
    event(decision.rule)
    check_rules(decision.step, desired, seen, status)
    after = decision.status
    assert [one.type for one in after.conditions] == list(CONDITION_TYPES)
    assert all(one.reason and one.observed_generation == 7 for one in after.conditions)
    assert status.cluster_id in (None, after.cluster_id), "latched"
    assert status.bootstrap in (None, after.bootstrap), "latched"
    assert after.is_initialized or not status.is_initialized, "for ever"
    assert decision.requeue_after_s > 0
    progressing = after.condition(PROGRESSING)
    if after.operation is not None and progressing is not None and status.conditions:
        is_late = after.operation.deadline_s <= NOW_S and after.operation.generation == 7
        if is_late and not desired.spec.paused:
            assert progressing.reason == "ProgressDeadlineExceeded", "rule 9"
    assert decide(desired, seen, status, NOW_S, FRESH_ID) == decision, "it is a function"


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(desired=wishes(), seen=looks, status=statuses())
def test_whoever_waits_has_nothing_new_to_say_the_second_time(
    desired: BarCluster, seen: Observed, status: StatusRecord
) -> None:
    """As long as the world stays the same, the status comes to rest, and no more events follow."""
    for _ in range(4):
        decision = decide(desired, seen, status, NOW_S, FRESH_ID)
        if not isinstance(decision.step, Wait | ApplyObjects):
            return
        last, status = status, decision.status
    assert status == last
    assert not decision.events
