"""More members: pods first, then learners, and the leader makes voters of them."""

from bitebyte_operator.decide.diagnosis import why_not_running, with_reason
from bitebyte_operator.decide.gates import obstacle
from bitebyte_operator.decide.situation import Situation
from bitebyte_operator.decide.verdict import Plan, Refusal, Verdict
from bitebyte_operator.model import AddLearner, DeletePod, Identity, Pod, SetReplicas, Wait


def add_members(situation: Situation) -> Verdict | Refusal | None:
    """Every wanted pod becomes a voter.

    Learners are added only when all that are to join answer: an even number of voters survives no
    more than the odd one below it, so the time between two promotions shall be short.
    """
    found = situation.stateful_set
    if found is None:
        return None
    if found.replicas < situation.replicas_wanted:
        return _more_pods(situation, found.uid, found.resource_version)
    joining = [name for name in _wanted_names(situation) if _is_to_join(name, situation)]
    for name in joining:
        verdict = _answer_awaited(name, situation)
        if verdict is not None:
            return verdict
    for name in joining:
        verdict = _to_be_added(situation.pods[name], situation)
        if verdict is not None:
            return verdict
    if not joining:
        return None
    message = f"{joining[0]} is a learner; it is given its vote when it has caught up."
    member = situation.member_of(situation.pods[joining[0]])
    plan = _joining(joining[0], message, member.id if member is not None else "")
    return Verdict(step=Wait(message), plan=plan)


def _wanted_names(situation: Situation) -> list[str]:
    return [situation.desired.pod_name(ordinal) for ordinal in range(situation.replicas_wanted)]


def _is_to_join(name: str, situation: Situation) -> bool:
    """It votes neither itself nor through a lost member of its name, which has to be replaced."""
    pod = situation.pods.get(name)
    member = situation.member_of(pod) if pod is not None else None
    return all(
        one is None or one.state == "learner" for one in (member, situation.member_named(name))
    )


def _more_pods(situation: Situation, uid: str, resource_version: str) -> Verdict | Refusal:
    found = obstacle(situation, "ScaleUp")
    if found is not None:
        return _refusal(found.reason, found.message)
    wanted = situation.replicas_wanted
    plan = _joining("", f"Pods are made until there are {wanted}.")
    return Verdict(step=SetReplicas(wanted, uid, resource_version), plan=plan)


def _answer_awaited(name: str, situation: Situation) -> Verdict | Refusal | None:
    pod = situation.pods.get(name)
    if pod is None or pod.is_deleting or pod.identity is None:
        message = with_reason(f"Waits for {name} to answer", why_not_running(pod))
        return Verdict(step=Wait(message), plan=_joining(name, message))
    if pod.identity.cluster_id != situation.status.cluster_id:
        claim = situation.desired.claim_name(pod.ordinal)
        return _refusal(
            "ForeignDatabase",
            f"the database of {name} belongs to cluster {pod.identity.cluster_id}. Keep it"
            f" elsewhere, then delete claim {claim} and pod {name}.",
        )
    if _is_retired(pod, pod.identity, situation):
        return _restart_to_rejoin(pod, pod.identity, situation)
    return None


def _is_retired(pod: Pod, identity: Identity, situation: Situation) -> bool:
    """Rule 7: an id never comes back."""
    if situation.member_of(pod) is not None:
        return False
    stamps = {claim.retired_member for claim in situation.observed.claims}
    return identity.state == "removed" or identity.member_id in stamps


def _restart_to_rejoin(pod: Pod, identity: Identity, situation: Situation) -> Verdict:
    """On its way up it finds that it was removed, sets its database aside and draws a new id."""
    recorded = situation.recorded_operation
    is_its_turn = recorded is not None and (recorded.type, recorded.member) == ("ScaleUp", pod.name)
    restarted = recorded.evidence if recorded is not None and is_its_turn else ""
    message = f"{pod.name} was member {identity.member_id}, which is removed; it joins anew."
    if restarted not in ("", pod.uid):
        # Once is enough: if it still has the old id, restarting it forever would not help.
        return Verdict(step=Wait(message), plan=_joining(pod.name, message, evidence=restarted))
    step = DeletePod(pod.name, pod.uid, pod.resource_version, "it was removed and joins anew")
    return Verdict(step=step, plan=_joining(pod.name, message, evidence=pod.uid))


def _to_be_added(pod: Pod, situation: Situation) -> Verdict | Refusal | None:
    member, identity = situation.member_of(pod), pod.identity
    assert identity is not None, "all that are to join have answered"
    if member is not None and member.wants_vote:
        return None
    found = obstacle(situation, "ScaleUp")
    if found is not None:
        return _refusal(found.reason, found.message)
    return Verdict(
        step=AddLearner(identity.member_id, pod.name, identity.peer_address),
        plan=_joining(pod.name, f"{pod.name} joins as a learner.", identity.member_id),
    )


def _refusal(reason: str, message: str) -> Refusal:
    return Refusal(reason="ScaleUpRefused", message=f"Not scaled up while {reason}: {message}")


def _joining(member: str, message: str, member_id: str = "", *, evidence: str = "") -> Plan:
    return Plan(
        type="ScaleUp", member=member, member_id=member_id, message=message, evidence=evidence
    )
