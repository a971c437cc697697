"""One test per rule sentence of the paper (Ongaro and Ousterhout, extended version): elections.

Each docstring quotes no text; it restates the rule and names the section it stands in. Replication
is in test_raft_paper_replication.py.
"""

import pytest
from prompt_member import (
    ELECTION_TICKS,
    HEARTBEAT_TICKS,
    PromptMember,
    elected_leader,
    only,
    request_append,
    request_vote,
    three,
)

from bitebyte.raft import Entry, HardState, ProposalDropped, Role
from bitebyte.raft.messages import (
    MsgApp,
    MsgAppResp,
    MsgHeartbeat,
    MsgHeartbeatResp,
    MsgVote,
    MsgVoteResp,
)

# §5.1 Raft basics


@pytest.mark.parametrize("role", [Role.FOLLOWER, Role.CANDIDATE, Role.LEADER])
def test_a_server_that_sees_a_higher_term_takes_it_and_follows(role: Role) -> None:
    """§5.1: a smaller current term is updated to the larger; candidates and leaders step down."""
    member = elected_leader() if role is Role.LEADER else PromptMember(1)
    if role is Role.CANDIDATE:
        member.campaign()
        member.step(MsgVoteResp(to=1, sender=2, term=1, is_pre=True))
    assert member.node.role is role
    member.step(request_append(member, sender=2, term=5))
    assert (member.node.role, member.node.term, member.node.leader_id) == (Role.FOLLOWER, 5, 2)
    assert member.disk.hard_state.term == 5


def test_a_request_with_a_stale_term_is_rejected_and_changes_nothing() -> None:
    """§5.1: a server that receives a request with a stale term number rejects it."""
    member = PromptMember(1, terms=[1, 2], hard_state=HardState(term=3))
    sent = member.step(
        request_append(member, sender=2, term=2, prev=(2, 2), entries=(Entry(2, 3),), commit=2)
    )
    assert only(sent, MsgAppResp) == [MsgAppResp(to=2, sender=1, term=3, index=0, is_rejected=True)]
    sent = member.step(request_vote(member, sender=2, term=2, last=(9, 2)))
    assert only(sent, MsgVoteResp)[0].is_rejected
    assert (member.log_terms, member.node.commit_index, member.node.leader_id) == ([1, 2], 0, 0)


# §5.2 Leader election


def test_servers_start_as_followers() -> None:
    """§5.2: when servers start up, they begin as followers."""
    member = PromptMember(1, terms=[1], hard_state=HardState(term=4, vote=1))
    assert (member.node.role, member.node.term, member.node.leader_id) == (Role.FOLLOWER, 4, 0)


def test_a_leader_sends_heartbeats_to_all_followers_periodically() -> None:
    """§5.2: leaders send periodic heartbeats to maintain their authority."""
    member = elected_leader()
    for _ in range(3):
        sent = member.tick(HEARTBEAT_TICKS)
        assert [heartbeat.to for heartbeat in only(sent, MsgHeartbeat)] == [2, 3]


def test_a_follower_stays_one_while_it_hears_a_leader() -> None:
    """§5.2: a server remains a follower as long as it receives valid RPCs from a leader."""
    member = PromptMember(1)
    for _ in range(10):
        member.tick(ELECTION_TICKS - 1)
        member.step(MsgHeartbeat(to=1, sender=2, term=1, commit=0))
    assert (member.node.role, member.node.term) == (Role.FOLLOWER, 1)


def test_a_follower_that_hears_nothing_starts_an_election() -> None:
    """§5.2: without communication over the election timeout it begins an election: it increments
    its term, votes for itself and asks all others for votes (after a pre-vote, thesis §9.6)."""
    member = PromptMember(1, terms=[1], hard_state=HardState(term=1))
    sent = member.tick(2 * ELECTION_TICKS)
    assert member.node.role is Role.PRE_CANDIDATE
    assert [(m.to, m.term, m.is_pre) for m in only(sent, MsgVote)] == [(2, 2, True), (3, 2, True)]
    assert member.disk.hard_state == HardState(term=1), "a question changes nothing"
    sent = member.step(MsgVoteResp(to=1, sender=3, term=2, is_pre=True))
    assert member.node.role is Role.CANDIDATE
    assert (member.disk.hard_state.term, member.disk.hard_state.vote) == (2, 1)
    requests = only(sent, MsgVote)
    assert [(m.to, m.term, m.is_pre, m.last_index, m.last_term) for m in requests] == [
        (2, 2, False, 1, 1),
        (3, 2, False, 1, 1),
    ]


@pytest.mark.parametrize(
    ("size", "granted", "expected"),
    [
        (1, 0, Role.LEADER),
        (3, 0, Role.CANDIDATE),
        (3, 1, Role.LEADER),
        (5, 1, Role.CANDIDATE),
        (5, 2, Role.LEADER),
    ],
)
def test_a_candidate_wins_with_the_votes_of_a_majority(
    size: int, granted: int, expected: Role
) -> None:
    """§5.2: a candidate wins an election with votes from a majority for the same term."""
    member = PromptMember(1, voters=range(1, size + 1))
    member.campaign()
    for peer in range(2, size + 1):
        member.step(MsgVoteResp(to=1, sender=peer, term=1, is_pre=True))
    for peer in range(2, 2 + granted):
        member.step(MsgVoteResp(to=1, sender=peer, term=1))
    assert member.node.role is expected


def test_a_repeated_vote_counts_once() -> None:
    """§5.2: a majority is one of servers, not of messages."""
    member = PromptMember(1, voters=range(1, 6))
    member.campaign()
    for peer in (2, 3):
        member.step(MsgVoteResp(to=1, sender=peer, term=1, is_pre=True))
    for _ in range(3):
        member.step(MsgVoteResp(to=1, sender=2, term=1))
    assert member.node.role is Role.CANDIDATE


def test_each_server_votes_at_most_once_in_a_term_first_come_first_served() -> None:
    """§5.2: at most one vote in a given term, also after a restart."""
    member = PromptMember(1)
    assert not only(member.step(request_vote(member, sender=2, term=1)), MsgVoteResp)[0].is_rejected
    assert only(member.step(request_vote(member, sender=3, term=1)), MsgVoteResp)[0].is_rejected
    member.restart()
    assert only(member.step(request_vote(member, sender=3, term=1)), MsgVoteResp)[0].is_rejected
    assert not only(member.step(request_vote(member, sender=2, term=1)), MsgVoteResp)[0].is_rejected


def test_a_vote_is_durable_before_it_is_given() -> None:
    """§5.2, figure 2: term and vote are updated on stable storage before responding to RPCs."""
    member = PromptMember(1)
    member.node.step(request_vote(member, sender=2, term=1))
    ready = member.node.ready()
    assert ready.messages == ()
    assert ready.append is not None
    assert ready.append.hard_state == HardState(term=1, vote=2)
    assert only(ready.append.responses, MsgVoteResp)  # pyright: ignore[reportArgumentType]


def test_a_new_leader_tells_everyone_at_once() -> None:
    """§5.2: once it wins, it sends heartbeats to all others to prevent new elections."""
    member = PromptMember(1)
    member.campaign()
    member.step(MsgVoteResp(to=1, sender=2, term=1, is_pre=True))
    sent = member.step(MsgVoteResp(to=1, sender=2, term=1))
    assert [m.to for m in only(sent, MsgHeartbeat)] == [2, 3]
    assert [m.to for m in only(sent, MsgApp)] == [2, 3]


@pytest.mark.parametrize("term", [1, 2])
def test_a_candidate_recognises_a_leader_of_its_own_or_a_later_term(term: int) -> None:
    """§5.2: a candidate that hears a leader whose term is at least its own becomes a follower."""
    member = PromptMember(1)
    member.campaign()
    member.step(MsgVoteResp(to=1, sender=2, term=1, is_pre=True))
    member.step(request_append(member, sender=3, term=term))
    assert (member.node.role, member.node.term, member.node.leader_id) == (Role.FOLLOWER, term, 3)


def test_a_candidate_ignores_a_leader_of_an_older_term() -> None:
    """§5.2: if the term in the RPC is smaller it rejects the RPC and remains a candidate."""
    member = PromptMember(1, hard_state=HardState(term=4))
    member.campaign()
    member.step(MsgVoteResp(to=1, sender=2, term=5, is_pre=True))
    sent = member.step(request_append(member, sender=3, term=4))
    assert member.node.role is Role.CANDIDATE
    assert only(sent, MsgAppResp, to=3)[0].term == 5


def test_a_split_vote_times_out_and_a_new_election_begins() -> None:
    """§5.2: with a split vote each candidate times out and starts a new election in a new term."""
    member = PromptMember(1)
    member.campaign()
    member.step(MsgVoteResp(to=1, sender=2, term=1, is_pre=True))
    assert member.node.term == 1
    member.tick(2 * ELECTION_TICKS)
    member.step(MsgVoteResp(to=1, sender=2, term=2, is_pre=True))
    assert (member.node.role, member.node.term) == (Role.CANDIDATE, 2)


def test_election_timeouts_are_chosen_anew_from_a_fixed_interval() -> None:
    """§5.2: randomized election timeouts, restarted at each election, make split votes rare."""
    timeouts: list[int] = []
    member = PromptMember(1, seed=3)
    waited = 0
    for _ in range(60 * ELECTION_TICKS):
        waited += 1
        if only(member.tick(), MsgVote):
            timeouts.append(waited)
            waited = 0
    assert set(timeouts) == set(range(ELECTION_TICKS, 2 * ELECTION_TICKS))


# §5.4 Safety: who may lead


@pytest.mark.parametrize(
    ("candidate", "is_granted"),
    [
        ((2, 2), True),
        ((3, 2), True),
        ((1, 3), True),
        ((1, 2), False),
        ((9, 1), False),
        ((0, 0), False),
    ],
)
@pytest.mark.parametrize("is_pre", [True, False])
def test_a_voter_denies_its_vote_to_a_log_less_up_to_date(
    candidate: tuple[int, int], is_granted: bool, is_pre: bool
) -> None:
    """§5.4.1: the later last term is more up-to-date; with equal terms, the longer log."""
    member = PromptMember(1, terms=[1, 2])
    request = MsgVote(
        to=1, sender=2, term=3, last_index=candidate[0], last_term=candidate[1], is_pre=is_pre
    )
    answer = only(member.step(request), MsgVoteResp)[0]
    assert answer.is_rejected == (not is_granted)
    assert answer.is_pre == is_pre


# §6 and §8, thesis §9.6: what keeps a working leader in office, and reads fresh


def test_votes_are_refused_while_a_leader_is_alive() -> None:
    """§6: within the minimum election timeout of hearing a leader a server neither updates its
    term nor grants its vote; a transfer of leadership is exempt (thesis §4.2.3)."""
    member = PromptMember(1)
    member.step(MsgHeartbeat(to=1, sender=2, term=1, commit=0))
    member.tick(ELECTION_TICKS - 1)
    assert member.step(request_vote(member, sender=3, term=9)) == []
    assert member.node.term == 1
    forced = MsgVote(to=1, sender=3, term=9, last_index=0, last_term=0, is_forced=True)
    assert not only(member.step(forced), MsgVoteResp)[0].is_rejected
    assert member.node.term == 9


def test_votes_are_free_again_when_the_leader_has_fallen_silent() -> None:
    """§6: the rule holds for the minimum election timeout and no longer."""
    member = PromptMember(1, voters=(2, 3), learners=(1,))
    member.step(MsgHeartbeat(to=1, sender=2, term=1, commit=0))
    member.tick(5 * ELECTION_TICKS)
    assert member.node.role is Role.FOLLOWER, "a learner waits"
    assert not only(member.step(request_vote(member, sender=3, term=2)), MsgVoteResp)[0].is_rejected


def test_a_leader_without_a_quorum_steps_down() -> None:
    """§8, thesis §6.2: a leader steps down if an election timeout passes without a successful
    round of heartbeats to a majority."""
    member = elected_leader()
    member.tick(ELECTION_TICKS)
    assert member.node.role is Role.LEADER, "it has just been elected by a majority"
    for _ in range(3 * ELECTION_TICKS):
        member.tick()
        if member.node.role is Role.LEADER:
            member.step(MsgHeartbeatResp(to=1, sender=2, term=1))
    assert member.node.role is Role.LEADER, "one other of three is a quorum"
    member.tick(2 * ELECTION_TICKS)
    assert member.node.role is not Role.LEADER
    with pytest.raises(ProposalDropped):
        member.propose(b"too late")


def test_a_new_leader_commits_a_no_op_at_the_start_of_its_term() -> None:
    """§8: it commits a blank no-op entry so that it knows which entries are committed."""
    group = three()
    group.elect(1)
    assert group[1].applied == [Entry(1, 1, b"")]
    group.elect(1)
    assert len(group[1].applied) == 1, "a leader does not campaign"


def test_a_member_that_was_cut_off_does_not_disturb_when_it_returns() -> None:
    """Thesis §9.6: with pre-vote a partitioned server does not raise its term."""
    group = three()
    group.elect(1)
    group.isolate(3)
    group.propose(1, b"a")
    group[3].tick(10 * ELECTION_TICKS)
    group.heal()
    group.tick(1, 2 * HEARTBEAT_TICKS)
    assert (group[1].node.role, group[1].node.term) == (Role.LEADER, 1)
    assert group[3].payloads == [b"a"]


def test_a_learner_never_campaigns_and_does_not_count() -> None:
    """Thesis §4.2.1: non-voting members receive the log and count for no majority."""
    learner = PromptMember(3, voters=(1, 2), learners=(3,))
    assert only(learner.tick(10 * ELECTION_TICKS), MsgVote) == []
    member = PromptMember(1, voters=(1, 2), learners=(3,))
    member.campaign()
    for sender in (3, 2):
        assert member.node.role is Role.PRE_CANDIDATE
        member.step(MsgVoteResp(to=1, sender=sender, term=1, is_pre=True))
    assert member.node.role is Role.CANDIDATE
    assert len(only(member.step(MsgVoteResp(to=1, sender=2, term=1)), MsgApp)) == 2
    member.step(MsgAppResp(to=1, sender=3, term=1, index=1))
    assert member.node.commit_index == 0
    member.step(MsgAppResp(to=1, sender=2, term=1, index=1))
    assert member.node.commit_index == 1
