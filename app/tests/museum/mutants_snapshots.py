"""Bugs in snapshots, compaction and what the driver keeps beside the rows."""

from edits import Edit, mutant
from focus import many_elections, many_slow_snapshots, many_snapshots

from bitebyte.node.applier import Applier
from bitebyte.node.log_keeper import LogKeeper
from bitebyte.node.snapshot_traffic import SnapshotTraffic
from bitebyte.node.snapshots import SnapshotReceiver, SnapshotSender
from bitebyte.raft import snapshots
from bitebyte.raft.log import RaftLog
from bitebyte.raft.progress import Inflights, Progress

MUTANTS = (
    mutant(
        "the configuration is not taken from a snapshot",
        "hashicorp/raft snapshot configuration; raft.md trap 19",
        Edit(
            snapshots.note_installed,
            "switch_configuration(core, snapshot.conf_state)",
            "pass",
        ),
        focus=many_snapshots,
    ),
    mutant(
        "the state machine keeps its old configuration over a snapshot",
        "etcd: confState of a snapshot",
        Edit(
            Applier.restart,
            "self.conf_state = self._flushed_conf_state = meta.conf_state",
            "pass",
        ),
        focus=many_snapshots,
    ),
    mutant(
        "the state hash does not go on from a snapshot",
        "etcd corruption check",
        Edit(Applier.restart, "self.state_hash = meta.state_hash", "pass"),
        focus=many_snapshots,
    ),
    mutant(
        "idempotency keys of a snapshot are taken for new ones",
        "redisraft #659; raft-dev on thesis §6.3",
        Edit(
            SnapshotTraffic.install,
            "await self._load_seen_keys()",
            "self._applier.rows._seen_keys",
        ),
        focus=many_snapshots,
    ),
    mutant(
        "rows from before a snapshot stay in memory",
        "etcd #13766; raft.md trap 19",
        Edit(
            Applier.restart,
            "self.rows = IdentityMap(seen_keys=seen_keys)",
            "self.rows._seen_keys = seen_keys",
        ),
        focus=many_snapshots,
    ),
    mutant(
        "the log is compacted past what is flushed",
        "etcd 3.5 postmortem PR #13967; raft.md invariant 2",
        Edit(
            LogKeeper.look,
            "flushed_index=min(flushed_index, raw.applied_index)",
            "flushed_index=raw.applied_index",
        ),
        focus=many_snapshots,
    ),
    mutant(
        "an older snapshot replaces a newer log",
        "NuRaft PR #407; raft.md trap 19",
        Edit(
            snapshots.handle_snapshot,
            "snapshot.index > log.committed and not log.has(snapshot.index, snapshot.term)",
            "not log.has(snapshot.index, snapshot.term)",
        ),
        focus=many_snapshots,
    ),
    mutant(
        "a snapshot is installed while entries are applied",
        "openraft #1761",
        Edit(snapshots._is_busy, "core.log.is_apply_in_flight or core.log.is_installing", "False"),
        focus=many_snapshots,
    ),
    mutant(
        "a snapshot is acknowledged before it is durable",
        "camunda PR #10463; hashicorp/raft #697",
        Edit(snapshots.handle_snapshot, "core.respond(", "core.send("),
        focus=many_snapshots,
    ),
    mutant(
        "the flush under way is not awaited before a snapshot is installed",
        "openraft #1761; raft.md trap 19",
        Edit(
            Applier.quiesce,
            "await self._flush_lock.acquire()",
            "self._flush_lock = asyncio.Lock()\n    await self._flush_lock.acquire()",
        ),
        focus=many_slow_snapshots,
    ),
    mutant(
        "half a snapshot is taken for a whole one",
        "redisraft #43",
        Edit(
            SnapshotReceiver._write_all,
            "self.incoming = (sender_id, index, received_bytes)",
            "self.incoming = (sender_id, index, received_bytes)\n        break",
        ),
        focus=many_snapshots,
    ),
    mutant(
        "a snapshot claims the commit index and not its own",
        "raft.md trap 19; etcd #13766",
        Edit(SnapshotSender._stream, "index=meta.index,\n", "index=meta.index + 1,\n"),
        focus=many_snapshots,
    ),
    mutant(
        "events of applied entries are lost",
        "reliability: events lost in a flush",
        Edit(
            Applier._flush,
            "tuple(self._unflushed), []",
            "tuple(self._unflushed[1:]), []",
        ),
    ),
    mutant(
        "the cap on appends under way is ignored",
        "etcd testdata replicate_pause",
        Edit(
            Inflights.is_full,
            "len(self._appends) >= self._messages_max or",
            "False and",
        ),
    ),
    mutant(
        "places of appends under way are never given back",
        "etcd raft Inflights; hashicorp/raft #611",
        Edit(Progress.note_accepted, "self.inflights.free_through(index)", "pass"),
    ),
    mutant(
        "a late write makes its replacement durable",
        "etcd testdata async_storage_writes_append_aba_race",
        Edit(RaftLog.truncate_from, "write[1] = min(write[1], index - 1)", "pass"),
        Edit(
            RaftLog.finish_writes,
            "max(self.stable, self._writes.popleft()[1])",
            "max(self.stable, min(self._writes.popleft()[1], self.offered))",
        ),
        focus=many_elections,
    ),
)
