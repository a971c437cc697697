"""One look in, at most one step out: what the operator does next, and what it says about it.

rules          the ordered list, and where each safety rule is kept
situation      what follows from one look
diagnosis      what is wrong
gates          what must be true before a voter is taken away
deletion, pause, objects, creation, quorum, repair, upgrade, scale_up, scale_down
               the rules themselves
operations     what is under way, and until when
conditions, report, announcements
               what people are told
"""

from typing import Final

from bitebyte_operator.decide import rules
from bitebyte_operator.decide.announcements import events_between
from bitebyte_operator.decide.diagnosis import is_expired
from bitebyte_operator.decide.operations import operation_after
from bitebyte_operator.decide.report import status_after
from bitebyte_operator.decide.situation import Situation
from bitebyte_operator.decide.verdict import Refusal, Verdict
from bitebyte_operator.model import (
    BarCluster,
    Decision,
    Observed,
    Operation,
    StatusRecord,
    Wait,
)

AFTER_A_STEP_S: Final = 1.0
UNDER_WAY_S: Final = 2.0
AT_REST_S: Final = 15.0
"""Also where a deadline has passed: it is repeated, slowly, since the cause may go away."""


def decide(
    desired: BarCluster,
    observed: Observed,
    status: StatusRecord,
    now_s: float,
    fresh_cluster_id: str,
) -> Decision:
    """The next step towards `desired`, and the status to be written before it.

    Pure and total: the same arguments give the same decision, and there is one for all arguments.
    `fresh_cluster_id` (a random id in decimal) is used only where a cluster has none yet.
    """
    situation = Situation(desired, observed, status, now_s, fresh_cluster_id)
    rule, verdict, refusal = _first_verdict(situation)
    operation = operation_after(situation, verdict)
    after = status_after(situation, verdict.step, operation, refusal)
    return Decision(
        step=verdict.step,
        status=after,
        requeue_after_s=_requeue_after_s(situation, verdict, operation, refusal),
        rule=rule,
        events=events_between(status, after),
    )


def _first_verdict(situation: Situation) -> tuple[str, Verdict, Refusal | None]:
    refusal: Refusal | None = None
    for rule in rules.RULES:
        found = rule(situation)
        if isinstance(found, Verdict):
            return rule.__name__, found, refusal
        refusal = refusal or found
    return "rest", Verdict(step=Wait("there is nothing to do")), refusal


def _requeue_after_s(
    situation: Situation, verdict: Verdict, operation: Operation | None, refusal: Refusal | None
) -> float:
    if situation.desired.spec.paused or is_expired(operation, situation):
        return AT_REST_S
    if not isinstance(verdict.step, Wait):
        return AFTER_A_STEP_S
    is_under_way = operation is not None or refusal is not None or verdict.keeps_operation
    return UNDER_WAY_S if is_under_way else AT_REST_S
