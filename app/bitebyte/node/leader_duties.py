"""What the leader does for the cluster by itself: it keeps the cluster's row true, lets everybody
use what all members know, and makes voters of learners that are meant to be."""

import asyncio
from collections.abc import Callable, Sequence

import structlog

from bitebyte.domain.commands import (
    AnyCommand,
    ChangeMembers,
    DescribeMembers,
    SetClusterVersion,
)
from bitebyte.node.configuration import ids_of
from bitebyte.node.membership import MembershipView
from bitebyte.node.own_commands import OwnCommands
from bitebyte.node.promotion import PromotionWatch
from bitebyte.node.types import Proposed
from bitebyte.raft.rawnode import RawNode
from bitebyte.raft.types import ConfState, SingleChange

log = structlog.get_logger()

DESCRIBED_AT_ONCE_MAX = 16

Propose = Callable[[AnyCommand], "asyncio.Future[Proposed]"]
Change = Callable[[Sequence[SingleChange], ChangeMembers], "asyncio.Future[Proposed]"]


class LeaderDuties:
    """Looks at a steady pace, and has one thing under way at a time. Whatever is not done, because
    leadership was lost or the change refused, is found again at the next look, here or at the
    next leader: all that it needs is in the replicated state."""

    def __init__(
        self,
        membership: MembershipView,
        commands: OwnCommands,
        *,
        level_known: int,
        propose: Propose,
        change: Change,
    ) -> None:
        self._membership = membership
        self._commands = commands
        self._level_known = level_known
        self._propose = propose
        self._change = change
        self._promotion = PromotionWatch()
        self._under_way: asyncio.Future[Proposed] | None = None

    def rest(self) -> None:
        """This member does not lead."""
        self._promotion.reset()

    def look(self, raw: RawNode, conf_state: ConfState, now_s: float) -> None:
        """One look of a leader that has applied an entry of its own term."""
        membership = self._membership
        parts = self._promotion.look(
            membership.cluster,
            conf_state,
            raw.progress(),
            lambda member_id: membership.report_of(member_id, now_s),
            raw.commit_index,
        )
        if self._under_way is not None and not self._under_way.done():
            return
        undescribed = membership.undescribed(conf_state)[:DESCRIBED_AT_ONCE_MAX]
        level = self._level_of_all(raw.id, conf_state, now_s)
        if undescribed:
            self._watch(self._propose(self._commands.new(DescribeMembers, members=undescribed)))
        elif level > membership.cluster.cluster_version:
            log.info("cluster.version", level=level)
            self._watch(self._propose(self._commands.new(SetClusterVersion, level=level)))
        elif parts:
            log.info("member.promoting", members=[f"{part.member_id:x}" for part in parts])
            self._watch(self._change(parts, self._commands.new(ChangeMembers)))

    def _level_of_all(self, own_id: int, conf_state: ConfState, now_s: float) -> int:
        """The level that every member knows; 0 as long as one of them has not said it."""
        level = self._level_known
        for member_id in ids_of(conf_state) - {own_id}:
            report = self._membership.report_of(member_id, now_s)
            level = min(level, 0 if report is None else report.level_known)
        return level

    def _watch(self, future: "asyncio.Future[Proposed]") -> None:
        self._under_way = future
        future.add_done_callback(_note_failure)


def _note_failure(future: "asyncio.Future[Proposed]") -> None:
    error = None if future.cancelled() else future.exception()
    if error is not None:
        log.info("leader.duty_not_done", reason=str(error), kind=type(error).__name__)
