"""How a member follows: it takes the leader's entries and commit index, and forwards requests.

An append is durable before it is acknowledged, so acceptances go out through `Core.respond`.
Rejections and heartbeat answers promise nothing about the disk and go at once.
"""

from bitebyte.raft.core import Core
from bitebyte.raft.errors import ProposalDropped, TransferRefused
from bitebyte.raft.lost_log import notice_loss
from bitebyte.raft.messages import (
    MsgApp,
    MsgAppResp,
    MsgHeartbeat,
    MsgHeartbeatResp,
    MsgProp,
    MsgReadIndex,
    MsgReadIndexResp,
    MsgSnap,
    MsgTransferLeader,
    PeerMessage,
)
from bitebyte.raft.snapshots import handle_snapshot
from bitebyte.raft.types import NONE_ID, Entry, EntryKind, ReadState


def step_follower(core: Core, message: PeerMessage) -> None:
    """Takes a message of the current term that is no vote request."""
    match message:
        case MsgApp():
            core.note_leader_contact(message.sender)
            handle_append(core, message)
        case MsgHeartbeat():
            core.note_leader_contact(message.sender)
            handle_heartbeat(core, message)
        case MsgSnap():
            # It was long on its way and says nothing about who leads now.
            if core.leader_id == message.sender:
                core.note_leader_contact(message.sender)
            handle_snapshot(core, message)
        case MsgReadIndexResp():
            core.read_states.append(ReadState(message.request_id, message.index))
        case _:
            # Answers to roles that are over, and proposals that only a leader may take.
            pass


def propose_as_follower(
    core: Core, proposals: tuple[bytes, ...], *, kind: EntryKind = EntryKind.NORMAL
) -> None:
    """Forwards to the leader, bound to this term. Raises ProposalDropped without a leader."""
    if core.leader_id == NONE_ID:
        raise ProposalDropped("no leader is known")
    core.send(
        MsgProp(to=core.leader_id, sender=core.id, term=core.term, proposals=proposals, kind=kind)
    )


def transfer_as_follower(core: Core, transferee: int) -> None:
    """Asks the leader to hand over. Raises TransferRefused without a leader."""
    if core.leader_id == NONE_ID:
        raise TransferRefused("no leader is known")
    core.send(
        MsgTransferLeader(to=core.leader_id, sender=core.id, term=core.term, transferee=transferee)
    )


def read_as_follower(core: Core, request_id: int) -> bool:
    """Asks the leader for a read index; False when none is known."""
    if core.leader_id == NONE_ID:
        return False
    core.send(
        MsgReadIndex(to=core.leader_id, sender=core.id, term=core.term, request_id=request_id)
    )
    return True


def handle_append(core: Core, message: MsgApp) -> None:
    """The receiver's rules of AppendEntries (paper figure 2), made safe for late and repeated
    messages: only a real conflict truncates. A member without a configuration takes no entries."""
    log = core.log
    if not core.knows_configuration:
        _reject(core, message)
        return
    prev_index, prev_term, entries = message.prev_index, message.prev_term, message.entries
    if entries and not _follows(message):
        return
    if entries and log.committed_unapplied_bytes > core.config.unapplied_bytes_max:
        # No memory for more until the state machine catches up. As if it were lost: the leader
        # will send it again. Uncommitted entries do not count, or a log full of them could never
        # take the no-op that lets them commit; the leader's own bound keeps them few.
        return
    if prev_index < log.committed:
        # All up to the commit index agrees already (Leader Completeness); only the rest is news.
        entries = entries[log.committed - prev_index :]
        prev_index = log.committed
    elif not log.has(prev_index, prev_term):
        _reject(core, message)
        return
    matched_index = prev_index + len(entries)
    news = _skip_known(core, entries)
    if news:
        if news[0].index <= log.last_index:
            log.truncate_from(news[0].index)
        log.append(news)
    log.commit_to(min(message.commit, matched_index))
    if message.is_notice:
        return
    core.respond(MsgAppResp(to=message.sender, sender=core.id, term=core.term, index=matched_index))


def handle_heartbeat(core: Core, message: MsgHeartbeat) -> None:
    """Learns the commit index, which the leader has capped to what we acknowledged to it. Where
    that is more than the log holds, the log has lost something, and the answer waits until it is
    durable that we know."""
    notice_loss(core, message)
    if not core.has_lost_log:
        core.log.commit_to(message.commit)
        core.send(
            MsgHeartbeatResp(
                to=message.sender, sender=core.id, term=core.term, read_seq=message.read_seq
            )
        )
        return
    # Appends tell the commit index to this log, and check before that it agrees.
    core.respond(
        MsgHeartbeatResp(
            to=message.sender,
            sender=core.id,
            term=core.term,
            read_seq=message.read_seq,
            has_lost_log=True,
            last_index=core.log.last_index,
        )
    )


def _follows(message: MsgApp) -> bool:
    """Whether the entries are what a leader of that term can send after prev_index."""
    first, last = message.entries[0], message.entries[-1]
    return (
        first.index == message.prev_index + 1
        and last.index == message.prev_index + len(message.entries)
        and message.prev_term <= first.term <= last.term <= message.term
    )


def _skip_known(core: Core, entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """The entries from the first one on that the log does not hold."""
    log = core.log
    if not entries or entries[0].index > log.last_index:
        return entries
    for place, entry in enumerate(entries):
        if not log.has(entry.index, entry.term):
            return entries[place:]
    return ()


def _reject(core: Core, message: MsgApp) -> None:
    """Says where the logs may still agree: the newest entry whose term is not above the one that
    the leader has at prev_index. The leader skips whole terms on its side in the same way. While a
    snapshot waits or is written, its acknowledgement will be the answer; a rejection would ask for
    another."""
    if core.waiting_snapshot is not None or core.log.is_installing:
        return
    hint_index, hint_term = core.log.find_conflict_by_term(message.prev_index, message.prev_term)
    core.send(
        MsgAppResp(
            to=message.sender,
            sender=core.id,
            term=core.term,
            index=message.prev_index,
            is_rejected=True,
            hint_index=hint_index,
            hint_term=hint_term,
            has_lost_log=core.has_lost_log,
            needs_snapshot=not core.knows_configuration,
        )
    )
