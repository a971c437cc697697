"""The safety properties of Raft, checked after every step of a run.

Figure 3 of the paper, with what makes it hold in practice: durability before promises, one vote
per term, state that moves in one direction only. All checks are incremental: a step that
changed nothing costs a comparison.
"""

from bisect import bisect_left
from collections.abc import Collection, Mapping, Sequence
from operator import attrgetter

from bitebyte.node.node import Node
from bitebyte.raft.messages import (
    MsgApp,
    MsgAppResp,
    MsgVote,
    MsgVoteResp,
    PeerMessage,
    StorageAppend,
)
from bitebyte.raft.rawnode import RawNode
from bitebyte.raft.types import NONE_ID, ConfState, Entry, HardState, Role
from bitebyte.repository.types import FlushBatch, SnapshotMeta
from bitebyte.simulation.disk import Disk
from bitebyte.simulation.oracle import Oracle
from bitebyte.simulation.verdict import Verdict

_BYTES_ALL = 2**50
_term = attrgetter("term")


class Process:
    """What the invariants remember of one process of a member."""

    def __init__(self, member_id: int, raw: RawNode, disk: Disk) -> None:
        self.member_id = member_id
        self.raw = raw
        self.disk = disk
        self.node: Node | None = None
        self.seen: tuple[int, ...] = ()
        self.term = raw.term
        self.commit_index = disk.applied_index
        self.applied_index = disk.applied_index
        self.core_applied_index = disk.applied_index
        self.stable_index = raw.core.log.stable
        self.led_term = 0
        self.led_last: tuple[int, int] = (0, 0)


class Invariants:
    """Watches every process and every disk of one run. `disks` holds those of all members."""

    def __init__(self, verdict: Verdict, oracle: Oracle, disks: Mapping[int, Disk]) -> None:
        self.committed: list[Entry] = [Entry(term=1, index=1)]
        """Index 1 is the boundary behind which the first configuration lies."""
        self.forgetful_ids: set[int] = set()
        """Members whose disks have forgotten what they had acknowledged."""
        self.digest = 0
        """Over everything that processes went through: equal for equal runs."""
        self.elections = 0
        self._verdict = verdict
        self._oracle = oracle
        self._disks = disks
        self._leader_of: dict[int, int] = {}
        self._entry_of: dict[tuple[int, int], tuple[Entry, int]] = {}
        self._vote_of: dict[tuple[int, int], int] = {}
        self._processes: dict[int, Process] = {}

    # Processes -------------------------------------------------------------------------------

    def begin(self, process: Process) -> None:
        """A process has started."""
        self._processes[process.member_id] = process

    def end(self, member_id: int) -> None:
        """The process of that member is gone."""
        self._processes.pop(member_id, None)

    def look(self, process: Process) -> bool:
        """Looks at a process that may have moved, and says whether it has."""
        core = process.raw.core
        log = core.log
        node = process.node
        applied = node.applied_index if node is not None else process.applied_index
        self._look_at_core(process)
        seen = (core.term, core.role, log.committed, log.last_index, log.last_term, applied)
        if seen == process.seen:
            return False
        process.seen = seen
        self._mix(process.member_id, *seen)
        if core.term < process.term:
            self._report("monotonic term", f"{_name(process)} fell to term {core.term}")
        process.term = core.term
        if log.committed != process.commit_index:
            self._look_at_commit(process)
        if core.role is Role.LEADER:
            self._look_at_leader(process)
        if applied != process.applied_index:
            self._look_at_applied(process, applied)
        return True

    def _look_at_core(self, process: Process) -> None:
        """What the core believes of its disk and of its configuration."""
        core = process.raw.core
        log = core.log
        if log.stable != process.stable_index:
            process.stable_index = log.stable
            if not log.is_installing and not process.disk.has(log.stable, log.term(log.stable)):
                self._report(
                    "stable is durable",
                    f"{_name(process)} takes entry {log.stable} of term {log.term(log.stable)}"
                    " for durable",
                )
        if log.applied != process.core_applied_index:
            process.core_applied_index = log.applied
            expected = self._oracle.conf_states[log.applied]
            if core.conf_state != expected:
                self._report(
                    "the configuration is that of the log",
                    f"{_name(process)} acts by {core.conf_state} at {log.applied}, the log says"
                    f" {expected}",
                )

    def _look_at_leader(self, process: Process) -> None:
        core = process.raw.core
        log = core.log
        if process.led_term != core.term:
            known = self._leader_of.setdefault(core.term, process.member_id)
            if known != process.member_id:
                self._report(
                    "Election Safety", f"{known} and {process.member_id} lead term {core.term}"
                )
            self.elections += 1
            voters = (*core.conf_state.voters, *core.conf_state.voters_outgoing)
            if process.member_id not in voters:
                self._report("who leads is a voter", f"{_name(process)} is none of {voters}")
            process.led_term = core.term
            process.led_last = (0, 0)
            earlier = bisect_left(self.committed, core.term, key=_term)
            if earlier:
                self._check_holds(process, self.committed[earlier - 1])
        last_index, last_term = process.led_last
        if last_index and (log.last_index < last_index or log.term(last_index) != last_term):
            self._report(
                "Leader Append-Only",
                f"{_name(process)} changed its log at {last_index} while leading {core.term}",
            )
        process.led_last = (log.last_index, log.last_term)

    def _check_holds(self, leader: Process, entry: Entry) -> None:
        log = leader.raw.core.log
        if entry.index >= log.first_index - 1 and not log.has(entry.index, entry.term):
            self._report(
                "Leader Completeness",
                f"{_name(leader)} leads term {leader.raw.term} without entry {entry.index}"
                f" of term {entry.term}, which is committed",
            )

    def _look_at_commit(self, process: Process) -> None:
        core = process.raw.core
        log = core.log
        first = process.commit_index + 1
        if log.committed < process.commit_index:
            self._report("monotonic commit", f"{_name(process)} fell to {log.committed}")
            return
        first = max(first, log.window_first)
        process.commit_index = log.committed
        if first > log.committed:
            return
        entries = log.slice(first, _BYTES_ALL)[: log.committed + 1 - first]
        committed = self.committed
        known_count = len(committed)
        for entry in entries:
            if entry.index <= len(committed):
                if committed[entry.index - 1] != entry:
                    self._report(
                        "committed entries never change",
                        f"{_name(process)} has {_brief(entry)} where"
                        f" {_brief(committed[entry.index - 1])} was committed",
                    )
                    return
            elif entry.index == len(committed) + 1:
                committed.append(entry)
                self._oracle.apply(entry)
            else:
                self._report("Log Matching", f"{_name(process)} skips to {_brief(entry)}")
                return
        if len(committed) > known_count:
            self._check_first_commit(process, entries[-1])

    def _check_first_commit(self, process: Process, entry: Entry) -> None:
        """A new entry is committed: a quorum has it on disk, and so has every later leader."""
        holders = [
            member_id
            for member_id, disk in self._disks.items()
            if disk.has(entry.index, entry.term)
        ]
        if not _is_quorum(process.raw.conf_state, holders):
            self._report(
                "committed is durable",
                f"{_name(process)} committed {_brief(entry)}, which is on {holders} only",
            )
        for other in self._processes.values():
            if other.raw.role is Role.LEADER and other.raw.term > entry.term:
                self._check_holds(other, entry)

    def _look_at_applied(self, process: Process, applied: int) -> None:
        node = process.node
        assert node is not None
        if applied < process.applied_index:
            self._report("monotonic applied", f"{_name(process)} fell to {applied}")
            return
        process.applied_index = applied
        if applied > len(self.committed):
            self._report(
                "State Machine Safety", f"{_name(process)} applied {applied}, not yet committed"
            )
            return
        if node.hash_at(applied) != self._oracle.hashes[applied].hex():
            self._report(
                "State Machine Safety",
                f"the state of {_name(process)} at {applied} is not that of the log",
            )

    # What leaves a process -------------------------------------------------------------------

    def check_apply(self, process: Process, entries: Sequence[Entry]) -> None:
        """These go to the state machine."""
        for entry in entries:
            if entry.index > len(self.committed) or self.committed[entry.index - 1] != entry:
                self._report(
                    "State Machine Safety",
                    f"{_name(process)} applies {_brief(entry)}, which is not what is committed",
                )
                return

    def check_sent(self, process: Process, message: PeerMessage) -> None:
        """A promise that leaves a member is backed by its disk."""
        kind = type(message)
        if kind is MsgApp:
            return
        disk = process.disk
        stored = disk.hard_state
        if isinstance(message, MsgVoteResp):
            if message.is_pre or message.is_rejected:
                return
            is_kept = (stored.term, stored.vote) == (message.term, message.to)
            if not is_kept and stored.term <= message.term:
                self._report("votes are durable", f"{_name(process)}: {message}")
        elif isinstance(message, MsgAppResp):
            if not message.is_rejected and (
                disk.last_index < message.index or stored.term < message.term
            ):
                self._report("acknowledged is durable", f"{_name(process)}: {message}")
        elif isinstance(message, MsgVote) and not message.is_pre and stored.term < message.term:
            self._report("votes are durable", f"{_name(process)} asks before: {message}")

    # Disks -----------------------------------------------------------------------------------

    def before_log_write(self, member_id: int, disk: Disk, append: StorageAppend) -> None:
        """This append takes effect now."""
        hard_state = append.hard_state
        if hard_state is not None:
            self._check_hard_state(member_id, disk, hard_state)
        if append.entries:
            self._check_written(member_id, disk, append.entries)

    def _check_hard_state(self, member_id: int, disk: Disk, hard_state: HardState) -> None:
        term, vote = hard_state.term, hard_state.vote
        if hard_state.has_lost_log and member_id not in self.forgetful_ids:
            self._report("no false alarm", f"{member_id} says that its disk has forgotten entries")
        if term < disk.hard_state.term:
            self._report("monotonic term", f"the disk of {member_id} falls to term {term}")
        if vote != NONE_ID:
            known = self._vote_of.setdefault((member_id, term), vote)
            if known != vote:
                self._report(
                    "one vote a term", f"{member_id} votes for {known} and {vote} in term {term}"
                )

    def _check_written(self, member_id: int, disk: Disk, entries: Sequence[Entry]) -> None:
        first = entries[0].index
        before = disk.entry(first - 1)
        previous_term = before.term if before is not None else disk.boundary_term
        for entry in entries:
            known = self._entry_of.get((entry.index, entry.term))
            if known is None:
                self._entry_of[entry.index, entry.term] = (entry, previous_term)
            elif known[0] != entry or known[1] != previous_term:
                self._report(
                    "Log Matching", f"{member_id} writes {_brief(entry)} after {previous_term}"
                )
            previous_term = entry.term
            if entry.index <= len(self.committed) and self.committed[entry.index - 1] != entry:
                held = disk.entry(entry.index)
                if held == self.committed[entry.index - 1]:
                    self._report(
                        "committed entries never change",
                        f"{member_id} overwrites the committed {_brief(held)}",
                    )
        for index in range(entries[-1].index + 1, min(disk.last_index, len(self.committed)) + 1):
            if disk.entry(index) == self.committed[index - 1]:
                self._report(
                    "committed entries never change",
                    f"{member_id} cuts off the committed entry {index}",
                )

    def before_install(
        self, member_id: int, disk: Disk, meta: SnapshotMeta, hard_state: HardState
    ) -> None:
        """A snapshot replaces log and state of a member."""
        self._check_hard_state(member_id, disk, hard_state)
        if meta.index < disk.applied_index:
            self._report("monotonic applied", f"{member_id} goes back to snapshot {meta.index}")
        if meta.index > len(self.committed):
            self._report("State Machine Safety", f"a snapshot holds {meta.index}, not committed")
            return
        if (
            meta.term != self.committed[meta.index - 1].term
            or meta.state_hash != self._oracle.hashes[meta.index]
            or meta.conf_state != self._oracle.conf_states[meta.index]
        ):
            self._report("State Machine Safety", f"snapshot {meta} is not of the log")
        for index in range(meta.index + 1, min(disk.last_index, len(self.committed)) + 1):
            if disk.entry(index) == self.committed[index - 1]:
                self._report(
                    "committed entries never change",
                    f"a snapshot cuts off the committed entry {index} at {member_id}",
                )

    def before_flush(self, member_id: int, disk: Disk, batch: FlushBatch) -> None:
        """The state of a member reaches its disk."""
        index = batch.applied_index
        if index < disk.applied_index:
            self._report("monotonic applied", f"{member_id} flushes {index} over a newer state")
        if len(batch.applied) != index - disk.applied_index:
            self._report("events are those of the log", f"{member_id} leaves some out at {index}")
        events = self._oracle.events
        for kept in batch.applied:
            if kept.index < len(events) and kept.events != events[kept.index]:
                self._report("events are those of the log", f"{member_id} at {kept.index}")
        if index <= len(self.committed):
            conf_state = batch.conf_state or disk.conf_state
            if conf_state != self._oracle.conf_states[index]:
                self._report(
                    "the configuration is that of the log",
                    f"{member_id} keeps {conf_state} at {index}, the log says"
                    f" {self._oracle.conf_states[index]}",
                )
        if index > len(self.committed) or batch.state_hash != self._oracle.hashes[index]:
            self._report(
                "State Machine Safety", f"what {member_id} flushes at {index} is not of the log"
            )

    # Inside ----------------------------------------------------------------------------------

    def _report(self, invariant: str, message: str) -> None:
        self._verdict.report(invariant, message)

    def _mix(self, *numbers: int) -> None:
        digest = self.digest ^ self._verdict.step_count
        for number in numbers:
            digest = (digest * 0x100000001B3 ^ number) & 0xFFFFFFFFFFFFFFFF
        self.digest = digest


def _is_quorum(conf_state: ConfState, members: Collection[int]) -> bool:
    """Majorities counted once more, so that a core that counts wrong does not check itself."""
    halves = (conf_state.voters, conf_state.voters_outgoing)
    return all(2 * len({*half} & {*members}) > len(half) for half in halves if half)


def describe(process: Process) -> str:
    """Where a process stands, for the trace."""
    term, role, committed, last_index, last_term, applied = process.seen
    return (
        f"{Role(role).name.lower()} of term {term}, log to {last_index}:{last_term},"
        f" committed {committed}, applied {applied}"
    )


def _name(process: Process) -> str:
    return f"member {process.member_id}"


def _brief(entry: Entry | None) -> str:
    return "nothing" if entry is None else f"entry {entry.index} of term {entry.term}"
