"""Takes transitions from running members by looking at them before and after each call.

The core knows nothing of it. What takes effect on disks and what leaves for the network cannot be
seen from the core: whoever runs the members tells it, which makes it evidence of its own.
"""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import NamedTuple, Self

from bitebyte.raft.core import Core
from bitebyte.raft.messages import (
    LocalMessage,
    PeerMessage,
    StorageAppend,
    StorageAppendResp,
)
from bitebyte.raft.rawnode import RawNode
from bitebyte.raft.ready import Ready
from bitebyte.raft.types import ConfChange, ConfState, Entry, Role, Snapshot
from bitebyte.simulation.trace import (
    Appended,
    Applied,
    BecameCandidate,
    BecameFollower,
    BecameLeader,
    BecamePreCandidate,
    Committed,
    Compacted,
    HandedOut,
    LossNoticed,
    ReadAsked,
    ReadConfirmed,
    Received,
    Restored,
    Started,
    Transition,
    Truncated,
    Voted,
    WriteBegun,
)

_BYTES_ALL = 2**50

Record = Callable[[Transition], None]
"""Takes each transition as it happens."""


class _Seen(NamedTuple):
    """What a call may change."""

    term: int
    role: Role
    vote: int
    has_lost_log: bool
    commit: int
    applied: int
    conf_state: ConfState
    last_index: int
    last_term: int
    offered: int
    snapshot: Snapshot | None


class TracedRawNode(RawNode):
    """A member whose transitions are recorded, from `begin_trace` on."""

    _record: Record
    _terms: list[int]
    """Of each index of its log; place 0 stands for the time before the log."""

    def begin_trace(self, record: Record) -> Self:
        """Records the start; to be called once, before anything else."""
        self._record = record
        core = self.core
        log = core.log
        self._terms = [log.term(index) for index in range(log.last_index + 1)]
        offered = self._offered_hard_state
        record(
            Started(
                member=self.id,
                hard_state=offered,
                conf_state=core.conf_state,
                applied_index=log.applied,
                last_index=log.last_index,
                last_term=log.last_term,
                commit=log.committed,
                entries=log.slice(log.applied + 1, _BYTES_ALL),
            )
        )
        return self

    # Inputs.

    def tick(self) -> None:
        with self._observed():
            super().tick()

    def step(self, message: PeerMessage | LocalMessage) -> None:
        if message.to != self.id:
            super().step(message)
            return
        self._record(Received(member=self.id, message=message))
        with self._observed():
            super().step(message)

    def campaign(self) -> None:
        with self._observed():
            super().campaign()

    def propose(self, proposals: Sequence[bytes]) -> None:
        with self._observed():
            super().propose(proposals)

    def propose_conf_change(self, change: ConfChange) -> None:
        with self._observed():
            super().propose_conf_change(change)

    def transfer_leader(self, transferee: int) -> None:
        with self._observed():
            super().transfer_leader(transferee)

    def read_index(self, request_id: int) -> bool:
        self._record(ReadAsked(member=self.id, request_id=request_id))
        with self._observed():
            return super().read_index(request_id)

    def compact(self, through_index: int) -> None:
        self._record(Compacted(member=self.id, through_index=through_index))
        super().compact(through_index)

    # Output.

    def ready(self) -> Ready:
        with self._observed():
            ready = super().ready()
        if ready.append is not None:
            self._note_write(ready.append)
        if ready.apply is not None:
            self._record(HandedOut(member=self.id, entries=ready.apply.entries))
        for read in ready.read_states:
            self._record(
                ReadConfirmed(member=self.id, request_id=read.request_id, index=read.index)
            )
        return ready

    def _note_write(self, append: StorageAppend) -> None:
        done = append.responses[-1] if append.responses else None
        if isinstance(done, StorageAppendResp):
            self._record(
                WriteBegun(
                    member=self.id,
                    sequence=done.sequence,
                    entries=append.entries,
                    hard_state=append.hard_state,
                    snapshot=append.snapshot,
                )
            )

    # Inside.

    @contextmanager
    def _observed(self) -> Generator[None]:
        before = _look(self.core)
        yield
        after = _look(self.core)
        if after == before:
            return
        # First: who was asked to lead may have waited for that, and campaigns at once.
        if (after.applied, after.conf_state) != (before.applied, before.conf_state):
            self._record(Applied(member=self.id, index=after.applied, conf_state=after.conf_state))
        self._note_role(before, after)
        if after.has_lost_log and not before.has_lost_log:
            self._record(LossNoticed(member=self.id))
        if after.snapshot is not None and before.snapshot is None:
            self._note_restored(after.snapshot)
        led_all_along = before.role is after.role is Role.LEADER and before.term == after.term
        if not led_all_along:
            self._note_log(before, after)
        if after.commit != before.commit:
            self._record(Committed(member=self.id, index=after.commit))
        if led_all_along:
            # What it appends may be the consequence of what is committed now.
            self._note_log(before, after)

    def _note_role(self, before: _Seen, after: _Seen) -> None:
        member, record, term, role = self.id, self._record, after.term, after.role
        own_term = term - (role in (Role.CANDIDATE, Role.LEADER))
        if (term, role) != (before.term, before.role):
            if role is Role.FOLLOWER or own_term > before.term:
                record(BecameFollower(member=member, term=max(own_term, before.term)))
            if role is Role.PRE_CANDIDATE:
                record(BecamePreCandidate(member=member))
            if role is Role.CANDIDATE:
                record(BecameCandidate(member=member, term=term))
            if role is Role.LEADER:
                record(BecameLeader(member=member, term=term))
        if after.vote not in (0, member) and (after.vote, term) != (before.vote, before.term):
            record(Voted(member=member, candidate=after.vote))

    def _note_restored(self, snapshot: Snapshot) -> None:
        self._terms = [*[0] * snapshot.index, snapshot.term]
        self._record(Restored(member=self.id, snapshot=snapshot))

    def _note_log(self, before: _Seen, after: _Seen) -> None:
        if (before.last_index, before.last_term, before.offered) == (
            after.last_index,
            after.last_term,
            after.offered,
        ):
            return
        log, terms = self.core.log, self._terms
        same = min(len(terms) - 1, log.last_index)
        while same >= log.first_index and log.term(same) != terms[same]:
            same -= 1
        if same < len(terms) - 1:
            del terms[same + 1 :]
            self._record(Truncated(member=self.id, from_index=same + 1))
        if same < log.last_index:
            entries: tuple[Entry, ...] = log.slice(same + 1, _BYTES_ALL)
            terms.extend(entry.term for entry in entries)
            self._record(Appended(member=self.id, entries=entries))


def _look(core: Core) -> _Seen:
    log = core.log
    return _Seen(
        core.term,
        core.role,
        core.vote,
        core.has_lost_log,
        log.committed,
        log.applied,
        core.conf_state,
        log.last_index,
        log.last_term,
        log.offered,
        log.snapshot,
    )
