"""Nobody leads: hands off, but for what no longer runs anyway. Rule 2."""

from bitebyte_operator.decide.diagnosis import NOT_RUNNING_REASONS
from bitebyte_operator.decide.situation import Situation
from bitebyte_operator.decide.verdict import Plan, Verdict
from bitebyte_operator.model import DeletePod, Pod, Wait


def touch_nothing_without_a_leader(situation: Situation) -> Verdict | None:
    """No member, no claim, and no pod that may hold a vote.

    One thing is allowed, because nothing else could ever heal a corrected spec: a pod of an
    unwanted template whose process does not run is made anew, with its claim.
    """
    if situation.confirmed is not None:
        return None
    for pod in situation.outdated_pods:
        if _does_not_run(pod, situation):
            step = DeletePod(
                pod.name, pod.uid, pod.resource_version, "it does not run, nor is it wanted so"
            )
            plan = Plan(
                type="Upgrade",
                member=pod.name,
                message=f"{pod.name} does not run and has an old template; it is made anew.",
            )
            return Verdict(step=step, plan=plan)
    return Verdict(step=Wait("no leader has confirmed anything"), keeps_operation=True)


def _does_not_run(pod: Pod, situation: Situation) -> bool:
    if pod.is_ready or pod.identity is not None:
        return False
    is_the_only_voter = len(situation.recorded_voters) == 1
    return is_the_only_voter or pod.waiting_reason in NOT_RUNNING_REASONS
