"""The owner has asked for hands off."""

from bitebyte_operator.decide.situation import Situation
from bitebyte_operator.decide.verdict import Verdict
from bitebyte_operator.model import Wait


def change_nothing_while_paused(situation: Situation) -> Verdict | None:
    """The status is kept true, and nothing else is touched."""
    if not situation.desired.spec.paused:
        return None
    return Verdict(step=Wait("paused"), keeps_operation=True)
