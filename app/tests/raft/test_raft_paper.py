"""One test per rule sentence of the paper (Ongaro and Ousterhout, extended version, section 5).

Each docstring quotes no text; it restates the rule and names the section it stands in.
"""

import pytest
from prompt_member import ELECTION_TICKS, HEARTBEAT_TICKS, Group, PromptMember, only, three

from bitebyte.raft import Entry, HardState, ProposalDropped, Role
from bitebyte.raft.messages import (
    MsgApp,
    MsgAppResp,
    MsgHeartbeat,
    MsgHeartbeatResp,
    MsgVote,
    MsgVoteResp,
    PeerMessage,
)


def vote(
    member: PromptMember, *, sender: int, term: int, last: tuple[int, int] = (0, 0)
) -> MsgVote:
    last_index, last_term = last
    return MsgVote(
        to=member.node.id, sender=sender, term=term, last_index=last_index, last_term=last_term
    )


def app(
    member: PromptMember,
    *,
    sender: int,
    term: int,
    prev: tuple[int, int] = (0, 0),
    entries: tuple[Entry, ...] = (),
    commit: int = 0,
) -> MsgApp:
    return MsgApp(
        to=member.node.id,
        sender=sender,
        term=term,
        prev_index=prev[0],
        prev_term=prev[1],
        entries=entries,
        commit=commit,
    )


def leader(**options: int) -> PromptMember:
    """Member 1, elected in term 1 by the vote of member 2, its no-op committed by both others."""
    member = PromptMember(1, **options)
    member.campaign()
    for is_pre in (True, False):
        member.step(MsgVoteResp(to=1, sender=2, term=1, is_pre=is_pre))
    for peer in (2, 3):
        member.step(MsgAppResp(to=1, sender=peer, term=1, index=1))
    assert member.node.role is Role.LEADER
    assert member.node.commit_index == 1
    return member


# §5.1 Raft basics


@pytest.mark.parametrize("role", [Role.FOLLOWER, Role.CANDIDATE, Role.LEADER])
def test_a_server_that_sees_a_higher_term_takes_it_and_follows(role: Role) -> None:
    """§5.1: a smaller current term is updated to the larger; candidates and leaders step down."""
    member = leader() if role is Role.LEADER else PromptMember(1)
    if role is Role.CANDIDATE:
        member.campaign()
        member.step(MsgVoteResp(to=1, sender=2, term=1, is_pre=True))
    assert member.node.role is role
    member.step(app(member, sender=2, term=5))
    assert (member.node.role, member.node.term, member.node.leader_id) == (Role.FOLLOWER, 5, 2)
    assert member.disk.hard_state.term == 5


def test_a_request_with_a_stale_term_is_rejected_and_changes_nothing() -> None:
    """§5.1: a server that receives a request with a stale term number rejects it."""
    member = PromptMember(1, terms=[1, 2], hard_state=HardState(term=3))
    sent = member.step(app(member, sender=2, term=2, prev=(2, 2), entries=(Entry(2, 3),), commit=2))
    assert only(sent, MsgAppResp) == [MsgAppResp(to=2, sender=1, term=3, index=0, is_rejected=True)]
    sent = member.step(vote(member, sender=2, term=2, last=(9, 2)))
    assert only(sent, MsgVoteResp)[0].is_rejected
    assert (member.log_terms, member.node.commit_index, member.node.leader_id) == ([1, 2], 0, 0)


# §5.2 Leader election


def test_servers_start_as_followers() -> None:
    """§5.2: when servers start up, they begin as followers."""
    member = PromptMember(1, terms=[1], hard_state=HardState(term=4, vote=1))
    assert (member.node.role, member.node.term, member.node.leader_id) == (Role.FOLLOWER, 4, 0)


def test_a_leader_sends_heartbeats_to_all_followers_periodically() -> None:
    """§5.2: leaders send periodic heartbeats to maintain their authority."""
    member = leader()
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
    assert not only(member.step(vote(member, sender=2, term=1)), MsgVoteResp)[0].is_rejected
    assert only(member.step(vote(member, sender=3, term=1)), MsgVoteResp)[0].is_rejected
    member.restart()
    assert only(member.step(vote(member, sender=3, term=1)), MsgVoteResp)[0].is_rejected
    assert not only(member.step(vote(member, sender=2, term=1)), MsgVoteResp)[0].is_rejected


def test_a_vote_is_durable_before_it_is_given() -> None:
    """§5.2, figure 2: term and vote are updated on stable storage before responding to RPCs."""
    member = PromptMember(1)
    member.node.step(vote(member, sender=2, term=1))
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
    member.step(app(member, sender=3, term=term))
    assert (member.node.role, member.node.term, member.node.leader_id) == (Role.FOLLOWER, term, 3)


def test_a_candidate_ignores_a_leader_of_an_older_term() -> None:
    """§5.2: if the term in the RPC is smaller it rejects the RPC and remains a candidate."""
    member = PromptMember(1, hard_state=HardState(term=4))
    member.campaign()
    member.step(MsgVoteResp(to=1, sender=2, term=5, is_pre=True))
    sent = member.step(app(member, sender=3, term=4))
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


# §5.3 Log replication


def test_a_proposal_is_appended_and_sent_in_parallel() -> None:
    """§5.3: the leader appends the command and issues AppendEntries in parallel to all others."""
    member = leader()
    member.node.propose([b"mojito"])
    ready = member.node.ready()
    assert ready.append is not None
    assert ready.append.entries == (Entry(1, 2, b"mojito"),)
    sent = only(ready.messages, MsgApp)
    assert [(m.to, m.prev_index, m.prev_term, m.entries) for m in sent] == [
        (2, 1, 1, ready.append.entries),
        (3, 1, 1, ready.append.entries),
    ]


def test_an_entry_is_committed_once_a_majority_stores_it_and_only_then_applied() -> None:
    """§5.3: committed once the leader that created it has replicated it on a majority."""
    member = leader()
    member.propose(b"mojito")
    assert (member.node.commit_index, member.payloads) == (1, [])
    sent = member.step(MsgAppResp(to=1, sender=3, term=1, index=2))
    assert (member.node.commit_index, member.payloads) == (2, [b"mojito"])
    assert {m.commit for m in only(sent, MsgApp, to=3)} == {2}


def test_the_own_disk_is_one_of_the_majority_and_counts_when_it_is_done() -> None:
    """§5.3: a leader that has not stored an entry itself must not count itself."""
    member = leader()
    member.node.propose([b"mojito"])
    append = member.node.ready().append
    assert append is not None
    member.node.step(MsgAppResp(to=1, sender=2, term=1, index=2))
    assert member.node.commit_index == 1
    for response in append.responses:
        member.node.step(response)
    assert member.node.commit_index == 2


def test_committing_an_entry_commits_all_before_it_also_those_of_earlier_leaders() -> None:
    """§5.3: this also commits all preceding entries in the log, including of previous leaders."""
    member = PromptMember(1, terms=[1, 2])
    member.campaign()
    for is_pre in (True, False):
        member.step(MsgVoteResp(to=1, sender=2, term=3, is_pre=is_pre))
    member.step(MsgAppResp(to=1, sender=2, term=3, index=3))
    assert member.node.commit_index == 3
    assert [entry.term for entry in member.applied] == [1, 2, 3]


def test_a_follower_applies_what_it_learns_to_be_committed_in_log_order() -> None:
    """§5.3: a follower that learns that an entry is committed applies it in log order."""
    member = PromptMember(2)
    entries = (Entry(1, 1, b"a"), Entry(1, 2, b"b"), Entry(1, 3, b"c"))
    member.step(app(member, sender=1, term=1, entries=entries, commit=2))
    assert member.payloads == [b"a", b"b"]
    member.step(app(member, sender=1, term=1, prev=(3, 1), commit=3))
    assert member.payloads == [b"a", b"b", b"c"]


def test_a_follower_commits_only_what_the_leader_has_shown_to_match() -> None:
    """§5.3, figure 2: commitIndex = min(leaderCommit, index of last new entry)."""
    member = PromptMember(2, terms=[1, 1, 1])
    member.step(app(member, sender=1, term=2, prev=(1, 1), commit=3))
    assert member.node.commit_index == 1


@pytest.mark.parametrize(
    ("prev", "is_accepted"),
    [((0, 0), True), ((1, 1), True), ((2, 2), True), ((2, 1), False), ((3, 3), False)],
)
def test_a_follower_checks_that_the_previous_entry_matches(
    prev: tuple[int, int], is_accepted: bool
) -> None:
    """§5.3: without an entry of that index and term in its log it refuses the new entries."""
    member = PromptMember(2, terms=[1, 2])
    answer = only(member.step(app(member, sender=1, term=3, prev=prev)), MsgAppResp)[0]
    assert answer.is_rejected == (not is_accepted)
    assert answer.index == prev[0]


@pytest.mark.parametrize(
    ("prev", "new_terms", "expected"),
    [
        ((2, 2), [3], [1, 2, 3]),
        ((1, 1), [3, 4], [1, 3, 4]),
        ((0, 0), [3, 4], [3, 4]),
        ((0, 0), [1], [1, 2]),
        ((0, 0), [1, 2], [1, 2]),
        ((0, 0), [1, 3], [1, 3]),
    ],
)
def test_a_conflicting_entry_and_all_after_it_are_replaced_and_nothing_else(
    prev: tuple[int, int], new_terms: list[int], expected: list[int]
) -> None:
    """§5.3: conflicting entries are overwritten; figure 2: same index but different term. Entries
    that are merely beyond a short or late message stay."""
    member = PromptMember(2, terms=[1, 2])
    entries = tuple(Entry(term, prev[0] + i) for i, term in enumerate(new_terms, 1))
    member.step(app(member, sender=1, term=5, prev=prev, entries=entries))
    assert member.log_terms == expected
    assert [entry.term for entry in member.disk.entries] == expected


def test_an_append_is_durable_before_it_is_acknowledged() -> None:
    """§5.3, figure 2: log[] is updated on stable storage before responding to RPCs."""
    member = PromptMember(2)
    member.node.step(app(member, sender=1, term=1, entries=(Entry(1, 1, b"a"),)))
    ready = member.node.ready()
    assert ready.messages == ()
    assert ready.append is not None
    assert ready.append.responses[0] == MsgAppResp(to=1, sender=2, term=1, index=1)


FIGURE_7 = {
    "a": [1, 1, 1, 4, 4, 5, 5, 6, 6],
    "b": [1, 1, 1, 4],
    "c": [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6],
    "d": [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7],
    "e": [1, 1, 1, 4, 4, 4, 4],
    "f": [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3],
}


@pytest.mark.parametrize("case", sorted(FIGURE_7))
def test_a_leader_brings_every_log_of_figure_7_to_its_own(case: str) -> None:
    """§5.3: the leader finds the latest entry where the two logs agree, deletes what follows and
    sends its own. The third voter is out of reach; figure 7's leader has term 8."""
    leader_terms = [1, 1, 1, 4, 4, 5, 5, 6, 6, 6]
    group = Group(
        PromptMember(1, terms=leader_terms, hard_state=HardState(term=7)),
        PromptMember(2, terms=FIGURE_7[case], hard_state=HardState(term=7)),
        PromptMember(3, hard_state=HardState(term=7)),
    )
    group.is_lost = lambda message: isinstance(message, MsgApp) and message.to == 3
    group.elect(1)
    assert group[1].node.role is Role.LEADER
    assert group[2].log_terms == [*leader_terms, 8]
    assert group[2].node.commit_index == 11


def test_a_rejection_lets_the_leader_skip_whole_terms() -> None:
    """§5.3: with the conflicting term in the answer, one AppendEntries RPC is required for each
    term with conflicts rather than one per entry."""
    group = Group(
        PromptMember(1, terms=[1] + [4] * 50, hard_state=HardState(term=4)),
        PromptMember(2, terms=[1] + [2] * 30 + [3] * 30, hard_state=HardState(term=4)),
        PromptMember(3, hard_state=HardState(term=4)),
    )
    probes: list[PeerMessage] = []
    group.is_lost = lambda message: (
        isinstance(message, MsgApp) and message.to == 2 and bool(probes.append(message))
    )
    group.elect(1)
    assert group[2].log_terms == [1, *[4] * 50, 5]
    assert len(probes) <= 4


def test_a_late_append_does_not_take_back_what_was_acknowledged() -> None:
    """§5.3: AppendEntries is idempotent: a request for entries already in the log is ignored."""
    member = PromptMember(2)
    entries = (Entry(1, 1, b"a"), Entry(1, 2, b"b"), Entry(1, 3, b"c"))
    member.step(app(member, sender=1, term=1, entries=entries, commit=3))
    sent = member.step(app(member, sender=1, term=1, entries=entries[:1]))
    assert member.log_terms == [1, 1, 1]
    assert only(sent, MsgAppResp)[0].index == 3, "what is committed matches in any case"


def test_a_leader_retries_until_all_followers_store_all_entries() -> None:
    """§5.3: if followers crash, run slowly, or packets are lost, it retries indefinitely."""
    group = three()
    group.elect(1)
    group.isolate(3)
    for number in range(20):
        group.propose(1, b"%d" % number)
    group.heal()
    group.tick(1, 2 * HEARTBEAT_TICKS)
    assert group[3].payloads == [b"%d" % number for number in range(20)]


def test_a_leader_never_overwrites_its_own_log() -> None:
    """§5.3: Leader Append-Only."""
    member = leader()
    member.propose(b"a", b"b")
    member.step(MsgAppResp(to=1, sender=2, term=1, index=3, is_rejected=True, hint_index=0))
    assert [entry.data for entry in member.disk.entries] == [b"", b"a", b"b"]


# §5.4 Safety


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


def test_only_entries_of_the_current_term_are_committed_by_counting() -> None:
    """§5.4.2, figure 8: an old entry on a majority may still be overwritten."""
    member = PromptMember(1, terms=[1, 2, 2])
    member.campaign()
    for is_pre in (True, False):
        member.step(MsgVoteResp(to=1, sender=2, term=3, is_pre=is_pre))
    member.step(MsgAppResp(to=1, sender=2, term=3, index=3))
    assert member.node.commit_index == 0
    member.step(MsgAppResp(to=1, sender=2, term=3, index=4))
    assert member.node.commit_index == 4


# §5.5 and §5.6 Crashes, timing


def test_a_crashed_follower_catches_up_after_its_restart() -> None:
    """§5.5: if a server crashes, RPCs to it fail and are retried; they complete on restart."""
    group = three()
    group.elect(1)
    group.propose(1, b"a")
    group.isolate(3)
    group.propose(1, b"b")
    group[3].restart()
    group.heal()
    group.tick(1, 2 * HEARTBEAT_TICKS)
    assert group[3].payloads == [b"a", b"b"]


def test_repeated_requests_do_no_harm() -> None:
    """§5.5: Raft RPCs are idempotent."""
    member = PromptMember(2)
    request = app(member, sender=1, term=1, entries=(Entry(1, 1, b"a"),), commit=1)
    first = member.step(request)
    assert member.step(request) == first
    assert member.payloads == [b"a"]


# §6 and §8, thesis §9.6: what keeps a working leader in office, and reads fresh


def test_votes_are_refused_while_a_leader_is_alive() -> None:
    """§6: within the minimum election timeout of hearing a leader a server neither updates its
    term nor grants its vote; a transfer of leadership is exempt (thesis §4.2.3)."""
    member = PromptMember(1)
    member.step(MsgHeartbeat(to=1, sender=2, term=1, commit=0))
    member.tick(ELECTION_TICKS - 1)
    assert member.step(vote(member, sender=3, term=9)) == []
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
    assert not only(member.step(vote(member, sender=3, term=2)), MsgVoteResp)[0].is_rejected


def test_a_leader_without_a_quorum_steps_down() -> None:
    """§8, thesis §6.2: a leader steps down if an election timeout passes without a successful
    round of heartbeats to a majority."""
    member = leader()
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
