"""Members, their disks and the network, put together into one cluster.

Only this module starts and ends processes.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import msgspec

from bitebyte.node.membership import MembershipView
from bitebyte.node.node import Node
from bitebyte.node.types import NodeOptions
from bitebyte.raft.messages import PeerMessage, StorageAppend
from bitebyte.raft.rawnode import RawNode
from bitebyte.raft.ready import Ready
from bitebyte.raft.types import ConfChange, ConfState, HardState, Role, Snapshot
from bitebyte.repository.types import FlushBatch, Identity, SnapshotMeta
from bitebyte.simulation.buggify import (
    FILTER_IS_FULL,
    KEPT_ENTRIES,
    ROWS_KEPT,
    ExactSeenKeys,
    keep_few_rows,
)
from bitebyte.simulation.disk import Disk, changed_by, conf_state_after
from bitebyte.simulation.disk_session import DiskFaults, DiskSession, SimulatedDiskError
from bitebyte.simulation.invariants import Invariants, Process, describe
from bitebyte.simulation.loop import Scheduler, SimulatedLoop
from bitebyte.simulation.network import Network, SimulatedLinks
from bitebyte.simulation.oracle import Oracle
from bitebyte.simulation.plan import DiskOptions, Plan
from bitebyte.simulation.snapshot_store import SnapshotArchive
from bitebyte.simulation.snapshot_stream import SnapshotStream
from bitebyte.simulation.trace import Durable, Sent, Stopped, Transition
from bitebyte.simulation.trace_text import TraceText, brief
from bitebyte.simulation.transition_observer import Record, TracedRawNode
from bitebyte.simulation.verdict import Verdict
from bitebyte.transport import PeerAddress
from bitebyte.transport.frames import SnapshotBegin, StatusReport

CLUSTER_ID = 1
KEPT_ENTRIES_DEFAULT = 10_000
PROGRAM_VERSION = "simulated"
RESTART_S_MAX = 1.0
"""After a process ended by itself, something starts it again within this time."""
ASKED_CHANGE_S_MAX = 10.0
"""A change of the membership that was asked for so long ago is in a log by now, or lost."""


class WatchedRawNode(RawNode):
    """The core, with the invariants looking at what it hands out."""

    process: Process
    invariants: Invariants

    def ready(self) -> Ready:
        self.invariants.look(self.process)
        ready = super().ready()
        if ready.apply is not None:
            self.invariants.check_apply(self.process, ready.apply.entries)
        return ready


class ValidatedRawNode(TracedRawNode, WatchedRawNode):
    """The same, with every transition recorded as well."""


class Life:
    """One process of a member, from start to death."""

    def __init__(self, loop: SimulatedLoop, session: DiskSession, process: Process) -> None:
        self.loop = loop
        self.session = session
        self.process = process
        self.node: Node | None = None
        self.fuse_steps: int | None = None
        """The process dies after so many more callbacks."""


class Member:
    """A member: its disk lives on, its processes come and go."""

    def __init__(self, member_id: int, disk: Disk) -> None:
        self.id = member_id
        self.disk = disk
        self.disk_faults = DiskFaults()
        self.life: Life | None = None
        self.starts = 0
        self.is_held_down = False
        """A fault keeps it down: nothing else may start it."""
        self.clock_rate = 1.0

    @property
    def node(self) -> Node | None:
        """Its running node."""
        return self.life.node if self.life is not None else None


class _MemberWatch:
    """Shows the invariants what takes effect on the disk of one member."""

    def __init__(self, world: "World", member: Member) -> None:
        self._world = world
        self._member = member

    def before_log_write(self, disk: Disk, append: StorageAppend) -> None:
        world, member_id = self._world, self._member.id
        world.invariants.before_log_write(member_id, disk, append)
        if append.entries or append.hard_state is not None:
            world.record(
                Durable(
                    member=member_id,
                    entries=append.entries,
                    hard_state=append.hard_state,
                    snapshot=None,
                )
            )
        if world.trace is not None:
            kept = " ".join(f"{entry.index}:{entry.term}" for entry in append.entries)
            world.note(f"disk {member_id}: log {kept or '-'} {append.hard_state or ''}")

    def before_install(self, disk: Disk, meta: SnapshotMeta, hard_state: HardState) -> None:
        self._world.note(f"disk {self._member.id}: snapshot {meta.index}:{meta.term}")
        self._world.snapshots_installed += 1
        self._world.invariants.before_install(self._member.id, disk, meta, hard_state)
        snapshot = Snapshot(meta.index, meta.term, meta.conf_state)
        self._world.record(
            Durable(member=self._member.id, entries=(), hard_state=hard_state, snapshot=snapshot)
        )

    def before_flush(self, batch: FlushBatch) -> None:
        world, member_id = self._world, self._member.id
        world.invariants.before_flush(member_id, self._member.disk, batch)
        if world.trace is not None:
            world.note(f"disk {member_id}: state {batch.applied_index}, {len(batch.rows)} rows")


class World:
    """One cluster. Nothing happens until `scheduler` runs."""

    def __init__(
        self,
        plan: Plan,
        trace: TraceText | None = None,
        *,
        record_for: Callable[[Verdict, ConfState], Record] | None = None,
    ) -> None:
        """With `record_for`, what it returns is given every transition of every member."""
        self.plan = plan
        self.trace = trace
        self.verdict = Verdict()
        self.scheduler = Scheduler()
        self.scheduler.after_step = self._after_step
        self.loop = SimulatedLoop(self.scheduler, "world")
        self.loop.on_unhandled = self._on_unhandled
        self.disk_options = DiskOptions()
        self.members: dict[int, Member] = {}
        voters = tuple(range(1, plan.voter_count + 1))
        self._record = record_for and record_for(self.verdict, ConfState(voters=voters))
        self.oracle = Oracle(self.verdict, ConfState(voters=voters))
        self._disks: dict[int, Disk] = {}
        self.invariants = Invariants(self.verdict, self.oracle, self._disks)
        self.network = Network(self.loop, self.random("network"), deliver=self._deliver)
        self.other_loops: list[SimulatedLoop] = [self.loop]
        """Those that belong to no member."""
        self._lives: dict[SimulatedLoop, tuple[Member, Life]] = {}
        self._corpses: list[asyncio.Task[Any]] = []
        self._random = self.random("world")
        self.crashes = 0
        self.snapshots_installed = 0
        self._asked_changes: list[tuple[float, ConfChange]] = []
        self._archive = SnapshotArchive()
        for member_id in voters:
            self.add_member(member_id, Disk(ConfState(voters=voters)))
        for member in self.members.values():
            self.start(member)

    def note(self, text: str) -> None:
        """For the trace; callers that build their text with effort ask `trace` first."""
        if self.trace is not None:
            self.trace.note(self.scheduler.now_s, self.scheduler.step_count, text)

    def record(self, transition: Transition) -> None:
        """A transition that is not seen from the core."""
        if self._record is not None:
            self._record(transition)

    def random(self, purpose: str) -> Random:
        """A source of its own for each purpose, so that one does not shift another."""
        return Random(f"{self.plan.seed}/{purpose}")

    def add_member(self, member_id: int, disk: Disk) -> Member:
        """One more machine, not started yet."""
        member = Member(member_id, disk)
        self.members[member_id] = member
        self._disks[member_id] = disk
        return member

    # Processes -------------------------------------------------------------------------------

    def start(self, member: Member) -> None:
        """Starts a process, unless there is one or a fault holds the member down."""
        if member.life is not None or member.is_held_down:
            return
        member.starts += 1
        self.note(f"member {member.id} starts")
        loop = SimulatedLoop(self.scheduler, f"member {member.id}")
        loop.on_unhandled = self._on_unhandled
        loop.set_rate(member.clock_rate)
        session = DiskSession(
            member.disk,
            loop=loop,
            world=self.loop,
            options=self.disk_options,
            faults=member.disk_faults,
            random=self.random(f"disk {member.id}.{member.starts}"),
            archive=self._archive,
            watch=_MemberWatch(self, member),
        )
        raw, process = self._build_raw(member)
        life = Life(loop, session, process)
        member.life = life
        self._lives[loop] = (member, life)
        self.invariants.begin(process)
        loop.call_soon(self._build_node, member, life, raw)

    def _build_raw(self, member: Member) -> tuple[WatchedRawNode, Process]:
        stored = member.disk.load()
        node_class = WatchedRawNode if self._record is None else ValidatedRawNode
        raw = node_class(
            msgspec.structs.replace(NodeOptions().raft_config(member.id), **self.plan.raft),
            hard_state=stored.hard_state,
            conf_state=stored.conf_state,
            term_runs=stored.term_runs,
            first_index=stored.first_index,
            last_index=stored.last_index,
            entries=stored.entries,
            applied_index=stored.applied_index,
            random=self.random(f"core {member.id}.{member.starts}"),
        )
        process = Process(member.id, raw, member.disk)
        raw.process = process
        raw.invariants = self.invariants
        if self._record is not None:
            assert isinstance(raw, ValidatedRawNode)
            raw.begin_trace(self._record)
        return raw, process

    def _build_node(self, member: Member, life: Life, raw: RawNode) -> None:
        disk = member.disk
        bounds = self.plan.bounds
        node = Node(
            identity=Identity(CLUSTER_ID, member.id, f"member-{member.id}"),
            options=NodeOptions(
                election_ticks=raw.core.config.election_ticks,
                heartbeat_ticks=raw.core.config.heartbeat_ticks,
                kept_entries_max=bounds.get(KEPT_ENTRIES, KEPT_ENTRIES_DEFAULT),
            ),
            raw=raw,
            stored=disk.load(),
            hash_history=[(e.index, e.state_hash) for e in disk.applied],
            log_storage=life.session,
            state_storage=life.session,
            event_archive=life.session,
            membership=MembershipView(
                own_id=member.id,
                members=[PeerAddress(i, f"member-{i}", f"member-{i}", 7080) for i in self.members],
                program_version=PROGRAM_VERSION,
            ),
            seen_keys=self._seen_keys(member),
            random_base=self.random(f"base {member.id}.{member.starts}").getrandbits(62),
            snapshot_store=life.session,
            load_seen_keys=lambda: self._load_seen_keys(member),
        )
        if ROWS_KEPT in bounds:
            rows = node._applier.rows  # pyright: ignore[reportPrivateUsage]
            keep_few_rows(rows, bounds[ROWS_KEPT])
        life.node = life.process.node = node
        node.failed.add_done_callback(lambda f: self._on_failed(member, life, f.result()))
        peers = [other for other in self.members if other != member.id]
        node.start(
            SimulatedLinks(
                self.network,
                member.id,
                peers,
                check=self._check_sent(life),
                open_stream=lambda peer_id, begin: self._open_stream(life, peer_id, begin),
            )
        )

    def _seen_keys(self, member: Member) -> ExactSeenKeys:
        seen_keys = ExactSeenKeys(is_full=bool(self.plan.bounds.get(FILTER_IS_FULL)))
        for parts in member.disk.idempotency_keys():
            seen_keys.add(parts)
        return seen_keys

    async def _load_seen_keys(self, member: Member) -> ExactSeenKeys:
        return self._seen_keys(member)

    def _check_sent(self, life: Life) -> Callable[[PeerMessage], None]:
        def check(message: PeerMessage) -> None:
            self.invariants.check_sent(life.process, message)
            if self._record is not None:
                self._record(Sent(member=life.process.member_id, message=message))

        return check

    def crash(self, member: Member) -> None:
        """The process dies at once; its disk stays as it is."""
        life = member.life
        if life is None:
            return
        self.crashes += 1
        self.note(f"member {member.id} dies")
        member.life = None
        self._bury(life.loop)
        del self._lives[life.loop]
        self.invariants.end(member.id)
        life.session.crash()
        self.record(Stopped(member=member.id))

    def _bury(self, loop: SimulatedLoop) -> None:
        loop.is_dead = True
        self._corpses.extend(asyncio.all_tasks(loop))

    def close(self) -> None:
        """Ends the world: nothing of it runs any more, and nothing complains of that."""
        for life in [life for _, life in self._lives.values()]:
            self._bury(life.loop)
        for loop in self.other_loops:
            self._bury(loop)
        for task in self._corpses:
            with contextlib.suppress(RuntimeError, asyncio.CancelledError):
                task.get_coro().close()

    def _on_failed(self, member: Member, life: Life, error: BaseException) -> None:
        """The node says that it cannot go on: its process ends."""
        self.note(f"member {member.id} cannot go on: {type(error).__name__}: {error}")
        if not isinstance(error, SimulatedDiskError):
            kind = "assertion" if isinstance(error, AssertionError) else "a member failed"
            self.verdict.report(kind, f"member {member.id}: {type(error).__name__}: {error}")
        if member.life is life:
            self.crash(member)
            self.loop.call_later(self._random.random() * RESTART_S_MAX, self.start, member)

    # What happens ----------------------------------------------------------------------------

    def _deliver(
        self, sender: int, receiver: int, batch: Sequence[PeerMessage] | StatusReport
    ) -> None:
        member = self.members[receiver]
        life = member.life
        if life is None or life.node is None:
            return
        if isinstance(batch, StatusReport):
            life.loop.call_soon(life.node.receive_status, sender, batch)
        else:
            if self.trace is not None:
                self.note(f"{sender} -> {receiver}: {brief(batch)}")
            life.loop.call_soon(life.node.receive, sender, batch)

    def _open_stream(self, life: Life, peer_id: int, begin: SnapshotBegin) -> SnapshotStream:
        """A connection for a snapshot from the process `life` to a peer. Raises OSError."""
        peer = self.members[peer_id].life
        link = (life.process.member_id, peer_id)
        if peer is None or peer.node is None or self.network.is_cut_either_way(link):
            raise OSError("no connection")
        stream = SnapshotStream(
            begin,
            world=self.loop,
            sender=life.loop,
            receiver=peer.loop,
            random=self._random,
            is_open=lambda: (
                not (life.loop.is_dead or peer.loop.is_dead or self.network.is_cut_either_way(link))
            ),
        )
        peer.loop.call_soon(peer.node.traffic.receiver.start, link[0], stream)
        return stream

    def _after_step(self, loop: SimulatedLoop) -> None:
        self.verdict.step_count = self.scheduler.step_count
        found = self._lives.get(loop)
        if found is None:
            return
        member, life = found
        if self.invariants.look(life.process) and self.trace is not None:
            self.note(f"member {member.id}: {describe(life.process)}")
        if life.fuse_steps is not None:
            life.fuse_steps -= 1
            if life.fuse_steps <= 0:
                self.crash(member)

    def _on_unhandled(self, context: dict[str, object]) -> None:
        error = context.get("exception")
        self.verdict.report("unhandled exception", f"{context.get('message')}: {error!r}")

    def note_asked(self, change: ConfChange) -> None:
        """Somebody asks for that change; whether a leader ever hears of it is open."""
        self._asked_changes.append((self.scheduler.now_s, change))

    def configurations(self) -> list[ConfState]:
        """Every configuration that some member acts by, will act by once its log is applied, or may
        come to act by once what was asked for lately has reached a leader."""
        found: dict[ConfState, None] = {}
        for member in self.members.values():
            disk = member.disk
            conf_state = disk.conf_state
            found[conf_state] = None
            for index in range(disk.applied_index + 1, disk.last_index + 1):
                entry = disk.entry(index)
                if entry is not None:
                    conf_state = conf_state_after(conf_state, entry)
                    found[conf_state] = None
            if member.life is not None:
                found[member.life.process.raw.conf_state] = None
        since_s = self.scheduler.now_s - ASKED_CHANGE_S_MAX
        for at_s, change in self._asked_changes:
            if at_s >= since_s:
                found.update(dict.fromkeys(changed_by(conf, change) for conf in list(found)))
        return [conf_state for conf_state in found if conf_state.voters]

    def participants(self) -> list[Member]:
        """The members of the configuration of the newest leader; of all, if nobody leads."""
        leader = self.leader()
        if leader is None or leader.life is None:
            return list(self.members.values())
        conf_state = leader.life.process.raw.conf_state
        ids = {*conf_state.voters, *conf_state.voters_outgoing, *conf_state.learners}
        return [self.members[member_id] for member_id in sorted(ids)]

    # What it looks like ----------------------------------------------------------------------

    def leader(self) -> Member | None:
        """The leader of the newest term, if there is one."""
        leaders = [
            member
            for member in self.members.values()
            if member.life is not None and member.life.process.raw.role is Role.LEADER
        ]
        return max(leaders, key=lambda m: m.life.process.raw.term if m.life else 0, default=None)

    def run(self, until_s: float) -> None:
        """Runs until the world's clock says so, or something goes wrong."""
        verdict = self.verdict
        self.scheduler.run_until(until_s, lambda: verdict.violation is not None)
