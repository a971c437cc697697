"""A member of the cluster, as the layers above use it."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from functools import cached_property

from bitebyte.domain.commands import LEVELS, AnyCommand, ChangeMembers, level_of
from bitebyte.domain.entities import AnyEntity, Key
from bitebyte.domain.roster import Cluster
from bitebyte.node.administration import MemberAdministration
from bitebyte.node.barrier import wait_for_barrier
from bitebyte.node.loop import NodeLoop
from bitebyte.node.membership import role_name
from bitebyte.node.ports import Links
from bitebyte.node.types import (
    NodeStatus,
    NotYetSupported,
    PositionedEvents,
    Proposed,
)
from bitebyte.raft.types import (
    NONE_ID,
    ConfState,
    Role,
    SingleChange,
)

LAG_ENTRIES_MAX = 1000
"""A member that has applied less than this behind the commit index counts as caught up."""


class Node(NodeLoop):
    """Commands, reads and what the member knows about itself. See NodeLoop for how it is built."""

    is_leaving = False
    """Whether it was told to stop, and still answers."""

    @cached_property
    def members(self) -> MemberAdministration:
        """Who belongs to the cluster: for operators."""
        return MemberAdministration(self, self.keeper.commands)

    # Life -----------------------------------------------------------------------------------

    def start(self, links: Links) -> None:
        """Starts ticking: from now on the member takes part."""
        self._links = links
        self._applier.start()
        self.keeper.start(links)
        self._ticker = self._loop.call_later(self.options.tick_s, self._tick)
        self._schedule_turn()

    def leave(self) -> None:
        """The member will stop soon: it is not ready any more, and goes on answering."""
        self.is_leaving = True

    async def stop(self) -> None:
        """Lets another one lead, ends callers, finishes the writes under way and flushes. The links
        stay with whoever made them."""
        await self.hand_over()
        self._is_stopping = True
        if self._ticker is not None:
            self._ticker.cancel()
        if self._notice is not None:
            self._notice.cancel()
        self._apply_queue.stop()
        self._proposals.stop()
        self.keeper.stop()
        self._barriers.stop()
        self._applier.applied.stop()
        self._applier.flushed.stop()
        self._fetches.stop()
        await self.traffic.stop()
        await self.checkpoints.stop()
        await self._log_writer.stop()
        await self._applier.stop()

    # Commands and reads ---------------------------------------------------------------------

    async def propose(self, command: AnyCommand, *, timeout_s: float) -> Proposed:
        """Has the command replicated and applied, and returns what it did.

        Any node may be asked. Raises NoLeader, Overloaded, NodeStopped, NotYetSupported (nothing
        written) or OutcomeUnknown.
        """
        if type(command) in LEVELS and level_of(command) > self.cluster.cluster_version:
            raise NotYetSupported(
                f"{type(command).__name__} needs level {level_of(command)}, and not every member"
                f" knows more than level {self.cluster.cluster_version}: upgrade them all first"
            )
        deadline_s = self._loop.time() + timeout_s
        future = self._proposals.add(command, deadline_s=deadline_s)
        self._schedule_turn()
        return await future

    async def change_configuration(
        self, parts: Sequence[SingleChange], command: ChangeMembers, *, timeout_s: float
    ) -> Proposed:
        """Has the configuration changed, and the cluster's row with it, and returns what came of
        it: a refusal changed nothing. Raises as `propose`, and MembershipRefused when this is
        certainly not possible."""
        deadline_s = self._loop.time() + timeout_s
        future = self.keeper.changes.add(parts, command, deadline_s=deadline_s)
        self._schedule_turn()
        return await future

    async def transfer_leader(self, transferee: int, *, timeout_s: float) -> None:
        """Has leadership moved, and returns when this node knows the new leader. Raises
        MembershipRefused, NoLeader or OutcomeUnknown."""
        await self._leadership.transfer(transferee, timeout_s=timeout_s)

    async def hand_over(self) -> None:
        """If this node leads, lets another one take over before it goes. Without anybody who could,
        or in time, nothing happens, and the others elect a leader when this one is gone."""
        if not self._is_stopping and not self.failed.done():
            await self._leadership.hand_over(timeout_s=self.options.hand_over_s_max)

    async def read_barrier(self, *, timeout_s: float) -> int:
        """Waits until this node has applied everything that was confirmed anywhere before the
        call (ReadIndex), and returns that index. Raises NoLeader or TooFarBehind."""
        loop = self._loop
        started_s = loop.time()
        future = self._barriers.join()
        self._schedule_turn()
        index = await wait_for_barrier(future, timeout_s=timeout_s)
        left_s = timeout_s - (loop.time() - started_s)
        await self.wait_applied(index, timeout_s=left_s)
        return index

    async def rows(self, keys: Collection[Key]) -> dict[Key, AnyEntity]:
        """The rows as of `applied_index`, from memory or the database; absent ones left out."""
        return await self._applier.load_rows(keys)

    def row_in_memory(self, key: Key) -> AnyEntity | None:
        """The row if it happens to be in memory as of `applied_index`; never waits. None says
        nothing about its existence."""
        return self._applier.rows.peek(key)

    def events(self, after_index: int) -> AsyncIterator[PositionedEvents]:
        """All events after `after_index`, then live ones, in order, without gap or repeat.

        The first step raises EventsExpired when `after_index` is older than what is kept.
        """
        return self._feed.follow(after_index)

    # What it knows about itself -------------------------------------------------------------

    @property
    def leader_contact_age_s(self) -> float:
        """Seconds since this node heard from its leader, or, as leader, from a quorum.
        Infinite without a leader."""
        if self._raw.leader_id == NONE_ID:
            return float("inf")
        return self._raw.leader_contact_age_ticks * self.options.tick_s

    @property
    def cluster(self) -> Cluster:
        """The cluster's row as of `applied_index`."""
        return self.keeper.cluster

    @property
    def conf_state(self) -> ConfState:
        """The configuration as of `applied_index`."""
        return self._applier.conf_state

    @property
    def leader_id(self) -> int:
        """The leader as far as this node knows; 0 for none."""
        return self._raw.leader_id

    @property
    def leading_term(self) -> int:
        """The term in which this node leads; 0 if it does not."""
        return self._raw.term if self._raw.role == Role.LEADER else 0

    @property
    def has_leader(self) -> bool:
        """Whether this node knows of a leader, itself included."""
        return self._raw.leader_id != NONE_ID

    @property
    def leader_changed(self) -> asyncio.Event:
        """Set at the next change of role or leader; then there is a new one."""
        return self._leadership.changed

    def healthy_ids(self) -> frozenset[int]:
        """Members that this node has heard lately, itself included."""
        return frozenset(member.id for member in self.status().members if member.is_healthy)

    @property
    def is_caught_up(self) -> bool:
        """Ready to serve: in touch with a leader, and nearly everything committed is applied."""
        contact_s_max = 2 * self.options.election_ticks * self.options.tick_s
        lag = self.lag_entries
        return (
            not self._is_stopping
            and not self.is_leaving
            and not self.keeper.is_removed
            and self.leader_contact_age_s <= contact_s_max
            and self.conf_state != ConfState(voters=())
            and lag is not None
            and lag < LAG_ENTRIES_MAX
        )

    @property
    def lag_entries(self) -> int | None:
        """Committed entries that are not applied here; None as long as the leader has not said how
        far it is. What this node knows to be committed is not enough: the leader tells it no more
        than it has in its log."""
        raw = self._raw
        committed = raw.commit_index
        if raw.role != Role.LEADER:
            told = self.keeper.commit_index_of(raw.leader_id)
            if told is None:
                return None
            committed = max(committed, told)
        return committed - self.applied_index

    def status(self) -> NodeStatus:
        """What this node knows about itself and the others."""
        raw = self._raw
        return NodeStatus(
            cluster_id=self.identity.cluster_id,
            member_id=self.identity.member_id,
            name=self.identity.name,
            role=role_name(raw.role),
            term=raw.term,
            leader_id=raw.leader_id,
            commit_index=raw.commit_index,
            last_index=raw.last_index,
            applied_index=self.applied_index,
            flushed_index=self.flushed_index,
            state_hash=self._applier.state_hash.hex(),
            members=self.keeper.members(
                applied_index=self.applied_index, flushed_index=self.flushed_index
            ),
            leader_contact_age_s=self.leader_contact_age_s,
            cluster_version=self.cluster.cluster_version,
            first_index=raw.first_index,
            has_lost_log=raw.has_lost_log,
            is_removed=self.keeper.is_removed,
        )
