"""Bugs in replication: what is acknowledged, what is truncated, and what counts as committed."""

from edits import Edit, mutant
from focus import many_elections, many_elections_of_three
from scripts import figure_eight

from bitebyte.raft import commitment, dispatch, follower, leader, quorum, replication
from bitebyte.raft.log import RaftLog

MUTANTS = (
    mutant(
        "an entry of an earlier term commits by counting",
        "paper §5.4.2, figure 8",
        Edit(commitment.advance_commit, " and log.term(index) == core.term", ""),
        focus=figure_eight,
    ),
    # A late, short append erases entries that were acknowledged meanwhile.
    mutant(
        "an append truncates without a conflict",
        "openraft 9540c904, PySyncObj 0.3.17",
        Edit(follower.handle_append, "news = _skip_known(core, entries)", "news = entries"),
        focus=many_elections,
    ),
    # The same by the message's length: what follows the last entry sent is dropped.
    mutant(
        "what follows an append is dropped",
        "paper figure 2, AppendEntries rule 3",
        Edit(
            follower.handle_append,
            "    log.commit_to(min(message.commit, matched_index))",
            "    if entries and not news and log.last_index > max(matched_index, log.committed):\n"
            "        log.truncate_from(max(matched_index, log.committed) + 1)\n"
            "    log.commit_to(min(message.commit, matched_index))",
        ),
    ),
    mutant(
        "the previous entry is compared by index only",
        "paper figure 2, AppendEntries rule 2",
        Edit(
            follower.handle_append,
            "elif not log.has(prev_index, prev_term):",
            "elif log.last_index < prev_index:",
        ),
        focus=many_elections,
    ),
    mutant(
        "a heartbeat tells a commit index that was not acknowledged",
        "etcd raft.go sendHeartbeat",
        Edit(
            replication.send_heartbeat,
            "min(peer.match_index, core.log.committed)",
            "core.log.committed",
        ),
        Edit(
            follower.handle_heartbeat,
            "core.log.commit_to(message.commit)",
            "core.log.commit_to(min(message.commit, core.log.last_index))",
        ),
        Edit(follower.handle_heartbeat, "notice_loss(core, message)", "pass"),
        focus=many_elections,
    ),
    mutant(
        "an append is acknowledged before it is durable",
        "jepsen NATS 2.12.1; etcd #10508",
        Edit(
            follower.handle_append,
            "core.respond(MsgAppResp(to=message.sender, sender=core.id,"
            " term=core.term, index=matched_index))",
            "core.send(MsgAppResp(to=message.sender, sender=core.id,"
            " term=core.term, index=matched_index))",
        ),
    ),
    mutant(
        "a leader counts itself before its log is durable",
        "etcd #14370; thesis §10.2.1",
        Edit(
            commitment.advance_commit,
            "core.progress[member_id].match_index",
            "(core.progress[member_id].match_index"
            " if member_id != core.id else core.log.last_index)",
        ),
    ),
    mutant(
        "appends of an earlier term are taken",
        "paper figure 2, AppendEntries rule 1",
        Edit(
            dispatch._step_peer,
            "elif message.term < core.term:",
            "elif message.term < core.term and not (\n"
            "        isinstance(message, MsgApp) and core.role is Role.FOLLOWER\n"
            "    ):",
        ),
        focus=many_elections,
    ),
    mutant(
        "commitment needs one voter less than a majority",
        "paper §5.3; quorum/testdata of etcd-io/raft",
        Edit(quorum._majority_index, "(len(acked) - 1) // 2", "len(acked) // 2 + 1"),
    ),
    # A rejection is read as an acknowledgement of the index it repeats.
    mutant(
        "a rejection counts as an acknowledgement",
        "dqlite canonical-raft #355",
        Edit(leader._handle_append_response, "if message.is_rejected:", "if False:"),
    ),
    # An append was lost while the follower was probed: nobody ever looks again.
    mutant(
        "a heartbeat does not resume a paused follower",
        "hashicorp/raft #611; openraft #808",
        Edit(leader._handle_heartbeat_response, "peer.is_paused = False", "pass"),
    ),
    mutant(
        "the state machine is given what is not committed",
        "paper §5.3; dqlite canonical-raft #250",
        Edit(
            RaftLog.has_appliable,
            "self.applying < min(self.committed, self.stable)",
            "self.applying < self.stable",
        ),
        Edit(
            RaftLog.start_apply,
            "self._slice(low + 1, min(self.committed, self.stable), bytes_max)",
            "self._slice(low + 1, self.stable, bytes_max)",
        ),
        Edit(
            RaftLog.check_invariants,
            'assert self.applying <= min(self.committed, self.stable), "applied too early"',
            "pass",
        ),
    ),
    # The message says what the leader has committed, not what this log shares with the leader's.
    mutant(
        "a follower commits beyond what it has checked",
        "paper figure 2, AppendEntries rule 5",
        Edit(
            follower.handle_append,
            "log.commit_to(min(message.commit, matched_index))",
            "log.commit_to(min(message.commit, log.last_index))",
        ),
        focus=many_elections_of_three,
    ),
)
