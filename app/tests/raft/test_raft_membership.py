"""Changes of the membership: when they are taken, when they take effect, and on whom.

What whole groups do is in the scenario files; what a configuration becomes, in the arithmetic ones.
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
    ConfChange,
    ConfChangeRefused,
    ConfState,
    Entry,
    EntryKind,
    HardState,
    ProgressState,
    ProposalDropped,
    Role,
    SingleChange,
    Snapshot,
    Transition,
)
from bitebyte.raft.confchange import decode_change, encode_change
from bitebyte.raft.messages import (
    MsgApp,
    MsgAppResp,
    MsgHeartbeat,
    MsgHeartbeatResp,
    MsgProp,
    MsgSnap,
    MsgTimeoutNow,
    MsgVote,
    MsgVoteResp,
    StorageApplyResp,
)


def add_learner(member_id: int) -> ConfChange:
    return ConfChange((SingleChange(ChangeKind.ADD_LEARNER, member_id),))


def promote(member_id: int) -> ConfChange:
    return ConfChange((SingleChange(ChangeKind.ADD_VOTER, member_id),))


def remove(member_id: int) -> ConfChange:
    return ConfChange((SingleChange(ChangeKind.REMOVE, member_id),))


def replace(old: int, new: int, transition: Transition = Transition.AUTO) -> ConfChange:
    return ConfChange((*remove(old).changes, *promote(new).changes), transition)


def accept(sender: int, index: int) -> MsgAppResp:
    return MsgAppResp(to=1, sender=sender, term=1, index=index)


def change_entry(change: ConfChange, *, term: int, index: int) -> Entry:
    return Entry(term, index, encode_change(change), EntryKind.CONF_CHANGE)


def commit(member: PromptMember, *senders: int) -> None:
    """These members acknowledge all that the leader has."""
    index = member.node.last_index
    member.step(*(accept(sender, index) for sender in senders))


def changed(change: ConfChange, **options: int) -> PromptMember:
    """A leader on which the change has taken effect."""
    member = elected_leader(**options)
    member.node.propose_conf_change(change)
    member.work()
    commit(member, 2)
    return member


# When a change is taken


def test_a_change_takes_effect_when_its_entry_is_applied_and_not_before() -> None:
    node = elected_leader().node
    node.propose_conf_change(add_learner(4))
    append = node.ready().append
    assert append is not None
    node.step(append.responses[-1])
    node.step(accept(2, 2))
    apply = node.ready().apply
    assert apply is not None
    assert [entry.kind for entry in apply.entries] == [EntryKind.CONF_CHANGE]
    assert (node.commit_index, node.conf_state) == (2, ConfState((1, 2, 3)))
    node.step(StorageApplyResp(to=1, sender=1, index=2))
    assert node.conf_state == ConfState((1, 2, 3), (4,))


def test_only_one_change_may_be_on_its_way() -> None:
    member = elected_leader()
    member.node.propose_conf_change(add_learner(4))
    assert member.node.pending_conf_index == 2
    with pytest.raises(ConfChangeRefused, match="at index 2 is not applied yet"):
        member.node.propose_conf_change(add_learner(5))
    member.work()
    commit(member, 2)
    assert member.node.pending_conf_index == 0
    member.node.propose_conf_change(add_learner(5))
    assert member.node.pending_conf_index == 3


def test_a_new_leader_takes_no_change_before_an_entry_of_its_term_is_committed() -> None:
    """The bug of single-server changes (raft-dev, 2015)."""
    member = PromptMember(1)
    member.campaign()
    for is_pre in (True, False):
        member.step(MsgVoteResp(to=1, sender=2, term=1, is_pre=is_pre))
    with pytest.raises(ConfChangeRefused, match="no entry of its term"):
        member.node.propose_conf_change(add_learner(4))
    member.step(accept(2, 1))
    member.node.propose_conf_change(add_learner(4))


def test_a_change_that_leads_nowhere_is_refused_by_the_rule_it_breaks() -> None:
    member = elected_leader(voters=(1, 2))  # pyright: ignore[reportArgumentType]
    with pytest.raises(ConfChangeRefused, match="no voter would be left"):
        member.node.propose_conf_change(ConfChange((*remove(1).changes, *remove(2).changes)))
    with pytest.raises(ConfChangeRefused, match="no joint change is under way"):
        member.node.propose_conf_change(ConfChange())
    assert member.node.last_index == 1


def test_while_joint_only_leaving_is_taken() -> None:
    member = changed(replace(3, 4, Transition.JOINT_EXPLICIT))
    assert member.node.conf_state.voters_outgoing == (1, 2, 3)
    with pytest.raises(ConfChangeRefused, match="joint change is under way"):
        member.node.propose_conf_change(add_learner(5))
    member.node.propose_conf_change(ConfChange())
    member.work()
    commit(member, 2, 4)
    assert member.node.conf_state == ConfState((1, 2, 4))


def test_a_change_without_a_leader_is_dropped_for_certain() -> None:
    with pytest.raises(ProposalDropped):
        PromptMember(1).node.propose_conf_change(add_learner(4))


def test_a_follower_forwards_a_change() -> None:
    group = three()
    group.elect(1)
    group[2].node.propose_conf_change(add_learner(4))
    group.deliver(group[2].work())
    assert {group[i].node.conf_state for i in (1, 2, 3)} == {ConfState((1, 2, 3), (4,))}


def test_a_forwarded_change_that_cannot_be_taken_becomes_a_void_entry() -> None:
    """So its proposer learns from the log that it has no effect."""
    member = elected_leader()
    member.node.propose_conf_change(add_learner(4))
    member.step(
        MsgProp(
            to=1,
            sender=2,
            term=1,
            kind=EntryKind.CONF_CHANGE,
            proposals=(encode_change(add_learner(5)),),
        )
    )
    commit(member, 2)
    assert [decode_change(e.data).is_void for e in member.applied if e.kind] == [False, True]
    assert member.node.conf_state == ConfState((1, 2, 3), (4,))
    assert member.node.pending_conf_index == 0


def test_a_forwarded_change_that_cannot_be_read_is_dropped() -> None:
    member = elected_leader()
    member.step(
        MsgProp(to=1, sender=2, term=1, kind=EntryKind.CONF_CHANGE, proposals=(b"\xff",)),
    )
    assert member.node.last_index == 1


# Leaving a joint configuration


def test_a_joint_configuration_is_left_by_itself_exactly_once() -> None:
    member = changed(replace(3, 4))
    assert member.node.conf_state.auto_leave
    assert member.node.last_index == 3
    member.propose(b"a")
    member.tick(HEARTBEAT_TICKS)
    commit(member, 2, 4)
    assert [decode_change(e.data).changes for e in member.applied if e.kind][1:] == [()]
    assert member.node.conf_state == ConfState((1, 2, 4))


def test_a_new_leader_leaves_the_joint_configuration_that_it_finds() -> None:
    member = PromptMember(1, terms=(1, 1), hard_state=HardState(term=1, commit=2))
    member.disk.entries[1] = change_entry(replace(3, 4), term=1, index=2)
    member.restart()
    member.campaign()
    assert member.node.role is Role.FOLLOWER, "not before it is applied"
    member.campaign()
    for is_pre in (True, False):
        member.step(*(MsgVoteResp(to=1, sender=i, term=2, is_pre=is_pre) for i in (2, 4)))
    assert member.node.last_index == 3
    member.step(*(MsgAppResp(to=1, sender=i, term=2, index=3) for i in (2, 4)))
    assert (member.node.last_index, member.node.pending_conf_index) == (4, 4)


# Who campaigns, who votes


def test_nobody_campaigns_while_a_committed_change_is_not_applied() -> None:
    """Two leaders in one term, if it did (etcd #7280, #11284)."""
    node = PromptMember(2).node
    node.step(
        MsgApp(
            to=2,
            sender=1,
            term=1,
            prev_index=0,
            prev_term=0,
            entries=(change_entry(add_learner(4), term=1, index=1),),
            commit=1,
        )
    )
    append = node.ready().append
    assert append is not None
    node.step(append.responses[-1])
    assert node.ready().apply is not None
    node.campaign()
    for _ in range(3 * ELECTION_TICKS):
        node.tick()
    assert node.role is Role.FOLLOWER
    node.step(StorageApplyResp(to=2, sender=2, index=1))
    node.tick()
    assert node.role is Role.PRE_CANDIDATE


def test_that_a_change_is_committed_is_written_down() -> None:
    """Or a restart would forget that it stands against a campaign."""
    member = PromptMember(2)
    entries = (change_entry(add_learner(4), term=1, index=1), Entry(1, 2))
    member.step(request_append(member, sender=1, term=1, entries=entries))
    assert member.disk.hard_state.commit == 0
    member.step(MsgHeartbeat(to=2, sender=1, term=1, commit=1))
    assert member.disk.hard_state.commit == 1


def test_of_two_changes_in_a_log_the_first_is_known_to_be_committed() -> None:
    member = PromptMember(2, terms=(1, 1))
    member.disk.entries = [
        change_entry(add_learner(4), term=1, index=1),
        change_entry(promote(4), term=1, index=2),
    ]
    member.restart()
    assert (member.node.commit_index, member.node.pending_conf_index) == (1, 2)


def test_a_change_that_is_truncated_away_never_takes_effect() -> None:
    member = PromptMember(2)
    lost = change_entry(remove(2), term=1, index=1)
    member.step(request_append(member, sender=1, term=1, entries=(lost,)))
    assert member.node.pending_conf_index == 1
    member.step(request_append(member, sender=3, term=2, entries=(Entry(2, 1),), commit=1))
    assert (member.node.pending_conf_index, member.node.applied_index) == (0, 1)
    assert member.node.conf_state == ConfState((1, 2, 3))


def test_a_learner_never_campaigns_but_votes() -> None:
    """It may have been promoted and not know it yet (etcd PR #10998)."""
    member = PromptMember(4, learners=(4,))
    assert not member.node.is_promotable
    member.campaign()
    member.tick(3 * ELECTION_TICKS)
    assert member.node.role is Role.FOLLOWER
    answers = only(member.step(request_vote(member, sender=2, term=1)), MsgVoteResp)
    assert [answer.is_rejected for answer in answers] == [False]


@pytest.mark.parametrize("voters", [(), (1, 2, 3)], ids=["joins", "was removed"])
def test_a_member_that_its_own_configuration_does_not_know_never_votes(
    voters: tuple[int, ...],
) -> None:
    member = PromptMember(4, voters=voters)
    for is_pre in (True, False):
        request = MsgVote(to=4, sender=2, term=1, last_index=9, last_term=1, is_pre=is_pre)
        assert [a.is_rejected for a in only(member.step(request), MsgVoteResp)] == [True]
    assert member.disk.hard_state.vote == 0


def test_a_candidate_that_the_voter_does_not_know_may_get_its_vote() -> None:
    """It may be a member already, and the voter not know it yet."""
    member = PromptMember(1)
    answers = only(member.step(request_vote(member, sender=9, term=1)), MsgVoteResp)
    assert [answer.is_rejected for answer in answers] == [False]


def test_votes_of_strangers_count_for_nothing() -> None:
    member = PromptMember(1)
    member.campaign()
    member.step(*(MsgVoteResp(to=1, sender=stranger, term=1, is_pre=True) for stranger in (8, 9)))
    assert member.node.role is Role.PRE_CANDIDATE


def test_a_leader_does_not_even_look_at_vote_requests_of_strangers() -> None:
    member = elected_leader()
    for is_forced in (False, True):
        request = MsgVote(to=1, sender=9, term=5, last_index=9, last_term=4, is_forced=is_forced)
        assert member.step(request) == []
    assert (member.node.role, member.node.term) == (Role.LEADER, 1)


def test_who_refuses_a_vote_tells_what_is_committed() -> None:
    """The leader of two has demoted itself and stopped. The other does not know that it stands
    alone, and its log is the shorter one (etcd #12359)."""
    demotion = change_entry(add_learner(2), term=1, index=2)
    ahead = PromptMember(2, voters=(1, 2), terms=(1, 1, 1), hard_state=HardState(1, 2, commit=2))
    ahead.disk.entries[1] = demotion
    ahead.restart()
    ahead.work()
    assert ahead.node.conf_state == ConfState((1,), (2,))
    behind = PromptMember(1, voters=(1, 2), terms=(1, 1), hard_state=HardState(1, 2))
    behind.disk.entries[1] = demotion
    behind.restart()
    group = Group(behind, ahead)
    group.elect(1)
    assert (behind.node.role, behind.node.conf_state) == (Role.FOLLOWER, ConfState((1,), (2,)))
    group.elect(1)
    assert behind.node.role is Role.LEADER


# New members


def test_a_new_member_is_probed_and_counts_as_heard_at_first() -> None:
    member = changed(add_learner(4))
    view = member.node.progress()[4]
    assert (view.state, view.match_index, view.is_learner) == (ProgressState.PROBE, 0, True)
    assert view.is_recently_active
    assert list(member.node.progress()) == [1, 2, 3, 4]


def test_a_member_without_a_configuration_takes_no_entries_but_a_snapshot() -> None:
    """Entries from the first one on would not tell it who was a member when the log began."""
    leader = changed(add_learner(4))
    joiner = PromptMember(4, voters=())
    (probe,) = only(leader.tick(HEARTBEAT_TICKS) + leader.work(), MsgHeartbeat, to=4)
    joiner.step(probe)
    first = Entry(1, 1)
    (answer,) = only(
        joiner.step(request_append(joiner, sender=1, term=1, entries=(first,), commit=1)),
        MsgAppResp,
    )
    assert answer.needs_snapshot
    assert joiner.node.last_index == 0
    leader.node.step(answer)
    (request,) = leader.node.ready().snapshots
    assert (request.peer_id, request.index_min, request.term) == (4, 1, 1)
    conf_state = ConfState((1, 2, 3), (4,))
    joiner.step(MsgSnap(to=4, sender=1, term=1, snapshot=Snapshot(2, 1, conf_state)))
    assert (joiner.node.conf_state, joiner.node.applied_index) == (conf_state, 2)


# Members that leave


def test_answers_of_a_removed_member_are_dropped() -> None:
    member = changed(remove(3))
    assert list(member.node.progress()) == [1, 2]
    assert member.step(accept(3, 2), MsgHeartbeatResp(to=1, sender=3, term=1)) == []


def test_a_smaller_quorum_commits_at_once_and_tells_it() -> None:
    member = elected_leader()
    member.node.propose_conf_change(remove(3))
    member.propose(b"a")
    member.step(accept(2, 2))
    assert member.node.conf_state == ConfState((1, 2))
    assert member.node.commit_index == 2
    group = PromptMember(1, voters=(1, 2))
    group.campaign()
    for is_pre in (True, False):
        group.step(MsgVoteResp(to=1, sender=2, term=1, is_pre=is_pre))
    group.step(accept(2, 1))
    group.node.propose_conf_change(remove(2))
    group.propose(b"a")
    sent = group.step(accept(2, 2))
    assert group.node.conf_state == ConfState((1,))
    assert group.node.commit_index == 3, "it needs nobody else any more"
    assert only(sent, MsgApp, to=2)[-1].commit >= 2, "who was removed hears of it"


def test_a_smaller_quorum_confirms_the_reads_that_wait() -> None:
    member = PromptMember(1, voters=(1, 2))
    member.campaign()
    for is_pre in (True, False):
        member.step(MsgVoteResp(to=1, sender=2, term=1, is_pre=is_pre))
    member.step(accept(2, 1))
    member.read(7)
    assert member.reads == []
    member.node.propose_conf_change(remove(2))
    member.work()
    member.step(accept(2, 2))
    assert [read.request_id for read in member.reads] == [7]


@pytest.mark.parametrize("change", [remove(1), add_learner(1)], ids=["removed", "demoted"])
def test_a_leader_without_a_vote_hands_over_and_steps_down(change: ConfChange) -> None:
    group = three()
    group.elect(1)
    group[1].node.propose_conf_change(change)
    group.deliver(group[1].work())
    group.tick(1, HEARTBEAT_TICKS)
    assert group[1].node.role is Role.FOLLOWER
    leaders = [i for i in (2, 3) if group[i].node.role is Role.LEADER]
    assert len(leaders) == 1, "without waiting for an election timeout"
    group.propose(leaders[0], b"goes on")
    assert [group[i].payloads[-1] for i in (2, 3)] == [b"goes on"] * 2


def test_a_removed_leader_does_not_count_itself() -> None:
    member = changed(remove(1))
    assert member.node.role is Role.LEADER
    with pytest.raises(ProposalDropped, match="handed over"):
        member.propose(b"a")
    sent = member.step(accept(2, 2), accept(3, 2))
    sent += member.tick(HEARTBEAT_TICKS)
    assert only(sent, MsgTimeoutNow)
    member.tick(ELECTION_TICKS)
    assert member.node.role is Role.FOLLOWER
    assert not member.node.is_promotable


def test_a_removed_member_is_not_sent_anything_any_more() -> None:
    member = changed(remove(3))
    member.work()
    assert [m for m in member.tick(2 * HEARTBEAT_TICKS) if m.to == 3] == []
