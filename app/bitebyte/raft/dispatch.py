"""Where inputs go: ticks to the role's timers, messages through the rules on terms to the role."""

from bitebyte.raft.candidate import (
    answer_vote_request,
    campaign,
    learn_commit,
    step_candidate,
    take_over,
)
from bitebyte.raft.core import Core
from bitebyte.raft.follower import step_follower
from bitebyte.raft.leader import (
    handle_unreachable,
    note_own_log_durable,
    step_leader,
    tick_leader,
)
from bitebyte.raft.membership import take_effect
from bitebyte.raft.messages import (
    LocalMessage,
    MsgApp,
    MsgAppResp,
    MsgHeartbeat,
    MsgHeartbeatResp,
    MsgSnap,
    MsgTimeoutNow,
    MsgVote,
    MsgVoteResp,
    PeerMessage,
    PeerUnreachable,
    SnapshotStatus,
    StorageAppendResp,
    StorageApplyResp,
    StorageFetchResp,
)
from bitebyte.raft.replication import handle_fetched
from bitebyte.raft.snapshots import handle_status, note_installed, resume_waiting
from bitebyte.raft.types import NONE_ID, Role


def tick(core: Core) -> None:
    """One tick of the driver's clock."""
    if core.log.is_write_in_flight:
        core.disk_stall_elapsed_ticks += 1
    else:
        core.disk_stall_elapsed_ticks = 0
    if core.role is Role.LEADER:
        tick_leader(core)
        return
    core.leader_contact_age_ticks += 1
    core.election_elapsed_ticks += 1
    if core.election_elapsed_ticks >= core.randomized_election_timeout_ticks:
        # Starts the timer anew; not on a learner, whose lease to a silent leader must run out.
        campaign(core)


def step(core: Core, message: PeerMessage | LocalMessage) -> None:
    """Takes one message; ignores it if it is not addressed to this member. Senders need not be
    members: who joins knows no configuration yet, and a new voter may campaign before the others
    have applied that it is one. What a stranger may not do, the roles know."""
    if message.to != core.id:
        return
    if isinstance(message, LocalMessage):
        _step_local(core, message)
    else:
        _step_peer(core, message)


def _step_local(core: Core, message: LocalMessage) -> None:
    """Storage speaks for no term: what is durable or applied stays so, whoever leads now."""
    match message:
        case StorageAppendResp():
            installed = core.log.finish_writes(message.sequence)
            core.disk_stall_elapsed_ticks = 0
            if installed is not None:
                note_installed(core, installed)
            if core.role is Role.LEADER:
                note_own_log_durable(core)
        case StorageApplyResp():
            for entry in core.log.finish_apply(message.index):
                take_effect(core, entry)
            resume_waiting(core)
            if core.is_campaign_owed and not core.log.committed_conf_index:
                core.is_campaign_owed = False
                take_over(core)
        case StorageFetchResp():
            handle_fetched(core, message)
            return
        case PeerUnreachable():
            handle_unreachable(core, message)
            return
        case SnapshotStatus():
            handle_status(core, message)
            return
    core.log.evict(core.config.log_cache_bytes_max)


def _step_peer(core: Core, message: PeerMessage) -> None:
    if isinstance(message, MsgVoteResp):
        learn_commit(core, message)
    if message.term > core.term:
        if not _enter_higher_term(core, message):
            return
    elif message.term < core.term:
        _answer_stale(core, message)
        return
    if isinstance(message, MsgVote):
        answer_vote_request(core, message)
    elif isinstance(message, MsgTimeoutNow):
        take_over(core)
    elif core.role is Role.LEADER:
        step_leader(core, message)
    elif core.role is Role.FOLLOWER:
        step_follower(core, message)
    else:
        step_candidate(core, message)


def _enter_higher_term(core: Core, message: PeerMessage) -> bool:
    """Follows whoever knows a higher term (paper §5.1). Says whether the message still counts.

    Exceptions. While a leader is alive, requests for votes are not even looked at, so that a
    member that missed its removal or was cut off one way cannot unseat it; a leader that hands
    leadership over asks for the exception, but not for a stranger. A pre-vote and its grant carry
    a term that nobody has entered yet. And nobody waits for the answers of strangers.
    """
    match message:
        case MsgVote():
            is_stranger = core.role is Role.LEADER and message.sender not in core.quorum.voters
            if core.is_in_leader_lease and (is_stranger or not message.is_forced):
                return False
            if not message.is_pre:
                core.become_follower(message.term, NONE_ID)
        case MsgVoteResp() if message.is_pre and not message.is_rejected:
            return message.term == core.term + 1
        case MsgAppResp() | MsgHeartbeatResp() | MsgVoteResp() if not core.is_member(
            message.sender
        ):
            return False
        case MsgApp() | MsgHeartbeat():
            core.become_follower(message.term, message.sender)
        case _:
            core.become_follower(message.term, NONE_ID)
    return True


def _answer_stale(core: Core, message: PeerMessage) -> None:
    """Tells the sender of a request that its term is over. Without this a member that has raised
    its term while cut off would ignore its leader, and be ignored by it, for ever."""
    match message:
        case MsgApp() | MsgHeartbeat() | MsgSnap():
            core.send(
                MsgAppResp(
                    to=message.sender, sender=core.id, term=core.term, index=0, is_rejected=True
                )
            )
        case MsgVote():
            core.send(
                MsgVoteResp(
                    to=message.sender,
                    sender=core.id,
                    term=core.term,
                    is_pre=message.is_pre,
                    is_rejected=True,
                    commit=core.log.committed,
                    commit_term=core.log.term(core.log.committed),
                )
            )
        case _:
            pass
