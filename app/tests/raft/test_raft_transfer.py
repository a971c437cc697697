"""Leadership goes where it is asked to go, and away from where it should not be.

The names of etcd's tests of leader transfer are kept where they fit.
"""

import pytest
from prompt_member import (
    ELECTION_TICKS,
    HEARTBEAT_TICKS,
    Group,
    PromptMember,
    elected_leader,
    only,
    three,
)

from bitebyte.raft import (
    NONE_ID,
    ChangeKind,
    ConfChange,
    ConfState,
    Entry,
    EntryKind,
    ProposalDropped,
    Role,
    SingleChange,
    TransferRefused,
)
from bitebyte.raft.confchange import encode_change
from bitebyte.raft.messages import (
    MsgApp,
    MsgAppResp,
    MsgHeartbeat,
    MsgProp,
    MsgTimeoutNow,
    MsgTransferLeader,
    MsgVote,
    MsgVoteResp,
    StorageApplyResp,
)

DISK_STALL_TICKS = 12


def accept(sender: int, index: int) -> MsgAppResp:
    return MsgAppResp(to=1, sender=sender, term=1, index=index)


def led_by_1() -> Group:
    group = three()
    group.elect(1)
    return group


def transfer(group: Group, to: int, *, asked: int = 1) -> None:
    group[asked].node.transfer_leader(to)
    group.deliver(group[asked].work())


# Transfers that were asked for


@pytest.mark.parametrize("asked", [1, 2, 3], ids=["leader", "transferee", "third"])
def test_leader_transfer_to_up_to_date_node(asked: int) -> None:
    """Thesis §3.10; whoever is asked passes it on to the leader."""
    group = led_by_1()
    transfer(group, 2, asked=asked)
    assert [group[i].node.role is Role.LEADER for i in (1, 2, 3)] == [False, True, False]
    assert {group[i].node.leader_id for i in (1, 2, 3)} == {2}
    group.propose(1, b"a")
    assert group[3].payloads == [b"a"]


def test_the_votes_of_a_transfer_are_not_refused_for_the_live_leader() -> None:
    group = led_by_1()
    group.tick(1, HEARTBEAT_TICKS)
    sent = group[2].step(MsgTimeoutNow(to=2, sender=1, term=1))
    assert [(m.to, m.is_pre, m.is_forced) for m in only(sent, MsgVote)] == [
        (1, False, True),
        (3, False, True),
    ]
    group.deliver(sent)
    assert group[2].node.role is Role.LEADER


def test_leader_transfer_to_slow_follower() -> None:
    """It is brought up to date first."""
    group = led_by_1()
    group.isolate(3)
    group.propose(1, b"a")
    group.propose(1, b"b")
    group.heal()
    transfer(group, 3)
    assert group[1].node.lead_transferee == 3
    group.tick(1, HEARTBEAT_TICKS)
    assert group[3].node.role is Role.LEADER
    assert group[3].payloads == [b"a", b"b"]


def test_leader_transfer_ignores_proposals() -> None:
    member = elected_leader()
    member.node.transfer_leader(2)
    with pytest.raises(ProposalDropped, match="handed over"):
        member.propose(b"own")
    with pytest.raises(ProposalDropped, match="handed over"):
        member.node.propose_conf_change(ConfChange((SingleChange(ChangeKind.ADD_LEARNER, 4),)))
    member.step(MsgProp(to=1, sender=3, term=1, proposals=(b"forwarded",)))
    assert member.node.last_index == 1


def test_leader_transfer_timeout() -> None:
    """After an election timeout the leader goes on."""
    member = elected_leader()
    member.node.transfer_leader(2)
    member.work()
    for _ in range(ELECTION_TICKS - 1):
        member.tick()
    assert member.node.lead_transferee == 2
    member.tick()
    assert (member.node.role, member.node.lead_transferee) == (Role.LEADER, NONE_ID)
    member.propose(b"a")
    assert member.node.last_index == 2


def test_the_order_to_campaign_is_repeated_after_a_heartbeat() -> None:
    member = elected_leader()
    member.node.transfer_leader(2)
    assert len(only(member.work(), MsgTimeoutNow, to=2)) == 1
    assert only(member.tick(1), MsgTimeoutNow) == []
    assert len(only(member.tick(1), MsgTimeoutNow, to=2)) == 1


@pytest.mark.parametrize(
    ("transferee", "reason"),
    [(1, "the leader already"), (4, "not a voter"), (9, "not a voter")],
    ids=["itself", "a learner", "a stranger"],
)
def test_transfers_that_lead_nowhere_are_refused(transferee: int, reason: str) -> None:
    member = elected_leader(learners=(4,))  # pyright: ignore[reportArgumentType]
    with pytest.raises(TransferRefused, match=reason):
        member.node.transfer_leader(transferee)
    member.step(MsgTransferLeader(to=1, sender=2, term=1, transferee=transferee))
    assert member.node.lead_transferee == NONE_ID


def test_without_a_leader_a_transfer_is_refused() -> None:
    with pytest.raises(TransferRefused, match="no leader is known"):
        PromptMember(1).node.transfer_leader(2)


def test_leader_transfer_second_transfer_to_same_node() -> None:
    """It does not begin anew."""
    member = elected_leader()
    member.node.transfer_leader(2)
    member.tick(ELECTION_TICKS - 1)
    member.node.transfer_leader(2)
    member.tick()
    assert member.node.lead_transferee == NONE_ID


def test_leader_transfer_second_transfer_to_another_node() -> None:
    member = elected_leader()
    member.node.transfer_leader(2)
    member.tick(ELECTION_TICKS - 1)
    member.node.transfer_leader(3)
    assert len(only(member.work(), MsgTimeoutNow, to=3)) == 1
    member.tick()
    assert member.node.lead_transferee == 3


@pytest.mark.parametrize("kind", [ChangeKind.REMOVE, ChangeKind.ADD_LEARNER])
def test_leader_transfer_remove_or_demote_node(kind: ChangeKind) -> None:
    member = elected_leader()
    member.node.propose_conf_change(ConfChange((SingleChange(kind, 3),)))
    member.work()
    member.node.transfer_leader(3)
    assert member.node.lead_transferee == 3
    member.step(accept(2, 2))
    assert member.node.lead_transferee == NONE_ID


def test_leader_transfer_receives_higher_term_vote() -> None:
    """Another election ends it."""
    member = elected_leader()
    member.node.transfer_leader(2)
    request = MsgVote(to=1, sender=3, term=2, last_index=9, last_term=1, is_forced=True)
    member.step(request)
    assert (member.node.role, member.node.lead_transferee) == (Role.FOLLOWER, NONE_ID)


def test_a_late_order_to_campaign_changes_nothing() -> None:
    group = led_by_1()
    transfer(group, 2)
    group.deliver([MsgTimeoutNow(to=3, sender=1, term=1)])
    assert group[2].node.role is Role.LEADER


def test_an_order_to_campaign_waits_for_a_committed_change_to_be_applied() -> None:
    node = PromptMember(2).node
    change = ConfChange((SingleChange(ChangeKind.REMOVE, 1),))
    entry = Entry(1, 1, encode_change(change), EntryKind.CONF_CHANGE)
    node.step(MsgApp(to=2, sender=1, term=1, prev_index=0, prev_term=0, entries=(entry,), commit=1))
    append = node.ready().append
    assert append is not None
    node.step(append.responses[-1])
    node.step(MsgTimeoutNow(to=2, sender=1, term=1))
    assert node.ready().apply is not None
    assert node.role is Role.FOLLOWER
    node.step(StorageApplyResp(to=2, sender=2, index=1))
    assert (node.role, node.conf_state) == (Role.CANDIDATE, ConfState((2, 3)))


# A leader whose disk stalls


def stalled_leader() -> PromptMember:
    """A leader whose write of an own entry never ends."""
    member = elected_leader(disk_stall_ticks=DISK_STALL_TICKS)
    member.node.propose([b"a"])
    assert member.node.ready().append is not None
    return member


def tick_heard(member: PromptMember, count: int) -> None:
    """Ticks during which both followers answer."""
    for _ in range(count):
        member.node.tick()
        member.node.ready()
        if member.node.role is Role.LEADER:
            member.node.step(accept(3, 2))
            member.node.step(accept(2, 1))


def test_a_leader_whose_disk_stalls_hands_over_to_the_most_caught_up() -> None:
    member = stalled_leader()
    tick_heard(member, DISK_STALL_TICKS - 1)
    assert member.node.lead_transferee == NONE_ID
    tick_heard(member, 1)
    assert member.node.lead_transferee == 3


def test_it_steps_down_if_nobody_takes_over_and_does_not_campaign_meanwhile() -> None:
    member = stalled_leader()
    tick_heard(member, 2 * DISK_STALL_TICKS)
    assert member.node.role is Role.FOLLOWER
    tick_heard(member, 4 * ELECTION_TICKS)
    member.node.campaign()
    assert (member.node.role, member.node.term) == (Role.FOLLOWER, 1)


def test_a_slow_disk_that_makes_progress_is_no_stall() -> None:
    member = elected_leader(disk_stall_ticks=DISK_STALL_TICKS)
    for number in range(2, 8):
        member.node.propose([b"a"])
        append = member.node.ready().append
        assert append is not None
        for _ in range(DISK_STALL_TICKS - 1):
            member.node.tick()
            member.node.step(accept(2, number - 1))
        member.node.step(append.responses[-1])
    assert (member.node.role, member.node.lead_transferee) == (Role.LEADER, NONE_ID)


def test_who_stands_alone_keeps_leading_on_a_stalled_disk() -> None:
    member = PromptMember(1, voters=(1,), disk_stall_ticks=DISK_STALL_TICKS)
    member.campaign()
    member.node.propose([b"a"])
    member.node.ready()
    for _ in range(4 * DISK_STALL_TICKS):
        member.node.tick()
    assert member.node.role is Role.LEADER


# Forgetting a leader


def test_a_follower_that_forgets_its_leader_may_vote_at_once() -> None:
    group = led_by_1()
    request = MsgVote(to=2, sender=3, term=2, last_index=1, last_term=1, is_pre=True)
    assert group[2].step(request) == [], "a leader is alive"
    group[2].node.forget_leader()
    assert group[2].node.leader_id == NONE_ID
    assert [a.is_rejected for a in only(group[2].step(request), MsgVoteResp)] == [False]


def test_a_heartbeat_brings_a_forgotten_leader_back() -> None:
    group = led_by_1()
    group[2].node.forget_leader()
    group[2].step(MsgHeartbeat(to=2, sender=1, term=1, commit=0))
    assert group[2].node.leader_id == 1


def test_a_leader_does_not_forget_itself() -> None:
    member = elected_leader()
    member.node.forget_leader()
    assert (member.node.role, member.node.leader_id) == (Role.LEADER, 1)
