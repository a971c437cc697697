"""A second Raft, slow and obvious: it accepts or refuses what members of the first one did.

Written from the paper (sections and figures) and the thesis, as sets and lists, without caches,
timers or IO. It sees all members, and each transition is judged by what all of them did before.
The rules on messages are in `specified_messages`.

It does not say what members should do: a member that does nothing breaks no rule. Timeouts, flow
control and the choice of what to send are left open, and so is liveness.
"""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from bitebyte.raft.messages import PeerMessage
from bitebyte.raft.types import NONE_ID, ConfState, Entry, HardState, Role
from bitebyte.simulation import specified_messages
from bitebyte.simulation.specified_configuration import (
    change_in,
    configuration_of,
)
from bitebyte.simulation.specified_member import SpecifiedMember, TransitionRefused
from bitebyte.simulation.trace import (
    Appended,
    Applied,
    BecameCandidate,
    BecameFollower,
    BecameLeader,
    BecamePreCandidate,
    Committed,
    Compacted,
    Durable,
    Forgot,
    HandedOut,
    LossNoticed,
    ReadAsked,
    ReadConfirmed,
    Received,
    Restored,
    Sent,
    Started,
    Stopped,
    Transition,
    Truncated,
    Voted,
    WriteBegun,
)


class Specification:
    """One group, from its beginning. `conf_state` is its first configuration, in force after
    `beginning`, the entries that every first member was born with."""

    def __init__(self, conf_state: ConfState, beginning: Sequence[Entry] = ()) -> None:
        self.committed: list[Entry] = list(beginning)
        self.configurations = [configuration_of(conf_state)] * (len(beginning) + 1)
        """Place i is what is in force when everything up to index i is applied."""
        self.members: dict[int, SpecifiedMember] = {}
        self.leader_of: dict[int, int] = {}
        self.leader_logs: dict[int, list[Entry]] = {}
        """Per term, the log of its leader, as long as it led."""
        self.sent: set[PeerMessage] = set()
        self.accepted = 0
        self._beginning = tuple(beginning)
        self._transition: Transition | None = None

    def accept(self, transition: Transition) -> None:
        """Takes the next transition. Raises TransitionRefused if the rules do not allow it; the
        specification must not be used any more then."""
        self._transition = transition
        if isinstance(transition, Started):
            self._start(transition)
        elif isinstance(transition, Durable):
            self._make_durable(self.member(transition.member), transition)
        elif isinstance(transition, Forgot):
            self._forget(self.member(transition.member), transition.after_index)
        else:
            member = self.member(transition.member)
            self.require(member.is_running, "only what runs acts", "it is not running")
            self._judge(member, transition)
        self.accepted += 1

    def member(self, member_id: int) -> SpecifiedMember:
        """What is known of that member."""
        if member_id not in self.members:
            self.members[member_id] = SpecifiedMember(member_id)
        return self.members[member_id]

    def require(self, holds: bool, rule: str, reason: str) -> None:
        """Refuses the transition at hand unless `holds`."""
        if not holds:
            raise TransitionRefused(rule, self._transition, reason)

    def _judge(self, member: SpecifiedMember, transition: Transition) -> None:
        match transition:
            case Received():
                specified_messages.receive(self, member, transition.message)
            case Sent():
                specified_messages.send(self, member, transition.message)
                self.sent.add(transition.message)
            case _:
                self._rules[type(transition)](self, member, transition)

    # A process begins and ends --------------------------------------------------------------

    def _start(self, start: Started) -> None:
        rule = "a member starts with what its disk holds"
        is_first = start.member not in self.members
        member = self.member(start.member)
        self.require(not member.is_running, rule, "it is running already")
        if is_first:
            self._be_born(member, start)
        stored = member.stored
        hard_state = start.hard_state
        self.require(_words(hard_state) == _words(stored.hard_state), rule, "term or vote differ")
        self.require(start.last_index == len(stored.log), rule, "the log ends elsewhere")
        self.require(
            start.entries == tuple(stored.log[start.applied_index :]), rule, "entries differ"
        )
        if start.last_index:
            self.require(start.last_term == stored.log[-1].term, rule, "its last term differs")
        known = stored.hard_state.commit
        changes = [entry.index for entry in start.entries if change_in(entry) is not None]
        bound = max(start.applied_index, known, *changes[:-1])
        self.require(start.commit <= bound, rule, "it believes more to be committed")
        rule = "what is applied is committed"
        self.require(start.applied_index <= len(self.committed), rule, "nobody has committed it")
        self._require_committed(stored.log, max(start.applied_index, start.commit))
        configuration = configuration_of(start.conf_state)
        if start.applied_index or start.conf_state.voters:
            expected = self.configurations[start.applied_index]
            rule = "the configuration is that of the log"
            self.require(configuration == expected, rule, "at the applied index it is another")
        self.members[member.id] = member.restarted(start, configuration)

    def _be_born(self, member: SpecifiedMember, start: Started) -> None:
        """A first member, or one that joins and has nothing."""
        rule = "a new member has voted for nobody and acknowledged nothing"
        has_beginning = bool(self._beginning) and start.last_index == len(self._beginning)
        expected = len(self._beginning) if has_beginning else 0
        self.require(start.last_index == start.applied_index == expected, rule, "it has a log")
        self.require(start.hard_state.vote == NONE_ID, rule, "it has voted")
        self.require(
            start.hard_state.term <= (self._beginning[-1].term if has_beginning else 0),
            rule,
            "it knows a term",
        )
        member.stored.hard_state = start.hard_state
        if has_beginning:
            member.stored.log = list(self._beginning)
            member.stored.ever = {(entry.index, entry.term) for entry in self._beginning}

    def _stop(self, member: SpecifiedMember, _: Stopped) -> None:
        member.is_running = False
        member.writes.clear()

    # Roles and votes ------------------------------------------------------------------------

    def _become_follower(self, member: SpecifiedMember, step: BecameFollower) -> None:
        self.require(step.term >= member.term, "terms never fall", "the term falls")
        if step.term > member.term:
            self.require(
                step.term <= member.heard_term,
                "a term is entered by campaigning or by hearing of it (§5.1)",
                "nobody told it of this term",
            )
            self._enter_term(member, step.term)
        member.role = Role.FOLLOWER

    def _become_pre_candidate(self, member: SpecifiedMember, _: BecamePreCandidate) -> None:
        self._require_may_campaign(member)
        member.role = Role.PRE_CANDIDATE
        member.pre_votes = {member.id}

    def _become_candidate(self, member: SpecifiedMember, step: BecameCandidate) -> None:
        self._require_may_campaign(member)
        self.require(
            step.term == member.term + 1, "a candidate enters the next term (§5.2)", "it does not"
        )
        self.require(
            member.is_asked_to_lead
            or member.configuration.is_quorum(member.pre_votes | {member.id}),
            "a candidate has won the pre-vote, or was asked to lead (thesis §9.6, §3.10)",
            f"only {sorted(member.pre_votes)} would vote for it",
        )
        self._enter_term(member, step.term)
        member.role = Role.CANDIDATE
        member.vote = member.id

    def _become_leader(self, member: SpecifiedMember, step: BecameLeader) -> None:
        rule = "a leader was elected by a quorum of its term (§5.2)"
        self.require(member.role is Role.CANDIDATE, rule, "it was no candidate")
        self.require(step.term == member.term, rule, "it was candidate of another term")
        other = self.leader_of.setdefault(step.term, member.id)
        self.require(other == member.id, "Election Safety", f"{other} leads this term")
        self.require(
            member.configuration.is_quorum(member.voters),
            rule,
            f"it has the votes of {sorted(member.voters)} only",
        )
        earlier = sum(entry.term < step.term for entry in self.committed)
        self.require(
            member.log[:earlier] == self.committed[:earlier],
            "Leader Completeness",
            "it lacks a committed entry",
        )
        member.role = Role.LEADER
        member.acks = {}
        self.leader_logs[step.term] = list(member.log)

    def _vote(self, member: SpecifiedMember, step: Voted) -> None:
        rule = "one vote a term, first come (§5.2)"
        self.require(member.vote in (NONE_ID, step.candidate), rule, f"it voted for {member.vote}")
        self.require(
            (step.candidate, member.term, False) in member.requests,
            "a vote goes to a log that is at least as up-to-date, on request (§5.4.1)",
            "no such candidate has asked in this term",
        )
        self.require(
            member.id in member.configuration.members,
            "who is not in the configuration does not vote",
            "it is not in its own configuration",
        )
        self.require(not member.knows_loss, "who has lost its log does not vote", "it has")
        member.vote = step.candidate

    def _notice_loss(self, member: SpecifiedMember, _: LossNoticed) -> None:
        self.require(member.is_forgetful, "no false alarm", "its disk has forgotten nothing")
        member.knows_loss = True

    def _require_may_campaign(self, member: SpecifiedMember) -> None:
        rule = "a campaigner is a voter that knows its configuration (thesis §4)"
        self.require(member.role is not Role.LEADER, rule, "it leads")
        self.require(member.id in member.configuration.electorate, rule, "it has no vote")
        self.require(not member.knows_loss, rule, "it has lost its log")
        self.require(
            all(change_in(entry) is None for entry in member.log[member.applied : member.commit]),
            rule,
            "a committed change is not applied yet",
        )

    def _enter_term(self, member: SpecifiedMember, term: int) -> None:
        member.term = term
        member.vote = NONE_ID
        member.voters = set()
        member.pre_votes = set()
        member.acks = {}
        member.is_asked_to_lead = False

    # The log --------------------------------------------------------------------------------

    def _restore(self, member: SpecifiedMember, step: Restored) -> None:
        snapshot = step.snapshot
        rule = "a snapshot replaces a log that lacks it (§7)"
        self.require((snapshot.index, snapshot.term) in member.snapshots, rule, "none is staged")
        self.require(snapshot.index > member.commit, rule, "it would turn the log back")
        self.require(member.role is Role.FOLLOWER, rule, "it does not follow")
        member.log = self.committed[: snapshot.index]
        member.written_through = snapshot.index
        member.told_commit = max(member.told_commit, snapshot.index)

    def _truncate(self, member: SpecifiedMember, step: Truncated) -> None:
        self.require(
            member.role is not Role.LEADER, "Leader Append-Only", "a leader truncates its log"
        )
        self.require(
            step.from_index > member.commit,
            "what is committed is never truncated",
            f"its commit index is {member.commit}",
        )
        self.require(
            any(index == step.from_index for index, _ in member.offers),
            "only a conflict with the leader truncates (figure 2)",
            "no append has conflicted there",
        )
        del member.log[step.from_index - 1 :]
        member.written_through = min(member.written_through, step.from_index - 1)

    def _append(self, member: SpecifiedMember, step: Appended) -> None:
        entries = step.entries
        expected = range(len(member.log) + 1, len(member.log) + len(entries) + 1)
        self.require(
            [entry.index for entry in entries] == list(expected), "a log has no gaps", "it has"
        )
        if member.role is Role.LEADER:
            for entry in entries:
                self._require_may_lead_with(member, entry)
                member.log.append(entry)
                self.leader_logs[member.term].append(entry)
            return
        self.require(
            (entries[0].index, entries) in member.offers,
            "a follower appends what its leader sent after a matching entry (figure 2)",
            "it was sent something else",
        )
        member.log.extend(entries)

    def _require_may_lead_with(self, member: SpecifiedMember, entry: Entry) -> None:
        self.require(
            entry.term == member.term, "a leader appends entries of its own term", "it does not"
        )
        change = change_in(entry)
        if change is None:
            return
        rule = "one change of membership at a time (thesis §4.1)"
        pending = [e for e in member.log[member.applied :] if change_in(e) is not None]
        self.require(not pending, rule, "another one is not applied yet")
        self.require(
            any(e.term == member.term for e in member.log[: member.commit]),
            "a change waits for an entry of the leader's own term (raft-dev 2015)",
            "none is committed",
        )
        rule = "a change leads somewhere"
        self.require(member.configuration.allows(change), rule, "it is not allowed from here")

    # Commitment and application -------------------------------------------------------------

    def _commit(self, member: SpecifiedMember, step: Committed) -> None:
        index = step.index
        self.require(index > member.commit, "the commit index never falls", "it falls")
        self.require(index <= len(member.log), "what is committed is in the log", "it is not")
        leads = self.leader_of.get(member.term) == member.id and member.term == member.term_at(
            index
        )
        holders = {peer for peer, acked in member.acks.items() if acked >= index}
        if (index, member.term_at(index)) in member.stored.ever:
            holders.add(member.id)
        is_counted = leads and member.configuration.is_quorum(holders)
        self.require(
            is_counted or index <= member.told_commit,
            "a leader commits what a quorum holds, others what they are told (§5.3, §5.4.2)",
            f"{sorted(holders)} hold it in term {member.term}, told {member.told_commit}",
        )
        self._require_committed(member.log, index, may_extend=is_counted)
        member.commit = index

    def _require_committed(
        self, log: Sequence[Entry], index: int, *, may_extend: bool = False
    ) -> None:
        known = min(index, len(self.committed))
        self.require(
            list(log[:known]) == self.committed[:known],
            "committed entries never change",
            "another entry was committed here",
        )
        if index > known:
            self.require(may_extend, "what is committed was counted by a leader", "none has")
            for entry in log[known:index]:
                change = change_in(entry)
                latest = self.configurations[-1]
                self.configurations.append(latest if change is None else latest.after(change))
                self.committed.append(entry)

    def _hand_out(self, member: SpecifiedMember, step: HandedOut) -> None:
        first, last = step.entries[0].index, step.entries[-1].index
        rule = "entries are applied in order, each once"
        self.require(first == member.handed_out + 1, rule, f"{member.handed_out} was the last")
        rule = "State Machine Safety"
        self.require(last <= member.commit, rule, "it is not committed here")
        self.require(
            step.entries == tuple(self.committed[first - 1 : last]), rule, "others are committed"
        )
        self.require(
            member.stored.log[first - 1 : last] == list(step.entries)
            or last <= member.stored.snapshot_index,
            "what is applied is durable here",
            "it is not on the disk",
        )
        member.handed_out = last

    def _apply(self, member: SpecifiedMember, step: Applied) -> None:
        rule = "entries are applied in order, each once"
        self.require(step.index >= member.applied, rule, "the applied index falls")
        is_installed = step.index <= member.stored.snapshot_index
        self.require(step.index <= member.handed_out or is_installed, rule, "it was not handed out")
        self.require(
            configuration_of(step.conf_state) == self.configurations[step.index],
            "the configuration is that of the log",
            f"at {step.index} it is {self.configurations[step.index]}",
        )
        member.applied = step.index
        member.handed_out = max(member.handed_out, step.index)
        member.configuration = self.configurations[step.index]

    def _compact(self, member: SpecifiedMember, step: Compacted) -> None:
        self.require(
            step.through_index <= member.applied, "only what is applied is compacted", "it is not"
        )

    # Disks ----------------------------------------------------------------------------------

    def _begin_write(self, member: SpecifiedMember, step: WriteBegun) -> None:
        rule = "a write is the end of the log, and the term and vote"
        entries = member.log[member.written_through :]
        self.require(list(step.entries) == entries, rule, "the log goes on differently")
        if step.hard_state is not None:
            words = (member.term, member.vote, member.knows_loss)
            self.require(_words(step.hard_state) == words, rule, f"they are {words}")
            rule = "a saved commit index is the member's"
            self.require(step.hard_state.commit <= member.commit, rule, "it is higher")
        member.writes.append(step)
        member.written_through = len(member.log)

    def _make_durable(self, member: SpecifiedMember, step: Durable) -> None:
        rule = "writes become durable as they were handed out, in order"
        self.require(bool(member.writes), rule, "no write is under way")
        head = member.writes.pop(0)
        self.require(step.snapshot == head.snapshot, rule, f"the next is {head}")
        stored = member.stored
        if step.snapshot is not None and step.entries != head.entries:
            # The rows and the entries after them may take two transactions.
            self.require(not step.entries, rule, f"the next is {head}")
            rest = WriteBegun(
                member=member.id,
                sequence=head.sequence,
                entries=head.entries,
                hard_state=None,
                snapshot=None,
            )
            member.writes.insert(0, rest)
        else:
            self.require(step.entries == head.entries, rule, f"the next is {head}")
        hard_state = step.hard_state
        if head.hard_state is not None:
            self.require(
                hard_state is not None and _words(hard_state) == _words(head.hard_state),
                rule,
                f"the next is {head}",
            )
        if hard_state is not None:
            self._save(member, hard_state)
        if step.snapshot is not None:
            index = step.snapshot.index
            stored.log = self.committed[:index]
            stored.snapshot_index = index
        if step.entries:
            del stored.log[step.entries[0].index - 1 :]
            stored.log.extend(step.entries)
            stored.ever |= {(entry.index, entry.term) for entry in step.entries}

    def _save(self, member: SpecifiedMember, hard_state: HardState) -> None:
        stored = member.stored
        self.require(hard_state.term >= stored.hard_state.term, "terms never fall", "on the disk")
        if hard_state.vote != NONE_ID:
            vote = stored.votes.setdefault(hard_state.term, hard_state.vote)
            rule = "one vote a term, first come (§5.2)"
            self.require(vote == hard_state.vote, rule, f"the disk says {vote}")
        stored.hard_state = hard_state

    def _forget(self, member: SpecifiedMember, after_index: int) -> None:
        stored = member.stored
        del stored.log[after_index:]
        stored.ever = {(index, term) for index, term in stored.ever if index <= after_index}
        member.is_forgetful = True

    # Reads ----------------------------------------------------------------------------------

    def _ask_read(self, member: SpecifiedMember, step: ReadAsked) -> None:
        member.reads[step.request_id] = len(self.committed)

    def _confirm_read(self, member: SpecifiedMember, step: ReadConfirmed) -> None:
        asked_at = member.reads.pop(step.request_id, 0)
        self.require(
            asked_at <= step.index <= len(self.committed),
            "a read sees what was committed when it was asked (thesis §6.4)",
            f"{asked_at} was committed",
        )

    _rules: ClassVar[dict[type, Callable[["Specification", SpecifiedMember, Any], None]]] = {
        Stopped: _stop,
        BecameFollower: _become_follower,
        BecamePreCandidate: _become_pre_candidate,
        BecameCandidate: _become_candidate,
        BecameLeader: _become_leader,
        Voted: _vote,
        LossNoticed: _notice_loss,
        Restored: _restore,
        Truncated: _truncate,
        Appended: _append,
        Committed: _commit,
        HandedOut: _hand_out,
        Applied: _apply,
        Compacted: _compact,
        WriteBegun: _begin_write,
        ReadAsked: _ask_read,
        ReadConfirmed: _confirm_read,
    }


def _words(hard_state: HardState) -> tuple[int, int, bool]:
    """What a member has given its word on. The commit index is only a hint."""
    return hard_state.term, hard_state.vote, hard_state.has_lost_log
