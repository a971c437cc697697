"""Bugs in elections: votes, terms, and the restriction on who may lead."""

from edits import Edit, mutant
from focus import many_elections, many_elections_of_three

from bitebyte.raft import candidate, dispatch, quorum
from bitebyte.raft.core import Core
from bitebyte.raft.log import RaftLog
from bitebyte.raft.rawnode import RawNode

MUTANTS = (
    # A member that restarts has forgotten its vote and gives it away once more.
    mutant(
        "the vote is not saved",
        "PySyncObj #84, ClickHouse #111551",
        Edit(RawNode._must_write_hard_state, "or core.vote != offered.vote", ""),
        focus=many_elections,
    ),
    # The answer leaves before the disk has it: a crash in between makes a second vote possible.
    mutant(
        "a vote is answered before it is durable",
        "paper figure 2; openraft io_ordering",
        Edit(candidate.answer_vote_request, "core.respond(answer)", "core.send(answer)"),
    ),
    # The candidate asks before its own vote is durable, crashes, and asks again in the same term.
    mutant(
        "votes are asked for before the own one is durable",
        "paper §5.2; etcd-io/raft PR #8",
        Edit(candidate._stand_for_election, "core.respond(request)", "core.send(request)"),
        Edit(
            candidate._stand_for_election,
            "core.respond(MsgVoteResp(to=core.id, sender=core.id, term=core.term))",
            "core.votes[core.id] = True",
        ),
    ),
    mutant(
        "two votes in one term",
        "paper §5.2; dqlite canonical-raft #386",
        Edit(
            candidate.answer_vote_request,
            "is_free = core.vote == message.sender or"
            " (core.vote == NONE_ID and core.leader_id == NONE_ID)",
            "is_free = True",
        ),
        Edit(Core.grant_vote, "assert self.vote in (NONE_ID, candidate_id)", "assert True"),
    ),
    # A member that lacks committed entries is elected and overwrites them.
    mutant(
        "the log of a candidate does not matter",
        "paper §5.4.1",
        Edit(
            candidate.answer_vote_request,
            "core.log.is_up_to_date(message.last_index, message.last_term)",
            "True",
        ),
        focus=many_elections,
    ),
    # Only the term is compared: of two members of one term the shorter log may win.
    mutant(
        "only the last term of a candidate's log matters",
        "paper §5.4.1",
        Edit(
            RaftLog.is_up_to_date,
            "(last_term, last_index) >= (self.last_term, self.last_index)",
            "last_term >= self.last_term",
        ),
        focus=many_elections,
    ),
    mutant(
        "half of the voters are a majority",
        "paper §5.2; quorum/testdata of etcd-io/raft",
        Edit(quorum._majority_vote, "len(voters) // 2 + 1", "(len(voters) + 1) // 2 - 1"),
    ),
    # A grant of the pre-vote is taken for a vote, which nobody has saved.
    mutant(
        "grants of pre-votes count as votes",
        "thesis §9.6; etcd raft_test PreVoteWithSplitVote",
        Edit(
            candidate._handle_vote_response,
            "message.is_pre != (core.role is Role.PRE_CANDIDATE)",
            "False",
        ),
        Edit(candidate._handle_vote_response, "message.term != core.term + 1", "False"),
        Edit(
            dispatch._enter_higher_term,
            "return message.term == core.term + 1",
            "core.become_follower(message.term, NONE_ID) if core.role is Role.LEADER else None\n"
            "            return True",
        ),
    ),
    # An answer to the pre-election before this one: terms are raised that no quorum agreed to.
    mutant(
        "a late grant of a pre-vote counts in the next pre-election",
        "thesis §9.6",
        Edit(candidate._handle_vote_response, "message.term != core.term + 1", "False"),
        focus=many_elections,
        is_judged=True,
    ),
    # A long log of an old term beats a short one of a new term.
    mutant(
        "only the length of a candidate's log matters",
        "paper §5.4.1",
        Edit(
            RaftLog.is_up_to_date,
            "(last_term, last_index) >= (self.last_term, self.last_index)",
            "last_index >= self.last_index",
        ),
        focus=many_elections_of_three,
    ),
    # Meeting the own term again, for example when a candidate finds a leader, frees the vote.
    mutant(
        "stepping down within a term forgets the vote",
        "paper §5.2; hashicorp/raft docs/divergence.md",
        Edit(
            Core._reset,
            "self.leader_id = NONE_ID\n",
            "self.leader_id = self.vote = NONE_ID\n",
        ),
        focus=many_elections,
    ),
    mutant(
        "a refused vote is taken for a given one",
        "paper §5.2",
        Edit(
            candidate._handle_vote_response,
            "message.sender, not message.is_rejected)",
            "message.sender, True)",
        ),
    ),
)
