"""What members say to each other, and what a member says to its own storage.

Every message has a sender, a receiver and the sender's term. Messages are tagged msgspec
structs, so that the peer link can encode them as they are. The tag is the stable name on the
wire: never reuse one for another meaning.
"""

import msgspec

from bitebyte.raft.types import Entry, EntryKind, HardState, Snapshot


class Message(msgspec.Struct, frozen=True, gc=False, tag_field="t", kw_only=True):
    """The envelope that every message shares. `to` and `sender` are member ids."""

    to: int
    sender: int
    term: int = 0


class MsgProp(Message, frozen=True, gc=False, tag="prop", kw_only=True):
    """A follower forwards proposals to its leader.

    `term` binds them: a leader of any other term drops them. An origin that applies an entry
    of a later term therefore knows that they will never be applied, and may propose again.
    """

    proposals: tuple[bytes, ...]
    kind: int = EntryKind.NORMAL


class MsgApp(Message, frozen=True, gc=False, tag="app", kw_only=True):
    """AppendEntries (paper §5.3). Empty `entries` probes, or tells a new commit index."""

    prev_index: int
    prev_term: int
    entries: tuple[Entry, ...] = ()
    commit: int = 0
    is_notice: bool = False
    """Only tells the commit index to a follower whose log is known: an acceptance says nothing
    new and is not sent. If the notice is lost, the next append or heartbeat tells the same."""


class MsgAppResp(Message, frozen=True, gc=False, tag="app_resp", kw_only=True):
    """The answer to MsgApp, sent only when what it acknowledges is durable.

    Accepted: the log matches the leader's up to `index`. Rejected: `index` repeats the
    prev_index that did not match, and (`hint_index`, `hint_term`) is the best place to look.
    """

    index: int
    is_rejected: bool = False
    hint_index: int = 0
    hint_term: int = 0
    has_lost_log: bool = False
    """See HardState: what was acknowledged before no longer counts; begin anew after the hint."""
    needs_snapshot: bool = False
    """Entries are of no use here, however far back they go: this member is new and knows no
    configuration, which need not have begun with the log."""


class MsgVote(Message, frozen=True, gc=False, tag="vote", kw_only=True):
    """RequestVote (paper §5.2); with `is_pre` it only asks whether a vote would be given."""

    last_index: int
    last_term: int
    is_pre: bool = False
    is_forced: bool = False
    """A leadership transfer asks for it: the stickiness to a live leader does not apply."""


class MsgVoteResp(Message, frozen=True, gc=False, tag="vote_resp", kw_only=True):
    """The answer to MsgVote, sent only when the vote is durable."""

    is_pre: bool = False
    is_rejected: bool = False
    commit: int = 0
    commit_term: int = 0
    """The entry up to which the sender knows the log to be committed: whoever has it too knows it
    now, and may learn in this way that its sender's vote does not count any more."""


class MsgHeartbeat(Message, frozen=True, gc=False, tag="hb", kw_only=True):
    """Keeps followers from campaigning; `read_seq` is the leader's newest read round."""

    commit: int
    read_seq: int = 0
    match_index: int = 0
    """What the receiver has acknowledged in this term, as the sender remembers it."""


class MsgHeartbeatResp(Message, frozen=True, gc=False, tag="hb_resp", kw_only=True):
    """Confirms the leader for every read round up to `read_seq`."""

    read_seq: int = 0
    has_lost_log: bool = False
    """See HardState."""
    last_index: int = 0
    """Only with `has_lost_log`: where the log ends."""


class MsgReadIndex(Message, frozen=True, gc=False, tag="read", kw_only=True):
    """A follower asks its leader for a read index on behalf of its own request."""

    request_id: int


class MsgReadIndexResp(Message, frozen=True, gc=False, tag="read_resp", kw_only=True):
    """The leader was confirmed after the request arrived: read once `index` is applied."""

    request_id: int
    index: int


class MsgSnap(Message, frozen=True, gc=False, tag="snap", kw_only=True):
    """InstallSnapshot (paper §7). The driver of the receiver steps it, in the leader's name, when
    the rows have arrived completely and are staged; it is never sent through a Ready."""

    snapshot: Snapshot


class MsgTransferLeader(Message, frozen=True, gc=False, tag="transfer", kw_only=True):
    """A follower asks its leader to hand leadership over to `transferee` (thesis §3.10)."""

    transferee: int


class MsgTimeoutNow(Message, frozen=True, gc=False, tag="timeout_now", kw_only=True):
    """Leadership transfer: campaign at once, without a pre-vote."""


PeerMessage = (
    MsgProp
    | MsgApp
    | MsgAppResp
    | MsgVote
    | MsgVoteResp
    | MsgHeartbeat
    | MsgHeartbeatResp
    | MsgReadIndex
    | MsgReadIndexResp
    | MsgSnap
    | MsgTransferLeader
    | MsgTimeoutNow
)
"""All that may cross the peer link, hence all that a peer may make us step."""


class StorageAppend(msgspec.Struct, frozen=True, gc=False):
    """To the log writer: make this durable, in the order given, then deliver `responses`.

    `entries` are contiguous. Where their first index is not the next one in the stored log,
    everything stored from that index on is replaced. `hard_state` is written in the same
    transaction. With a `snapshot` the staged rows of that very snapshot become the state, the
    stored log becomes empty and begins after it, all in the same transaction; entries, if there
    are any, follow it. `responses` go to peers (or, where `to` is our own id, back into `step`)
    only when the write is durable.
    """

    entries: tuple[Entry, ...]
    hard_state: HardState | None
    responses: tuple["PeerMessage | StorageAppendResp", ...]
    snapshot: Snapshot | None = None


class StorageAppendResp(Message, frozen=True, gc=False, tag="storage_append_resp", kw_only=True):
    """The log up to (`index`, `entry_term`) is durable. `term` is the term of the write.

    `sequence` numbers the appends of one run: a response stands for its own append and all
    earlier ones. It, and not the pair of index and term, decides what becomes stable, because
    the same pair may be written, overwritten and written again while old writes still finish.
    """

    index: int
    entry_term: int
    sequence: int = 0


class StorageApply(msgspec.Struct, frozen=True, gc=False):
    """To the state machine: apply these committed entries, in order, each exactly once."""

    entries: tuple[Entry, ...]


class StorageApplyResp(Message, frozen=True, gc=False, tag="storage_apply_resp", kw_only=True):
    """Everything up to `index` is applied. Local only."""

    index: int


class StorageFetch(msgspec.Struct, frozen=True, gc=False):
    """Entries [`low`, `high`) have left memory and a peer needs them: read them from disk.

    The reader may return fewer (at least one) to stay within `bytes_max`.
    """

    peer_id: int
    low: int
    high: int
    bytes_max: int


class StorageFetchResp(Message, frozen=True, gc=False, tag="storage_fetch_resp", kw_only=True):
    """The entries asked for by a StorageFetch; empty if they could not be read. Local only."""

    peer_id: int
    low: int
    entries: tuple[Entry, ...]


class SnapshotRequest(msgspec.Struct, frozen=True, gc=False):
    """A peer needs entries that are compacted: stream it a snapshot of the flushed state, which
    has to reach `index_min` at least, and answer with a SnapshotStatus when it ended."""

    peer_id: int
    index_min: int
    term: int = 0
    """Of the leadership that asks: the MsgSnap carries it, whatever the term is by then."""


class SnapshotStatus(Message, frozen=True, tag="snap_status", kw_only=True, gc=False):
    """The stream to `peer_id` ended: everything up to `index` arrived there, or it failed and
    `index` means nothing. Local only (etcd: MsgSnapStatus)."""

    peer_id: int
    index: int
    is_failed: bool = False


class PeerUnreachable(Message, frozen=True, tag="unreachable", kw_only=True, gc=False):
    """What was sent to `peer_id` was probably lost. Local only (etcd: MsgUnreachable)."""

    peer_id: int


LocalMessage = (
    StorageAppendResp | StorageApplyResp | StorageFetchResp | SnapshotStatus | PeerUnreachable
)
"""What only our own driver and storage may make us step."""
