"""Entries go at once to a quorum only, and a little later, together, to the others."""

from prompt_member import PromptMember, elected_leader, only

from bitebyte.raft import Role
from bitebyte.raft.messages import MsgApp, MsgAppResp, MsgProp, MsgVote, MsgVoteResp, PeerMessage
from bitebyte.raft.replication import SPARE_ENTRIES_MAX


def accept(sender: int, index: int) -> MsgAppResp:
    return MsgAppResp(to=1, sender=sender, term=1, index=index)


def leader_with_spare() -> PromptMember:
    """Members 2 and 3 hold the no-op; 2 was first."""
    member = elected_leader(defers_spare_appends=True, defers_commit_notices=True)
    member.step(accept(2, 1))
    member.node.tell_followers()
    member.step(accept(3, 1))
    return member


def entries_to(peer_id: int, sent: list[PeerMessage]) -> list[int]:
    return [entry.index for append in only(sent, MsgApp, to=peer_id) for entry in append.entries]


def test_only_a_quorum_is_sent_an_entry_at_once() -> None:
    member = leader_with_spare()
    sent = member.propose(b"a")
    assert entries_to(2, sent) == [2]
    assert entries_to(3, sent) == []
    assert member.node.has_untold
    member.step(accept(2, 2))
    assert member.node.commit_index == 2


def test_the_others_get_them_together_when_the_driver_says_so() -> None:
    member = leader_with_spare()
    member.propose(b"a")
    member.propose(b"b")
    member.node.tell_followers()
    appends = only(member.work(), MsgApp, to=3)
    assert [len(append.entries) for append in appends] == [2]


def test_many_entries_do_not_wait() -> None:
    member = leader_with_spare()
    for number in range(SPARE_ENTRIES_MAX):
        assert entries_to(3, member.propose(b"x")) == [], f"before {number}"
    assert entries_to(3, member.propose(b"last")) == list(range(2, SPARE_ENTRIES_MAX + 3))


def test_a_member_at_which_somebody_waits_gets_its_entry_at_once() -> None:
    member = leader_with_spare()
    sent = member.step(MsgProp(to=1, sender=3, term=1, proposals=(b"forwarded",)))
    assert entries_to(3, sent) == [2]


def test_a_quorum_member_that_stalls_loses_its_place() -> None:
    member = leader_with_spare()
    member.propose(b"a")
    member.node.tell_followers()
    member.work()
    member.step(accept(3, 2))
    assert member.node.commit_index == 2, "the spare one helps out"
    member.node.tell_followers()
    member.work()
    sent = member.propose(b"b")
    assert entries_to(3, sent) == [3]
    assert entries_to(2, sent) == []


def test_all_get_entries_at_once_without_the_option() -> None:
    member = elected_leader()
    member.step(accept(2, 1))
    member.step(accept(3, 1))
    sent = member.propose(b"a")
    assert entries_to(2, sent) == entries_to(3, sent) == [2]


def test_who_refuses_a_pre_vote_to_a_shorter_log_campaigns_itself() -> None:
    member = PromptMember(2, terms=(1, 1), defers_spare_appends=True)
    question = MsgVote(to=2, sender=3, term=2, last_index=1, last_term=1, is_pre=True)
    sent = member.step(question)
    assert [answer.is_rejected for answer in only(sent, MsgVoteResp, to=3)] == [True]
    assert member.node.role is Role.PRE_CANDIDATE
    assert [(m.is_pre, m.last_index) for m in only(sent, MsgVote, to=3)] == [(True, 2)]
