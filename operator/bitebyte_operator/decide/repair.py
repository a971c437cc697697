"""What heals, before anything is changed. Done also while degraded.

(Replacing lost members, with its gates for claims of vanished machines, has its place here, between
`withdraw_unwanted_learners` and `remake_sick_outdated_pods`.)
"""

from bitebyte_operator.decide.diagnosis import NOT_RUNNING_REASONS
from bitebyte_operator.decide.situation import Situation
from bitebyte_operator.decide.upgrade import unsettled_pod
from bitebyte_operator.decide.verdict import Plan, Verdict
from bitebyte_operator.model import DeletePod, Member, Pod, Wait, WithdrawLearner


def finish_the_change_of_members(situation: Situation) -> Verdict | None:
    """Rule 1: while a member is leaving, no other change is asked for."""
    leaving = next((member for member in situation.members if member.state == "leaving"), None)
    if leaving is None:
        return None
    return Verdict(step=Wait(f"{leaving.name} is leaving the cluster"), keeps_operation=True)


def withdraw_unwanted_learners(situation: Situation) -> Verdict | None:
    """A learner that nobody wants any more, or whose disk is gone. It has no vote, so nothing is
    at risk; its id never comes back."""
    learner = next((one for one in situation.learners if _is_unwanted(one, situation)), None)
    if learner is None:
        return None
    plan = Plan(
        type="ScaleDown",
        member=learner.name,
        member_id=learner.id,
        message=f"{learner.name} is withdrawn before it votes.",
    )
    return Verdict(step=WithdrawLearner(learner.id, learner.name), plan=plan)


def _is_unwanted(learner: Member, situation: Situation) -> bool:
    ordinal = situation.ordinal_of(learner)
    is_surplus = ordinal is not None and ordinal >= situation.replicas_wanted
    return is_surplus or situation.is_lost(learner)


def remake_sick_outdated_pods(situation: Situation) -> Verdict | None:
    """A pod that does not work and is not even wanted like that: the first to get the new
    template. So a spec that is set back heals without anybody deleting pods."""
    for pod in situation.outdated_pods:
        if situation.is_sick(pod) and _may_be_remade(pod, situation):
            member = situation.member_of(pod)
            plan = Plan(
                type="Upgrade",
                member=pod.name,
                member_id=member.id if member is not None else "",
                message=f"{pod.name} does not work and has an old template; it is made anew.",
            )
            step = DeletePod(
                pod.name,
                pod.uid,
                pod.resource_version,
                "it does not work, nor is it wanted so",
                unless_leader=member.id if member is not None else "",
            )
            return Verdict(step=step, plan=plan)
    return None


def _may_be_remade(pod: Pod, situation: Situation) -> bool:
    """A voter that may only be unheard for a moment is not given a template that is failing
    elsewhere."""
    member = situation.member_of(pod)
    is_voter = member is not None and member.state != "learner"
    if not is_voter or pod.waiting_reason in NOT_RUNNING_REASONS:
        return True
    return unsettled_pod(situation) is None
