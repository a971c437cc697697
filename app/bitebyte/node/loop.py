"""The loop around the Raft core.

One turn of the loop takes everything that has arrived (peer messages, disk completions,
commands of callers), feeds it to the core, and hands out what the core wants done. A turn
never waits: the log writer, the applier and the peer links work on their own and report back
with messages for a later turn.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog

from bitebyte.domain.results import Result
from bitebyte.node.applier import Applier, StateStorage
from bitebyte.node.apply_queue import ApplyQueue
from bitebyte.node.barrier import ReadBarriers
from bitebyte.node.checkpoints import Checkpoints
from bitebyte.node.cluster_keeper import ClusterKeeper
from bitebyte.node.configuration import refuse_retired
from bitebyte.node.event_feed import EventArchive, EventFeed
from bitebyte.node.leadership import Leadership
from bitebyte.node.link_events import NodeLinkEvents
from bitebyte.node.log_fetches import LogFetches
from bitebyte.node.log_keeper import LogKeeper
from bitebyte.node.log_writer import LogWriter
from bitebyte.node.membership import MembershipView, role_name
from bitebyte.node.ports import DigestSource, Links, Log, SnapshotStore
from bitebyte.node.proposals import Proposals
from bitebyte.node.seen_keys import SeenKeys
from bitebyte.node.snapshot_traffic import SnapshotTraffic
from bitebyte.node.types import (
    NodeOptions,
)
from bitebyte.raft.errors import ConfChangeUnreadable, ProposalDropped
from bitebyte.raft.messages import (
    LocalMessage,
    MsgProp,
    PeerMessage,
    StorageAppend,
    StorageApplyResp,
)
from bitebyte.raft.rawnode import RawNode
from bitebyte.raft.types import (
    NONE_ID,
    Entry,
    EntryKind,
    HardState,
    Role,
    Snapshot,
    SoftState,
)
from bitebyte.repository.types import Identity, SnapshotMeta, StoredLog
from bitebyte.transport.frames import StatusReport

log = structlog.get_logger()

COMMIT_NOTICE_S = 0.005
"""How long followers may not know that something is committed which none of them waits for.
Under load the next append tells them sooner, and for free."""

HELD_PROPOSAL_MESSAGES_MAX = 1024
"""Forwarded batches that wait for the leader's log write. More are handed to the core at once:
they cost more writes, but no memory here."""


class NodeLoop:
    """Runs one member: all methods are for the node's own event loop.

    Built by the composition root, which connects `receive` and `receive_status` to the peer
    links. `failed` becomes done when the member cannot go on (its disk failed, its log holds
    something that it cannot read): the process must end then.
    """

    has_had_leader = False
    """Whether it has known a leader since it was started. One that was removed before never does,
    because its peers refuse it."""

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
        snapshot_store: SnapshotStore | None = None,
        digests: DigestSource | None = None,
        load_seen_keys: Callable[[], Awaitable[SeenKeys]] | None = None,
    ) -> None:
        """`snapshot_store`: without one this member neither sends nor takes snapshots, and keeps
        its whole log. `digests`: without it checkpoints find nothing. `load_seen_keys` reads them
        anew after a snapshot; without it each key is looked up from then on."""
        self._loop = asyncio.get_running_loop()
        self.identity = identity
        self.options = options
        self._raw = raw
        self._links: Links | None = None
        own_id = identity.member_id
        self._proposals = Proposals(member_id=own_id, sequence_base=random_base)
        self._barriers = ReadBarriers(raw.read_index, first_id=random_base)
        self._feed = EventFeed(event_archive, last_index=stored.applied_index)
        self._leadership = Leadership(raw, schedule_turn=self._schedule_turn)
        self.checkpoints = Checkpoints(digests, hash_at=self.hash_at)
        """What the database held at the newest checkpoints."""
        self._log_writer = LogWriter(
            log_storage,
            on_durable=self._on_durable,
            on_fatal=self._on_fatal,
            on_install=self._install,
            hard_state=stored.hard_state,
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
            conf_state=stored.conf_state,
            on_checkpoint=self.checkpoints.begin,
        )
        self._apply_queue = ApplyQueue(self._applier.submit)
        self._fetches = LogFetches(
            log_storage, own_id=own_id, on_read=self._deliver, on_fatal=self._on_fatal
        )
        self.keeper = self._build_keeper(membership, random_base)
        """What this node keeps of its cluster."""
        self.traffic = self._build_traffic(log_storage, snapshot_store, load_seen_keys)
        """Snapshots on their way."""
        self.link_events = NodeLinkEvents(own_id, self.keeper, self.traffic, self._deliver)
        """For the peer links."""
        self._inbox: list[PeerMessage | LocalMessage] = []
        self._held: list[MsgProp] = []
        self._outgoing: dict[int, list[PeerMessage]] = {}
        self._applied_term = 0
        self._is_turn_scheduled = self._is_tick_due = self._is_stopping = False
        self._ticker: asyncio.TimerHandle | None = None
        self._notice: asyncio.TimerHandle | None = None
        self._tick_count = 0
        self.failed: asyncio.Future[BaseException] = self._loop.create_future()

    def _build_keeper(self, membership: MembershipView, random_base: int) -> ClusterKeeper:
        return ClusterKeeper(
            raw=self._raw,
            options=self.options,
            membership=membership,
            applier=self._applier,
            random_base=random_base,
            propose=lambda command, deadline_s: self._proposals.add(command, deadline_s=deadline_s),
            schedule_turn=self._schedule_turn,
            on_fatal=self._on_fatal,
        )

    def _build_traffic(
        self,
        log_storage: Log,
        store: SnapshotStore | None,
        load_seen_keys: Callable[[], Awaitable[SeenKeys]] | None,
    ) -> SnapshotTraffic:
        return SnapshotTraffic(
            store,
            raw=self._raw,
            applier=self._applier,
            keeper=LogKeeper(log_storage, self.options, on_fatal=self._on_fatal),
            load_seen_keys=load_seen_keys,
            wait_flushed=lambda index, timeout_s: self.wait_flushed(index, timeout_s=timeout_s),
            deliver=self._deliver,
            on_installing=self._apply_queue.clear,
            on_installed=self._on_installed,
        )

    # Progress -------------------------------------------------------------------------------

    @property
    def applied_index(self) -> int:
        """Newest index that `rows` reflects."""
        return self._applier.applied_index

    @property
    def flushed_index(self) -> int:
        """Newest index that queries to the database reflect."""
        return self._applier.flushed.index

    async def wait_applied(self, index: int, *, timeout_s: float) -> None:
        """Waits until `rows` reflects `index`. Raises TooFarBehind."""
        if index > self.applied_index and self._apply_queue.is_delayed:
            self._apply_queue.apply()
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

    def hash_at(self, index: int) -> str | None:
        """The state hash after `index` was applied; None outside the last 10,000."""
        found = self._applier.hash_at(index)
        return None if found is None else found.hex()

    # From outside ---------------------------------------------------------------------------

    def receive(self, _sender_id: int, messages: Sequence[PeerMessage]) -> None:
        """Messages of a peer have arrived."""
        self._inbox.extend(messages)
        self._schedule_turn()

    def receive_status(self, sender_id: int, report: StatusReport) -> None:
        """A peer has told how it is."""
        self.keeper.note_report(sender_id, report)

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
            self.keeper.keep(applied_term=self._applied_term)
            self.traffic.keep_log_short(self.flushed_index)
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
        except (ConfChangeUnreadable, AssertionError) as error:
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
                if message.kind != EntryKind.NORMAL:
                    message = refuse_retired(message, self.keeper.cluster.retired_ids)
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
        if self.keeper.changes.has_queued:
            self.keeper.changes.hand_on(self._raw)

    def _carry_out(self) -> None:
        raw = self._raw
        while raw.has_ready():
            ready = raw.ready()
            if ready.soft_state is not None:
                self._note_role(ready.soft_state)
            self._post(ready.messages)
            if ready.append is not None:
                if ready.append.snapshot is not None:
                    self.traffic.receiver.note_install_begins()
                self._log_writer.submit(ready.append)
            for fetch in ready.fetches:
                self._fetches.start(fetch)
            for request in ready.snapshots:
                self.traffic.send(request, self._links)
            for read in ready.read_states:
                self._barriers.confirm(read.request_id, read.index)
            if ready.apply is not None:
                self._apply_queue.add(ready.apply.entries)
        self._send_all()
        # Applying takes as long as all the rest, so what others wait for goes first: messages
        # are sent, and the write that was submitted is on its way to the database when the loop
        # comes to this callback. Applying then fills the time that disk and peers need.
        if self._apply_queue.is_empty:
            pass
        elif self._may_apply_later():
            self._apply_queue.apply_later()
        elif self._log_writer.is_busy:
            self._apply_queue.apply_soon()
        else:
            self._apply_queue.apply()
        if self._notice is None and raw.role == Role.LEADER and raw.has_untold:
            self._notice = self._loop.call_later(COMMIT_NOTICE_S, self._tell_followers)

    def _may_apply_later(self) -> bool:
        """Whether nobody here waits for anything to be applied: then many entries are applied
        together, which costs a third of applying each alone."""
        return (
            self._raw.role != Role.LEADER
            and not self._proposals.has_open
            and not self._applier.applied.has_waiters
            and not self._apply_queue.is_full
        )

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
            is_change = entry.kind == EntryKind.CONF_CHANGE
            waiting = self.keeper.changes if is_change else self._proposals
            waiting.resolve(sequence, entry.index, result)
        if entry.term > self._applied_term:
            self._applied_term = entry.term
            self._proposals.requeue_lost(entry.term)
            self.keeper.changes.requeue_lost(entry.term)
            self._schedule_turn()

    def _on_progress(self) -> None:
        own_id = self.identity.member_id
        self.keeper.look_at_row()
        self._inbox.append(
            StorageApplyResp(to=own_id, sender=own_id, index=self._applier.applied_index)
        )
        # The core has nothing to do on this news alone, unless it holds entries back until the
        # state machine has room for them; otherwise it can wait for the next turn.
        if self._raw.commit_index > self._applier.applied_index:
            self._schedule_turn()

    def _deliver(self, message: PeerMessage | LocalMessage) -> None:
        self._inbox.append(message)
        self._schedule_turn()

    async def _install(self, snapshot: Snapshot, hard_state: HardState) -> None:
        await self.traffic.install(snapshot, hard_state)

    def _on_installed(self, meta: SnapshotMeta) -> None:
        self._proposals.lose_sight()
        self.keeper.changes.lose_sight()
        self.keeper.reload()
        self._feed.reset(meta.index)
        self._applied_term = max(self._applied_term, meta.term)

    def _report(self) -> StatusReport:
        return StatusReport(
            commit_index=self._raw.commit_index,
            applied_index=self.applied_index,
            flushed_index=self.flushed_index,
            program_version=self.keeper.program_version,
            level_known=self.options.level_known,
            checkpoint=self.checkpoints.newest,
        )

    def _note_role(self, soft_state: SoftState) -> None:
        self._leadership.note_change()
        self.has_had_leader |= soft_state.leader_id != NONE_ID
        log.info(
            "raft.role",
            role=role_name(soft_state.role),
            term=self._raw.term,
            leader=self.keeper.name_of(soft_state.leader_id),
        )

    def _on_fatal(self, error: BaseException) -> None:
        log.critical("node.failed", error=str(error), kind=type(error).__name__)
        self._is_stopping = True
        if not self.failed.done():
            self.failed.set_result(error)
