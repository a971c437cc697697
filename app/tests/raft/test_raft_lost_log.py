"""A member whose disk forgot what it had acknowledged goes on as a copy, and only as that."""

from prompt_member import (
    ELECTION_TICKS,
    HEARTBEAT_TICKS,
    Group,
    elected_leader,
    only,
    request_vote,
    three,
)

from bitebyte.raft import ProgressState, Role
from bitebyte.raft.messages import (
    MsgAppResp,
    MsgHeartbeat,
    MsgHeartbeatResp,
    MsgTimeoutNow,
    MsgVoteResp,
)


def group_with_loss() -> Group:
    """Member 3 has acknowledged four entries and comes back with two."""
    group = three()
    group.elect(1)
    for payload in (b"a", b"b", b"c"):
        group.propose(1, payload)
    member = group[3]
    assert member.node.last_index == 4
    member.disk.applied_index = 1
    member.disk.lose_from(3)
    member.restart()
    return group


def test_a_heartbeat_that_counts_on_more_than_the_log_holds_reveals_the_loss() -> None:
    group = group_with_loss()
    assert not group[3].node.has_lost_log
    (answer,) = group[3].step(
        MsgHeartbeat(to=3, sender=1, term=1, commit=1, read_seq=5, match_index=4)
    )
    assert answer == MsgHeartbeatResp(
        to=1, sender=3, term=1, read_seq=5, has_lost_log=True, last_index=2
    )
    assert group[3].disk.hard_state.has_lost_log, "before anybody is told"
    assert group[3].node.commit_index <= 2


def test_a_whole_log_reveals_nothing() -> None:
    group = three()
    group.elect(1)
    group.propose(1, b"a")
    group.tick(1, 4 * HEARTBEAT_TICKS)
    assert not any(group[i].node.has_lost_log for i in (1, 2, 3))


def test_its_log_is_filled_again_and_the_leader_takes_nothing_back() -> None:
    group = group_with_loss()
    committed = group[1].node.commit_index
    group.tick(1, HEARTBEAT_TICKS)
    assert group[1].node.commit_index == committed == 4
    view = group[1].node.progress()[3]
    assert (view.has_lost_log, view.match_index) == (True, 4)
    assert view.state is ProgressState.REPLICATE
    assert group[3].log_terms == group[1].log_terms
    group.propose(1, b"d")
    assert group[3].payloads[-1] == b"d"


def test_it_never_votes_nor_campaigns_again_not_even_after_a_restart() -> None:
    group = group_with_loss()
    group.tick(1, HEARTBEAT_TICKS)
    for _ in range(2):
        member = group[3]
        assert not member.node.is_promotable
        member.tick(3 * ELECTION_TICKS)
        member.campaign()
        member.step(MsgTimeoutNow(to=3, sender=1, term=member.node.term))
        assert member.node.role is Role.FOLLOWER
        term = member.node.term + 1
        answers = only(
            member.step(request_vote(member, sender=2, term=term, last=(9, term))), MsgVoteResp
        )
        assert [answer.is_rejected for answer in answers] == [True]
        member.restart()
        assert member.node.has_lost_log


def test_its_new_acknowledgements_count() -> None:
    """No quorum of votes contains it, so every one meets every quorum of acknowledgements in a
    member that holds the entry."""
    group = group_with_loss()
    group.tick(1, HEARTBEAT_TICKS)
    group.isolate(2)
    group.propose(1, b"with the copy")
    assert group[1].node.commit_index == 5


def test_only_the_flag_lowers_what_was_acknowledged() -> None:
    member = elected_leader()
    member.propose(b"a")
    member.step(MsgAppResp(to=1, sender=2, term=1, index=2))
    late = MsgAppResp(to=1, sender=2, term=1, index=2, is_rejected=True, hint_index=0, hint_term=0)
    member.step(late)
    assert member.node.progress()[2].match_index == 2
    member.step(MsgHeartbeatResp(to=1, sender=2, term=1, has_lost_log=True, last_index=1))
    view = member.node.progress()[2]
    assert (view.match_index, view.next_index, view.has_lost_log) == (0, 2, True)
    assert member.node.commit_index == 2


def test_a_rejection_that_admits_the_loss_starts_replication_anew() -> None:
    member = elected_leader()
    member.propose(b"a")
    member.step(MsgAppResp(to=1, sender=2, term=1, index=2))
    member.step(
        MsgAppResp(
            to=1,
            sender=2,
            term=1,
            index=2,
            is_rejected=True,
            hint_index=1,
            hint_term=1,
            has_lost_log=True,
        )
    )
    assert member.node.progress()[2].match_index == 0


def test_a_leader_does_not_hand_over_to_it() -> None:
    group = group_with_loss()
    group.tick(1, HEARTBEAT_TICKS)
    assert group[1].node.progress()[3].has_lost_log
    group[1].node.core.disk_stall_elapsed_ticks = 10**6
    group[1].node.tick()
    assert group[1].node.lead_transferee != 3
