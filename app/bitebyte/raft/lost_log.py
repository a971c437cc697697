"""A member whose disk has forgotten what it had acknowledged, and how the group goes on with it.

It happens when a disk is rolled back, swapped, or lies about fsync. etcd's answer is a crash at
every start (etcd-io/raft PR #25, etcd #10166). Here the member notices, tells, and goes on as a
copy.

How it notices: a heartbeat carries what the leader counts on (`match_index`: acknowledged in this
term). A log that is shorter has lost something, for within a term nobody but the disk takes back
what was acknowledged. From then on, durably, it never votes and never campaigns.

Why its later acknowledgements may count for commitment: what has to hold is that whoever wins an
election holds every committed entry (Leader Completeness, paper §5.4.3). Take an entry that a
quorum A has acknowledged, and a quorum V that has voted. Two quorums share a member, and since this
member is never in V, they share another one: it holds the entry and has compared its log when it
voted. That is so even for entries that this member has acknowledged and lost, so the leader's
commit index stays as it is; and what it acknowledges anew is on its disk as on any other. What
cannot be undone is a vote that it gave between the loss and the first heartbeat. That is why such
a member has to be replaced under a new identity, though it need not be in a hurry.
"""

from bitebyte.raft.core import Core
from bitebyte.raft.messages import MsgAppResp, MsgHeartbeat, MsgHeartbeatResp
from bitebyte.raft.progress import Progress


def notice_loss(core: Core, message: MsgHeartbeat) -> None:
    """A follower compares its log with what its leader counts on."""
    if max(message.commit, message.match_index) > core.log.last_index:
        core.has_lost_log = True


def note_loss(peer: Progress, message: MsgAppResp | MsgHeartbeatResp, last_index: int) -> None:
    """A leader hears from a member whose log once lost entries. Where it ends before what that
    member has acknowledged, replication begins anew behind `last_index`. Nothing else ever lowers
    a match_index."""
    if not message.has_lost_log:
        return
    peer.has_lost_log = True
    if last_index < peer.match_index:
        peer.match_index = 0
        peer.become_probe(last_index + 1)
