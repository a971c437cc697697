"""A cluster in memory whose every move comes from one seed, and the judge that watches it.

Messages are dropped, repeated and reordered, links are cut, clocks run at different speeds, writes
and applies finish late, members crash and lose what was not durable. After every move the judge
checks the properties of figure 3 of the paper, durability and the freshness of reads.
"""

import hashlib
from collections import defaultdict
from dataclasses import dataclass, field
from random import Random

from memory_disk import MemoryDisk

from bitebyte.raft import (
    ConfState,
    Entry,
    ProposalDropped,
    RaftConfig,
    RawNode,
    Role,
)
from bitebyte.raft.messages import (
    LocalMessage,
    MsgAppResp,
    MsgVote,
    MsgVoteResp,
    PeerMessage,
    StorageAppendResp,
    StorageApplyResp,
    StorageFetch,
    StorageFetchResp,
)
from bitebyte.raft.quorum import Quorum
from bitebyte.simulation.specification import Specification
from bitebyte.simulation.trace import Durable, Sent, Stopped, Transition
from bitebyte.simulation.transition_observer import TracedRawNode

FAULT_END_CHANCE = 0.2
"""Per occasion to end a cut or a freeze: long enough for others to elect a new leader."""


@dataclass
class Member:
    """A member with its disk, its state machine and what waits in between."""

    id: int
    config: RaftConfig
    disk: MemoryDisk = field(default_factory=MemoryDisk)
    node: RawNode | None = None
    applied: list[Entry] = field(default_factory=list)
    flushed_index: int = 0
    applies: list[tuple[Entry, ...]] = field(default_factory=list)
    fetches: list[StorageFetch] = field(default_factory=list)
    reads: dict[int, int] = field(default_factory=dict)
    """Per request id, the newest commit index anywhere when it was asked."""

    def log(self) -> list[Entry]:
        """The whole log as the core sees it: what left memory comes from the disk."""
        assert self.node is not None
        log = self.node.core.log
        in_memory = log.slice(log.window_first, 2**40)
        return [*self.disk.entries[: log.window_first - 1], *in_memory]


class Judge:
    """Knows everything that ever happened and raises AssertionError when it may not happen."""

    def __init__(self, quorum: Quorum) -> None:
        self._quorum = quorum
        self.committed: list[Entry] = []
        self._leaders: dict[int, int] = {}
        self._leader_logs: dict[tuple[int, int], tuple[int, int]] = {}
        self._prefixes: dict[tuple[int, int], bytes] = {}
        self._votes: dict[tuple[int, int], int] = {}
        self._seen: dict[int, tuple[object, ...]] = {}
        self.terms_led = 0
        self.reads_judged = 0

    def watch(self, member: Member) -> None:
        """Looks at a member that has just moved."""
        node = member.node
        if node is None:
            self._seen.pop(member.id, None)
            return
        log = node.core.log
        seen = (node.term, node.role, node.commit_index, log.last_index, log.last_term, log.stable)
        if self._seen.get(member.id) == seen:
            return
        self._seen[member.id] = seen
        entries = member.log()
        self._check_log_matching(entries)
        if node.role is Role.LEADER:
            self._check_leader(member, entries)
        self._check_committed(node.commit_index, entries)

    def _check_log_matching(self, entries: list[Entry]) -> None:
        prefix = b""
        for entry in entries:
            content = b"%d %d %s" % (entry.index, entry.term, entry.data)
            prefix = hashlib.blake2b(prefix + content, digest_size=12).digest()
            known = self._prefixes.setdefault((entry.index, entry.term), prefix)
            assert known == prefix, f"Log Matching broken at {entry.index}, term {entry.term}"

    def _check_leader(self, member: Member, entries: list[Entry]) -> None:
        node = member.node
        assert node is not None
        if node.term not in self._leaders:
            self.terms_led += 1
            known = entries[: len(self.committed)]
            assert known == self.committed, f"Leader Completeness broken in term {node.term}"
        leader = self._leaders.setdefault(node.term, member.id)
        assert leader == member.id, f"Election Safety broken: two leaders in term {node.term}"
        last = self._leader_logs.get((member.id, node.term), (0, 0))
        assert last[0] == 0 or entries[last[0] - 1].term == last[1], "Leader Append-Only broken"
        assert len(entries) >= last[0], "Leader Append-Only broken: the log became shorter"
        self._leader_logs[member.id, node.term] = (len(entries), entries[-1].term)

    def _check_committed(self, commit_index: int, entries: list[Entry]) -> None:
        known = min(commit_index, len(self.committed))
        if known:
            assert entries[known - 1] == self.committed[known - 1], "a committed entry changed"
        self.committed.extend(entries[len(self.committed) : commit_index])

    def check_durable(self, members: list[Member]) -> None:
        """What is committed anywhere is on the disks of a quorum."""
        if self.committed:
            last = self.committed[-1]
            holders = [m.id for m in members if m.disk.has(last.index, last.term)]
            assert self._quorum.is_reached_by(holders), f"{last.index} is on no quorum of disks"

    def check_applied(self, batch: tuple[Entry, ...], applied: list[Entry]) -> None:
        """State Machine Safety: the same entries, in order, none twice."""
        for entry in batch:
            assert entry.index == len(applied) + 1, "applied out of order"
            assert entry == self.committed[entry.index - 1], "State Machine Safety broken"
            applied.append(entry)

    def check_sent(self, member: Member, message: PeerMessage) -> None:
        """Promises that leave a member are backed by its disk."""
        stored = member.disk.hard_state
        if isinstance(message, MsgVoteResp) and not message.is_pre and not message.is_rejected:
            # A later term on the disk rules out a second vote just as well.
            is_kept = (stored.term, stored.vote) == (message.term, message.to)
            assert is_kept or stored.term > message.term, "vote is not durable"
            vote = self._votes.setdefault((message.sender, message.term), message.to)
            assert vote == message.to, "two votes in one term"
        if isinstance(message, MsgAppResp) and not message.is_rejected:
            assert member.disk.last_index >= message.index, "acknowledged but not durable"
            assert stored.term >= message.term, "acknowledged in a term that is not durable"
        if isinstance(message, MsgVote) and not message.is_pre:
            assert stored.term >= message.term, "asks for votes in a term that is not durable"
            assert member.disk.last_index >= message.last_index, "boasts of entries not durable"

    def check_read(self, asked_at: int, index: int) -> None:
        """A read sees everything that was committed anywhere before it was asked."""
        self.reads_judged += 1
        assert index >= asked_at, f"stale read: {index} is before {asked_at}"


class SeededCluster:
    """`size` voters. Equal seeds give equal traces, byte for byte."""

    def __init__(self, seed: int, size: int = 3) -> None:
        self.random = Random(seed)
        voters = tuple(range(1, size + 1))
        self.conf_state = ConfState(voters)
        self.specification = Specification(self.conf_state)
        self.transitions: list[Transition] = []
        self.judge = Judge(Quorum(self.conf_state))
        # Small bounds make rare paths common; each seed draws its own.
        self.options = {
            "election_ticks": self.random.choice([6, 10]),
            "heartbeat_ticks": self.random.choice([1, 2]),
            "size_per_message_bytes_max": self.random.choice([1, 20, 1000]),
            "inflight_messages_max": self.random.choice([1, 2, 8]),
            "apply_size_bytes_max": self.random.choice([1, 30, 1000]),
            "log_cache_bytes_max": self.random.choice([1, 60, 100_000]),
            "pending_reads_max": self.random.choice([3, 100]),
            "unapplied_bytes_max": self.random.choice([40, 100_000]),
        }
        self.loss = self.random.choice([0.0, 0.05, 0.3])
        self.members = [Member(id, RaftConfig(id=id, **self.options)) for id in voters]
        self.frozen: set[int] = set()
        """Members whose clock stands still and who hear nothing, as after a long pause, but who
        go on with what they believe."""
        self.network: list[PeerMessage] = []
        self.cut: set[tuple[int, int]] = set()
        self.trace = hashlib.blake2b()
        self.counts: dict[str, int] = defaultdict(int)
        self._serial = 0
        for member in self.members:
            self._start(member)

    # Moves.

    def move(self) -> None:
        """One random move, then the judgement."""
        member = self.random.choice(self.members)
        action = self.random.choices(
            [
                self._deliver,
                self._take_ready,
                self._finish_write,
                self._finish_apply,
                self._answer_fetch,
                self._tick,
                self._propose,
                self._read,
                self._flush,
                self._crash_or_start,
                self._cut_or_heal,
                self._freeze_or_thaw,
            ],
            weights=[30, 40, 24, 12, 4, 14, 6, 6, 2, 0.6, 0.8, 0.8],
        )[0]
        self._note(action.__name__, member.id)
        self.counts[action.__name__] += 1
        action(member)
        self.judge.watch(member)
        self.judge.check_durable(self.members)

    def _deliver(self, _member: Member) -> None:
        for _ in range(self.random.randrange(1, 5)):
            self._deliver_one()

    def _deliver_one(self) -> None:
        # Mostly in order, as TCP does within a link, but not always.
        open_places = [
            place for place, message in enumerate(self.network) if message.to not in self.frozen
        ]
        if not open_places:
            return
        newest = 3 if self.random.random() < 0.8 else len(open_places)
        place = open_places[self.random.randrange(min(newest, len(open_places)))]
        message = self.network.pop(place)
        if self.random.random() < 0.03:
            self.network.append(message)
        receiver = self.members[message.to - 1]
        if (message.sender, message.to) in self.cut or self.random.random() < self.loss:
            return
        self._note("deliver", message)
        self._step(receiver, message)

    def _step(self, member: Member, message: PeerMessage | LocalMessage) -> None:
        if member.node is not None:
            member.node.step(message)
            self.judge.watch(member)

    def _take_ready(self, member: Member) -> None:
        node = member.node
        if node is None or not node.has_ready():
            return
        ready = node.ready()
        self._note("ready", ready)
        self._send(member, ready.messages)
        if ready.append is not None:
            member.disk.submit(ready.append)
        if ready.apply is not None:
            member.applies.append(ready.apply.entries)
        member.fetches.extend(ready.fetches)
        for read_state in ready.read_states:
            asked_at = member.reads.pop(read_state.request_id, None)
            if asked_at is not None:
                self.judge.check_read(asked_at, read_state.index)

    def _send(self, member: Member, messages: tuple[PeerMessage | StorageAppendResp, ...]) -> None:
        for message in messages:
            if not isinstance(message, StorageAppendResp):
                if message.to != member.id:
                    self._record(Sent(member=member.id, message=message))
                self.judge.check_sent(member, message)
            if message.to == member.id:
                self._step(member, message)
            else:
                assert not isinstance(message, StorageAppendResp)
                self.network.append(message)

    def _finish_write(self, member: Member) -> None:
        if member.disk.pending:
            append = member.disk.pending[0]
            if append.entries or append.hard_state is not None:
                self._record(
                    Durable(
                        member=member.id,
                        entries=append.entries,
                        hard_state=append.hard_state,
                        snapshot=append.snapshot,
                    )
                )
            self._send(member, tuple(member.disk.finish_write()))

    def _finish_apply(self, member: Member) -> None:
        if member.applies:
            batch = member.applies.pop(0)
            self.judge.check_applied(batch, member.applied)
            self._step(
                member,
                StorageApplyResp(to=member.id, sender=member.id, index=batch[-1].index),
            )

    def _answer_fetch(self, member: Member) -> None:
        if member.fetches:
            fetch = member.fetches.pop(self.random.randrange(len(member.fetches)))
            entries = () if self.random.random() < 0.1 else member.disk.read(fetch)
            self.counts["fetched"] += len(entries)
            self._step(
                member,
                StorageFetchResp(
                    to=member.id,
                    sender=member.id,
                    peer_id=fetch.peer_id,
                    low=fetch.low,
                    entries=entries,
                ),
            )

    def _freeze_or_thaw(self, member: Member) -> None:
        if self.frozen:
            if self.random.random() < FAULT_END_CHANCE:
                self.frozen.clear()
            return
        leaders = [m for m in self.members if m.node and m.node.role is Role.LEADER]
        if leaders and self.random.random() < 0.7:
            member = self.random.choice(leaders)
        self.frozen.add(member.id)

    def _tick(self, member: Member) -> None:
        if member.node is not None and member.id not in self.frozen:
            member.node.tick()

    def _propose(self, member: Member) -> None:
        if member.node is None:
            return
        count = self.random.randrange(1, 4)
        payloads = [b"%d:%d" % (self._next_serial(), member.id) for _ in range(count)]
        try:
            member.node.propose(payloads)
        except ProposalDropped:
            self.counts["dropped"] += 1

    def _read(self, member: Member) -> None:
        request_id = self._next_serial()
        if member.node is not None and member.node.read_index(request_id):
            member.reads[request_id] = len(self.judge.committed)

    def _flush(self, member: Member) -> None:
        member.flushed_index = len(member.applied)

    def _crash_or_start(self, member: Member) -> None:
        if member.node is None:
            self._start(member)
        elif self.random.random() < 0.3:
            self._crash(member)

    def _crash(self, member: Member) -> None:
        member.node = None
        self._record(Stopped(member=member.id))
        member.disk.crash()
        del member.applied[member.flushed_index :]
        member.applies.clear()
        member.fetches.clear()
        member.reads.clear()

    def _start(self, member: Member) -> None:
        node = member.disk.start(
            member.config,
            self.conf_state,
            random=Random(self.random.getrandbits(32)),
            applied_index=member.flushed_index,
            node_class=TracedRawNode,
        )
        assert isinstance(node, TracedRawNode)
        member.node = node.begin_trace(self._record)

    def _cut_or_heal(self, member: Member) -> None:
        if self.cut:
            if self.random.random() < FAULT_END_CHANCE:
                self.cut.clear()
            return
        if self.random.random() < 0.7:
            return
        others = [other.id for other in self.members if other is not member]
        kind = self.random.randrange(3)
        if kind == 0:
            self.cut.update((member.id, other) for other in others)
            self.cut.update((other, member.id) for other in others)
        elif kind == 1:
            self.cut.update((member.id, other) for other in others)
        else:
            other = self.random.choice(others)
            self.cut.update([(member.id, other), (other, member.id)])

    # The end: no more faults, and progress is demanded.

    def recover(self) -> None:
        """Heals everything and demands that all members agree, and serve, within bounds."""
        self.cut.clear()
        self.loss = 0.0
        self.frozen.clear()
        for member in self.members:
            if member.node is None:
                self._start(member)
            member.reads.clear()
        marker = b"recovered"
        is_proposed = False
        for _round in range(40 * self.members[0].config.election_ticks):
            for member in self.members:
                self._tick(member)
            self._settle()
            leaders = [m for m in self.members if m.node and m.node.role is Role.LEADER]
            if leaders and not is_proposed:
                is_proposed = self._try_propose(leaders[0], marker)
            if is_proposed and all(
                member.applied and member.applied[-1].data == marker for member in self.members
            ):
                break
        else:
            raise AssertionError("no progress after all faults ended")
        self._check_everyone_can_read()

    def _try_propose(self, leader: Member, marker: bytes) -> bool:
        assert leader.node is not None
        try:
            leader.node.propose([marker])
        except ProposalDropped:
            return False
        return True

    def _settle(self) -> None:
        """Runs everything that is due, in order, without faults."""
        for _round in range(12):
            for member in self.members:
                self._take_ready(member)
                while member.disk.pending:
                    self._finish_write(member)
                while member.applies:
                    self._finish_apply(member)
                while member.fetches:
                    self._answer_fetch(member)
            network, self.network = self.network, []
            for message in network:
                self._step(self.members[message.to - 1], message)
        self.judge.check_durable(self.members)

    def _check_everyone_can_read(self) -> None:
        for member in self.members:
            self._read(member)
            self._settle()
            assert not member.reads, f"member {member.id} has reads without an answer"

    def _record(self, transition: Transition) -> None:
        self.transitions.append(transition)
        self.specification.accept(transition)

    def _next_serial(self) -> int:
        self._serial += 1
        return self._serial

    def _note(self, *what: object) -> None:
        self.trace.update(repr(what).encode())
