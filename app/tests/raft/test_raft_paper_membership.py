"""One test per rule sentence on changes of the membership (paper §6, thesis chapter 4) and on the
transfer of leadership (thesis §3.10).

Each docstring quotes no text; it restates the rule and names the section it stands in. One
difference is on purpose and as in etcd: a configuration is in force when its entry is applied,
not when it is appended, so nobody ever has to take one back.
"""

import pytest
from prompt_member import (
    ELECTION_TICKS,
    HEARTBEAT_TICKS,
    Group,
    PromptMember,
    elected_leader,
    only,
    request_append,
    request_vote,
    three,
)

from bitebyte.raft import (
    ChangeKind,
    ConfChangeRefused,
    ConfState,
    EntryKind,
    ProposalDropped,
    Role,
    SingleChange,
    Transition,
)
from bitebyte.raft.messages import (
    MsgApp,
    MsgAppResp,
    MsgTimeoutNow,
    MsgVote,
    MsgVoteResp,
)


def voter(member_id: int) -> SingleChange:
    return SingleChange(ChangeKind.ADD_VOTER, member_id)


def learner(member_id: int) -> SingleChange:
    return SingleChange(ChangeKind.ADD_LEARNER, member_id)


def remove(member_id: int) -> SingleChange:
    return SingleChange(ChangeKind.REMOVE, member_id)


def joiner(member_id: int) -> PromptMember:
    return PromptMember(member_id, voters=(), seed=member_id)


def cluster(size: int, *joiners: int) -> Group:
    """Members 1 to `size` vote, member 1 leads; the joiners know nothing yet."""
    voters = range(1, size + 1)
    members = [PromptMember(member_id, voters=voters, seed=member_id) for member_id in voters]
    group = Group(*members, *map(joiner, joiners))
    group.elect(1)
    return group


def forced(sender: int, term: int, last: tuple[int, int]) -> MsgVote:
    return MsgVote(
        to=1, sender=sender, term=term, last_index=last[0], last_term=last[1], is_forced=True
    )


# Thesis §4.1 Safety


def test_a_configuration_is_replicated_as_an_entry_of_the_log() -> None:
    """§4.1: the leader appends the new configuration to its log and replicates it as usual."""
    group = cluster(3)
    group.change(1, remove(3))
    for member_id in (1, 2):
        entry = group[member_id].disk.entries[-1]
        assert (entry.kind, entry.index) == (EntryKind.CONF_CHANGE, 2)
        assert group[member_id].conf_state == ConfState((1, 2))


def test_a_configuration_is_in_force_when_its_entry_is_applied() -> None:
    """§4.1, with the moment moved to the applying: until then the old quorum decides."""
    member = elected_leader()
    member.propose_change(remove(3))
    assert member.conf_state == ConfState((1, 2, 3))
    member.step(MsgAppResp(to=1, sender=3, term=1, index=2))
    assert member.conf_state == ConfState((1, 2))
    member.propose(b"spritz")
    member.step(MsgAppResp(to=1, sender=3, term=1, index=3))
    assert member.node.commit_index == 2, "3 counts no more"
    member.step(MsgAppResp(to=1, sender=2, term=1, index=3))
    assert member.node.commit_index == 3


def test_a_change_begins_only_when_the_one_before_is_finished() -> None:
    """§4.1: a leader must not begin a change until the previous one has been committed."""
    member = elected_leader()
    member.propose_change(learner(4))
    with pytest.raises(ConfChangeRefused, match="index 2 is not applied"):
        member.propose_change(learner(5))
    member.step(MsgAppResp(to=1, sender=2, term=1, index=2))
    member.propose_change(learner(5))
    assert member.node.pending_conf_index == 3


def test_a_change_waits_for_an_entry_of_the_leaders_term() -> None:
    """Erratum to §4.1 (raft-dev, July 2015): a leader may not begin a change until it has
    committed an entry of its own term, or two leaders could decide with disjoint majorities."""
    member = PromptMember(1)
    member.campaign()
    for is_pre in (True, False):
        member.step(MsgVoteResp(to=1, sender=2, term=1, is_pre=is_pre))
    with pytest.raises(ConfChangeRefused, match="no entry of its term"):
        member.propose_change(remove(3))
    member.step(MsgAppResp(to=1, sender=2, term=1, index=1))
    member.propose_change(remove(3))


def test_one_part_moves_one_voter_and_needs_no_joint_configuration() -> None:
    """§4.1: adding or removing one server at a time keeps any two majorities overlapping."""
    group = cluster(3, 4)
    for part, voters in ((voter(4), (1, 2, 3, 4)), (remove(3), (1, 2, 4))):
        group.change(1, part)
        assert group[1].conf_state == ConfState(voters)


def test_a_server_takes_requests_from_a_leader_outside_its_configuration() -> None:
    """§4.1: a server accepts AppendEntries from a leader that is not in its latest configuration;
    otherwise one that joins could never be added."""
    member = PromptMember(1, voters=(1, 2, 3))
    sent = member.step(request_append(member, sender=9, term=1))
    assert not only(sent, MsgAppResp)[0].is_rejected
    assert member.node.leader_id == 9


def test_a_server_votes_for_a_candidate_outside_its_configuration() -> None:
    """§4.1: a server grants its vote to a candidate that is not in its latest configuration; the
    vote may be needed to keep the cluster available."""
    member = PromptMember(1, voters=(1, 2, 3))
    assert not only(member.step(request_vote(member, sender=9, term=1)), MsgVoteResp)[0].is_rejected


def test_a_server_that_is_no_member_of_its_own_configuration_starts_no_election() -> None:
    """§4.2.2: a server that is not part of its own latest configuration should not start one."""
    for stranger in (PromptMember(4, voters=(1, 2, 3)), joiner(4)):
        assert only(stranger.tick(5 * ELECTION_TICKS), MsgVote) == []
        stranger.campaign()
        assert stranger.node.role is Role.FOLLOWER


def test_who_has_no_configuration_yet_gives_no_vote() -> None:
    """§4.1, with member ids that are never used twice: a server that was never told that it is a
    member cannot know that it is asked rightly."""
    assert only(joiner(4).step(request_vote(joiner(4), sender=1, term=1)), MsgVoteResp) == [
        MsgVoteResp(to=1, sender=4, term=1, is_rejected=True)
    ]


# Thesis §4.2 Availability


def test_a_new_server_catches_up_without_a_vote() -> None:
    """§4.2.1: it joins as a non-voting member, gets the log, and counts for no majority."""
    group = cluster(2, 3)
    group.propose(1, b"spritz")
    group.change(1, learner(3))
    assert group[1].conf_state == group[3].conf_state == ConfState((1, 2), (3,))
    group.isolate(2)
    group.propose(1, b"negroni")
    assert (group[3].node.last_index, group[1].node.commit_index) == (4, 3)


def test_a_removed_leader_steps_down_once_its_removal_is_committed() -> None:
    """§4.2.2: a leader that is removed steps down when the new configuration is committed; before,
    it manages a cluster that does not include itself."""
    group = cluster(3)
    group.change(1, remove(1))
    group[1].tick(ELECTION_TICKS)
    assert group[1].node.role is Role.FOLLOWER
    assert group[2].node.role is Role.LEADER, "it has handed leadership over"
    assert group[2].conf_state == ConfState((2, 3))


def test_a_leader_that_is_removed_does_not_count_itself() -> None:
    """§4.2.2: it replicates entries but does not count itself in majorities."""
    member = elected_leader()
    member.propose_change(remove(1))
    member.node.propose([b"spritz"])
    member.work()
    member.step(MsgAppResp(to=1, sender=2, term=1, index=2))
    assert member.conf_state == ConfState((2, 3))
    member.step(MsgAppResp(to=1, sender=2, term=1, index=3))
    assert member.node.commit_index == 2
    member.step(MsgAppResp(to=1, sender=3, term=1, index=3))
    assert member.node.commit_index == 3


def test_a_removed_server_does_not_disrupt_the_cluster() -> None:
    """§4.2.3, paper §6: servers that were removed time out and campaign; that must not depose a
    leader that works. Here the removed server has not even heard that it was removed."""
    group = cluster(3)
    group.isolate(3)
    group.change(1, remove(3))
    group.heal()
    assert group[3].conf_state == ConfState((1, 2, 3))
    for _ in range(10 * ELECTION_TICKS):
        group.tick(3)
        group.tick(1)
        group.tick(2)
    assert (group[1].node.role, group[1].node.term) == (Role.LEADER, 1)


def test_a_leader_does_not_listen_to_a_stranger_even_when_a_transfer_is_claimed() -> None:
    """§4.2.3: a request for a vote within the minimum election timeout of hearing a leader is
    dropped; only leadership transfer is exempt, and a leader transfers to voters only."""
    member = elected_leader()
    assert only(member.step(forced(9, 5, (9, 9))), MsgVoteResp) == []
    assert (member.node.role, member.node.term) == (Role.LEADER, 1)


# Thesis §4.3 Joint consensus


def test_a_joint_configuration_replicates_to_all_servers_of_both_halves() -> None:
    """§4.3: log entries are replicated to all servers in both configurations."""
    member = elected_leader()
    member.propose_change(voter(4), remove(3), transition=Transition.JOINT_EXPLICIT)
    member.step(MsgAppResp(to=1, sender=2, term=1, index=2))
    assert member.conf_state == ConfState((1, 2, 4), voters_outgoing=(1, 2, 3))
    member.step(MsgAppResp(to=1, sender=3, term=1, index=2))
    sent = member.propose(b"spritz")
    assert {append.to for append in only(sent, MsgApp)} >= {2, 3}
    assert set(member.node.progress()) == {1, 2, 3, 4}


def test_agreement_needs_a_majority_of_both_halves() -> None:
    """§4.3: for commitment separate majorities from both the old and the new configuration."""
    member = elected_leader()
    member.propose_change(voter(4), voter(5), remove(2), remove(3))
    member.step(MsgAppResp(to=1, sender=2, term=1, index=2))
    assert member.conf_state == ConfState((1, 4, 5), (), (1, 2, 3), (), auto_leave=True)
    member.step(MsgAppResp(to=1, sender=2, term=1, index=3))
    member.step(MsgAppResp(to=1, sender=3, term=1, index=3))
    assert member.node.commit_index == 2, "all of the old ones are not enough"
    member.step(MsgAppResp(to=1, sender=4, term=1, index=3))
    assert member.node.commit_index == 3


def test_an_election_needs_a_majority_of_both_halves() -> None:
    """§4.3: for elections separate majorities from both the old and the new configuration."""
    member = PromptMember(1)
    member.disk.conf_state = ConfState((1, 4, 5), voters_outgoing=(1, 2, 3))
    member.restart()
    requests = only(member.campaign(), MsgVote)
    assert {request.to for request in requests} == {2, 3, 4, 5}, "any server of either may vote"
    for sender in (2, 3):
        member.step(MsgVoteResp(to=1, sender=sender, term=1, is_pre=True))
    assert member.node.role is Role.PRE_CANDIDATE
    member.step(MsgVoteResp(to=1, sender=5, term=1, is_pre=True))
    assert member.node.role is Role.CANDIDATE


def test_any_server_of_either_half_may_lead() -> None:
    """§4.3: any server from either configuration may serve as leader."""
    group = cluster(3, 4)
    group.change(1, voter(4), remove(3), transition=Transition.JOINT_EXPLICIT)
    for member_id in (4, 3):
        leader = next(m for m in group.members.values() if m.node.role is Role.LEADER)
        group.transfer(leader.node.id, member_id)
        assert group[member_id].node.role is Role.LEADER
        group.propose(member_id, b"by %d" % member_id)
    assert group[1].payloads == [b"by 4", b"by 3"]


def test_the_joint_configuration_is_left_when_it_is_committed() -> None:
    """§4.3: once it is committed, the leader creates the entry that describes the new one."""
    group = cluster(3, 4, 5)
    group.change(1, voter(4), voter(5), remove(2), remove(3))
    assert group[1].conf_state == ConfState((1, 4, 5))
    kinds = [entry.kind for entry in group[1].disk.entries]
    assert kinds.count(EntryKind.CONF_CHANGE) == 2


def test_a_later_leader_finishes_a_change_that_another_has_begun() -> None:
    """§4.3: the change goes on after a leader has failed in the middle of it."""
    group = cluster(3)
    group.is_lost = lambda message: (
        isinstance(message, MsgApp) and any(entry.index == 3 for entry in message.entries)
    )
    group.change(1, learner(1), voter(2))
    group.tick(1, HEARTBEAT_TICKS)
    joint = ConfState((2, 3), (), (1, 2, 3), (1,), auto_leave=True)
    assert group[2].conf_state == group[3].conf_state == joint, "the leaving got lost"
    group.isolate(1)
    group[3].tick(ELECTION_TICKS)
    group.elect(2)
    group.heal()
    group.tick(2, 2 * HEARTBEAT_TICKS)
    assert group[2].node.role is Role.LEADER
    assert [member.conf_state for member in group.members.values()] == [ConfState((2, 3), (1,))] * 3
    changes = [e for e in group[2].disk.entries if e.kind == EntryKind.CONF_CHANGE]
    assert [entry.term for entry in changes] == [1, 2], "it proposed the leaving itself"


def test_no_election_while_a_committed_change_is_not_applied() -> None:
    """§4.1, for configurations in force when applied: a server must not campaign under an older
    configuration than one that it knows to be committed (etcd #7280, #11284)."""
    member = PromptMember(2)
    entry = elected_leader()
    entry.propose_change(remove(3))
    change = entry.disk.entries[-1]
    member.node.step(
        request_append(member, sender=1, term=1, entries=(entry.disk.entries[0], change), commit=2)
    )
    ready = member.node.ready()
    assert ready.append is not None
    member.disk.submit(ready.append)
    for response in member.disk.finish_write():
        if response.to == 2:
            member.node.step(response)
    member.node.campaign()
    assert member.node.role is Role.FOLLOWER
    member.work()
    member.campaign()
    assert member.node.role is Role.PRE_CANDIDATE
    assert member.conf_state == ConfState((1, 2))


# Thesis §3.10 Leadership transfer


def test_a_leader_that_transfers_takes_no_requests() -> None:
    """§3.10: the prior leader stops accepting new client requests."""
    member = elected_leader()
    member.transfer(3)
    with pytest.raises(ProposalDropped, match="handed over"):
        member.propose(b"spritz")


def test_the_target_is_brought_up_to_date_first() -> None:
    """§3.10: the prior leader fully updates the target's log before it sends TimeoutNow."""
    member = elected_leader()
    member.propose(b"spritz")
    assert only(member.transfer(3), MsgTimeoutNow) == []
    assert only(member.step(MsgAppResp(to=1, sender=2, term=1, index=2)), MsgTimeoutNow) == []
    sent = member.step(MsgAppResp(to=1, sender=3, term=1, index=2))
    assert [timeout.to for timeout in only(sent, MsgTimeoutNow)] == [3]


def test_the_target_campaigns_at_once_in_the_next_term() -> None:
    """§3.10: TimeoutNow has the same effect as the election timer firing: it starts an election."""
    member = PromptMember(3)
    member.step(request_append(member, sender=1, term=1))
    sent = member.step(MsgTimeoutNow(to=3, sender=1, term=1))
    assert (member.node.role, member.node.term) == (Role.CANDIDATE, 2)
    assert all(request.is_forced and not request.is_pre for request in only(sent, MsgVote))


def test_the_prior_leader_steps_down_when_it_hears_the_next() -> None:
    """§3.10: the target's term is higher, so the prior leader steps down when it receives it."""
    group = three()
    group.elect(1)
    group.transfer(1, 3)
    assert [group[m].node.role for m in (1, 2, 3)] == [Role.FOLLOWER, Role.FOLLOWER, Role.LEADER]
    assert group[3].node.term == 2


def test_a_transfer_that_takes_an_election_timeout_is_given_up() -> None:
    """§3.10: if it does not complete after about an election timeout, the prior leader aborts it
    and takes client requests again."""
    member = elected_leader()
    member.transfer(3)
    for _ in range(ELECTION_TICKS):
        assert member.node.lead_transferee == 3
        member.step(MsgAppResp(to=1, sender=2, term=1, index=1))
        member.tick()
    assert member.node.lead_transferee == 0
    member.propose(b"spritz")
