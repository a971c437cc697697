"""Followers learn what is committed with as few messages as that takes."""

from prompt_member import (
    PromptMember,
    elected_leader,
    only,
)

from bitebyte.raft.messages import (
    MsgApp,
    MsgAppResp,
    MsgProp,
)


def accept(sender: int, index: int) -> MsgAppResp:
    return MsgAppResp(to=1, sender=sender, term=1, index=index)


def test_a_commit_index_that_nobody_waits_for_is_told_when_the_driver_asks() -> None:
    member = elected_leader(defers_commit_notices=True)
    member.step(accept(2, 1))
    member.step(accept(3, 1))
    member.node.tell_followers()
    member.work()
    member.propose(b"own")
    assert only(member.step(accept(2, 2)), MsgApp, to=2) == []
    assert member.node.commit_index == 2
    assert member.node.has_untold
    member.node.tell_followers()
    notices = only(member.work(), MsgApp, to=2)
    assert [(m.commit, m.is_notice) for m in notices] == [(2, True)]


def test_a_commit_index_that_a_follower_waits_for_is_told_at_once() -> None:
    member = elected_leader(defers_commit_notices=True)
    member.step(accept(2, 1))
    member.step(MsgProp(to=1, sender=2, term=1, proposals=(b"forwarded",)))
    notices = only(member.step(accept(2, 2)), MsgApp, to=2)
    assert [(m.commit, m.is_notice) for m in notices] == [(2, True)]


def test_a_notice_of_the_commit_index_is_not_answered() -> None:
    node = PromptMember(2, terms=(1, 1)).node
    notice = MsgApp(to=2, sender=1, term=1, prev_index=2, prev_term=1, commit=2, is_notice=True)
    node.step(notice)
    assert node.commit_index == 2
    ready = node.ready()
    assert not [m for m in ready.messages if isinstance(m, MsgAppResp)]
