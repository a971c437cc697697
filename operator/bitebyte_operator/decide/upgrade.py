"""Rolling upgrade: one pod at a time, the leader last, and a stop at the first that fails."""

from bitebyte_operator.decide.diagnosis import why_not_running, with_reason
from bitebyte_operator.decide.gates import is_change_in_flight, may_restart, obstacle
from bitebyte_operator.decide.situation import Situation
from bitebyte_operator.decide.verdict import Plan, Refusal, Verdict
from bitebyte_operator.model import DeletePod, Member, Pod, Step, TransferLeader, Wait


def upgrade_one_pod(situation: Situation) -> Verdict | Refusal | None:
    """Waits for the one that has been restarted, then takes the next."""
    recorded = situation.recorded_operation
    is_under_way = recorded is not None and recorded.type == "Upgrade"
    if not situation.outdated_pods and not is_under_way:
        return None
    waits_for = unsettled_pod(situation)
    if waits_for is not None:
        message = with_reason(
            f"Waits for {waits_for} to be ready with the new template",
            why_not_running(situation.pods.get(waits_for)),
        )
        return Verdict(step=Wait(message), plan=_upgrading(waits_for, message))
    pod = _next_pod(situation)
    return None if pod is None else _restart(pod, situation)


def unsettled_pod(situation: Situation) -> str | None:
    """Name of the first member's pod that has the new template (or is on its way to it) and has
    not been ready and caught up for long enough."""
    for member in situation.members:
        pod = situation.pod_of(member)
        if pod is None:
            ordinal = situation.ordinal_of(member)
            if ordinal is not None and not situation.is_lost(member):
                return situation.desired.pod_name(ordinal)
        elif pod.is_deleting or not (
            situation.is_outdated(pod) or _is_settled(pod, member, situation)
        ):
            return pod.name
    return None


def _is_settled(pod: Pod, member: Member, situation: Situation) -> bool:
    patience_s = situation.desired.spec.update.min_ready_seconds
    is_steady = pod.ready_since_s is None or situation.now_s >= pod.ready_since_s + patience_s
    return pod.is_ready and is_steady and (member.state == "learner" or situation.is_fit(member))


def _next_pod(situation: Situation) -> Pod | None:
    """The sick before the well, those without a vote before followers, the leader at the end; of
    equals the one that lags most."""

    def turn(pod: Pod) -> tuple[bool, bool, bool, int, int]:
        member = situation.member_of(pod)
        return (
            pod.is_ready,
            member is not None and member.state != "learner",
            member is not None and situation.is_leader(member),
            -(member.lag or 0) if member is not None else 0,
            -pod.ordinal,
        )

    candidates = [
        pod
        for pod in situation.outdated_pods
        if pod.ordinal < situation.replicas_wanted or situation.member_of(pod) is not None
    ]
    return min(candidates, key=turn, default=None)


def _restart(pod: Pod, situation: Situation) -> Verdict | Refusal | None:
    found = obstacle(situation, "Upgrade", victim=pod.name)
    if found is not None:
        return Refusal(
            reason="UpgradeRefused", message=f"Not upgraded while {found.reason}: {found.message}"
        )
    member = situation.member_of(pod)
    if member is None or member.state == "learner":
        return _delete(pod, member, f"{pod.name} is restarted with the new template.")
    if len(situation.voters) == 1:
        return _restart_the_only_voter(pod, member, situation)
    if is_change_in_flight(situation):
        return None  # the members first
    if situation.is_leader(member):
        return _hand_over(pod, member, situation)
    if may_restart(situation, member):
        return _delete(pod, member, f"{pod.name} is restarted with the new template.")
    return _without_enough_voters(pod, situation)


def _restart_the_only_voter(pod: Pod, member: Member, situation: Situation) -> Verdict | None:
    if situation.replicas_wanted > 1:
        return None  # with more voters nobody notices the restart
    return _delete(
        pod,
        member,
        f"{pod.name} is restarted with the new template; a cluster of one is not available"
        " meanwhile.",
        is_announced=True,
    )


def _hand_over(pod: Pod, member: Member, situation: Situation) -> Verdict | Refusal:
    """To a voter that has the new template already, so that leadership moves once."""
    successors = [
        (voter.lag or 0, other.ordinal, voter)
        for voter in situation.voters
        if voter.id != member.id
        and (other := situation.pod_of(voter)) is not None
        and not situation.is_outdated(other)
        and other.is_ready
        and situation.is_fit(voter)
    ]
    if not successors or not may_restart(situation, member):
        return _without_enough_voters(pod, situation)
    successor = min(successors, key=lambda one: one[:2])[2]
    return Verdict(
        step=TransferLeader(member.id, successor.id, successor.name),
        plan=_upgrading(
            pod.name, f"{pod.name} hands leadership over before its restart.", member.id
        ),
    )


def _without_enough_voters(pod: Pod, situation: Situation) -> Verdict | Refusal:
    message = f"{pod.name} is not restarted until enough of the other voters have caught up."
    if len(situation.voters) != situation.replicas_wanted:
        return Refusal(reason="UpgradeRefused", message=message)
    return Verdict(step=Wait(message), plan=_upgrading(pod.name, message))


def _delete(
    pod: Pod, member: Member | None, message: str, *, is_announced: bool = False
) -> Verdict:
    step: Step = DeletePod(
        pod.name,
        pod.uid,
        pod.resource_version,
        "it has an old template",
        unless_leader=member.id if member is not None and not is_announced else "",
    )
    plan = _upgrading(pod.name, message, member.id if member is not None else "")
    return Verdict(step=step, plan=plan)


def _upgrading(member: str, message: str, member_id: str = "") -> Plan:
    return Plan(type="Upgrade", member=member, member_id=member_id, message=message)
