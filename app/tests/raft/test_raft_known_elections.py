"""Cases on elections that other implementations found worth a test of their own, by their names.

Each docstring says what the case shows and who has it. Those on replication, storage and reads are
in test_raft_known_replication.py; more are scenario files.
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

from bitebyte.raft import ChangeKind, ConfState, HardState, ProposalDropped, Role, SingleChange
from bitebyte.raft.messages import (
    MsgApp,
    MsgAppResp,
    MsgHeartbeat,
    MsgVote,
    MsgVoteResp,
    PeerMessage,
)


def let_lease_run_out(group: Group, *member_ids: int) -> None:
    """They hear nobody for an election timeout; what they say meanwhile is lost."""
    for member_id in member_ids:
        group[member_id].tick(ELECTION_TICKS)


def leaders(group: Group) -> list[int]:
    return [m.node.id for m in group.members.values() if m.node.role is Role.LEADER]


def test_leader_election_overwrite_newer_logs() -> None:
    """etcd: entries of an unfinished later term lose against a leader whose term is later still.
    Members 1, 2, 4 have one entry; 3 was elected by 4 and 5, wrote an entry of term 2 and died."""
    group = Group(
        *(PromptMember(m, voters=range(1, 6), terms=[1], seed=m) for m in (1, 2)),
        PromptMember(3, voters=range(1, 6), terms=[2], hard_state=HardState(2, 3)),
        *(PromptMember(m, voters=range(1, 6), hard_state=HardState(2, 3), seed=m) for m in (4, 5)),
    )
    group.elect(1)
    assert group[1].node.term == 2, "the term of its pre-election was taken already"
    group.elect(1)
    assert leaders(group) == [1]
    assert group[1].node.term == 3
    assert [member.log_terms for member in group.members.values()] == [[1, 3]] * 5


def test_dueling_pre_candidates() -> None:
    """etcd: of two that ask at the same time without hearing each other one wins, and the other
    one raises nobody's term when it comes back."""
    group = three()
    group.is_lost = lambda message: {message.to, message.sender} == {1, 3}
    group.elect(1)
    group.elect(3)
    assert (leaders(group), group[3].node.term) == ([1], 1)
    group.heal()
    group.tick(3, 2 * ELECTION_TICKS)
    group.tick(1, HEARTBEAT_TICKS)
    assert (leaders(group), group[3].node.term, group[3].node.role) == ([1], 1, Role.FOLLOWER)


def test_dueling_candidates() -> None:
    """etcd: two candidates of one term: the one without a majority gives up when it hears."""
    group = three()
    for member_id in (1, 3):
        group[member_id].campaign()
        group[member_id].step(MsgVoteResp(to=member_id, sender=2, term=1, is_pre=True))
        assert group[member_id].node.role is Role.CANDIDATE
    group.deliver(group[2].step(request_vote(group[2], sender=1, term=1)))
    group.deliver(group[2].step(request_vote(group[2], sender=3, term=1)))
    assert (leaders(group), group[3].node.role) == ([1], Role.FOLLOWER)


def test_free_stuck_candidate_with_check_quorum() -> None:
    """etcd: a member whose term is higher than the leader's, because an election of its own came
    to nothing, is not stuck: the leader hears of its term, and the next election is above it."""
    group = three()
    group.elect(1)
    group.isolate(3)
    let_lease_run_out(group, 3)
    group[3].campaign()
    group[3].step(MsgVoteResp(to=3, sender=2, term=2, is_pre=True))
    assert (group[3].node.role, group[3].node.term) == (Role.CANDIDATE, 2)
    group.heal()
    group.tick(1, HEARTBEAT_TICKS)
    assert group[1].node.term == 2
    assert group[1].node.role is Role.FOLLOWER
    let_lease_run_out(group, 1, 2, 3)
    group.elect(1)
    assert leaders(group) == [1]
    assert {member.node.term for member in group.members.values()} == {3}


def test_pre_vote_with_split_vote() -> None:
    """etcd: two that win their questions and then split the votes try again, and one succeeds."""
    group = three()
    group.elect(1)
    group.isolate(1)
    let_lease_run_out(group, 2, 3)
    for member_id, other in ((2, 3), (3, 2)):
        group[member_id].campaign()
        group[member_id].step(MsgVoteResp(to=member_id, sender=other, term=2, is_pre=True))
    for member_id, other in ((2, 3), (3, 2)):
        sent = group[other].step(request_vote(group[other], sender=member_id, term=2, last=(1, 1)))
        group.deliver(only(sent, MsgVoteResp))
    assert {group[m].node.role for m in (2, 3)} == {Role.CANDIDATE}, "one vote each"
    group.elect(2)
    assert (group[2].node.role, group[2].node.term) == (Role.LEADER, 3)


@pytest.mark.parametrize("size", [3, 5])
def test_leader_partitions(size: int) -> None:
    """hashicorp: a leader that is cut off with a minority steps down, the majority elects another,
    and when the cut heals everyone follows that one and what was not committed is gone."""
    group = Group(*(PromptMember(m, voters=range(1, size + 1), seed=m) for m in range(1, size + 1)))
    group.elect(1)
    group.isolate(1)
    group[1].propose(b"lost")
    group[1].tick(2 * ELECTION_TICKS)
    assert group[1].node.role is not Role.LEADER
    with pytest.raises(ProposalDropped):
        group[1].propose(b"refused")
    rest = range(2, size + 1)
    let_lease_run_out(group, *rest)
    group.elect(2)
    group.propose(2, b"kept")
    group.heal()
    group.tick(2, 2 * HEARTBEAT_TICKS)
    assert leaders(group) == [2]
    assert [member.payloads for member in group.members.values()] == [[b"kept"]] * size


def test_slow_send_vote_and_slow_receive_vote() -> None:
    """hashicorp: a vote that comes after its election, or after its leader has gone, counts for
    nothing."""
    member = PromptMember(1)
    member.campaign()
    member.step(MsgVoteResp(to=1, sender=2, term=1, is_pre=True))
    member.tick(2 * ELECTION_TICKS)
    member.step(MsgVoteResp(to=1, sender=3, term=2, is_pre=True))
    assert (member.node.role, member.node.term) == (Role.CANDIDATE, 2)
    member.step(MsgVoteResp(to=1, sender=2, term=1))
    assert member.node.role is Role.CANDIDATE, "a vote of term 1"
    member.step(request_append(member, sender=3, term=2))
    member.step(MsgVoteResp(to=1, sender=2, term=2))
    assert (member.node.role, member.node.leader_id) == (Role.FOLLOWER, 3)


def test_pre_vote_leader_spam() -> None:
    """hashicorp: a member that asks for votes again and again moves nothing in a sound cluster."""
    group = three()
    group.elect(1)
    for _ in range(50):
        group.elect(3)
        group.tick(1)
    assert leaders(group) == [1]
    assert {member.node.term for member in group.members.values()} == {1}


def test_cluster_can_regain_stability_when_non_voter_with_higher_term_joins() -> None:
    """hashicorp: a learner that comes back with a higher term than the cluster's is not ignored for
    ever: the leader hears of it, a new one is elected above it, and the learner follows."""
    learner = PromptMember(4, voters=(1, 2, 3), learners=(4,), hard_state=HardState(term=9))
    group = Group(
        *(PromptMember(m, voters=(1, 2, 3), learners=(4,), seed=m) for m in (1, 2, 3)), learner
    )
    group.isolate(4)
    group.elect(1)
    group.heal()
    group.tick(1, HEARTBEAT_TICKS)
    let_lease_run_out(group, 1, 2, 3)
    group.elect(1)
    group.propose(1, b"spritz")
    assert (leaders(group), group[1].node.term) == ([1], 10)
    assert learner.payloads == [b"spritz"]


def test_remove_follower_split_cluster() -> None:
    """hashicorp: a leader that is cut off with half of the cluster proposes a removal. It is not
    committed, the other half gains nothing by it either, and it is finished after the cut."""
    group = Group(*(PromptMember(m, voters=range(1, 5), seed=m) for m in range(1, 5)))
    group.elect(1)
    group.is_lost = lambda message: (message.to in (1, 2)) != (message.sender in (1, 2))
    group.change(1, SingleChange(ChangeKind.REMOVE, 4))
    assert group[1].conf_state == ConfState((1, 2, 3, 4)), "two of four are no majority"
    let_lease_run_out(group, 3, 4)
    group.elect(3)
    assert group[3].node.role is not Role.LEADER, "nor are the other two"
    group.heal()
    group[1].tick(2 * ELECTION_TICKS)
    let_lease_run_out(group, 2)
    group.elect(1)
    group.tick(1, 2 * HEARTBEAT_TICKS)
    assert group[1].conf_state == group[2].conf_state == ConfState((1, 2, 3))


@pytest.mark.parametrize("is_deaf", [True, False])
def test_one_way_isolation(is_deaf: bool) -> None:
    """openraft: a leader that hears nobody gives up for lack of answers; one that is not heard is
    replaced, and learns of its successor."""

    def is_lost(message: PeerMessage) -> bool:
        return message.to == 1 if is_deaf else message.sender == 1

    group = three()
    group.elect(1)
    group.is_lost = is_lost
    for _ in range(4 * ELECTION_TICKS):
        for member_id in (1, 2, 3):
            group.tick(member_id)
    others = [m for m in (2, 3) if group[m].node.role is Role.LEADER]
    assert len(others) == 1
    assert group[1].node.role is not Role.LEADER


def test_non_voter_leader_restart() -> None:
    """openraft: a leader that was removed and restarts is no leader, and does not become one."""
    group = three()
    group.elect(1)
    group.change(1, SingleChange(ChangeKind.REMOVE, 1))
    group[1].restart()
    assert only(group[1].tick(5 * ELECTION_TICKS), MsgVote) == []
    assert (group[1].node.role, group[1].conf_state) == (Role.FOLLOWER, ConfState((2, 3)))


def test_leader_transfer_after_snapshot() -> None:
    """etcd: leadership goes to a member that first has to catch up by a snapshot."""
    group = three()
    group.elect(1)
    group.isolate(3)
    group.propose(1, b"spritz")
    group[1].compact(2)
    group.heal()
    group.transfer(1, 3)
    assert group[1].node.lead_transferee == 3
    group.tick(1, 2 * HEARTBEAT_TICKS)
    assert leaders(group) == [3]
    assert group[3].disk.applied_index >= 2


def test_write_when_leader_quits() -> None:
    """openraft: what a leader was asked just before it steps down is not committed by answers that
    come late, and what it is asked afterwards goes to the next leader."""
    leader = elected_leader()
    leader.propose(b"spritz")
    leader.step(MsgHeartbeat(to=1, sender=2, term=2, commit=1))
    sent = leader.propose(b"negroni")
    assert only(sent, MsgApp) == []
    assert [message.to for message in sent] == [2], "it is the next leader's business now"
    late = leader.step(MsgAppResp(to=1, sender=3, term=1, index=2))
    assert (late, leader.node.commit_index) == ([], 1)
