"""Fewer members: one at a time, the member before its pod, and its data stays."""

from typing import Final

from bitebyte_operator.decide.gates import is_change_in_flight, may_remove, obstacle
from bitebyte_operator.decide.situation import Situation
from bitebyte_operator.decide.verdict import Plan, Refusal, Verdict
from bitebyte_operator.model import (
    Member,
    Pod,
    RemoveMember,
    SetReplicas,
    StampClaim,
    StatefulSet,
    TransferLeader,
)

NOBODY_KNOWS: Final = "unknown"
"""Stamp of a claim whose member nobody can name any more."""


def release_the_last_pod(situation: Situation) -> Verdict | None:
    """The last pod is surplus and no member: its claim is stamped, then there is one pod less.

    This finishes what was begun, so it comes before everything voluntary.
    """
    found = situation.stateful_set
    if found is None or found.replicas <= situation.replicas_wanted or situation.strangers:
        return None
    ordinal = found.replicas - 1
    name = situation.desired.pod_name(ordinal)
    pod = situation.pods.get(name)
    is_member = situation.member_named(name) is not None or (
        pod is not None and situation.member_of(pod) is not None
    )
    if is_member:
        return None
    return _stamp(name, pod, situation) or _one_pod_less(name, found)


def _stamp(name: str, pod: Pod | None, situation: Situation) -> Verdict | None:
    retired = _retired_id(name, pod, situation)
    claim_name = situation.desired.claim_name(situation.desired.ordinal_of(name) or 0)
    claim = next((one for one in situation.observed.claims if one.name == claim_name), None)
    if retired is None or claim is None or claim.is_deleting or claim.retired_member == retired:
        return None
    if retired == NOBODY_KNOWS and claim.retired_member is not None:
        return None
    step = StampClaim(claim.name, claim.uid, claim.resource_version, retired)
    message = f"{name} is no member any more; its claim {claim_name} is kept and marked."
    return Verdict(step=step, plan=_leaving(name, message, retired))


def _retired_id(name: str, pod: Pod | None, situation: Situation) -> str | None:
    """None: it never was a member, so its claim holds nobody's data."""
    recorded = situation.recorded_operation
    is_of_it = recorded is not None and recorded.type == "ScaleDown" and recorded.member == name
    if recorded is not None and is_of_it and recorded.member_id:
        return recorded.member_id
    if pod is None or pod.identity is None:
        return NOBODY_KNOWS
    return pod.identity.member_id if pod.identity.state == "removed" else None


def _one_pod_less(name: str, found: StatefulSet) -> Verdict:
    step = SetReplicas(found.replicas - 1, found.uid, found.resource_version)
    return Verdict(step=step, plan=_leaving(name, f"{name} is no member; its pod is stopped."))


def remove_one_member(situation: Situation) -> Verdict | Refusal | None:
    """The pod with the highest number goes; the member is known by its id."""
    found = situation.stateful_set
    if found is None or found.replicas <= situation.replicas_wanted:
        return None
    name = situation.desired.pod_name(found.replicas - 1)
    pod = situation.pods.get(name)
    member = (situation.member_of(pod) if pod is not None else None) or situation.member_named(name)
    if member is None or member.state == "learner":
        return None
    refused = _why_not(name, member, situation)
    if refused is not None:
        return refused
    if situation.is_leader(member):
        return _hand_over(name, member, situation)
    return Verdict(
        step=RemoveMember(member.id, member.name),
        plan=_leaving(name, f"{name} (member {member.id}) is removed from the cluster.", member.id),
    )


def _why_not(name: str, member: Member, situation: Situation) -> Refusal | None:
    found = obstacle(situation, "ScaleDown", victim=name)
    if found is not None:
        text = f"Not scaled down while {found.reason}: {found.message}"
        return Refusal(reason="ScaleDownRefused", message=text)
    if is_change_in_flight(situation):
        text = "Not scaled down while another change of the members is under way."
        return Refusal(reason="ScaleDownRefused", message=text)
    if not may_remove(situation, member):
        text = (
            f"{name} is not removed: too few voters are healthy and caught up to do it safely."
            " Bring them back first."
        )
        return Refusal(reason="ScaleDownRefused", message=text)
    return None


def _hand_over(name: str, member: Member, situation: Situation) -> Verdict:
    """To a voter that stays, with the new template if there is one."""

    def turn(voter: Member) -> tuple[bool, bool, int, int]:
        pod, ordinal = situation.pod_of(voter), situation.ordinal_of(voter)
        return (
            ordinal is None or ordinal >= situation.replicas_wanted,
            pod is None or situation.is_outdated(pod),
            voter.lag or 0,
            ordinal or 0,
        )

    others = [one for one in situation.voters if one.id != member.id and situation.is_fit(one)]
    successor = min(others, key=turn)  # there is one: `may_remove` has counted them
    return Verdict(
        step=TransferLeader(member.id, successor.id, successor.name),
        plan=_leaving(name, f"{name} hands leadership over before it is removed.", member.id),
    )


def clear_stamps_of_members(situation: Situation) -> Verdict | None:
    """A claim that a member uses again must not look like something to throw away."""
    for claim in situation.observed.claims:
        pod = situation.pods.get(situation.desired.pod_name(claim.ordinal))
        member = situation.member_of(pod) if pod is not None and pod.identity else None
        is_in_use = member is not None and member.id != claim.retired_member
        if claim.retired_member is not None and is_in_use and not claim.is_deleting:
            step = StampClaim(claim.name, claim.uid, claim.resource_version, None)
            return Verdict(step=step)
    return None


def _leaving(member: str, message: str, member_id: str = "") -> Plan:
    return Plan(type="ScaleDown", member=member, member_id=member_id, message=message)
