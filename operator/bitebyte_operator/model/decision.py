"""What comes out of `decide`."""

from typing import Literal

import msgspec

from bitebyte_operator.model.status import StatusRecord
from bitebyte_operator.model.steps import Step


class Event(msgspec.Struct, frozen=True):
    """One line for `kubectl describe`. Only at changes, so that nobody has to deduplicate it."""

    type: Literal["Normal", "Warning"]
    reason: str
    message: str


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """Write `status` if it differs from what was read, then take `step`, then post `events`, then
    look again after `requeue_after_s` at the latest."""

    step: Step
    status: StatusRecord
    requeue_after_s: float
    rule: str
    """The rule that has decided, for the log and for metrics."""
    events: tuple[Event, ...] = ()
