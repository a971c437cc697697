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
    MsgSnap,
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
        case MsgSnap():
            core.become_follower(core.term, NONE_ID)
            step_follower(core, message)
        case MsgVoteResp():
            _handle_vote_response(core, message)
        case _:
            pass


def campaign(core: Core) -> None:
    """Starts a pre-election, if this member may campaign."""
    if not core.may_campaign:
        return
    core.become_pre_candidate()
    for voter in core.quorum.voters:
        if voter != core.id:
            core.send(_vote_request(core, voter, core.term + 1, is_pre=True))
    core.votes[core.id] = True
    _conclude(core)


def take_over(core: Core) -> None:
    """The leader wants this member to lead. Without a pre-vote, for the leader is alive; when a
    committed change of membership is in the way, as soon as that is applied."""
    if core.may_campaign:
        _stand_for_election(core, is_forced=True)
    else:
        core.is_campaign_owed = core.is_promotable and core.role is not Role.LEADER


def answer_vote_request(core: Core, message: MsgVote) -> None:
    """Grants or refuses, in any role. Whether the vote counts is the candidate's business: a
    learner answers too, since it may have been promoted and not know it yet (etcd PR #10998)."""
    is_free = core.vote == message.sender or (core.vote == NONE_ID and core.leader_id == NONE_ID)
    if message.is_pre:
        is_free = is_free or message.term > core.term
    is_up_to_date = core.log.is_up_to_date(message.last_index, message.last_term)
    is_granted = is_free and is_up_to_date and core.may_vote
    if is_granted and not message.is_pre:
        core.grant_vote(message.sender)
    answer = MsgVoteResp(
        to=message.sender,
        sender=core.id,
        term=message.term if is_granted else core.term,
        is_pre=message.is_pre,
        is_rejected=not is_granted,
        commit=core.log.committed,
        commit_term=core.log.term(core.log.committed),
    )
    if not message.is_pre:
        core.respond(answer)
        return
    core.send(answer)
    if (
        core.config.defers_spare_appends
        and not is_up_to_date
        and core.role is Role.FOLLOWER
        and not core.is_in_leader_lease
    ):
        # There is no live leader, and whoever asks cannot win with the log that it has: do not
        # wait for the own timer as well.
        campaign(core)


def learn_commit(core: Core, message: MsgVoteResp) -> None:
    """Takes the commit index from an answer, whatever it says else and of whatever term it is.

    A member that was removed or demoted may be all that is left to know that, and refuse its vote
    because its log is longer. Without this nobody could be elected (etcd #12359; the remedy is
    that of raft-rs). Who learns of a change of membership has to apply it before it campaigns.
    """
    log = core.log
    if message.commit > log.committed and log.has(message.commit, message.commit_term):
        log.commit_to(message.commit)
        if log.committed_conf_index and core.role in (Role.PRE_CANDIDATE, Role.CANDIDATE):
            core.become_follower(core.term, NONE_ID)


def _stand_for_election(core: Core, *, is_forced: bool = False) -> None:
    core.become_candidate()
    for voter in core.quorum.voters:
        if voter == core.id:
            core.respond(MsgVoteResp(to=core.id, sender=core.id, term=core.term))
        else:
            request = _vote_request(core, voter, core.term, is_forced=is_forced)
            core.respond(request)


def _vote_request(
    core: Core, voter: int, term: int, *, is_pre: bool = False, is_forced: bool = False
) -> MsgVote:
    return MsgVote(
        to=voter,
        sender=core.id,
        term=term,
        last_index=core.log.last_index,
        last_term=core.log.last_term,
        is_pre=is_pre,
        is_forced=is_forced,
    )


def _handle_vote_response(core: Core, message: MsgVoteResp) -> None:
    """Counts an answer to the question that is open. A grant of a pre-vote names the term that was
    asked for: one for the term that has come meanwhile answers an earlier pre-election, and would
    let a member raise everybody's term again without having asked a quorum."""
    if message.is_pre != (core.role is Role.PRE_CANDIDATE):
        return
    if message.is_pre and not message.is_rejected and message.term != core.term + 1:
        return
    if message.sender not in core.quorum.voters:
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
