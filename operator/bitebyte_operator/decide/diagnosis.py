"""What is wrong, worst first, in words that say what to do."""

from collections.abc import Iterator
from typing import Final

import msgspec

from bitebyte_operator.decide.situation import Situation
from bitebyte_operator.model import ConfirmedMembers, Operation, Pod
from bitebyte_operator.model.status import DEGRADED, OperationType

FAILING_REASONS: Final = frozenset(
    {
        "CrashLoopBackOff",
        "CreateContainerConfigError",
        "CreateContainerError",
        "ErrImageNeverPull",
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
        "RunContainerError",
    }
)
"""Waiting longer does not help against these, as a rule."""

NOT_RUNNING_REASONS: Final = FAILING_REASONS | {"Unschedulable"}
"""The node's process does not run, so nothing that it does can be interrupted."""

FOLLOWS: Final = " follows by itself."
"""End of what is said of a failed rollout; the condition's message may go on with other things."""

WAITING_TEXT_MAX: Final = 200
"""Of what the scheduler says; it lists every node."""


class Degradation(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong."""

    reason: str
    message: str
    member: str = ""
    """Name of the pod that it is about, if it is about one."""
    operation: OperationType | None = None
    """The operation that it only says to be slow."""


def is_expired(operation: Operation | None, situation: Situation) -> bool:
    """Rule 9: its deadline has passed, and its owner has not changed the spec since."""
    return (
        operation is not None
        and operation.generation == situation.desired.generation
        and situation.now_s >= operation.deadline_s
    )


def degradations(
    situation: Situation, operation: Operation | None, *, excused: str = ""
) -> tuple[Degradation, ...]:
    """Everything that is wrong while `operation` is under way. The pod `excused` may be unheard:
    it is its turn to be away."""
    return (
        *_in_the_way(situation),
        *_of_members(situation),
        *_of_the_rollout(situation, operation),
        *_of_the_deadline(situation, operation),
        *_of_health(situation, excused),
    )


def why_not_running(pod: Pod | None) -> str:
    """For the end of a sentence; empty if nothing is known. It stays the same as long as the
    matter does."""
    if pod is None:
        return "the pod is not there yet"
    if pod.waiting_reason in ("ErrImagePull", "ImagePullBackOff"):
        return f"its image cannot be pulled (ImagePullBackOff: {pod.image})"
    if pod.waiting_reason == "Unschedulable":
        return f"it finds no node (Unschedulable: {pod.waiting_message[:WAITING_TEXT_MAX]})"
    return f"its container waits ({pod.waiting_reason})" if pod.waiting_reason else ""


def with_reason(sentence: str, reason: str) -> str:
    """The sentence, and why, if that is known."""
    return f"{sentence}: {reason}." if reason else f"{sentence}."


def _in_the_way(situation: Situation) -> Iterator[Degradation]:
    if situation.observed.objects_in_the_way:
        yield Degradation(
            reason="ObjectsInTheWay", message=" ".join(situation.observed.objects_in_the_way)
        )
    own_id = situation.status.cluster_id
    for claim in situation.observed.claims:
        if own_id is not None and claim.cluster_id not in (None, own_id):
            yield Degradation(
                reason="ForeignClaim",
                message=f"Claim {claim.name} holds data of cluster {claim.cluster_id}, this one is"
                f" {own_id}. Keep that data elsewhere, then delete the claim.",
                member=situation.desired.pod_name(claim.ordinal),
            )


def _of_members(situation: Situation) -> Iterator[Degradation]:
    answer = situation.observed.members
    own_id = situation.status.cluster_id
    if isinstance(answer, ConfirmedMembers) and own_id is not None and answer.cluster_id != own_id:
        yield Degradation(
            reason="ForeignCluster",
            message=f"The pods answer for cluster {answer.cluster_id}, this one is {own_id}."
            " Nothing is changed as long as that is so.",
        )
    for member in situation.strangers:
        yield Degradation(
            reason="UnknownMember",
            message=f"Member {member.id} ({member.name}) belongs to no pod of this BarCluster."
            f" If it is not yours, remove it: bitebyte member remove {member.id}",
        )
    for member in situation.lost_members:
        if member.state == "learner":
            continue  # it has no vote to lose: repaired at once
        pod = situation.pods[member.name]
        assert pod.identity is not None, "a lost member is known by who came instead"
        new_id = pod.identity.member_id
        yield Degradation(
            reason="MemberLost",
            message=f"{member.name} came back with an empty database as member {new_id}; member"
            f" {member.id} is lost and still counts as a voter. If its data is gone for good, let"
            f" the new one take its place: bitebyte member replace {member.id} {new_id}",
            member=member.name,
        )


def _of_the_rollout(situation: Situation, operation: Operation | None) -> Iterator[Degradation]:
    is_upgrade = operation is not None and operation.type == "Upgrade"
    if not situation.status.is_initialized or not (situation.outdated_pods or is_upgrade):
        return
    for pod in situation.observed.pods:
        if pod.is_ready or situation.is_outdated(pod) or pod.is_deleting:
            continue
        is_its_turn = operation is not None and is_upgrade and operation.member == pod.name
        is_late = is_its_turn and is_expired(operation, situation)
        # Between two crashes it runs for a moment: that is no recovery.
        earlier = _reported_of(pod, situation) if is_its_turn else ""
        if earlier or is_late or pod.waiting_reason in FAILING_REASONS:
            message = (
                with_reason(
                    f"{pod.name} has the new template and does not become ready",
                    why_not_running(pod),
                )
                + " The upgrade has stopped there. Correct the spec or set it back:"
                f" {pod.name}{FOLLOWS}"
            )
            yield Degradation(reason="RolloutFailed", message=earlier or message, member=pod.name)


def _reported_of(pod: Pod, situation: Situation) -> str:
    known = situation.status.condition(DEGRADED)
    is_of_it = (
        known is not None
        and known.reason == "RolloutFailed"
        and known.observed_generation == situation.desired.generation
        and known.message.startswith(f"{pod.name} ")
    )
    if known is None or not is_of_it:
        return ""
    own_part, end, _ = known.message.partition(FOLLOWS)
    return own_part + end


def _of_the_deadline(situation: Situation, operation: Operation | None) -> Iterator[Degradation]:
    if operation is None or not is_expired(operation, situation):
        return
    deadline_s = situation.desired.spec.progress_deadline_seconds
    is_learner = operation.type == "ScaleUp" and bool(operation.member)
    yield Degradation(
        reason="LearnerStuck" if is_learner else "ProgressDeadlineExceeded",
        message=f"Not done within {deadline_s} s: {operation.message} It goes on if the cause goes"
        " away; nothing else is begun until then. To give it up, set the spec back.",
        member=operation.member,
        operation=operation.type,
    )


def _of_health(situation: Situation, excused: str) -> Iterator[Degradation]:
    if situation.status.is_initialized and situation.confirmed is None:
        return  # Available says it
    for member in situation.voters:
        if situation.is_healthy(member) or member.name == excused or situation.is_lost(member):
            continue
        pod = situation.pod_of(member)
        yield Degradation(
            reason="MemberUnhealthy",
            message=with_reason(
                f"The leader does not hear {member.name} (member {member.id})",
                why_not_running(pod),
            )
            + f" See: kubectl describe pod {member.name}",
            member=member.name,
        )
