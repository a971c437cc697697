"""Snapshots in place of entries that are compacted (paper §7), as both ends see them.

The rows travel outside the core. The leader asks its driver for a snapshot (`Ready.snapshots`) and
is told how that ended (SnapshotStatus). The driver of the receiver steps a MsgSnap when everything
has arrived and is staged; what then becomes of it is decided here:

1. The log reaches no further than the snapshot, or holds something else there: the log is replaced
   by it. One StorageAppend carries the snapshot; when that is durable, everything up to its index
   counts as applied, its configuration is in force, and it is acknowledged.
2. The log holds that very entry: then all before it is right too, and only the commit index moves.
3. The commit index is there already: nothing happens. A snapshot never takes anything back.

An install runs alone. It waits until all that was handed to the state machine has come back, and
until it is durable nothing else is handed out, neither entries to apply nor appends nor answers
that wait for one: the state machine must not write into rows that are being replaced, nor the log
writer into a log that is being emptied. While it waits or runs, this member does not campaign.
"""

from bitebyte.raft.confchange import find_violation
from bitebyte.raft.core import Core
from bitebyte.raft.membership import switch_configuration
from bitebyte.raft.messages import MsgAppResp, MsgSnap, SnapshotRequest, SnapshotStatus
from bitebyte.raft.progress import Progress, ProgressState
from bitebyte.raft.types import Snapshot


def handle_snapshot(core: Core, message: MsgSnap) -> None:
    """A complete snapshot is staged here. See the three cases above."""
    snapshot, log = message.snapshot, core.log
    conf_state = snapshot.conf_state
    if not conf_state.voters or find_violation(conf_state) is not None:
        return
    if snapshot.term > message.term:
        return
    if snapshot.index > log.committed and not log.has(snapshot.index, snapshot.term):
        if _is_busy(core):
            waiting = core.waiting_snapshot
            if waiting is None or waiting.snapshot.index < snapshot.index:
                core.waiting_snapshot = message
            return
        log.restore(snapshot)
    log.commit_to(snapshot.index)
    core.respond(MsgAppResp(to=message.sender, sender=core.id, term=core.term, index=log.committed))


def resume_waiting(core: Core) -> None:
    """Takes up a snapshot that had to wait, if nothing stands against it any more."""
    message = core.waiting_snapshot
    if message is not None and not _is_busy(core):
        core.waiting_snapshot = None
        handle_snapshot(core, message)


def note_installed(core: Core, snapshot: Snapshot) -> None:
    """The snapshot is durable: its configuration is in force. It need not know this member."""
    switch_configuration(core, snapshot.conf_state)
    resume_waiting(core)


def request_snapshot(core: Core, peer: Progress) -> None:
    """The peer needs more than the stored log. Only one that can be heard gets a snapshot."""
    if peer.is_recently_active:
        index_min = max(core.log.first_index - 1, 1)
        peer.become_snapshot(index_min)
        core.snapshot_requests.append(
            SnapshotRequest(peer_id=peer.id, index_min=index_min, term=core.term)
        )


def handle_status(core: Core, status: SnapshotStatus) -> None:
    """A stream has ended. Either way the peer is not asked anything before it has shown a sign of
    life: after a success its acknowledgement should come, and failures must not follow each other
    faster than heartbeats."""
    peer = core.progress.get(status.peer_id)
    if peer is None or peer.state is not ProgressState.SNAPSHOT:
        return
    index = peer.match_index
    if not status.is_failed:
        index = max(index, min(status.index, core.log.last_index))
    peer.become_probe(index + 1)
    peer.is_paused = True


def give_up_if_silent(peer: Progress) -> None:
    """Called once per election timeout: whoever was not heard for so long gets no snapshot any
    more, even if nobody ever says how its stream ended."""
    if peer.state is ProgressState.SNAPSHOT and not peer.is_recently_active:
        peer.become_probe(peer.match_index + 1)
        peer.is_paused = True


def _is_busy(core: Core) -> bool:
    return core.log.is_apply_in_flight or core.log.is_installing
