"""What members say to each other, and what a member says to its own storage.

Every message has a sender, a receiver and the sender's term. Messages are tagged msgspec
structs, so that the peer link can encode them as they are. The tag is the stable name on the
wire: never reuse one for another meaning.
"""

import msgspec

from bitebyte.raft.types import Entry, HardState


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


class MsgHeartbeat(Message, frozen=True, gc=False, tag="hb", kw_only=True):
    """Keeps followers from campaigning; `read_seq` is the leader's newest read round."""

    commit: int
    read_seq: int = 0


class MsgHeartbeatResp(Message, frozen=True, gc=False, tag="hb_resp", kw_only=True):
    """Confirms the leader for every read round up to `read_seq`."""

    read_seq: int = 0


class MsgReadIndex(Message, frozen=True, gc=False, tag="read", kw_only=True):
    """A follower asks its leader for a read index on behalf of its own request."""

    request_id: int


class MsgReadIndexResp(Message, frozen=True, gc=False, tag="read_resp", kw_only=True):
    """The leader was confirmed after the request arrived: read once `index` is applied."""

    request_id: int
    index: int


class MsgSnap(Message, frozen=True, gc=False, tag="snap", kw_only=True):
    """Announces a snapshot that the transport then streams. Not produced yet."""

    index: int
    snapshot_term: int


class MsgTimeoutNow(Message, frozen=True, gc=False, tag="timeout_now", kw_only=True):
    """Leadership transfer: campaign at once. Not produced yet."""


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
    | MsgTimeoutNow
)
"""All that may cross the peer link, hence all that a peer may make us step."""


class StorageAppend(msgspec.Struct, frozen=True, gc=False):
    """To the log writer: make this durable, in the order given, then deliver `responses`.

    `entries` are contiguous. Where their first index is not the next one in the stored log,
    everything stored from that index on is replaced. `hard_state` is written in the same
    transaction. `responses` go to peers (or, where `to` is our own id, back into `step`)
    only when the write is durable.
    """

    entries: tuple[Entry, ...]
    hard_state: HardState | None
    responses: tuple["PeerMessage | StorageAppendResp", ...]


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


LocalMessage = StorageAppendResp | StorageApplyResp | StorageFetchResp
"""What only our own storage may make us step."""
