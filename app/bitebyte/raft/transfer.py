"""How a leader hands leadership over (thesis §3.10), asked to or because it should not lead.

It stops taking proposals, brings the transferee's log up to its own and tells it to campaign at
once. The vote requests of that campaign are marked, so that nobody refuses them for the sake of a
leader that is still heard. If nothing comes of it within an election timeout, the leader goes on.

Two leaders hand over of their own accord. One that is no voter any more, once that has taken
effect: it neither counts itself nor may it stay. And one whose own log write makes no progress:
its followers could commit without it for a while, but it can neither vote nor follow, and a disk
that hangs must not take the cluster along (hashicorp/raft #503, #612). Both step down if nobody
takes over in time.
"""

from bitebyte.raft.core import Core
from bitebyte.raft.errors import TransferRefused
from bitebyte.raft.messages import MsgTimeoutNow
from bitebyte.raft.progress import Progress
from bitebyte.raft.types import NONE_ID


def start_transfer(core: Core, transferee: int) -> None:
    """A leader begins to hand over to `transferee`, instead of to anyone else. To the same one
    again changes nothing. Raises TransferRefused, with the reason, if that member cannot lead."""
    if transferee == core.id:
        raise TransferRefused("it is the leader already")
    if transferee not in core.quorum.voters:
        raise TransferRefused(f"{transferee} is not a voter")
    if core.progress[transferee].has_lost_log:
        raise TransferRefused(f"{transferee} has lost entries of its log and may not lead")
    if transferee == core.lead_transferee:
        return
    core.lead_transferee = transferee
    core.transfer_elapsed_ticks = 0
    core.is_timeout_now_sent = False


def tick_transfer(core: Core) -> None:
    """Gives up a transfer that takes too long, and begins or ends those that nobody asked for."""
    config = core.config
    if core.is_transferring:
        core.transfer_elapsed_ticks += 1
        if core.transfer_elapsed_ticks >= config.election_ticks:
            _abort(core)
            if not core.is_voter:
                core.become_follower(core.term, NONE_ID)
                return
    if core.is_disk_stalled and _candidates(core):
        if core.disk_stall_elapsed_ticks >= 2 * config.disk_stall_ticks:
            core.become_follower(core.term, NONE_ID)
        elif not core.is_transferring:
            hand_over(core)


def reconsider(core: Core) -> None:
    """The membership has changed: the transferee may be no voter any more, or the leader."""
    if core.is_transferring and core.lead_transferee not in core.quorum.voters:
        _abort(core)
    if not core.is_voter and not core.is_transferring:
        hand_over(core)


def hand_over(core: Core) -> None:
    """Hands over to the voter that is best prepared: one that was heard lately, then the one with
    the longest log, then the one with the lowest id."""
    candidates = _candidates(core)
    if candidates:
        best = max(candidates, key=lambda peer: (peer.is_recently_active, peer.match_index))
        start_transfer(core, best.id)
    elif not core.is_voter:
        core.become_follower(core.term, NONE_ID)


def flush_transfer(core: Core) -> None:
    """Tells the transferee to campaign as soon as its log is complete, after the appends that tell
    it the commit index, and again after each heartbeat in case that was lost."""
    peer = core.progress[core.lead_transferee]
    if peer.match_index == core.log.last_index and not core.is_timeout_now_sent:
        core.is_timeout_now_sent = True
        core.send(MsgTimeoutNow(to=peer.id, sender=core.id, term=core.term))


def _candidates(core: Core) -> list[Progress]:
    return [peer for peer in core.peers if peer.id in core.quorum.voters and not peer.has_lost_log]


def _abort(core: Core) -> None:
    core.lead_transferee = NONE_ID
    core.is_timeout_now_sent = False
