"""The BarCluster is being deleted. Rules 5 and 12: the data stays unless its owner has said
otherwise, and then it is looked at twice."""

from typing import Final

from bitebyte_operator.decide.situation import Situation
from bitebyte_operator.decide.verdict import Plan, Verdict
from bitebyte_operator.model import (
    Claim,
    DeleteClaim,
    DeleteStatefulSet,
    RemoveFinalizer,
    Step,
    Wait,
)

LOOKS_APART_S: Final = 10.0
"""Between the first sight of the claims and their deletion."""


def delete_as_the_policy_says(situation: Situation) -> Verdict | None:
    """Retain: let it go. Delete: pods first, then the claims, then let it go."""
    if situation.desired.deletion_requested_s is None:
        return None
    if not situation.desired.has_finalizer:
        return Verdict(step=Wait("the BarCluster is on its way out"))
    if situation.desired.spec.deletion_policy == "Retain":
        return _let_go(situation)
    found = situation.stateful_set
    if found is not None and not found.is_deleting:
        step = DeleteStatefulSet(found.uid, found.resource_version)
        return _deleting(situation, step, "The pods are stopped.")
    if found is not None or situation.observed.pods:
        return _deleting(situation, Wait("pods are stopping"), "The pods are stopped.")
    return _delete_claims(situation) or _let_go(situation)


def _delete_claims(situation: Situation) -> Verdict | None:
    own = [claim for claim in situation.observed.claims if _is_ours(claim, situation)]
    if not own:
        return None
    left = [claim for claim in own if not claim.is_deleting]
    names = ", ".join(claim.name for claim in own)
    message = f"deletionPolicy is Delete: the data is destroyed ({names})."
    recorded = situation.recorded_operation
    seen = set(recorded.evidence.split()) if recorded and recorded.type == "Delete" else set[str]()
    if not {claim.uid for claim in own} <= seen:
        evidence = " ".join(claim.uid for claim in own)
        step: Step = Wait("the claims are looked at once more before they are deleted")
        return _deleting(situation, step, message, member="claims", evidence=evidence)
    assert recorded is not None, "whoever has seen them has written it down"
    if left and situation.now_s >= recorded.started_s + LOOKS_APART_S:
        step = DeleteClaim(left[0].name, left[0].uid, left[0].resource_version)
    else:
        step = Wait("claims are on their way out")
    return _deleting(situation, step, message, member="claims", evidence=recorded.evidence)


def _is_ours(claim: Claim, situation: Situation) -> bool:
    own_id = situation.status.cluster_id
    return own_id is not None and claim.cluster_id == own_id


def _deleting(
    situation: Situation, step: Step, message: str, *, member: str = "", evidence: str = ""
) -> Verdict:
    plan = Plan(type="Delete", member=member, message=message, evidence=evidence)
    return Verdict(step=step, plan=plan)


def _let_go(situation: Situation) -> Verdict:
    return Verdict(step=RemoveFinalizer(situation.desired.resource_version))
