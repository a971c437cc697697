"""Changes of the configuration that callers of this node wait for."""

import asyncio
from collections.abc import Sequence

from bitebyte.domain.commands import ChangeMembers
from bitebyte.domain.results import Result
from bitebyte.node.proposals import Proposals
from bitebyte.node.types import MembershipRefused, Overloaded, Proposed
from bitebyte.raft.confchange import check_change
from bitebyte.raft.errors import ConfChangeRefused, ProposalDropped
from bitebyte.raft.rawnode import RawNode
from bitebyte.raft.types import ConfChange, Role, SingleChange

CHANGES_OPEN_MAX = 16
"""Only one can be under way in the whole cluster; more callers are a mistake."""


class MembershipChanges:
    """Open changes of one node: queued ones, and those that were handed to the core.

    Their outcome is as knowable as that of commands, for the same reason (`proposals`). A change
    that is out of the question is refused at once, by the core of this node.
    """

    def __init__(self, *, member_id: int, sequence_base: int) -> None:
        self._open = Proposals(member_id=member_id, sequence_base=sequence_base)
        self._parts: dict[int, tuple[SingleChange, ...]] = {}
        self._obstacle: str | None = None
        """Why the core of this node, which leads, does not take a change now."""

    @property
    def has_queued(self) -> bool:
        """Whether something waits to be handed to the core."""
        return self._open.has_queued

    def add(
        self, parts: Sequence[SingleChange], command: ChangeMembers, *, deadline_s: float
    ) -> asyncio.Future[Proposed]:
        """Queues a change, with what it means for the roster. Raises Overloaded, NodeStopped."""
        if self._open.open_count >= CHANGES_OPEN_MAX:
            raise Overloaded(f"{CHANGES_OPEN_MAX} changes of the members are waiting already")
        future = self._open.add(command, deadline_s=deadline_s)
        sequence = self._open.newest_sequence
        self._parts[sequence] = tuple(parts)
        future.add_done_callback(lambda _: self._parts.pop(sequence, None))
        return future

    def hand_on(self, raw: RawNode) -> None:
        """Gives what is queued to the core; what it cannot take now stays queued."""
        self._obstacle = None
        for proposal in self._open.queued():
            parts = self._parts.get(proposal.sequence)
            if parts is None:
                self._open.fail(proposal, MembershipRefused("cancelled", "the caller has left"))
                continue
            change = ConfChange(changes=parts, context=proposal.data)
            try:
                raw.propose_conf_change(change)
            except ProposalDropped as obstacle:
                if raw.role == Role.LEADER:
                    self._obstacle = _waited(obstacle)
                return
            except ConfChangeRefused as obstacle:
                reason = _lasting_refusal(raw, change)
                if reason is None:
                    self._obstacle = _waited(obstacle)
                    return
                self._open.fail(proposal, MembershipRefused("change_refused", reason))
            else:
                self._open.mark_one_handed_on(proposal, raw.term)

    def resolve(self, sequence: int, index: int, result: Result) -> None:
        """The entry of that sequence was applied."""
        self._open.resolve(sequence, index, result)

    def requeue_lost(self, applied_term: int) -> None:
        """An entry of `applied_term` was applied: open ones of earlier terms are lost."""
        self._open.requeue_lost(applied_term)

    def expire(self, now_s: float) -> None:
        """Ends those whose deadline has passed, with what is known of them."""
        self._open.expire(now_s, obstacle=self._obstacle)

    def lose_sight(self) -> None:
        """A snapshot was installed: what was handed on may be in it."""
        self._open.lose_sight()

    def stop(self) -> None:
        """Ends all of them."""
        self._open.stop()


def _waited(obstacle: Exception) -> str:
    return (
        f"the leader could not take the change before the deadline: {obstacle}. Nothing was"
        " changed: try again"
    )


def _lasting_refusal(raw: RawNode, change: ConfChange) -> str | None:
    """Why the change will not do in this configuration either; None if waiting may help."""
    if raw.pending_conf_index or raw.conf_state.voters_outgoing:
        return None
    try:
        check_change(raw.conf_state, change)
    except ConfChangeRefused as error:
        return str(error)
    return None
