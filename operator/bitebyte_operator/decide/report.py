"""The status after a look: what is remembered, and what people see."""

from typing import Final

from bitebyte_operator.decide.conditions import conditions_after
from bitebyte_operator.decide.gates import quorum_of
from bitebyte_operator.decide.situation import LAG_ENTRIES_MAX, Situation
from bitebyte_operator.decide.verdict import Refusal
from bitebyte_operator.model import (
    Bootstrap,
    LatchBootstrap,
    LatchClusterId,
    LeaderRecord,
    Member,
    MemberRecord,
    Operation,
    StatusRecord,
    Step,
)

LAG_UNKNOWN: Final = -1


def status_after(
    situation: Situation, step: Step, operation: Operation | None, refusal: Refusal | None
) -> StatusRecord:
    """The whole status, with what the step latches."""
    old, found = situation.status, situation.stateful_set
    bootstrap = old.bootstrap
    if isinstance(step, LatchBootstrap):
        bootstrap = Bootstrap(member_id=step.member_id)
    members = _members(situation)
    return StatusRecord(
        observed_generation=situation.desired.generation,
        conditions=conditions_after(situation, operation, refusal),
        cluster_id=step.cluster_id if isinstance(step, LatchClusterId) else old.cluster_id,
        bootstrap=bootstrap,
        replicas=len(situation.observed.pods),
        ready_replicas=sum(pod.is_ready for pod in situation.observed.pods),
        voters=sum(one.role != "Learner" for one in members),
        learners=sum(one.role == "Learner" for one in members),
        selector=_selector(situation.desired.name),
        leader=_leader(situation),
        version=", ".join(sorted({one.version for one in members if one.version})),
        fault_tolerance=_fault_tolerance(situation),
        members=members,
        operation=operation,
        current_revision=found.current_revision if found else "",
        update_revision=found.update_revision if found else "",
    )


def _selector(name: str) -> str:
    return f"app.kubernetes.io/name=bitebyte,app.kubernetes.io/instance={name}"


def _leader(situation: Situation) -> LeaderRecord | None:
    leader, answer = situation.leader, situation.confirmed
    if leader is None or answer is None:
        return None
    return LeaderRecord(name=leader.name, member_id=leader.id, term=answer.term)


def _fault_tolerance(situation: Situation) -> int:
    healthy = sum(situation.is_healthy(voter) for voter in situation.voters)
    return max(0, healthy - quorum_of(len(situation.voters))) if situation.voters else 0


def _members(situation: Situation) -> tuple[MemberRecord, ...]:
    """Without a leader: those of the last confirmed answer, as far as Kubernetes knows them."""
    if situation.confirmed is None:
        return tuple(_remembered(one, situation) for one in situation.status.members)
    return tuple(
        _member(one, situation) for one in sorted(situation.members, key=lambda one: one.name)
    )


def _member(member: Member, situation: Situation) -> MemberRecord:
    pod = situation.pod_of(member)
    role = "Leader" if situation.is_leader(member) else member.state.capitalize()
    return MemberRecord(
        name=member.name,
        member_id=member.id,
        role=role,
        ready=pod is not None and pod.is_ready,
        healthy=situation.is_healthy(member),
        lag=_shown_lag(0 if situation.is_leader(member) else member.lag),
        version=member.version,
        node=pod.node if pod is not None else "",
    )


def _remembered(one: MemberRecord, situation: Situation) -> MemberRecord:
    pod = situation.pods.get(one.name)
    return MemberRecord(
        name=one.name,
        member_id=one.member_id,
        role="Voter" if one.role == "Leader" else one.role,
        ready=pod is not None and pod.is_ready,
        healthy=False,
        lag=LAG_UNKNOWN,
        version=one.version,
        node=pod.node if pod is not None else "",
    )


def _shown_lag(lag: int | None) -> int:
    """0 for whoever keeps up; of a large one only its order of magnitude."""
    if lag is None:
        return LAG_UNKNOWN
    return 0 if lag <= LAG_ENTRIES_MAX else 10 ** (len(str(lag)) - 1)
