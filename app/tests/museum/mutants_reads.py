"""Bugs in linearizable reads: a read that misses what was confirmed before it began."""

from edits import Edit, mutant
from focus import deposed_leaders

from bitebyte.node.barrier import ReadBarriers
from bitebyte.node.node import Node
from bitebyte.raft import commitment, leader
from bitebyte.raft.read_index import ReadRounds

MUTANTS = (
    mutant(
        "any member answers linearizable reads from its own commit index",
        "redisraft #18; jepsen etcd 3.4.3",
        Edit(
            Node.read_barrier,
            "    loop = self._loop\n",
            "    return self._raw.commit_index\n    loop = self._loop\n",
        ),
    ),
    # The index is right, but the rows are not there yet.
    mutant(
        "a read does not wait until its index is applied",
        "thesis §6.4 step 4",
        Edit(Node.read_barrier, "await self.wait_applied(index, timeout_s=left_s)", "pass"),
    ),
    # Whoever comes later joins a round that was confirmed before it came.
    mutant(
        "a read joins a round that began before it",
        "etcd-io/raft PR #397",
        Edit(ReadBarriers.ask, "self._gathering = None\n", "pass\n"),
    ),
    # The commit index of a new leader may be behind what its predecessor has confirmed.
    mutant(
        "a new leader serves reads before its first entry is committed",
        "etcd #7331, PR #12762",
        Edit(commitment.start_reads, "or not has_committed_in_term(core)", ""),
        focus=deposed_leaders,
    ),
    # Late echoes of an earlier round confirm this one.
    mutant(
        "rounds of reads share a number",
        "etcd #20418, PR #21399",
        Edit(ReadRounds.start_round, "self.seq += 1", "self.seq = 1"),
        focus=deposed_leaders,
    ),
    # A leader that was replaced without knowing it answers from its own commit index.
    mutant(
        "a leader reads without asking a quorum",
        "raftos #15; thesis §6.4",
        Edit(
            leader.read_as_leader,
            "return core.reads.add(ReadRequest(core.id, request_id))",
            "from bitebyte.raft.types import ReadState\n"
            "    core.read_states.append(ReadState(request_id, core.log.committed))\n"
            "    return True",
        ),
        focus=deposed_leaders,
    ),
    mutant(
        "a minority confirms a round of reads",
        "thesis §6.4; raft-rs read_when_quorum_becomes_less",
        Edit(
            ReadRounds.take_confirmed,
            "quorum.committed_index(acked_seq) < self.seq",
            "max(acked_seq(voter) for voter in quorum.voters) < self.seq",
        ),
        focus=deposed_leaders,
    ),
)
