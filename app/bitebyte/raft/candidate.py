"""How a member campaigns: first it asks whether it could win, then it stands for election.

The first question (pre-vote, thesis §9.6) raises nobody's term, so a member that was cut off
cannot disturb a working cluster when it comes back. The request for real votes waits for the disk:
were it sent before the new term and vote are durable, a crash could make this member campaign
twice in one term, with a shorter log, and count votes that were given to the longer one.
"""

from bitebyte.raft.core import Core
from bitebyte.raft.follower import step_follower
from bitebyte.raft.messages import (
    MsgApp,
    MsgHeartbeat,
    MsgVote,
    MsgVoteResp,
    PeerMessage,
)
from bitebyte.raft.quorum import VoteResult
from bitebyte.raft.types import NONE_ID, Role


def step_candidate(core: Core, message: PeerMessage) -> None:
    """Takes a message of the current term, or a granted pre-vote for the next one."""
    match message:
        case MsgApp() | MsgHeartbeat():
            core.become_follower(core.term, message.sender)
            step_follower(core, message)
        case MsgVoteResp():
            _handle_vote_response(core, message)
        case _:
            pass


def campaign(core: Core) -> None:
    """Starts a pre-election, if this member has a vote and does not lead already."""
    if core.role is Role.LEADER or not core.is_promotable:
        return
    core.become_pre_candidate()
    for voter in core.quorum.voters:
        if voter != core.id:
            core.send(_vote_request(core, voter, core.term + 1, is_pre=True))
    core.votes[core.id] = True
    _conclude(core)


def answer_vote_request(core: Core, message: MsgVote) -> None:
    """Grants or refuses, in any role. A learner answers too: it may have been promoted and not
    know it yet (etcd-io/raft PR #10998)."""
    is_free = core.vote == message.sender or (core.vote == NONE_ID and core.leader_id == NONE_ID)
    if message.is_pre:
        is_free = is_free or message.term > core.term
    is_up_to_date = core.log.is_up_to_date(message.last_index, message.last_term)
    is_granted = is_free and is_up_to_date
    if is_granted and not message.is_pre:
        core.grant_vote(message.sender)
    answer = MsgVoteResp(
        to=message.sender,
        sender=core.id,
        term=message.term if is_granted else core.term,
        is_pre=message.is_pre,
        is_rejected=not is_granted,
    )
    if not message.is_pre:
        core.respond(answer)
        return
    core.send(answer)
    if core.config.defers_spare_appends and not is_up_to_date and core.role is Role.FOLLOWER:
        # There is no live leader, or the request would not have come to here, and whoever asks
        # cannot win with the log that it has: do not wait for the own timer as well.
        campaign(core)


def _stand_for_election(core: Core) -> None:
    core.become_candidate()
    for voter in core.quorum.voters:
        if voter == core.id:
            core.respond(MsgVoteResp(to=core.id, sender=core.id, term=core.term))
        else:
            core.respond(_vote_request(core, voter, core.term, is_pre=False))


def _vote_request(core: Core, voter: int, term: int, *, is_pre: bool) -> MsgVote:
    return MsgVote(
        to=voter,
        sender=core.id,
        term=term,
        last_index=core.log.last_index,
        last_term=core.log.last_term,
        is_pre=is_pre,
    )


def _handle_vote_response(core: Core, message: MsgVoteResp) -> None:
    if message.is_pre != (core.role is Role.PRE_CANDIDATE):
        return
    core.votes.setdefault(message.sender, not message.is_rejected)
    _conclude(core)


def _conclude(core: Core) -> None:
    match core.quorum.vote_result(core.votes):
        case VoteResult.WON:
            if core.role is Role.PRE_CANDIDATE:
                _stand_for_election(core)
            else:
                core.become_leader()
        case VoteResult.LOST:
            core.become_follower(core.term, NONE_ID)
        case VoteResult.PENDING:
            pass
