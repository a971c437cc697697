"""Members for tests whose disk and state machine answer at once, alone or as a group."""

from collections.abc import Callable, Iterable
from random import Random
from typing import TypeVar

from memory_disk import MemoryDisk

from bitebyte.raft import (
    ConfChange,
    ConfState,
    Entry,
    EntryKind,
    HardState,
    RaftConfig,
    RawNode,
    ReadState,
    Role,
    SingleChange,
    Transition,
)
from bitebyte.raft.messages import (
    LocalMessage,
    MsgApp,
    MsgAppResp,
    MsgSnap,
    MsgVote,
    MsgVoteResp,
    PeerMessage,
    SnapshotRequest,
    SnapshotStatus,
    StorageApplyResp,
    StorageFetchResp,
)

ELECTION_TICKS = 10
HEARTBEAT_TICKS = 2

M = TypeVar("M")


class PromptMember:
    """A member that owes nothing: after each input all its work is done, and `sent` holds what
    it would have put on the network."""

    def __init__(
        self,
        member_id: int = 1,
        *,
        voters: Iterable[int] = (1, 2, 3),
        learners: Iterable[int] = (),
        terms: Iterable[int] = (),
        after: tuple[int, int] = (0, 0),
        hard_state: HardState | None = None,
        seed: int = 0,
        **options: int,
    ) -> None:
        """`after` is (index, term) of a snapshot that the log of `terms` follows."""
        self.disk = MemoryDisk(ConfState(tuple(voters), tuple(learners)))
        self.disk.applied_index, self.disk.base_term = after
        self.disk.first_index = self.disk.applied_index + 1
        self.disk.entries = [
            Entry(term, index) for index, term in enumerate(terms, self.disk.first_index)
        ]
        self.disk.hard_state = hard_state or HardState(term=self.disk.term(self.disk.last_index))
        self.config = RaftConfig(
            id=member_id,
            **{
                "election_ticks": ELECTION_TICKS,
                "heartbeat_ticks": HEARTBEAT_TICKS,
                **options,
            },
        )
        self.seed = seed
        self.applied: list[Entry] = []
        self.reads: list[ReadState] = []
        self.sent: list[PeerMessage] = []
        self.snapshot_requests: list[SnapshotRequest] = []
        self.node = self._start()

    @property
    def conf_state(self) -> ConfState:
        """What its state machine knows; the core agrees."""
        assert self.node.conf_state == self.disk.conf_state
        return self.disk.conf_state

    def _start(self) -> RawNode:
        return self.disk.start(self.config, random=Random(self.seed))

    def restart(self) -> None:
        self.disk.crash()
        self.sent.clear()
        self.snapshot_requests.clear()
        self.node = self._start()

    def step(self, *messages: PeerMessage | LocalMessage) -> list[PeerMessage]:
        """Steps the messages and returns what was sent because of them."""
        for message in messages:
            self.node.step(message)
        return self.work()

    def tick(self, count: int = 1) -> list[PeerMessage]:
        for _ in range(count):
            self.node.tick()
            self._do_all()
        return self.take_sent()

    def campaign(self) -> list[PeerMessage]:
        self.node.campaign()
        return self.work()

    def propose(self, *payloads: bytes) -> list[PeerMessage]:
        self.node.propose(payloads)
        return self.work()

    def propose_change(
        self, *parts: SingleChange, transition: Transition = Transition.AUTO
    ) -> list[PeerMessage]:
        """Without parts it leaves a joint configuration."""
        self.node.propose_conf_change(ConfChange(parts, transition))
        return self.work()

    def transfer(self, transferee: int) -> list[PeerMessage]:
        self.node.transfer_leader(transferee)
        return self.work()

    def compact(self, through_index: int) -> None:
        self.disk.compact(through_index)
        self.node.compact(through_index)

    def read(self, request_id: int) -> list[PeerMessage]:
        assert self.node.read_index(request_id)
        return self.work()

    def work(self) -> list[PeerMessage]:
        """Does everything that is due and returns what was sent meanwhile."""
        self._do_all()
        return self.take_sent()

    def _do_all(self) -> None:
        while self.node.has_ready():
            self._do_ready()

    def _do_ready(self) -> None:
        ready = self.node.ready()
        self.sent.extend(ready.messages)
        self.reads.extend(ready.read_states)
        own: list[PeerMessage | LocalMessage] = []
        if ready.append is not None:
            self.disk.submit(ready.append)
            for response in self.disk.finish_write():
                (own if response.to == self.node.id else self.sent).append(response)  # pyright: ignore[reportArgumentType]
        self.snapshot_requests.extend(ready.snapshots)
        if ready.apply is not None:
            self.applied.extend(ready.apply.entries)
            self.disk.apply(ready.apply.entries)
            own.append(
                StorageApplyResp(
                    to=self.node.id, sender=self.node.id, index=self.disk.applied_index
                )
            )
        own.extend(
            StorageFetchResp(
                to=self.node.id,
                sender=self.node.id,
                peer_id=fetch.peer_id,
                low=fetch.low,
                entries=self.disk.read(fetch),
            )
            for fetch in ready.fetches
        )
        for message in own:
            self.node.step(message)

    def take_sent(self) -> list[PeerMessage]:
        sent, self.sent = self.sent, []
        return sent

    @property
    def log_terms(self) -> list[int]:
        log = self.node.core.log
        return [log.term(index) for index in range(log.first_index, self.node.last_index + 1)]

    @property
    def payloads(self) -> list[bytes]:
        """The commands that were applied."""
        return [
            entry.data for entry in self.applied if entry.data and entry.kind == EntryKind.NORMAL
        ]


def only(messages: Iterable[PeerMessage], kind: type[M], to: int | None = None) -> list[M]:
    """The messages of that kind, to that member."""
    return [
        message
        for message in messages
        if isinstance(message, kind) and (to is None or message.to == to)
    ]


class Group:
    """Members joined by a perfect network, except for what `is_lost` says."""

    def __init__(self, *members: PromptMember) -> None:
        self.members = {member.node.id: member for member in members}
        self.is_lost: Callable[[PeerMessage], bool] = lambda _message: False

    def __getitem__(self, member_id: int) -> PromptMember:
        return self.members[member_id]

    def deliver(self, messages: Iterable[PeerMessage]) -> None:
        """Delivers these and everything that follows from them."""
        queue = list(messages)
        while queue:
            message = queue.pop(0)
            is_lost = message.to not in self.members or self.is_lost(message)
            if not is_lost:
                queue.extend(self[message.to].step(message))
                queue.extend(self._snapshots_of(message.to))
            if isinstance(message, MsgSnap):
                queue.extend(self._end_snapshot(message, is_failed=is_lost))

    def _snapshots_of(self, member_id: int) -> list[PeerMessage]:
        """What the member was asked to stream."""
        member = self[member_id]
        requests, member.snapshot_requests = member.snapshot_requests, []
        return [
            MsgSnap(
                to=request.peer_id,
                sender=member_id,
                term=member.node.term,
                snapshot=member.disk.snapshot(),
            )
            for request in requests
        ]

    def _end_snapshot(self, message: MsgSnap, *, is_failed: bool) -> list[PeerMessage]:
        """Tells the sender how its stream has ended."""
        return self[message.sender].step(
            SnapshotStatus(
                to=message.sender,
                sender=message.sender,
                peer_id=message.to,
                index=message.snapshot.index,
                is_failed=is_failed,
            )
        )

    def elect(self, member_id: int) -> None:
        self.deliver(self[member_id].campaign())

    def propose(self, member_id: int, *payloads: bytes) -> None:
        self.deliver(self[member_id].propose(*payloads))

    def change(
        self, member_id: int, *parts: SingleChange, transition: Transition = Transition.AUTO
    ) -> None:
        self.deliver(self[member_id].propose_change(*parts, transition=transition))

    def transfer(self, member_id: int, transferee: int) -> None:
        self.deliver(self[member_id].transfer(transferee))

    def tick(self, member_id: int, count: int = 1) -> None:
        for _ in range(count):
            self.deliver([*self[member_id].tick(), *self._snapshots_of(member_id)])

    def isolate(self, *member_ids: int) -> None:
        """Nothing reaches these members any more, nor leaves them."""
        cut = set(member_ids)
        self.is_lost = lambda message: bool(cut & {message.to, message.sender})

    def heal(self) -> None:
        self.is_lost = lambda _message: False


def three(**options: int) -> Group:
    """Three fresh members."""
    return Group(*(PromptMember(member_id, seed=member_id, **options) for member_id in (1, 2, 3)))


def request_vote(
    member: PromptMember, *, sender: int, term: int, last: tuple[int, int] = (0, 0)
) -> MsgVote:
    last_index, last_term = last
    return MsgVote(
        to=member.node.id, sender=sender, term=term, last_index=last_index, last_term=last_term
    )


def request_append(
    member: PromptMember,
    *,
    sender: int,
    term: int,
    prev: tuple[int, int] = (0, 0),
    entries: tuple[Entry, ...] = (),
    commit: int = 0,
) -> MsgApp:
    return MsgApp(
        to=member.node.id,
        sender=sender,
        term=term,
        prev_index=prev[0],
        prev_term=prev[1],
        entries=entries,
        commit=commit,
    )


def elected_leader(**options: int) -> PromptMember:
    """Member 1, elected in term 1 by the vote of member 2, its no-op committed by both others."""
    member = PromptMember(1, **options)
    member.campaign()
    for is_pre in (True, False):
        member.step(MsgVoteResp(to=1, sender=2, term=1, is_pre=is_pre))
    for peer in (2, 3):
        member.step(MsgAppResp(to=1, sender=peer, term=1, index=1))
    assert member.node.role is Role.LEADER
    assert member.node.commit_index == 1
    return member
