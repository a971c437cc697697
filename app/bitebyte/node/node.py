"""A member of the cluster, as the layers above use it: the loop around the Raft core.

One turn of the loop takes everything that has arrived (peer messages, disk completions,
commands of callers), feeds it to the core, and hands out what the core wants done. A turn
never waits: the log writer, the applier and the peer links work on their own and report back
with messages for a later turn.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence

import structlog

from bitebyte.domain.commands import AnyCommand
from bitebyte.domain.entities import AnyEntity, Key
from bitebyte.domain.results import Result
from bitebyte.node.applier import Applier, StateStorage
from bitebyte.node.barrier import ReadBarriers, wait_for_barrier
from bitebyte.node.event_feed import EventArchive, EventFeed
from bitebyte.node.log_writer import LogWriter
from bitebyte.node.membership import MembershipView, role_name
from bitebyte.node.ports import Links, Log
from bitebyte.node.proposals import Proposals
from bitebyte.node.seen_keys import SeenKeys
from bitebyte.node.types import NodeOptions, NodeStatus, PositionedEvents, Proposed
from bitebyte.raft.errors import AcknowledgedLogLost, ProposalDropped
from bitebyte.raft.messages import (
    LocalMessage,
    MsgProp,
    PeerMessage,
    StorageAppend,
    StorageApplyResp,
    StorageFetch,
    StorageFetchResp,
)
from bitebyte.raft.rawnode import RawNode
from bitebyte.raft.types import NONE_ID, Entry, Role, SoftState
from bitebyte.repository.types import Identity, StoredLog
from bitebyte.transport.frames import StatusReport

log = structlog.get_logger()

LAG_ENTRIES_MAX = 1000
"""A member that has applied less than this behind the commit index counts as caught up."""

COMMIT_NOTICE_S = 0.005
"""How long followers may not know that something is committed which none of them waits for.
Under load the next append tells them sooner, and for free."""

APPLY_DELAY_S = 0.004
"""How long a follower may leave committed entries unapplied while nobody there waits for them."""

APPLY_ENTRIES_MAX = 64
"""So many unapplied entries are applied at once, whoever waits: a few milliseconds of work."""

HELD_PROPOSAL_MESSAGES_MAX = 1024
"""Forwarded batches that wait for the leader's log write. More are handed to the core at once:
they cost more writes, but no memory here."""


class Node:
    """Runs one member: all methods are for the node's own event loop.

    Built by the composition root, which connects `receive` and `receive_status` to the peer
    links. `failed` becomes done when the member cannot go on (its disk failed, its log holds
    something that it cannot read): the process must end then.
    """

    def __init__(
        self,
        *,
        identity: Identity,
        options: NodeOptions,
        raw: RawNode,
        stored: StoredLog,
        hash_history: Sequence[tuple[int, bytes]],
        log_storage: Log,
        state_storage: StateStorage,
        event_archive: EventArchive,
        membership: MembershipView,
        seen_keys: SeenKeys,
        random_base: int,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self.identity = identity
        self.options = options
        self._raw = raw
        self._log_storage = log_storage
        self._membership = membership
        self._links: Links | None = None
        self._proposals = Proposals(member_id=identity.member_id, sequence_base=random_base)
        self._barriers = ReadBarriers(raw.read_index, first_id=random_base)
        self._feed = EventFeed(event_archive, last_index=stored.applied_index)
        self._log_writer = LogWriter(
            log_storage, on_durable=self._on_durable, on_fatal=self._on_fatal
        )
        self._applier = Applier(
            state_storage,
            applied_index=stored.applied_index,
            state_hash=stored.state_hash,
            log_time_ms=stored.log_time_ms,
            hash_history=hash_history,
            on_applied=self._on_applied,
            on_progress=self._on_progress,
            on_events=self._feed.publish,
            on_fatal=self._on_fatal,
            seen_keys=seen_keys,
        )
        self._inbox: list[PeerMessage | LocalMessage] = []
        self._held: list[MsgProp] = []
        self._to_apply: list[Sequence[Entry]] = []
        self._apply_timer: asyncio.TimerHandle | None = None
        self._outgoing: dict[int, list[PeerMessage]] = {}
        self._fetches: set[asyncio.Task[None]] = set()
        self._applied_term = 0
        self._is_turn_scheduled = False
        self._ticker: asyncio.TimerHandle | None = None
        self._notice: asyncio.TimerHandle | None = None
        self._tick_count = 0
        self._is_tick_due = False
        self._is_stopping = False
        self.failed: asyncio.Future[BaseException] = self._loop.create_future()

    # Life -----------------------------------------------------------------------------------

    def start(self, links: Links) -> None:
        """Starts ticking: from now on the member takes part."""
        self._links = links
        self._applier.start()
        self._ticker = self._loop.call_later(self.options.tick_s, self._tick)
        self._schedule_turn()

    async def stop(self) -> None:
        """Ends callers, finishes the writes under way and flushes. The links stay with whoever
        made them."""
        self._is_stopping = True
        if self._ticker is not None:
            self._ticker.cancel()
        for timer in (self._notice, self._apply_timer):
            if timer is not None:
                timer.cancel()
        self._proposals.stop()
        self._barriers.stop()
        self._applier.applied.stop()
        self._applier.flushed.stop()
        for task in self._fetches:
            task.cancel()
        await self._log_writer.stop()
        await self._applier.stop()

    # Commands and reads ---------------------------------------------------------------------

    @property
    def applied_index(self) -> int:
        """Newest index that `rows` reflects."""
        return self._applier.applied_index

    @property
    def flushed_index(self) -> int:
        """Newest index that queries to the database reflect."""
        return self._applier.flushed.index

    async def propose(self, command: AnyCommand, *, timeout_s: float) -> Proposed:
        """Has the command replicated and applied, and returns what it did.

        Any node may be asked. Raises NoLeader, Overloaded, NodeStopped (nothing written) or
        OutcomeUnknown.
        """
        deadline_s = self._loop.time() + timeout_s
        future = self._proposals.add(command, deadline_s=deadline_s)
        self._schedule_turn()
        return await future

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

    async def wait_applied(self, index: int, *, timeout_s: float) -> None:
        """Waits until `rows` reflects `index`. Raises TooFarBehind."""
        if index > self.applied_index and self._apply_timer is not None:
            self._apply()
        await self._applier.applied.wait(index, timeout_s=timeout_s)

    async def wait_flushed(self, index: int, *, timeout_s: float) -> None:
        """Waits until queries to the database reflect `index`; asks for a flush at once.
        Raises TooFarBehind."""
        flushed = self._applier.flushed
        if index <= flushed.index:
            return
        loop = self._loop
        deadline_s = loop.time() + timeout_s
        await self.wait_applied(index, timeout_s=timeout_s)
        self._applier.want_flush()
        await flushed.wait(index, timeout_s=deadline_s - loop.time())

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

    def hash_at(self, index: int) -> str | None:
        """The state hash after `index` was applied; None outside the last 10,000."""
        found = self._applier.hash_at(index)
        return None if found is None else found.hex()

    # What it knows about itself -------------------------------------------------------------

    @property
    def leader_contact_age_s(self) -> float:
        """Seconds since this node heard from its leader, or, as leader, from a quorum.
        Infinite without a leader."""
        if self._raw.leader_id == NONE_ID:
            return float("inf")
        return self._raw.leader_contact_age_ticks * self.options.tick_s

    @property
    def is_caught_up(self) -> bool:
        """Ready to serve: in touch with a leader, and nearly everything committed is applied."""
        raw = self._raw
        contact_s_max = 2 * self.options.election_ticks * self.options.tick_s
        return (
            not self._is_stopping
            and self.leader_contact_age_s <= contact_s_max
            and raw.commit_index - self.applied_index < LAG_ENTRIES_MAX
        )

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
            members=self._membership.members(
                raw, applied_index=self.applied_index, now_s=self._loop.time()
            ),
            leader_contact_age_s=self.leader_contact_age_s,
        )

    # From outside ---------------------------------------------------------------------------

    def receive(self, _sender_id: int, messages: Sequence[PeerMessage]) -> None:
        """Messages of a peer have arrived."""
        self._inbox.extend(messages)
        self._schedule_turn()

    def receive_status(self, sender_id: int, report: StatusReport) -> None:
        """A peer has told how it is."""
        self._membership.note(sender_id, report, self._loop.time())

    # The loop -------------------------------------------------------------------------------

    def _schedule_turn(self) -> None:
        if not self._is_turn_scheduled:
            self._is_turn_scheduled = True
            self._loop.call_soon(self._turn)

    def _tick(self) -> None:
        # One tick however late it is: a member that was paused must not count the pause as
        # silence of its leader before it has read what the leader has sent meanwhile.
        loop = self._loop
        self._ticker = loop.call_later(self.options.tick_s, self._tick)
        self._is_tick_due = True
        self._tick_count += 1
        now_s = loop.time()
        self._barriers.retry_old(now_s)
        if self._tick_count % self.options.housekeeping_ticks == 0:
            self._proposals.expire(now_s)
            if self._links is not None:
                self._links.broadcast(self._report())
        self._turn()

    def _turn(self) -> None:
        self._is_turn_scheduled = False
        if self._is_stopping:
            return
        try:
            self._step_all()
            self._carry_out()
        except (AcknowledgedLogLost, AssertionError) as error:
            # A failed assertion is our own bug: a core that is wrong must not go on talking.
            log.exception("raft.failed")
            self._on_fatal(error)

    def _step_all(self) -> None:
        raw = self._raw
        if self._is_tick_due:
            self._is_tick_due = False
            raw.tick()
        inbox, self._inbox = self._inbox, []
        for message in inbox:
            if isinstance(message, MsgProp) and len(self._held) < HELD_PROPOSAL_MESSAGES_MAX:
                self._held.append(message)
            else:
                raw.step(message)
        # While the leader's own log is being written, new commands gather and become the next
        # batch: one entry of the log per command, but one write, one message and one round of
        # acknowledgements for all of them.
        if raw.role != Role.LEADER or not self._log_writer.is_busy:
            self._hand_on_proposals()
        if self._barriers.has_gathering:
            self._barriers.ask(self._loop.time())

    def _hand_on_proposals(self) -> None:
        held, self._held = self._held, []
        for message in held:
            self._raw.step(message)
        if self._proposals.has_queued:
            try:
                self._raw.propose(self._proposals.queued_data())
            except ProposalDropped:
                return
            self._proposals.mark_handed_on(self._raw.term)

    def _carry_out(self) -> None:
        raw = self._raw
        while raw.has_ready():
            ready = raw.ready()
            if ready.soft_state is not None:
                self._note_role(ready.soft_state)
            self._post(ready.messages)
            if ready.append is not None:
                self._log_writer.submit(ready.append)
            for fetch in ready.fetches:
                self._start_fetch(fetch)
            for read in ready.read_states:
                self._barriers.confirm(read.request_id, read.index)
            if ready.apply is not None:
                self._to_apply.append(ready.apply.entries)
        self._send_all()
        # Applying takes as long as all the rest, so what others wait for goes first: messages
        # are sent, and the write that was submitted is on its way to the database when the loop
        # comes to this callback. Applying then fills the time that disk and peers need.
        if not self._to_apply:
            pass
        elif self._may_apply_later():
            if self._apply_timer is None:
                self._apply_timer = self._loop.call_later(APPLY_DELAY_S, self._apply)
        elif self._log_writer.is_busy:
            self._loop.call_soon(self._apply)
        else:
            self._apply()
        if self._notice is None and raw.role == Role.LEADER and raw.has_untold:
            self._notice = self._loop.call_later(COMMIT_NOTICE_S, self._tell_followers)

    def _may_apply_later(self) -> bool:
        """Whether nobody here waits for anything to be applied: then many entries are applied
        together, which costs a third of applying each alone."""
        return (
            self._raw.role != Role.LEADER
            and not self._proposals.has_open
            and not self._applier.applied.has_waiters
            and sum(map(len, self._to_apply)) < APPLY_ENTRIES_MAX
        )

    def _apply(self) -> None:
        if self._apply_timer is not None:
            self._apply_timer.cancel()
            self._apply_timer = None
        if self._is_stopping:
            return
        to_apply, self._to_apply = self._to_apply, []
        for entries in to_apply:
            self._applier.submit(entries)

    def _tell_followers(self) -> None:
        self._notice = None
        if self._raw.has_untold:
            self._raw.tell_followers()
            self._schedule_turn()

    def _post(self, messages: Sequence[PeerMessage | LocalMessage]) -> None:
        own_id = self.identity.member_id
        for message in messages:
            if message.to == own_id:
                self._inbox.append(message)
                self._schedule_turn()
            else:
                self._outgoing.setdefault(message.to, []).append(message)  # pyright: ignore

    def _send_all(self) -> None:
        if self._outgoing and self._links is not None:
            outgoing, self._outgoing = self._outgoing, {}
            for peer_id, messages in outgoing.items():
                self._links.send(peer_id, messages)

    def _on_durable(self, appends: Sequence[StorageAppend]) -> None:
        for append in appends:
            self._post(append.responses)
        self._send_all()
        self._schedule_turn()

    def _on_applied(self, entry: Entry, origin: int, sequence: int, result: Result) -> None:
        if origin == self.identity.member_id:
            self._proposals.resolve(sequence, entry.index, result)
        if entry.term > self._applied_term:
            self._applied_term = entry.term
            self._proposals.requeue_lost(entry.term)
            self._schedule_turn()

    def _on_progress(self) -> None:
        own_id = self.identity.member_id
        self._inbox.append(
            StorageApplyResp(to=own_id, sender=own_id, index=self._applier.applied_index)
        )
        # The core has nothing to do on this news alone, unless it holds entries back until the
        # state machine has room for them; otherwise it can wait for the next turn.
        if self._raw.commit_index > self._applier.applied_index:
            self._schedule_turn()

    def _start_fetch(self, fetch: StorageFetch) -> None:
        task = self._loop.create_task(self._fetch(fetch))
        self._fetches.add(task)
        task.add_done_callback(self._fetches.discard)

    async def _fetch(self, fetch: StorageFetch) -> None:
        try:
            entries = await self._log_storage.fetch(fetch.low, fetch.high, fetch.bytes_max)
        except Exception as error:  # noqa: BLE001  a log that cannot be read ends the member
            self._on_fatal(error)
            return
        own_id = self.identity.member_id
        self._inbox.append(
            StorageFetchResp(
                to=own_id,
                sender=own_id,
                peer_id=fetch.peer_id,
                low=fetch.low,
                entries=tuple(entries),
            )
        )
        self._schedule_turn()

    def _report(self) -> StatusReport:
        return StatusReport(
            commit_index=self._raw.commit_index,
            applied_index=self.applied_index,
            flushed_index=self.flushed_index,
            program_version=self._membership.program_version,
        )

    def _note_role(self, soft_state: SoftState) -> None:
        log.info(
            "raft.role",
            role=role_name(soft_state.role),
            term=self._raw.term,
            leader=self._membership.name_of(soft_state.leader_id),
        )

    def _on_fatal(self, error: BaseException) -> None:
        log.critical("node.failed", error=str(error), kind=type(error).__name__)
        self._is_stopping = True
        if not self.failed.done():
            self.failed.set_result(error)
