"""A caller learns what became of its command, or that nobody knows; never a wrong answer."""

import asyncio

import pytest
from prompt_member import PromptMember

from bitebyte.domain.commands import ChangeMembers, EndSession
from bitebyte.domain.results import Accepted
from bitebyte.node.envelope import open_envelope
from bitebyte.node.membership_changes import MembershipChanges
from bitebyte.node.proposals import PROPOSALS_OPEN_MAX, Proposals
from bitebyte.node.types import MembershipRefused, NodeStopped, NoLeader, OutcomeUnknown, Overloaded
from bitebyte.raft.messages import MsgVoteResp
from bitebyte.raft.types import ChangeKind, SingleChange

COMMAND = EndSession(id="018f0000-0000-7000-8000-000000000001", at_ms=1, token_hash="00")


def proposals() -> Proposals:
    return Proposals(member_id=7, sequence_base=100)


def test_an_applied_command_answers_its_caller() -> None:
    async def scenario() -> None:
        p = proposals()
        future = p.add(COMMAND, deadline_s=10)
        envelope, command = open_envelope(p.queued_data()[0])
        assert (envelope.origin, command) == (7, COMMAND)
        p.mark_handed_on(term=3)
        p.resolve(envelope.sequence, 12, Accepted())
        assert (await future).index == 12

    asyncio.run(scenario())


def test_a_command_that_was_never_handed_on_ends_as_no_leader() -> None:
    async def scenario() -> None:
        p = proposals()
        future = p.add(COMMAND, deadline_s=10)
        p.expire(10)
        with pytest.raises(NoLeader):
            await future
        assert not p.has_queued

    asyncio.run(scenario())


def test_a_change_that_the_leader_could_not_take_in_time_says_what_it_waited_for() -> None:
    async def scenario() -> None:
        leader = PromptMember(1)
        leader.campaign()
        for is_pre in (True, False):
            leader.step(MsgVoteResp(to=1, sender=2, term=1, is_pre=is_pre))
        changes = MembershipChanges(member_id=1, sequence_base=100)
        parts = [SingleChange(ChangeKind.ADD_LEARNER, 9)]
        future = changes.add(parts, ChangeMembers(id="c", at_ms=1), deadline_s=10)
        changes.hand_on(leader.node)
        changes.expire(10)
        with pytest.raises(MembershipRefused, match="no entry of its term is committed") as refused:
            await future
        assert refused.value.code == "change_under_way"

        # Without a leader that is the reason.
        future = changes.add(parts, ChangeMembers(id="d", at_ms=1), deadline_s=20)
        changes.hand_on(PromptMember(2).node)
        changes.expire(20)
        with pytest.raises(NoLeader):
            await future

    asyncio.run(scenario())


def test_a_command_that_was_handed_on_ends_as_unknown_not_as_refused() -> None:
    async def scenario() -> None:
        p = proposals()
        future = p.add(COMMAND, deadline_s=10)
        p.mark_handed_on(term=3)
        p.expire(10)
        with pytest.raises(OutcomeUnknown):
            await future

    asyncio.run(scenario())


def test_a_command_of_an_earlier_term_is_proposed_again_once_a_later_term_is_applied() -> None:
    async def scenario() -> None:
        p = proposals()
        lost = p.add(COMMAND, deadline_s=10)
        p.mark_handed_on(term=3)
        data_at_first = open_envelope_sequences(p)
        assert data_at_first == []
        current = p.add(COMMAND, deadline_s=10)
        p.mark_handed_on(term=4)
        p.requeue_lost(applied_term=4)
        # Only the one of term 3 is certain to be lost.
        assert open_envelope_sequences(p) == [100]
        p.requeue_lost(applied_term=4)
        assert open_envelope_sequences(p) == [100]
        p.mark_handed_on(term=4)
        p.resolve(100, 20, Accepted())
        p.resolve(101, 21, Accepted())
        assert (await lost).index == 20
        assert (await current).index == 21

    asyncio.run(scenario())


def open_envelope_sequences(p: Proposals) -> list[int]:
    return [open_envelope(data)[0].sequence for data in p.queued_data()]


def test_the_queue_is_bounded_and_says_so() -> None:
    async def scenario() -> None:
        p = proposals()
        for _ in range(PROPOSALS_OPEN_MAX):
            p.add(COMMAND, deadline_s=10)
        with pytest.raises(Overloaded):
            p.add(COMMAND, deadline_s=10)

    asyncio.run(scenario())


def test_a_stopping_node_tells_the_two_kinds_apart() -> None:
    async def scenario() -> None:
        p = proposals()
        handed_on = p.add(COMMAND, deadline_s=10)
        p.mark_handed_on(term=1)
        queued = p.add(COMMAND, deadline_s=10)
        p.stop()
        with pytest.raises(OutcomeUnknown):
            await handed_on
        with pytest.raises(NodeStopped):
            await queued
        with pytest.raises(NodeStopped):
            p.add(COMMAND, deadline_s=10)

    asyncio.run(scenario())
