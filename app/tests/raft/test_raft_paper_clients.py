"""One test per rule sentence on clients and their reads (paper §8, thesis chapter 6), as far as the
core takes part in them. Reads in detail are in test_raft_read_index.py.

Each docstring quotes no text; it restates the rule and names the section it stands in.
"""

import pytest
from prompt_member import (
    ELECTION_TICKS,
    HEARTBEAT_TICKS,
    PromptMember,
    elected_leader,
    only,
    request_append,
    three,
)

from bitebyte.raft import Entry, HardState, ProposalDropped, ReadState, Role
from bitebyte.raft.messages import (
    MsgAppResp,
    MsgHeartbeat,
    MsgHeartbeatResp,
    MsgProp,
    MsgReadIndex,
    MsgReadIndexResp,
    MsgVoteResp,
)

# §8 and thesis §6.2: finding the leader


def test_a_server_that_is_not_leader_knows_who_is() -> None:
    """§8: it supplies information about the most recent leader it has heard from."""
    member = PromptMember(2)
    member.step(MsgHeartbeat(to=2, sender=3, term=1, commit=0))
    assert member.node.leader_id == 3


def test_a_server_that_is_not_leader_may_proxy_to_the_leader() -> None:
    """Thesis §6.2: the alternative to rejecting is to send the request on to the leader."""
    group = three()
    group.elect(1)
    group.propose(2, b"spritz")
    assert [member.payloads for member in group.members.values()] == [[b"spritz"]] * 3


def test_without_a_leader_a_request_is_refused_at_once() -> None:
    """§8: a client whose request cannot be served tries again, so it has to be told."""
    with pytest.raises(ProposalDropped):
        PromptMember(2).propose(b"spritz")


def test_a_leader_that_lost_its_quorum_delays_nobody_for_ever() -> None:
    """Thesis §6.2: it steps down when an election timeout passes without a round of heartbeats to
    a majority, so that clients try another server."""
    leader = elected_leader()
    leader.tick(2 * ELECTION_TICKS)
    assert leader.node.role is not Role.LEADER
    with pytest.raises(ProposalDropped):
        leader.propose(b"spritz")


def test_who_leads_is_forgotten_when_a_new_term_begins() -> None:
    """Thesis §6.2: followers keep track of the leader's identity, and discard it when starting a
    new election or when the term changes; otherwise they could point at each other for ever."""
    member = PromptMember(2)
    member.step(MsgHeartbeat(to=2, sender=3, term=1, commit=0))
    member.tick(2 * ELECTION_TICKS)
    assert (member.node.role, member.node.leader_id) == (Role.PRE_CANDIDATE, 0)
    member.step(MsgVoteResp(to=2, sender=1, term=5, is_rejected=True))
    assert (member.node.term, member.node.leader_id) == (5, 0)


# §8 and thesis §6.3: each command once


def test_a_proposal_is_bound_to_the_term_of_its_leader() -> None:
    """§8: a command may be executed more than once if it is simply retried; what makes a retry
    safe here is that a forwarded proposal dies with its term, and that the session table, outside
    the core, knows the rest."""
    leader = elected_leader()
    leader.step(MsgProp(to=1, sender=2, term=0, proposals=(b"late",)))
    assert leader.node.last_index == 1
    leader.step(MsgProp(to=1, sender=2, term=1, proposals=(b"in time",)))
    assert leader.node.last_index == 2


def test_every_member_executes_the_same_commands_in_the_same_order() -> None:
    """Thesis §6.3: duplicates are filtered alike everywhere because all see the same log."""
    group = three()
    group.elect(1)
    group.propose(2, b"a")
    group.elect(1)
    group.transfer(1, 3)
    group.propose(1, b"a")
    group.propose(3, b"b")
    assert [member.payloads for member in group.members.values()] == [[b"a", b"a", b"b"]] * 3


# §8 and thesis §6.4: reads


def test_a_read_writes_nothing_to_the_log() -> None:
    """§8: read-only operations can be handled without writing anything into the log."""
    leader = elected_leader()
    leader.read(7)
    leader.step(MsgHeartbeatResp(to=1, sender=2, term=1, read_seq=1))
    assert leader.reads == [ReadState(7, 1)]
    assert leader.node.last_index == 1


def test_a_new_leader_first_commits_an_entry_of_its_term() -> None:
    """§8, thesis §6.4 step 1: a leader does not know at first which entries are committed; its
    no-op tells it."""
    member = PromptMember(1, terms=[1], hard_state=HardState(term=1))
    member.campaign()
    for is_pre in (True, False):
        member.step(MsgVoteResp(to=1, sender=2, term=2, is_pre=is_pre))
    member.read(7)
    member.tick(HEARTBEAT_TICKS)
    member.step(MsgHeartbeatResp(to=1, sender=2, term=2, read_seq=1))
    assert member.reads == []
    member.step(MsgAppResp(to=1, sender=2, term=2, index=2))
    member.step(MsgHeartbeatResp(to=1, sender=2, term=2, read_seq=1))
    assert member.reads == [ReadState(7, 2)]


def test_the_read_index_is_the_commit_index_when_the_round_begins() -> None:
    """Thesis §6.4 step 2: what is committed later need not be seen, what was before must be."""
    leader = elected_leader()
    leader.read(7)
    leader.propose(b"spritz")
    leader.step(MsgAppResp(to=1, sender=2, term=1, index=2))
    leader.step(MsgHeartbeatResp(to=1, sender=2, term=1, read_seq=1))
    assert leader.reads == [ReadState(7, 1)]


def test_a_leader_exchanges_heartbeats_with_a_majority_before_it_answers() -> None:
    """§8, thesis §6.4 step 3: it may have been deposed, and must find out first."""
    group = three()
    group.elect(1)
    group.isolate(1)
    group.deliver(group[1].read(7))
    group[2].tick(ELECTION_TICKS)
    group.elect(3)
    group.propose(3, b"spritz")
    assert group[3].node.role is Role.LEADER
    group.heal()
    group.tick(1, 2 * HEARTBEAT_TICKS)
    assert group[1].reads == [], "it would have been stale"


def test_a_read_is_served_only_when_the_read_index_is_applied() -> None:
    """Thesis §6.4 step 4: the leader waits for its state machine; the core hands both out, and the
    index says what to wait for."""
    member = PromptMember(2)
    member.step(
        request_append(member, sender=1, term=1, entries=(Entry(1, 1), Entry(1, 2, b"a")), commit=1)
    )
    member.read(7)
    member.step(MsgReadIndexResp(to=2, sender=1, term=1, request_id=7, index=2))
    assert member.reads == [ReadState(7, 2)]
    assert member.node.applied_index == 1, "so this read has to wait"


def test_one_round_of_heartbeats_serves_many_reads() -> None:
    """Thesis §6.4: any number of read-only queries that have accumulated share one round."""
    leader = elected_leader()
    for request_id in (7, 8):
        assert leader.node.read_index(request_id)
    leader.node.step(MsgReadIndex(to=1, sender=3, term=1, request_id=9))
    sent = leader.work()
    assert len(only(sent, MsgHeartbeat)) == 2
    sent = leader.step(MsgHeartbeatResp(to=1, sender=3, term=1, read_seq=1))
    assert [read.request_id for read in leader.reads] == [7, 8]
    assert [answer.request_id for answer in only(sent, MsgReadIndexResp)] == [9]


def test_followers_share_the_load_of_reads() -> None:
    """Thesis §6.4: a follower asks the leader for a read index only and serves the read itself."""
    group = three()
    group.elect(1)
    group.propose(1, b"spritz")
    group.deliver(group[3].read(7))
    assert group[3].reads == [ReadState(7, 2)]
    assert group[3].node.applied_index == 2
