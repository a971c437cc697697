"""Commands that callers of this node wait for.

What makes the outcome knowable: a proposal is bound to the term in which it was handed to the
core, and only the leader of that term can append it. The log's terms never fall, so as soon
as this node has applied an entry of a later term, every proposal still open from earlier terms
is certainly lost, and is proposed again without the risk of a double. Only a proposal that
was lost inside a term that goes on stays unknown until its deadline.
"""

import asyncio
from collections.abc import Sequence

from bitebyte.domain.commands import AnyCommand
from bitebyte.domain.results import Result
from bitebyte.node.envelope import seal
from bitebyte.node.types import (
    MembershipRefused,
    NodeError,
    NodeStopped,
    NoLeader,
    OutcomeUnknown,
    Overloaded,
    Proposed,
)

PROPOSALS_OPEN_MAX = 8192
"""Commands waiting at one node. At 10,000 commands a second that is under a second of work;
more would only time out."""


class Proposal:
    """One waiting caller."""

    __slots__ = ("data", "deadline_s", "future", "sequence", "term")

    def __init__(
        self, sequence: int, data: bytes, deadline_s: float, future: asyncio.Future[Proposed]
    ) -> None:
        self.sequence = sequence
        self.data = data
        self.deadline_s = deadline_s
        self.future = future
        self.term: int | None = None
        """The term it was handed on in; None while it is only queued here."""


class Proposals:
    """All open proposals of one node: queued ones, and those that were handed to the core.

    `sequence_base` is random per process, so that entries of an earlier life of this member
    find no caller.
    """

    def __init__(self, *, member_id: int, sequence_base: int) -> None:
        self._member_id = member_id
        self._next_sequence = sequence_base
        self._open: dict[int, Proposal] = {}
        self._queued: list[Proposal] = []
        self._is_stopped = False

    @property
    def has_queued(self) -> bool:
        """Whether something waits to be handed to the core."""
        return bool(self._queued)

    @property
    def has_open(self) -> bool:
        """Whether any caller waits."""
        return bool(self._open)

    @property
    def open_count(self) -> int:
        """How many callers wait."""
        return len(self._open)

    @property
    def newest_sequence(self) -> int:
        """The number of the last one that was added."""
        return self._next_sequence - 1

    def add(self, command: AnyCommand, *, deadline_s: float) -> asyncio.Future[Proposed]:
        """Queues a command. Raises Overloaded or NodeStopped."""
        if self._is_stopped:
            raise NodeStopped("the node is stopping")
        if len(self._open) >= PROPOSALS_OPEN_MAX:
            raise Overloaded(f"{PROPOSALS_OPEN_MAX} commands are waiting already")
        sequence = self._next_sequence
        self._next_sequence += 1
        data = seal(self._member_id, sequence, command)
        future: asyncio.Future[Proposed] = asyncio.get_running_loop().create_future()
        proposal = Proposal(sequence, data, deadline_s, future)
        self._open[sequence] = proposal
        self._queued.append(proposal)
        return future

    def queued_data(self) -> list[bytes]:
        """What waits to be handed to the core, in order."""
        return [proposal.data for proposal in self._queued]

    def queued(self) -> tuple[Proposal, ...]:
        """Those that wait to be handed to the core, in order."""
        return tuple(self._queued)

    def mark_one_handed_on(self, proposal: Proposal, term: int) -> None:
        """This queued one was given to the core in `term`."""
        proposal.term = term
        self._queued.remove(proposal)

    def fail(self, proposal: Proposal, error: NodeError) -> None:
        """This queued one will certainly not be handed on."""
        self._queued.remove(proposal)
        del self._open[proposal.sequence]
        if not proposal.future.done():
            proposal.future.set_exception(error)

    def mark_handed_on(self, term: int) -> None:
        """All queued ones were given to the core in `term`."""
        for proposal in self._queued:
            proposal.term = term
        self._queued = []

    def resolve(self, sequence: int, index: int, result: Result) -> None:
        """The entry of that sequence was applied."""
        proposal = self._open.pop(sequence, None)
        if proposal is not None and not proposal.future.done():
            proposal.future.set_result(Proposed(index, result))

    def requeue_lost(self, applied_term: int) -> None:
        """An entry of `applied_term` was applied: open ones of earlier terms are lost."""
        lost = [
            proposal
            for proposal in self._open.values()
            if proposal.term is not None and proposal.term < applied_term
        ]
        for proposal in lost:
            proposal.term = None
        self._queued = lost + self._queued

    def lose_sight(self) -> None:
        """A snapshot took the place of entries that were not seen here: what was handed on may be
        among them, and nobody here will ever know."""
        unseen = [proposal for proposal in self._open.values() if proposal.term is not None]
        for proposal in unseen:
            del self._open[proposal.sequence]
            if not proposal.future.done():
                proposal.future.set_exception(
                    OutcomeUnknown("the node caught up by a snapshot, which may hold the command")
                )

    def expire(self, now_s: float, *, obstacle: str | None = None) -> None:
        """Ends those whose deadline has passed, with what is known of them. `obstacle`: why the
        queued ones were not handed on, if not for lack of a leader."""
        expired = [p for p in self._open.values() if p.deadline_s <= now_s]
        if not expired:
            return
        for proposal in expired:
            del self._open[proposal.sequence]
            if proposal.future.done():
                continue
            if proposal.term is None:
                proposal.future.set_exception(
                    NoLeader("no leader was found in time")
                    if obstacle is None
                    else MembershipRefused("change_under_way", obstacle)
                )
            else:
                proposal.future.set_exception(
                    OutcomeUnknown("the command was handed on, but its outcome is not known")
                )
        self._drop_from_queue(expired)

    def stop(self) -> None:
        """Ends all of them: nobody will be there to answer."""
        self._is_stopped = True
        for proposal in self._open.values():
            if proposal.future.done():
                continue
            if proposal.term is None:
                proposal.future.set_exception(NodeStopped("the node is stopping"))
            else:
                proposal.future.set_exception(
                    OutcomeUnknown("the node stopped before the outcome was known")
                )
        self._open.clear()
        self._queued.clear()

    def _drop_from_queue(self, gone: Sequence[Proposal]) -> None:
        sequences = {proposal.sequence for proposal in gone}
        self._queued = [p for p in self._queued if p.sequence not in sequences]
