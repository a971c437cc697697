"""Raft without IO: a member that takes messages, ticks and requests, and says what to do.

The core follows the Raft paper (Ongaro and Ousterhout, extended version) with pre-vote, check
quorum and ReadIndex from the thesis, in the manner of etcd-io/raft with asynchronous storage
writes. It has no clock, no randomness of its own, no sockets, no disk and no log lines. The same
inputs in the same order give the same outputs.

The caller's contract
=====================

`RawNode` is driven by one loop that never waits for disk or network:

    while running:
        take everything that has arrived: node.step(...), node.propose(...), node.read_index(...)
        at each tick of a steady timer: node.tick()
        if node.has_ready():
            hand out node.ready()

Taking everything first is what makes batches: all that arrived while the last write was under way
becomes one append, one message per peer and one read round. There is no `advance`; a Ready that
was taken is owed in full:

1. Send `messages` to their receivers, in this order per receiver. They may go at once. They may
   be lost, repeated or overtake each other; that costs time, never safety.
2. Give `append` to the log writer. Appends become durable in the order in which they were taken;
   several may share one transaction. Entries and hard state of one append belong in one
   transaction. Where the first entry is not the next one in the stored log, everything stored from
   that index on is replaced.
3. When an append is durable, and not before, deliver its `responses`: those addressed to this
   member into `step`, the others to their receivers. All of them, in order, exactly once. If a
   write fails, its responses are never delivered and the member stops: after a failed fsync
   nobody knows what is on the disk.
4. Give `apply` to the state machine, batches in order. When one is applied, step a
   `StorageApplyResp(to=id, sender=id, index=<last index of the batch>)`; one answer may stand for
   several batches. Entries reported as applied may leave memory. An empty `data` is the no-op of a
   new leader: it changes nothing but takes its place in the order.
5. Answer each of `fetches` by a `StorageFetchResp` with entries from `low` on, read from the stored
   log; with none if they could not be read. In any order, once per fetch.
6. Give `read_states` to whoever asked: once `index` is applied, the read may be served. A read may
   never be answered; ask again under a new id after a timeout. Drop answers to unknown ids.
7. `soft_state` is for people and for routing. It may be stale before it is read.

Start with what storage holds (`RawNode.__init__`). Term and vote come from the last durable
HardState. Entries above the applied index are handed out through `apply` again, from there on.

What the caller may rely on
===========================

- An entry is handed out through `apply` only when it is committed and durable here, exactly once
  between two starts, in the order of the log. All members are given the same entries.
- A proposal that `propose` refused with ProposalDropped was certainly not appended. One that was
  taken may be applied once or never; that a later term's entry was applied first, by the member
  that proposed it, means never (`MsgProp` is bound to its term).
- Request ids of reads must not repeat, not even after a restart of the member.
- Errors are drawn in `errors`. AcknowledgedLogLost and any AssertionError mean: stop this member.

The parts: `types`, `messages`, `ready`, `config`, `errors` are the vocabulary. `log`, `quorum`,
`progress`, `read_index` are the tools. `core` holds the state and its transitions, `follower`,
`candidate`, `leader` the roles, `dispatch` the rules on terms, `rawnode` the entry.
"""

from bitebyte.raft.config import RaftConfig
from bitebyte.raft.core import RandomSource
from bitebyte.raft.errors import (
    AcknowledgedLogLost,
    ConfChangeRefused,
    ConfChangeUnreadable,
    ConfigError,
    ProposalDropped,
    RaftError,
    TransferRefused,
)
from bitebyte.raft.progress import ProgressState, ProgressView
from bitebyte.raft.rawnode import RawNode
from bitebyte.raft.ready import Ready
from bitebyte.raft.types import (
    NONE_ID,
    ChangeKind,
    ConfChange,
    ConfState,
    Entry,
    EntryKind,
    HardState,
    ReadState,
    Role,
    SingleChange,
    Snapshot,
    SoftState,
    TermRun,
    Transition,
)

__all__ = [
    "NONE_ID",
    "AcknowledgedLogLost",
    "ChangeKind",
    "ConfChange",
    "ConfChangeRefused",
    "ConfChangeUnreadable",
    "ConfState",
    "ConfigError",
    "Entry",
    "EntryKind",
    "HardState",
    "ProgressState",
    "ProgressView",
    "ProposalDropped",
    "RaftConfig",
    "RaftError",
    "RandomSource",
    "RawNode",
    "ReadState",
    "Ready",
    "Role",
    "SingleChange",
    "Snapshot",
    "SoftState",
    "TermRun",
    "TransferRefused",
    "Transition",
]
