"""What the core wants done: the only output of `RawNode`."""

import msgspec

from bitebyte.raft.messages import (
    PeerMessage,
    SnapshotRequest,
    StorageAppend,
    StorageApply,
    StorageFetch,
)
from bitebyte.raft.types import ReadState, SoftState


class Ready(msgspec.Struct, frozen=True, gc=False):
    """One batch of work for the driver. Taking it hands over the responsibility for it.

    - `messages` may go out at once, in this order per receiver.
    - `append` goes to the log writer; its responses wait for the disk. Appends must become
      durable in the order in which they were handed out; several may share a transaction.
    - `apply` goes to the state machine, in order.
    - `fetches` are answered by a StorageFetchResp, sooner or later, in any order.
    - `snapshots` are answered by a SnapshotStatus, sooner or later, in any order.
    - `soft_state` is set when leader or role changed.
    """

    soft_state: SoftState | None = None
    read_states: tuple[ReadState, ...] = ()
    messages: tuple[PeerMessage, ...] = ()
    append: StorageAppend | None = None
    apply: StorageApply | None = None
    fetches: tuple[StorageFetch, ...] = ()
    snapshots: tuple[SnapshotRequest, ...] = ()
