"""The membership of the thesis (§4), as sets: the specification's own, to compare with."""

from collections.abc import Iterable
from typing import NamedTuple

from bitebyte.raft.confchange import decode_change
from bitebyte.raft.types import ChangeKind, ConfChange, ConfState, Entry, EntryKind, Transition


class Configuration(NamedTuple):
    """Who belongs to the group. Outside a joint configuration `outgoing` is empty."""

    voters: frozenset[int]
    outgoing: frozenset[int] = frozenset()
    learners: frozenset[int] = frozenset()
    learners_next: frozenset[int] = frozenset()
    auto_leave: bool = False

    @property
    def electorate(self) -> frozenset[int]:
        """Everyone who votes in one half or the other."""
        return self.voters | self.outgoing

    @property
    def members(self) -> frozenset[int]:
        """Voters and learners."""
        return self.electorate | self.learners

    def is_quorum(self, members: Iterable[int]) -> bool:
        """Whether they are a majority of each half (thesis §4.3)."""
        present = set(members)
        halves = [self.voters, self.outgoing] if self.outgoing else [self.voters]
        return all(2 * len(present & half) > len(half) for half in halves)

    def allows(self, change: ConfChange) -> bool:
        """Whether the change leads anywhere from here."""
        if change.is_void:
            return True
        if self.outgoing:
            return not change.changes
        return bool(change.changes) and bool(self._with_parts(change).voters)

    def after(self, change: ConfChange) -> "Configuration":
        """The configuration once the change is applied; what is not allowed changes nothing."""
        if change.is_void or not self.allows(change):
            return self
        if not change.changes:
            return Configuration(self.voters, learners=self.learners | self.learners_next)
        return self._with_parts(change)

    def _with_parts(self, change: ConfChange) -> "Configuration":
        is_joint = change.transition != Transition.AUTO or len(change.changes) > 1
        outgoing = self.voters if is_joint else frozenset[int]()
        voters, learners, later = set(self.voters), set(self.learners), set[int]()
        for part in change.changes:
            for group in (voters, learners, later):
                group.discard(part.member_id)
            if part.kind == ChangeKind.ADD_VOTER:
                voters.add(part.member_id)
            elif part.kind == ChangeKind.ADD_LEARNER:
                (later if part.member_id in outgoing else learners).add(part.member_id)
        return Configuration(
            frozenset(voters),
            outgoing,
            frozenset(learners),
            frozenset(later),
            is_joint and change.transition != Transition.JOINT_EXPLICIT,
        )


NOBODY = Configuration(frozenset())
"""What a member knows that waits to be added."""


def configuration_of(conf_state: ConfState) -> Configuration:
    """The same configuration as sets."""
    return Configuration(
        frozenset(conf_state.voters),
        frozenset(conf_state.voters_outgoing),
        frozenset(conf_state.learners),
        frozenset(conf_state.learners_next),
        conf_state.auto_leave,
    )


def change_in(entry: Entry) -> ConfChange | None:
    """The change of membership that the entry makes; None if it makes none."""
    if entry.kind != EntryKind.CONF_CHANGE:
        return None
    change = decode_change(entry.data)
    return None if change.is_void else change
