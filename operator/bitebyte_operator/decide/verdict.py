"""What a rule may answer."""

from collections.abc import Callable

import msgspec

from bitebyte_operator.decide.situation import Situation
from bitebyte_operator.model import Step
from bitebyte_operator.model.status import OperationType


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The operation that a step belongs to, and whose turn it is."""

    type: OperationType
    member: str = ""
    member_id: str = ""
    message: str
    evidence: str = ""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """This is to be done now, and no later rule is asked."""

    step: Step
    plan: Plan | None = None
    keeps_operation: bool = False
    """What was under way still is; this is not the moment to go on with it."""


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Something is wanted that must not be done now. Later rules are asked."""

    reason: str
    message: str


Rule = Callable[[Situation], Verdict | Refusal | None]
"""None: nothing of mine is to be done."""
