"""Majorities: what a set of acknowledgements or votes amounts to.

During a joint change (thesis §4.3) both halves have to agree, so every answer is the weaker one
of the two. Outside a joint change the outgoing half is empty and agrees with everything.
"""

import enum
from collections.abc import Callable, Collection, Mapping

from bitebyte.raft.types import ConfState

INDEX_MAX = 2**63 - 1
"""What an empty half has acknowledged: it never holds the other half back."""


class VoteResult(enum.Enum):
    """How an election stands."""

    PENDING = "pending"
    WON = "won"
    LOST = "lost"


class Quorum:
    """The voters of one configuration, sorted, so that no result depends on hash order."""

    __slots__ = ("_incoming", "_outgoing", "voters")

    def __init__(self, conf_state: ConfState) -> None:
        self._incoming = tuple(sorted(set(conf_state.voters)))
        self._outgoing = tuple(sorted(set(conf_state.voters_outgoing)))
        self.voters = tuple(sorted({*self._incoming, *self._outgoing}))
        """Everyone whose vote counts in either half."""

    def committed_index(self, acked_index: Callable[[int], int]) -> int:
        """The largest index that a quorum has acknowledged; 0 when there are no voters."""
        if not self.voters:
            return 0
        committed = _majority_index(self._incoming, acked_index)
        if self._outgoing:
            committed = min(committed, _majority_index(self._outgoing, acked_index))
        return committed

    def vote_result(self, votes: Mapping[int, bool]) -> VoteResult:
        """How the election stands after `votes` (True: granted), one per distinct voter."""
        results = (_majority_vote(self._incoming, votes), _majority_vote(self._outgoing, votes))
        if VoteResult.LOST in results:
            return VoteResult.LOST
        if VoteResult.PENDING in results:
            return VoteResult.PENDING
        return VoteResult.WON

    def is_reached_by(self, members: Collection[int]) -> bool:
        """Whether `members` contain a quorum."""
        return self.vote_result(dict.fromkeys(members, True)) is VoteResult.WON


def _majority_index(voters: tuple[int, ...], acked_index: Callable[[int], int]) -> int:
    if not voters:
        return INDEX_MAX
    acked = sorted(map(acked_index, voters))
    # The value at this place is acknowledged by itself and all to its right: n // 2 + 1 of n.
    return acked[(len(acked) - 1) // 2]


def _majority_vote(voters: tuple[int, ...], votes: Mapping[int, bool]) -> VoteResult:
    majority = len(voters) // 2 + 1
    granted = sum(votes.get(voter, False) for voter in voters)
    refused = sum(not votes.get(voter, True) for voter in voters)
    if not voters or granted >= majority:
        return VoteResult.WON
    if len(voters) - refused < majority:
        return VoteResult.LOST
    return VoteResult.PENDING
