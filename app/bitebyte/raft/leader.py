"""How a member leads: it takes proposals and reads, counts what is durable, and keeps in touch.

Nothing is sent while messages are stepped: `flush`, called once before a Ready is taken, looks
at the outcome and sends each peer what it then lacks. Whatever arrived between two Readys thus
travels in one message, and a commit index rides on entries that go out anyway.
"""

from bitebyte.raft import membership, transfer
from bitebyte.raft.commitment import advance_commit, finish_reads, start_reads
from bitebyte.raft.core import Core
from bitebyte.raft.errors import ProposalDropped, TransferRefused
from bitebyte.raft.lost_log import note_loss
from bitebyte.raft.messages import (
    MsgApp,
    MsgAppResp,
    MsgHeartbeat,
    MsgHeartbeatResp,
    MsgProp,
    MsgReadIndex,
    MsgTransferLeader,
    PeerMessage,
    PeerUnreachable,
)
from bitebyte.raft.progress import Progress, ProgressState
from bitebyte.raft.read_index import ReadRequest
from bitebyte.raft.replication import (
    choose_prompt,
    prepare_recovery,
    replicate,
    send_empty,
    send_heartbeat,
)
from bitebyte.raft.snapshots import give_up_if_silent, request_snapshot
from bitebyte.raft.types import NONE_ID, ConfChange, EntryKind


def step_leader(core: Core, message: PeerMessage) -> None:
    """Takes a message of the current term that is no vote request. Answers of members that are
    not tracked, because they were removed, are dropped."""
    match message:
        case MsgAppResp():
            peer = core.progress.get(message.sender)
            if peer is not None:
                _handle_append_response(core, peer, message)
        case MsgHeartbeatResp():
            peer = core.progress.get(message.sender)
            if peer is not None:
                _handle_heartbeat_response(core, peer, message)
        case MsgProp():
            _take_forwarded(core, message)
        case MsgReadIndex():
            core.reads.add(ReadRequest(message.sender, message.request_id))
        case MsgTransferLeader():
            try:
                transfer.start_transfer(core, message.transferee)
            except TransferRefused:
                return
        case MsgApp() | MsgHeartbeat():
            raise AssertionError(f"two leaders in term {core.term}")
        case _:
            pass


def propose_as_leader(core: Core, proposals: tuple[bytes, ...]) -> None:
    """Appends the proposals. Raises ProposalDropped while too much is not applied yet, or while
    leadership is being handed over."""
    _check_may_append(core)
    core.log.append_new(core.term, proposals)


def propose_change_as_leader(core: Core, change: ConfChange) -> None:
    """Appends the change. Raises ProposalDropped as above, ConfChangeRefused by its own rules."""
    _check_may_append(core)
    membership.append_change(core, change)


def read_as_leader(core: Core, request_id: int) -> bool:
    """Queues an own read; False when too many wait."""
    return core.reads.add(ReadRequest(core.id, request_id))


def tick_leader(core: Core) -> None:
    """Gives up leadership when no quorum was heard for an election timeout, so that clients are
    not kept waiting by a leader that can no longer commit; sends heartbeats when due."""
    core.election_elapsed_ticks += 1
    core.heartbeat_elapsed_ticks += 1
    core.leader_contact_age_ticks += 1
    if core.election_elapsed_ticks >= core.config.election_ticks:
        core.election_elapsed_ticks = 0
        active = [peer.id for peer in core.peers if peer.is_recently_active]
        if not core.quorum.is_reached_by([core.id, *active]):
            core.become_follower(core.term, NONE_ID)
            return
        core.leader_contact_age_ticks = 0
        for peer in core.peers:
            give_up_if_silent(peer)
            peer.is_recently_active = False
    if core.heartbeat_elapsed_ticks >= core.config.heartbeat_ticks:
        core.heartbeat_elapsed_ticks = 0
        core.is_heartbeat_due = True
        core.is_timeout_now_sent = False
        for peer in core.peers:
            prepare_recovery(core, peer)
        membership.leave_joint_if_due(core)
    transfer.tick_transfer(core)


def flush(core: Core) -> None:
    """Starts a read round if reads wait, and sends every peer what it lacks."""
    start_reads(core)
    if core.config.defers_spare_appends and (core.is_notice_due or not core.prompt_ids):
        core.prompt_ids = choose_prompt(core)
    if core.is_heartbeat_due:
        core.is_heartbeat_due = False
        for peer in core.peers:
            send_heartbeat(core, peer)
    for peer in core.peers:
        replicate(core, peer)
    core.is_notice_due = False
    if core.is_transferring:
        transfer.flush_transfer(core)


def note_own_log_durable(core: Core) -> None:
    """The leader's own disk is one voice among others, and counts only now."""
    core.progress[core.id].note_accepted(core.log.stable)
    _advance(core)


def handle_unreachable(core: Core, message: PeerUnreachable) -> None:
    """What is on its way to that peer is probably lost: send no more ahead of its answers."""
    peer = core.progress.get(message.peer_id)
    if peer is not None and peer.state is ProgressState.REPLICATE:
        peer.become_probe(peer.match_index + 1)


def _handle_append_response(core: Core, peer: Progress, message: MsgAppResp) -> None:
    peer.is_recently_active = True
    if message.is_rejected:
        note_loss(peer, message, message.hint_index)
        if message.needs_snapshot and peer.match_index == 0:
            request_snapshot(core, peer)
            return
        hint_index, _ = core.log.find_conflict_by_term(message.hint_index, message.hint_term)
        peer.note_rejected(message.index, hint_index + 1)
    elif message.index <= core.log.last_index:
        is_news = peer.note_accepted(message.index)
        if peer.state is ProgressState.SNAPSHOT and peer.match_index >= core.log.first_index - 1:
            # Whatever brought it so far, the log can take over from there.
            peer.become_replicate()
        if is_news:
            _advance(core)


def _handle_heartbeat_response(core: Core, peer: Progress, message: MsgHeartbeatResp) -> None:
    """A sign of life. If appends were lost, nobody else will notice, so look again; but not when
    one is under way, whose answer will tell."""
    peer.is_recently_active = True
    note_loss(peer, message, message.last_index)
    if not peer.is_append_sent and peer.fetch_low == 0:
        peer.is_paused = False
        if peer.state is ProgressState.REPLICATE and peer.match_index < core.log.last_index:
            send_empty(core, peer)
    peer.read_seq_acked = max(peer.read_seq_acked, min(message.read_seq, core.reads.seq))
    finish_reads(core)


def _advance(core: Core) -> None:
    advance_commit(core)
    if core.conf_state.auto_leave:
        membership.leave_joint_if_due(core)


def _take_forwarded(core: Core, message: MsgProp) -> None:
    """Appends what another member proposes, or drops it where an own proposal would be dropped.
    The origin bound it to this very term; the dispatch compared the terms."""
    try:
        _check_may_append(core)
    except ProposalDropped:
        return
    if message.kind == EntryKind.CONF_CHANGE:
        for data in message.proposals:
            membership.append_forwarded(core, data)
    else:
        core.log.append_new(core.term, message.proposals)
    waiting = core.progress.get(message.sender)
    if waiting is not None:
        waiting.prompt_through = core.log.last_index


def _check_may_append(core: Core) -> None:
    if core.is_transferring:
        raise ProposalDropped("leadership is being handed over")
    if core.log.unapplied_bytes > core.config.unapplied_bytes_max:
        raise ProposalDropped("too many proposals are not applied yet")
