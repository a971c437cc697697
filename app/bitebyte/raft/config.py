"""The options of the core. Times are counted in ticks: the core has no clock."""

import msgspec


class RaftConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Options of one member, fixed for its life. Validated by `RawNode` on creation."""

    id: int
    election_ticks: int = 12
    """Ticks without a leader after which a follower campaigns. The randomized timeout lies in
    [election_ticks, 2 * election_ticks). With ticks of 50 ms: 600 to 1,200 ms."""

    heartbeat_ticks: int = 2
    """Ticks between two heartbeats of a leader (100 ms). At most a third of election_ticks,
    so that two may be lost without a needless election."""

    size_per_message_bytes_max: int = 1024 * 1024
    """Payload of one MsgApp. A single larger entry is still sent, alone."""

    inflight_messages_max: int = 8
    """Unacknowledged MsgApp per follower in Replicate state. Deep pipelines defeat batching."""

    inflight_bytes_max: int = 8 * 1024 * 1024
    """Unacknowledged payload per follower in Replicate state; one message may exceed it."""

    apply_size_bytes_max: int = 4 * 1024 * 1024
    """Committed bytes handed to the state machine at once."""

    log_cache_bytes_max: int = 8 * 1024 * 1024
    """Payload of applied entries kept in memory for followers that lag a little. Older
    entries are fetched from storage."""

    pending_reads_max: int = 4096
    """Read requests waiting for a confirmation; more are dropped and retried by the driver."""

    unapplied_bytes_max: int = 32 * 1024 * 1024
    """Payload in memory that is not applied yet. Above it a leader drops proposals and a
    follower takes no more entries, so that a slow state machine cannot exhaust memory."""

    defers_spare_appends: bool = False
    """Send entries at once only to a quorum, the members that answer fastest; the others get them
    when the driver calls `tell_followers`, in fewer and larger messages, or at once if somebody
    there waits. In return a member that refuses a pre-vote because its own log is further on
    campaigns itself, so that a deferred append does not make an election longer."""

    defers_commit_notices: bool = False
    """Do not send a message only to tell a commit index that nobody at the follower is known to
    wait for: it goes with the next append, or when the driver calls `tell_followers`. At low load
    such messages are a third of all."""

    disk_stall_ticks: int = 12
    """A leader whose own log write makes no progress for so long hands leadership over, and
    steps down if nobody takes it in as many ticks again. While it stalls, nobody campaigns."""
