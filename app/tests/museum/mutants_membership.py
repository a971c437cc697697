"""Bugs in changes of membership: whose word counts, and from when on."""

from edits import Edit, mutant
from focus import (
    changes_among_three,
    changes_of_members,
    cut_off_logs,
    dismissed_leaders,
    joint_halves_apart,
)

from bitebyte.raft import commitment, confchange, follower, lost_log, membership
from bitebyte.raft.core import Core
from bitebyte.raft.log import RaftLog
from bitebyte.raft.quorum import Quorum

# Several of these the core notices itself, by an assertion, before anything else can go wrong.
MUTANTS = (
    mutant(
        "a second change while the first is not applied",
        "etcd raft pendingConfIndex; thesis §4.1",
        Edit(membership.append_change, "if core.log.pending_conf_index:", "if False:"),
        focus=changes_of_members,
    ),
    mutant(
        "a campaign while a committed change is not applied",
        "etcd #7280, #11284; etcd-io/raft PR #469",
        Edit(Core.may_campaign, "and not self.log.committed_conf_index\n", "\n"),
        focus=changes_of_members,
    ),
    mutant(
        "in a joint configuration the incoming half commits alone",
        "thesis §4.3; quorum/testdata of etcd-io/raft",
        Edit(Quorum.committed_index, "if self._outgoing:", "if False:"),
        focus=changes_of_members,
    ),
    mutant(
        "in a joint configuration the incoming half elects alone",
        "thesis §4.3; quorum/testdata of etcd-io/raft",
        Edit(
            Quorum.vote_result,
            "_majority_vote(self._outgoing, votes))",
            "VoteResult.WON)",
        ),
        focus=joint_halves_apart,
    ),
    mutant(
        "a removed leader counts itself",
        "etcd testdata confchange_v1_remove_leader; thesis §4.2.2",
        Edit(
            Core.set_configuration,
            "self.quorum = Quorum(conf_state)",
            "self.quorum = Quorum(conf_state)\n"
            "    if self.role is Role.LEADER and self.id not in self.quorum.voters:\n"
            "        import msgspec\n"
            "        self.quorum = Quorum(\n"
            "            msgspec.structs.replace(\n"
            "                conf_state, voters=tuple(sorted((*conf_state.voters, self.id)))\n"
            "            )\n"
            "        )",
        ),
        focus=dismissed_leaders,
    ),
    mutant(
        "learners are counted for commitment",
        "thesis §4.2.1; etcd raft learners",
        Edit(
            commitment.advance_commit,
            "core.quorum.committed_index(",
            "type(core.quorum)(type(core.conf_state)(\n"
            "        voters=tuple(sorted({*core.quorum.voters, *core.conf_state.learners}))\n"
            "    )).committed_index(",
        ),
        focus=changes_among_three,
    ),
    mutant(
        "a learner stands for election and counts its own vote",
        "etcd raft_test learner promotion",
        Edit(Core.is_voter, "self.id in self.quorum.voters", "self.is_member(self.id)"),
        focus=changes_of_members,
    ),
    mutant(
        "leaving a joint configuration is proposed again and again",
        "etcd testdata confchange_v2_add_double_implicit",
        Edit(membership.leave_joint_if_due, "and not core.log.pending_conf_index\n", "\n"),
        focus=changes_of_members,
    ),
    # One majority before and one after need not share a member.
    mutant(
        "several voters change in one step",
        "thesis §4.1 figure 4.3; openraft README",
        Edit(
            confchange._needs_joint,
            "change.transition != Transition.AUTO or len(change.changes) > 1",
            "False",
        ),
        focus=changes_among_three,
    ),
    mutant(
        "a change that was truncated still counts as pending",
        "canonical-raft: membership rollback",
        Edit(
            RaftLog.truncate_from,
            "while self.conf_changes and self.conf_changes[-1] >= index:",
            "while False:",
        ),
        focus=changes_of_members,
    ),
    # The member crashes at every start, for ever.
    mutant(
        "a heartbeat is believed by a log that was cut off",
        "etcd-io/raft PR #25; etcd #10166",
        Edit(follower.handle_heartbeat, "notice_loss(core, message)", "pass"),
        focus=cut_off_logs,
    ),
    mutant(
        "what a member has lost is never sent again",
        "etcd-io/raft PR #25; etcd #20269",
        Edit(
            lost_log.note_loss,
            "peer.match_index = 0\n        peer.become_probe(last_index + 1)",
            "pass",
        ),
        focus=cut_off_logs,
    ),
    mutant(
        "a member that has lost its log campaigns",
        "reliability: wiped or rolled back disks",
        Edit(Core.is_promotable, "and not self.has_lost_log", ""),
        focus=cut_off_logs,
    ),
)
