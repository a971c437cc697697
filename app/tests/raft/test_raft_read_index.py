"""Reads are confirmed by rounds, never by ids, and see all that was committed before them."""

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

from bitebyte.raft import ReadState
from bitebyte.raft.messages import (
    MsgApp,
    MsgAppResp,
    MsgHeartbeat,
    MsgHeartbeatResp,
    MsgReadIndex,
    MsgReadIndexResp,
    MsgVoteResp,
)


def ack(sender: int, read_seq: int, term: int = 1) -> MsgHeartbeatResp:
    return MsgHeartbeatResp(to=1, sender=sender, term=term, read_seq=read_seq)


@pytest.fixture
def leader() -> PromptMember:
    return elected_leader()


def test_a_read_waits_for_a_quorum_that_confirms_the_leader(leader: PromptMember) -> None:
    sent = leader.read(70)
    assert [(m.to, m.read_seq) for m in only(sent, MsgHeartbeat)] == [(2, 1), (3, 1)]
    assert leader.reads == []
    leader.step(ack(3, read_seq=1))
    assert leader.reads == [ReadState(70, 1)]


def test_reads_that_arrive_before_a_round_starts_share_it(leader: PromptMember) -> None:
    for request_id in range(100):
        assert leader.node.read_index(request_id)
    assert len(only(leader.work(), MsgHeartbeat)) == 2, "one heartbeat for each peer"
    leader.step(ack(2, read_seq=1))
    assert [read.request_id for read in leader.reads] == list(range(100))


def test_a_read_that_arrives_during_a_round_needs_the_next_one(leader: PromptMember) -> None:
    leader.read(1)
    assert leader.read(2) == [], "one round at a time"
    sent = leader.step(ack(2, read_seq=1))
    assert [read.request_id for read in leader.reads] == [1]
    assert {m.read_seq for m in only(sent, MsgHeartbeat)} == {2}
    leader.step(ack(2, read_seq=2))
    assert [read.request_id for read in leader.reads] == [1, 2]


def test_a_late_answer_to_an_old_round_confirms_no_newer_read_and_loses_none(
    leader: PromptMember,
) -> None:
    """The trap of etcd #20418: a paused network delivers old heartbeat answers, perhaps sent
    before another leader took over, after the client has asked again under the same id."""
    leader.read(7)
    late = ack(2, read_seq=1)
    leader.step(ack(3, read_seq=1))
    assert leader.reads == [ReadState(7, 1)]

    leader.read(7)
    leader.read(8)
    assert leader.step(late, late) == []
    leader.step(ack(3, read_seq=0), ack(3, read_seq=1))
    assert len(leader.reads) == 1, "only what round 1 confirmed"

    leader.step(ack(3, read_seq=2))
    assert [read.request_id for read in leader.reads] == [7, 7]
    leader.step(ack(3, read_seq=3))
    assert [read.request_id for read in leader.reads] == [7, 7, 8]


def test_answers_of_one_member_are_one_voice() -> None:
    five = PromptMember(1, voters=range(1, 6))
    five.campaign()
    for is_pre in (True, False):
        five.step(*(MsgVoteResp(to=1, sender=p, term=1, is_pre=is_pre) for p in (2, 3)))
    five.step(*(MsgAppResp(to=1, sender=p, term=1, index=1) for p in (2, 3)))
    five.read(1)
    five.step(ack(2, 1), ack(2, 1), ack(2, 1))
    assert five.reads == []
    five.step(ack(4, 1))
    assert len(five.reads) == 1


def test_a_new_leader_keeps_reads_until_its_no_op_is_committed() -> None:
    """etcd #7331: its commit index may still lag behind what clients have seen."""
    member = PromptMember(1, terms=[1, 1])
    member.campaign()
    for is_pre in (True, False):
        member.step(MsgVoteResp(to=1, sender=2, term=2, is_pre=is_pre))
    member.read(5)
    member.step(ack(2, 0, term=2), ack(3, 0, term=2), ack(2, 1, term=2))
    assert member.reads == []
    member.step(MsgAppResp(to=1, sender=3, term=2, index=3))
    member.step(ack(3, 1, term=2))
    assert member.reads == [ReadState(5, 3)]


def test_a_lost_round_is_repeated_by_the_regular_heartbeat(leader: PromptMember) -> None:
    leader.read(1)
    sent = leader.tick(HEARTBEAT_TICKS)
    assert {m.read_seq for m in only(sent, MsgHeartbeat)} == {1}


def test_a_single_voter_confirms_itself_at_once() -> None:
    member = PromptMember(1, voters=(1,))
    member.campaign()
    member.read(1)
    assert member.reads == [ReadState(1, 1)]


def test_a_follower_asks_its_leader_and_reads_at_the_leaders_index() -> None:
    group = three()
    group.elect(1)
    group.is_lost = lambda message: isinstance(message, MsgApp) and message.to == 3
    group.propose(1, b"unseen by 3")
    group.deliver(group[3].read(30))
    assert group[3].reads == [ReadState(30, 2)]
    assert group[3].node.commit_index == 1, "the reader still has to wait for index 2"


def test_without_a_leader_a_read_is_refused() -> None:
    member = PromptMember(1)
    assert not member.node.read_index(1)
    member.campaign()
    assert not member.node.read_index(1)


def test_waiting_reads_are_bounded() -> None:
    member = PromptMember(1, voters=(1, 2), pending_reads_max=2)
    member.campaign()
    for is_pre in (True, False):
        member.step(MsgVoteResp(to=1, sender=2, term=1, is_pre=is_pre))
    assert [member.node.read_index(i) for i in range(4)] == [True, True, False, False]
    member.step(MsgReadIndex(to=1, sender=2, term=1, request_id=9))
    member.step(MsgAppResp(to=1, sender=2, term=1, index=1))
    sent = member.step(ack(2, 1))
    assert [read.request_id for read in member.reads] == [0, 1]
    assert only(sent, MsgReadIndexResp) == []


def test_reads_die_with_the_leadership(leader: PromptMember) -> None:
    leader.read(1)
    leader.step(MsgHeartbeat(to=1, sender=2, term=2, commit=0))
    leader.step(ack(2, 1), ack(3, 1), ack(2, 1, term=2))
    leader.tick(4 * ELECTION_TICKS)
    for is_pre in (True, False):
        leader.step(MsgVoteResp(to=1, sender=2, term=3, is_pre=is_pre))
    leader.step(MsgAppResp(to=1, sender=2, term=3, index=2))
    assert leader.node.commit_index == 2, "it leads again"
    leader.step(*(ack(peer, seq, term=3) for peer in (2, 3) for seq in (1, 2)))
    assert leader.reads == []


def test_a_deposed_leader_cannot_confirm_a_stale_read() -> None:
    """Figure 3's promise for readers: nobody reads less than what was committed before."""
    group = Group(*(PromptMember(i, seed=i) for i in (1, 2, 3)))
    group.elect(1)
    group.isolate(1)
    group[2].tick(40)
    group[3].tick(40)
    group.elect(2)
    group.propose(2, b"newer")
    assert group[2].payloads == [b"newer"]
    group.deliver(group[1].read(1))
    group.heal()
    group.tick(1, HEARTBEAT_TICKS)
    assert group[1].reads == []
    assert group[1].node.leader_id != 1
