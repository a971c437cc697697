"""Bugs in the driver: what reaches the disk, in which order, and what callers are told."""

from edits import Edit, mutant

from bitebyte.node.applier import Applier
from bitebyte.node.identity_map import IdentityMap
from bitebyte.node.log_writer import LogWriter
from bitebyte.node.proposals import Proposals

MUTANTS = (
    mutant(
        "answers leave before the log is written",
        "jepsen NATS 2.12.1; etcd #14370",
        Edit(LogWriter._write_all, "self._on_durable(batch)", "pass"),
        Edit(
            LogWriter._write_all,
            "await self._write(batch)",
            "self._on_durable(batch)\n                await self._write(batch)",
        ),
    ),
    # After a failed commit nobody knows what is on the disk; going on believes it is all there.
    mutant(
        "a failed write of the log is taken for a success",
        "cockroach PR #37102; raft-engine PR #131",
        Edit(
            LogWriter._write,
            "await self._storage.append(batch)",
            "try:\n            await self._storage.append(batch)\n"
            "        except Exception:\n            pass",
        ),
    ),
    # What is written alone, term and vote, is not waited for.
    mutant(
        "a write without entries is not written",
        "openraft docs/protocol/io_ordering.md",
        Edit(LogWriter.submit, "not _must_write(append)", "not append.entries"),
    ),
    mutant(
        "writes of one transaction change places",
        "openraft docs/protocol/io_ordering.md",
        Edit(
            LogWriter._write,
            "await self._storage.append(batch)",
            "await self._storage.append(batch[::-1])",
        ),
    ),
    # The index covers entries whose rows come with the next transaction.
    mutant(
        "the applied index is written apart from the rows",
        "etcd #13766, PR #13854",
        Edit(
            Applier._flush,
            "applied, self._unflushed = tuple(self._unflushed), []\n",
            "rows = self.rows.begin_flush()\n"
            "    await asyncio.sleep(0.02)\n"
            "    applied, self._unflushed = tuple(self._unflushed), []\n",
        ),
        Edit(Applier._flush, "rows=self.rows.begin_flush(),", "rows=rows,"),
    ),
    # The other way round: after a restart the log is applied again onto rows that have it.
    mutant(
        "the applied index lags behind the rows",
        "etcd postmortem PR #13967",
        Edit(
            Applier._flush,
            "applied_index=self.applied_index,",
            "applied_index=max(self.flushed.index, self.applied_index - 1),",
        ),
    ),
    mutant(
        "a flush forgets the idempotency records",
        "redisraft #659; raft-dev on thesis §6.3",
        Edit(
            IdentityMap.begin_flush,
            "tuple(self._flushing.values())",
            "tuple(row for row in self._flushing.values() if row.KIND != IDEMPOTENCY)",
        ),
    ),
    mutant(
        "used idempotency keys are taken for new ones",
        "curvine #676; ra #145",
        Edit(IdentityMap.put_changes, "self._seen_keys.add(key.parts)", "pass"),
    ),
    mutant(
        "changed rows leave memory before they are flushed",
        "hot rows of a write-behind cache",
        Edit(IdentityMap._evict, "if Key(kind, parts) not in self._dirty:", "if True:"),
    ),
    # The caller of one command is given the answer of another.
    mutant(
        "answers are matched by position and not by sequence",
        "old-raft-rs #115; openraft PR #2096",
        Edit(
            Proposals.resolve,
            "self._open.pop(sequence, None)",
            "self._open.pop(next(iter(self._open), sequence), None)",
        ),
    ),
)
