"""How a leader brings its log to its peers: appends, heartbeats, and entries read from disk."""

from bitebyte.raft.core import Core
from bitebyte.raft.messages import MsgApp, MsgHeartbeat, StorageFetch, StorageFetchResp
from bitebyte.raft.progress import Progress, ProgressState
from bitebyte.raft.snapshots import request_snapshot
from bitebyte.raft.types import Entry

FETCH_ENTRIES_MAX = 8192
"""Entries asked of storage at once: bounds the answer even if they carry next to nothing."""

SPARE_ENTRIES_MAX = 8
"""So many entries are worth a message to a spare member, however young they are: deferring more
would save nothing, and one more answer only makes commitment steadier under load."""


def replicate(core: Core, peer: Progress) -> None:
    """Sends the peer what it lacks, as far as its state and the caps allow."""
    log = core.log
    if peer.is_paused or peer.fetch_low or peer.state is ProgressState.SNAPSHOT:
        return
    if peer.next_index < log.first_index:
        request_snapshot(core, peer)
        return
    bytes_max = core.config.size_per_message_bytes_max
    if peer.state is ProgressState.PROBE:
        in_memory = peer.next_index >= log.window_first
        send_append(core, peer, log.slice(peer.next_index, bytes_max) if in_memory else ())
        return
    if _may_wait(core, peer):
        return
    while peer.next_index <= log.last_index and not peer.inflights.is_full:
        if peer.next_index < log.window_first:
            _fetch(core, peer)
            return
        send_append(core, peer, log.slice(peer.next_index, bytes_max))
    if is_commit_untold(core, peer) and (
        core.is_notice_due
        or not core.config.defers_commit_notices
        or peer.commit_sent < peer.prompt_through
    ):
        send_append(core, peer, (), is_notice=True)


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
        if peer.id in core.quorum.voters:
            chosen.append(peer.id)
    return frozenset(chosen)


def is_spare(core: Core, peer: Progress) -> bool:
    """Whether commitment does not wait for that peer, so that it may get entries later."""
    return core.config.defers_spare_appends and peer.id not in core.prompt_ids


def has_untold(core: Core) -> bool:
    """Whether some follower could be sent more than it was, entries or a commit index."""
    return any(
        peer.state is ProgressState.REPLICATE
        and (is_commit_untold(core, peer) or (is_spare(core, peer) and _lacks_entries(core, peer)))
        for peer in core.peers
    )


def is_commit_untold(core: Core, peer: Progress) -> bool:
    """Whether the peer could know more of what is committed, and may be told."""
    return (
        peer.commit_sent < min(core.log.committed, peer.next_index - 1)
        and not peer.inflights.is_full
    )


def send_append(
    core: Core, peer: Progress, entries: tuple[Entry, ...], *, is_notice: bool = False
) -> None:
    """One MsgApp from the peer's next_index on."""
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
        payload_bytes = log.payload_bytes(peer.next_index, entries) if entries else 0
        peer.note_sent(len(entries), payload_bytes)


def send_empty(core: Core, peer: Progress) -> None:
    """An append without entries, to see whether those that were sent have arrived; not where the
    log is compacted, for then only a snapshot helps."""
    if peer.next_index >= core.log.first_index:
        send_append(core, peer, ())


def send_heartbeat(core: Core, peer: Progress) -> None:
    """The commit index is capped to what the peer has acknowledged: a heartbeat checks nothing."""
    core.send(
        MsgHeartbeat(
            to=peer.id,
            sender=core.id,
            term=core.term,
            commit=min(peer.match_index, core.log.committed),
            read_seq=core.reads.seq,
            match_index=peer.match_index,
        )
    )


def prepare_recovery(core: Core, peer: Progress) -> None:
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
        send_empty(core, peer)


def handle_fetched(core: Core, answer: StorageFetchResp) -> None:
    """Sends what was read from disk on, if the peer still waits for it."""
    peer = core.progress.get(answer.peer_id)
    if peer is None or peer.fetch_low == 0 or peer.fetch_low != answer.low:
        return
    peer.fetch_low = 0
    if peer.state is not ProgressState.REPLICATE or peer.next_index != answer.low:
        return
    if answer.low < core.log.first_index:
        return  # Compacted meanwhile.
    if not _is_own_log(core, answer.low, answer.entries):
        # Unreadable now. Do not ask again at once, but after the next sign of life.
        peer.is_paused = True
        return
    if not peer.inflights.is_full:
        send_append(core, peer, answer.entries)


def _may_wait(core: Core, peer: Progress) -> bool:
    """Whether the peer's entries may wait for the next notice: too few to be worth a message."""
    return (
        is_spare(core, peer)
        and not core.is_notice_due
        and not core.is_transferring
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
