"""How a member leads: it replicates its log, counts what is durable, and confirms itself for reads.

Nothing is sent while messages are stepped: `flush`, called once before a Ready is taken, looks
at the outcome and sends each peer what it then lacks. Whatever arrived between two Readys thus
travels in one message, and a commit index rides on entries that go out anyway.
"""

from bitebyte.raft.core import Core
from bitebyte.raft.errors import ProposalDropped
from bitebyte.raft.messages import (
    MsgApp,
    MsgAppResp,
    MsgHeartbeat,
    MsgHeartbeatResp,
    MsgProp,
    MsgReadIndex,
    MsgReadIndexResp,
    PeerMessage,
    StorageFetch,
    StorageFetchResp,
)
from bitebyte.raft.progress import Progress, ProgressState
from bitebyte.raft.read_index import ReadRequest
from bitebyte.raft.types import NONE_ID, Entry, ReadState

FETCH_ENTRIES_MAX = 8192
"""Entries asked of storage at once: bounds the answer even if they carry next to nothing."""

SPARE_ENTRIES_MAX = 8
"""So many entries are worth a message to a spare member, however young they are: deferring more
would save nothing, and one more answer only makes commitment steadier under load."""


def step_leader(core: Core, message: PeerMessage) -> None:
    """Takes a message of the current term that is no vote request."""
    match message:
        case MsgAppResp():
            _handle_append_response(core, core.progress[message.sender], message)
        case MsgHeartbeatResp():
            _handle_heartbeat_response(core, core.progress[message.sender], message)
        case MsgProp():
            # The origin bound its proposal to this very term; the dispatch compared the terms.
            if not _is_log_full(core):
                core.log.append_new(core.term, message.proposals)
                core.progress[message.sender].prompt_through = core.log.last_index
        case MsgReadIndex():
            core.reads.add(ReadRequest(message.sender, message.request_id))
        case MsgApp() | MsgHeartbeat():
            raise AssertionError(f"two leaders in term {core.term}")
        case _:
            pass


def propose_as_leader(core: Core, proposals: tuple[bytes, ...]) -> None:
    """Appends the proposals. Raises ProposalDropped while too much is not applied yet."""
    if _is_log_full(core):
        raise ProposalDropped("too many proposals are not applied yet")
    core.log.append_new(core.term, proposals)


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
            peer.is_recently_active = False
    if core.heartbeat_elapsed_ticks >= core.config.heartbeat_ticks:
        core.heartbeat_elapsed_ticks = 0
        core.is_heartbeat_due = True
        for peer in core.peers:
            _prepare_recovery(core, peer)


def flush(core: Core) -> None:
    """Starts a read round if reads wait, and sends every peer what it lacks."""
    _start_reads(core)
    if core.is_notice_due or not core.prompt_ids:
        core.prompt_ids = choose_prompt(core)
    if core.is_heartbeat_due:
        core.is_heartbeat_due = False
        for peer in core.peers:
            _send_heartbeat(core, peer)
    for peer in core.peers:
        _replicate(core, peer)
    core.is_notice_due = False


def has_untold(core: Core) -> bool:
    """Whether some follower could be sent more than it was, entries or a commit index."""
    return any(
        peer.state is ProgressState.REPLICATE
        and (_is_commit_untold(core, peer) or (is_spare(core, peer) and _lacks_entries(core, peer)))
        for peer in core.peers
    )


def note_own_log_durable(core: Core) -> None:
    """The leader's own disk is one voice among others, and counts only now."""
    core.progress[core.id].note_accepted(core.log.stable)
    _advance_commit(core)


def handle_fetched(core: Core, answer: StorageFetchResp) -> None:
    """Sends what was read from disk on, if the peer still waits for it."""
    peer = core.progress.get(answer.peer_id)
    if peer is None or peer.fetch_low == 0 or peer.fetch_low != answer.low:
        return
    peer.fetch_low = 0
    if peer.state is not ProgressState.REPLICATE or peer.next_index != answer.low:
        return
    if not _is_own_log(core, answer.low, answer.entries):
        # Unreadable now. Do not ask again at once, but after the next sign of life.
        peer.is_paused = True
        return
    if not peer.inflights.is_full:
        _send_append(core, peer, answer.entries)


def _handle_append_response(core: Core, peer: Progress, message: MsgAppResp) -> None:
    peer.is_recently_active = True
    if message.is_rejected:
        hint_index, _ = core.log.find_conflict_by_term(message.hint_index, message.hint_term)
        peer.note_rejected(message.index, hint_index + 1)
    elif message.index <= core.log.last_index and peer.note_accepted(message.index):
        _advance_commit(core)


def _handle_heartbeat_response(core: Core, peer: Progress, message: MsgHeartbeatResp) -> None:
    """A sign of life. If appends were lost, nobody else will notice, so look again; but not when
    one is under way, whose answer will tell."""
    peer.is_recently_active = True
    if not peer.is_append_sent and peer.fetch_low == 0:
        peer.is_paused = False
        if peer.state is ProgressState.REPLICATE and peer.match_index < core.log.last_index:
            _send_append(core, peer, ())
    peer.read_seq_acked = max(peer.read_seq_acked, min(message.read_seq, core.reads.seq))
    _finish_reads(core)


def _advance_commit(core: Core) -> None:
    """Commits what a quorum holds, counting only entries of the own term (paper §5.4.2): an older
    one may be on a majority and still be overwritten (figure 8)."""
    index = core.quorum.committed_index(lambda member_id: core.progress[member_id].match_index)
    log = core.log
    if index > log.committed and log.term(index) == core.term:
        log.commit_to(index)


def _replicate(core: Core, peer: Progress) -> None:
    log = core.log
    if peer.is_paused or peer.fetch_low or peer.state is ProgressState.SNAPSHOT:
        return
    bytes_max = core.config.size_per_message_bytes_max
    if peer.state is ProgressState.PROBE:
        in_memory = peer.next_index >= log.window_first
        _send_append(core, peer, log.slice(peer.next_index, bytes_max) if in_memory else ())
        return
    if _may_wait(core, peer):
        return
    while peer.next_index <= log.last_index and not peer.inflights.is_full:
        if peer.next_index < log.window_first:
            _fetch(core, peer)
            return
        _send_append(core, peer, log.slice(peer.next_index, bytes_max))
    if _is_commit_untold(core, peer) and (
        core.is_notice_due
        or not core.config.defers_commit_notices
        or peer.commit_sent < peer.prompt_through
    ):
        _send_append(core, peer, (), is_notice=True)


def choose_prompt(core: Core) -> frozenset[int]:
    """The members to send entries to at once: a quorum with this one, those first that have
    acknowledged most; between equals those that were chosen before, so that the choice rests.

    A chosen one that stalls loses its place at the next notice: the others are sent everything
    then, and acknowledge more than it does.
    """
    chosen = [core.id]
    for peer in sorted(
        core.peers, key=lambda peer: (-peer.match_index, peer.id not in core.prompt_ids)
    ):
        if core.quorum.is_reached_by(chosen):
            break
        chosen.append(peer.id)
    return frozenset(chosen)


def is_spare(core: Core, peer: Progress) -> bool:
    """Whether commitment does not wait for that peer, so that it may get entries later."""
    return core.config.defers_spare_appends and peer.id not in core.prompt_ids


def _may_wait(core: Core, peer: Progress) -> bool:
    """Whether the peer's entries may wait for the next notice: too few to be worth a message."""
    return (
        is_spare(core, peer)
        and not core.is_notice_due
        and peer.prompt_through < peer.next_index
        and core.log.last_index - peer.next_index < SPARE_ENTRIES_MAX
    )


def _lacks_entries(core: Core, peer: Progress) -> bool:
    return (
        peer.next_index <= core.log.last_index
        and not peer.inflights.is_full
        and not peer.is_paused
        and not peer.fetch_low
    )


def _is_commit_untold(core: Core, peer: Progress) -> bool:
    return (
        peer.commit_sent < min(core.log.committed, peer.next_index - 1)
        and not peer.inflights.is_full
    )


def _send_append(
    core: Core, peer: Progress, entries: tuple[Entry, ...], *, is_notice: bool = False
) -> None:
    log = core.log
    prev_index = peer.next_index - 1
    core.send(
        MsgApp(
            to=peer.id,
            sender=core.id,
            term=core.term,
            prev_index=prev_index,
            prev_term=log.term(prev_index),
            entries=entries,
            commit=log.committed,
            is_notice=is_notice,
        )
    )
    peer.commit_sent = max(peer.commit_sent, min(log.committed, prev_index + len(entries)))
    if not is_notice:
        peer.note_sent(len(entries))


def _send_heartbeat(core: Core, peer: Progress) -> None:
    """The commit index is capped to what the peer has acknowledged: a heartbeat checks nothing."""
    core.send(
        MsgHeartbeat(
            to=peer.id,
            sender=core.id,
            term=core.term,
            commit=min(peer.match_index, core.log.committed),
            read_seq=core.reads.seq,
        )
    )


def _prepare_recovery(core: Core, peer: Progress) -> None:
    """A heartbeat cannot tell a commit index that the peer has not acknowledged. An empty append
    can, because it is checked; it also finds lost entries a round trip earlier than the heartbeat
    would (the weakness of etcd-io/raft #138)."""
    peer.is_append_sent = False
    if (
        peer.state is ProgressState.REPLICATE
        and peer.is_recently_active
        and not peer.is_paused
        and peer.fetch_low == 0
        and peer.match_index < core.log.committed
    ):
        _send_append(core, peer, ())


def _fetch(core: Core, peer: Progress) -> None:
    low = peer.next_index
    peer.fetch_low = low
    core.fetches.append(
        StorageFetch(
            peer_id=peer.id,
            low=low,
            high=min(core.log.window_first, low + FETCH_ENTRIES_MAX),
            bytes_max=core.config.size_per_message_bytes_max,
        )
    )


def _is_own_log(core: Core, low: int, entries: tuple[Entry, ...]) -> bool:
    """Whether these are our own entries from `low` on."""
    log = core.log
    return (
        bool(entries)
        and entries[-1].index <= log.last_index
        and all(
            entry.index == index and entry.term == log.term(index)
            for index, entry in enumerate(entries, low)
        )
    )


def _is_log_full(core: Core) -> bool:
    return core.log.unapplied_bytes > core.config.unapplied_bytes_max


def _start_reads(core: Core) -> None:
    """Begins a round with a heartbeat to all. Before an entry of the own term is committed, the
    commit index may lag behind what clients have seen (etcd #7331), so reads wait for it."""
    reads, log = core.reads, core.log
    if reads.is_round_open or not reads.has_queued or log.term(log.committed) != core.term:
        return
    reads.start_round(log.committed)
    core.progress[core.id].read_seq_acked = reads.seq
    core.is_heartbeat_due = True
    _finish_reads(core)


def _finish_reads(core: Core) -> None:
    index = core.reads.index
    confirmed = core.reads.take_confirmed(
        core.quorum, lambda member_id: core.progress[member_id].read_seq_acked
    )
    for request in confirmed:
        if request.sender == core.id:
            core.read_states.append(ReadState(request.request_id, index))
        else:
            waiting = core.progress[request.sender]
            waiting.prompt_through = max(waiting.prompt_through, index)
            core.send(
                MsgReadIndexResp(
                    to=request.sender,
                    sender=core.id,
                    term=core.term,
                    request_id=request.request_id,
                    index=index,
                )
            )
