"""What must be true before a voter is taken away, for a moment or for good.

Safety rules 1, 3 and 4 live here, and nowhere else.
"""

from bitebyte_operator.decide.diagnosis import Degradation, degradations
from bitebyte_operator.decide.situation import Situation
from bitebyte_operator.model import Member
from bitebyte_operator.model.status import OperationType


def quorum_of(voters: int) -> int:
    """More than half."""
    return voters // 2 + 1


def is_change_in_flight(situation: Situation) -> bool:
    """Rule 1: a member is leaving, or a learner may be given its vote at any moment."""
    is_leaving = any(member.state == "leaving" for member in situation.members)
    return is_leaving or any(learner.wants_vote for learner in situation.learners)


def may_restart(situation: Situation, member: Member) -> bool:
    """Rule 3, for a voter that comes back: one more healthy voter than the quorum needs, and the
    quorum without it. The only voter is never safe to restart: that downtime must be announced."""
    voters = situation.voters
    healthy = [one for one in voters if situation.is_healthy(one)]
    others = [one for one in voters if one.id != member.id and situation.is_fit(one)]
    return len(healthy) > quorum_of(len(voters)) and len(others) >= quorum_of(len(voters))


def may_remove(situation: Situation, member: Member) -> bool:
    """Rule 3, for a voter that does not come back: one more healthy voter than the quorum needs
    (of two: both), and a quorum of those that remain."""
    voters = situation.voters
    healthy = [one for one in voters if situation.is_healthy(one)]
    remaining = [one for one in voters if one.id != member.id]
    fit = [one for one in remaining if situation.is_fit(one)]
    enough = min(quorum_of(len(voters)) + 1, len(voters))
    return bool(remaining) and len(healthy) >= enough and len(fit) >= quorum_of(len(remaining))


def obstacle(
    situation: Situation, operation: OperationType, *, victim: str = ""
) -> Degradation | None:
    """Rule 4: what forbids a voluntary step of that operation. Not what is wrong with the very
    member that it takes away, and not that the operation itself has been slow."""
    recorded = situation.recorded_operation
    is_own_turn = recorded is not None and recorded.type == operation == "Upgrade"
    excused = recorded.member if recorded is not None and is_own_turn else ""
    for found in degradations(situation, recorded, excused=excused):
        is_own = found.operation == operation
        is_the_victims = bool(victim) and found.member == victim
        if not is_own and not is_the_victims:
            return found
    return None
