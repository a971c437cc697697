"""The conditions: what is so, why, and what a person can do about it.

Messages hold nothing that changes by itself (no lag, no ages), so that a cluster at rest is never
written to.
"""

from typing import Final

import msgspec

from bitebyte_operator.decide.creation import interruption
from bitebyte_operator.decide.diagnosis import (
    Degradation,
    degradations,
    is_expired,
    why_not_running,
)
from bitebyte_operator.decide.gates import quorum_of
from bitebyte_operator.decide.situation import Situation
from bitebyte_operator.decide.verdict import Refusal
from bitebyte_operator.model import Condition, NoMembersAnswer, Operation
from bitebyte_operator.model.status import (
    AVAILABLE,
    CONDITION_TYPES,
    DEGRADED,
    INITIALIZED,
    PAUSED,
    PROGRESSING,
    READY,
    ConditionStatus,
)

MESSAGE_LENGTH_MAX: Final = 1024
"""A condition is read in a terminal; the schema of conditions allows 32768."""

REASON_OF_OPERATION: Final = {
    "Create": "Creating",
    "ScaleUp": "ScalingUp",
    "ScaleDown": "ScalingDown",
    "Upgrade": "Upgrading",
    "Repair": "Repairing",
    "Delete": "Deleting",
}


class Finding(msgspec.Struct, frozen=True):
    """A condition without its history."""

    status: ConditionStatus
    reason: str
    message: str


def conditions_after(
    situation: Situation, operation: Operation | None, refusal: Refusal | None
) -> tuple[Condition, ...]:
    """All conditions, in a fixed order, with `operation` under way."""
    if not situation.status.conditions:
        unknown = Finding("Unknown", "NotYetObserved", "It is looked at for the first time.")
        return tuple(_dated(one, unknown, situation) for one in CONDITION_TYPES)
    is_away = operation is not None and operation.type in ("Upgrade", "ScaleDown")
    excused = operation.member if operation is not None and is_away else ""
    wrong = degradations(situation, operation, excused=excused)
    initialized = _initialized(situation, operation)
    available = _available(situation, operation, wrong, is_initialized=initialized.status == "True")
    degraded = _degraded(wrong, available)
    progressing = _progressing(situation, operation, refusal)
    findings = {
        INITIALIZED: initialized,
        AVAILABLE: available,
        READY: _ready(situation, (initialized, available), degraded, progressing),
        PROGRESSING: progressing,
        DEGRADED: degraded,
        PAUSED: _paused(situation),
    }
    return tuple(_dated(one, findings[one], situation) for one in CONDITION_TYPES)


def _dated(condition_type: str, finding: Finding, situation: Situation) -> Condition:
    known = situation.status.condition(condition_type)
    is_unchanged = known is not None and known.status == finding.status
    return Condition(
        type=condition_type,
        status=finding.status,
        reason=finding.reason,
        message=finding.message[:MESSAGE_LENGTH_MAX],
        observed_generation=situation.desired.generation,
        last_transition_s=known.last_transition_s
        if known is not None and is_unchanged
        else situation.now_s,
    )


def _initialized(situation: Situation, operation: Operation | None) -> Finding:
    status = situation.status
    if status.is_initialized or situation.confirmed is not None:
        return Finding("True", "ClusterFormed", f"Cluster {status.cluster_id} has begun.")
    interrupted = interruption(situation)
    if interrupted is not None:
        return Finding("False", "BootstrapInterrupted", interrupted)
    if status.cluster_id and status.bootstrap is None and situation.has_earlier_life:
        return Finding(
            "False",
            "AwaitingData",
            f"The claims hold data of cluster {status.cluster_id}; waits until enough of its"
            " members are up to have a leader. To begin anew instead, delete this BarCluster and"
            " its claims.",
        )
    message = operation.message if operation is not None else "The cluster has not begun."
    return Finding("False", "Bootstrapping", message)


def _available(
    situation: Situation,
    operation: Operation | None,
    wrong: tuple[Degradation, ...],
    *,
    is_initialized: bool,
) -> Finding:
    if not is_initialized:
        return Finding("False", "NotInitialized", "The cluster has not begun.")
    leader = situation.leader
    if leader is not None:
        healthy = sum(situation.is_healthy(voter) for voter in situation.voters)
        voters = len(situation.voters)
        text = f"{leader.name} leads; {healthy} of {voters} voters are healthy."
        return Finding("True", "LeaderElected", text)
    away = _voters_away(situation)
    needed = quorum_of(len(situation.recorded_voters))
    reachable = len(situation.recorded_voters) - len(away)
    is_planned = (
        operation is not None
        and operation.type == "Upgrade"
        and len(situation.recorded_voters) == 1
        and not wrong
    )
    if is_planned and operation is not None:
        return Finding("False", "PlannedDowntime", operation.message)
    if situation.recorded_voters and reachable < needed:
        return Finding(
            "False",
            "QuorumLost",
            f"{reachable} of {len(situation.recorded_voters)} voters can be reached, {needed} are"
            " needed. No member, claim or running pod is touched until they are back. Away:"
            f" {'; '.join(away)}.",
        )
    answer = situation.observed.members
    if isinstance(answer, NoMembersAnswer) and answer.reason == "Unreachable":
        return Finding(
            "Unknown",
            "NodesUnreachable",
            "The pods run, but none answers the operator at its admin port (9080). Check the"
            " NetworkPolicy and the operator's own network.",
        )
    return Finding("False", "NoLeader", "No leader is known; the voters are electing one.")


def _voters_away(situation: Situation) -> list[str]:
    away: list[str] = []
    for name in situation.recorded_voters:
        pod = situation.pods.get(name)
        if pod is None or not (pod.is_ready or pod.identity is not None):
            why = why_not_running(pod)
            away.append(f"{name} ({why})" if why else name)
    return away


def _degraded(wrong: tuple[Degradation, ...], available: Finding) -> Finding:
    texts = list(dict.fromkeys(one.message for one in wrong))
    if available.reason == "QuorumLost":
        return Finding("True", "QuorumLost", " ".join([available.message, *texts]))
    if wrong:
        return Finding("True", wrong[0].reason, " ".join(texts))
    return Finding("False", "AsWanted", "Nothing is wrong.")


def _progressing(
    situation: Situation, operation: Operation | None, refusal: Refusal | None
) -> Finding:
    if situation.desired.spec.paused and situation.desired.deletion_requested_s is None:
        return Finding("False", "Paused", "Nothing is changed while spec.paused is true.")
    if operation is not None and is_expired(operation, situation):
        return Finding("False", "ProgressDeadlineExceeded", operation.message)
    if operation is not None:
        return Finding("True", REASON_OF_OPERATION[operation.type], operation.message)
    if situation.is_applying:
        return Finding("True", "Applying", "The spec is being brought to the StatefulSet.")
    if refusal is not None:
        return Finding("False", refusal.reason, refusal.message)
    return Finding("False", "Settled", "There is nothing to do.")


def _ready(
    situation: Situation,
    needed: tuple[Finding, ...],
    degraded: Finding,
    progressing: Finding,
) -> Finding:
    for finding in needed:
        if finding.status != "True":
            return Finding("False", finding.reason, finding.message)
    if degraded.status == "True":
        return Finding("False", degraded.reason, degraded.message)
    if progressing.reason not in ("Settled", "Paused"):
        return Finding("False", progressing.reason, progressing.message)
    wanted = situation.replicas_wanted
    names = [situation.desired.pod_name(ordinal) for ordinal in range(wanted)]
    waiting = [
        name for name in names if (pod := situation.pods.get(name)) is None or not pod.is_ready
    ]
    if waiting:
        return Finding("False", "PodsNotReady", f"Not ready: {', '.join(waiting)}.")
    if len(situation.voters) != wanted:
        text = f"There are {len(situation.voters)} voters, {wanted} are wanted."
        return Finding("False", "MembersDiffer", text)
    return Finding("True", "AllReady", f"{wanted} of {wanted} members are ready.")


def _paused(situation: Situation) -> Finding:
    if situation.desired.spec.paused:
        return Finding(
            "True",
            "PausedBySpec",
            "spec.paused is true: the status is kept fresh, and nothing else is changed.",
        )
    return Finding("False", "NotPaused", "The operator is at work.")
