"""What is under way, and until when it may be. Rules 9 and 10."""

from bitebyte_operator.decide.situation import Situation
from bitebyte_operator.decide.verdict import Plan, Verdict
from bitebyte_operator.model import Operation


def operation_after(situation: Situation, verdict: Verdict) -> Operation | None:
    """What is to be written down before the step is taken."""
    if verdict.keeps_operation:
        return situation.recorded_operation
    return None if verdict.plan is None else _continued_or_new(situation, verdict.plan)


def _continued_or_new(situation: Situation, plan: Plan) -> Operation:
    recorded = situation.recorded_operation
    if recorded is None or not _is_the_same(recorded, plan, situation.desired.generation):
        return Operation(
            type=plan.type,
            member=plan.member,
            member_id=plan.member_id,
            started_s=situation.now_s,
            deadline_s=situation.now_s + situation.desired.spec.progress_deadline_seconds,
            generation=situation.desired.generation,
            message=plan.message,
            evidence=plan.evidence,
        )
    return Operation(
        type=plan.type,
        member=plan.member,
        member_id=plan.member_id or recorded.member_id,
        started_s=recorded.started_s,
        deadline_s=recorded.deadline_s,
        generation=recorded.generation,
        message=plan.message,
        evidence=plan.evidence or recorded.evidence,
    )


def _is_the_same(recorded: Operation, plan: Plan, generation: int) -> bool:
    return (recorded.type, recorded.member, recorded.generation) == (
        plan.type,
        plan.member,
        generation,
    ) and plan.evidence in ("", recorded.evidence)
