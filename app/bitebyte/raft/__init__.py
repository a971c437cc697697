"""Raft without IO: a member that takes messages, ticks and requests, and says what to do.

The core follows the Raft paper (Ongaro and Ousterhout, extended version) with pre-vote, check
quorum, ReadIndex, transfer of leadership and joint changes of membership from the thesis, in the
manner of etcd-io/raft with asynchronous storage writes. It has no clock, no randomness of its own,
no sockets, no disk and no log lines. The same inputs in the same order give the same outputs.

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
   A CONF_CHANGE among them has no other effect than that the state machine keeps the configuration
   that `confchange.apply_change` makes of it, together with the applied index, for the next start.
   A change that it refuses changes nothing. The core does the same when the answer is stepped.
5. Answer each of `fetches` by a `StorageFetchResp` with entries from `low` on, read from the stored
   log; with none if they could not be read. In any order, once per fetch.
6. Answer each of `snapshots` by a `SnapshotStatus`: stream the peer a snapshot of the durable state
   with at least that index. The receiver's driver stages the rows and then steps a `MsgSnap` in the
   sender's name and with the term of the request; say that it ended well only after that. If it is
   still of use, an `append` carries it: in one transaction the staged rows become the state and the
   stored log becomes empty and begins after it, then `entries` follow. No apply and no other append
   is handed out meanwhile, and none is outstanding. If no append comes, drop the staged rows.
7. Give `read_states` to whoever asked: once `index` is applied, the read may be served. A read may
   never be answered; ask again under a new id after a timeout. Drop answers to unknown ids.
8. `soft_state` is for people and for routing. It may be stale before it is read.

Start with what storage holds (`RawNode.__init__`). Term, vote and has_lost_log come from the last
durable HardState, the configuration is that of the applied index. Entries above it are handed out
through `apply` again, from there on, and changes of the configuration take effect again.

Tell the core when the stored log should become shorter (`compact`), when a peer was lost
(`PeerUnreachable`), and when the member is about to stop (`transfer_leader`).

Members
=======

A group begins with members that are all started with the same configuration. Whoever joins later is
started with an empty one under an id that was never used before, is added as a learner, takes a
snapshot first, and is made a voter when it has caught up. An id that was removed is never added
again: a member votes only if its own applied configuration knows it, so that a disk that was
emptied cannot vote twice. Stop a removed member for good only when a quorum of the others has the
removal on disk.

A change is proposed with `propose_conf_change` and is in force on each member when its entry has
been applied there. One is on its way at a time. A leader that could not take a forwarded one
appends it as void. Where the configuration says auto_leave, the leader leaves the joint one by
itself. A leader that loses its vote hands leadership over and steps down.

`has_lost_log` says that the disk of a member forgot what it had acknowledged: it goes on as a copy,
but has to be replaced (see `lost_log`).

What the caller may rely on
===========================

- An entry is handed out through `apply` only when it is committed and durable here, exactly once
  between two starts, in the order of the log. All members are given the same entries; a snapshot
  stands for all up to its index.
- A proposal that `propose` refused with ProposalDropped was certainly not appended. One that was
  taken may be applied once or never; that a later term's entry was applied first, by the member
  that proposed it, means never (`MsgProp` is bound to its term).
- Request ids of reads must not repeat, not even after a restart of the member.
- Everything is bounded by `RaftConfig`: what is sent ahead of answers, what is kept in memory, what
  is handed to the state machine, what waits.
- Errors are drawn in `errors`. An AssertionError means: stop this member.

The parts: `types`, `messages`, `ready`, `config`, `errors` are the vocabulary. `log`, `quorum`,
`confchange`, `progress`, `read_index` are the tools. `core` holds the state and its transitions,
`follower`, `candidate`, `leader` the roles, `replication` and `commitment` the two halves of
leading, `membership`, `snapshots`, `transfer`, `lost_log` one subject each, `dispatch` the rules on
terms, `rawnode` the entry.
"""

from bitebyte.raft.config import RaftConfig
from bitebyte.raft.core import RandomSource
from bitebyte.raft.errors import (
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
