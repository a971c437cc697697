"""What the specification knows of one member, and the first entries of a group."""

from dataclasses import dataclass, field

from bitebyte.raft.types import Entry, HardState, Role
from bitebyte.simulation.specified_configuration import NOBODY, Configuration
from bitebyte.simulation.trace import Started, WriteBegun


class TransitionRefused(AssertionError):
    """A member did what the specification does not allow. `rule` names what it broke."""

    def __init__(self, rule: str, transition: object, reason: str) -> None:
        super().__init__(f"{rule}: {reason}: {transition}")
        self.rule = rule


@dataclass
class Stored:
    """What is on one disk, by the evidence of the disk. Logs are whole: whatever was compacted or
    came in a snapshot is what was committed."""

    hard_state: HardState = field(default_factory=HardState)
    log: list[Entry] = field(default_factory=list[Entry])
    votes: dict[int, int] = field(default_factory=dict[int, int])
    """Per term, who was voted for."""
    ever: set[tuple[int, int]] = field(default_factory=set[tuple[int, int]])
    """(index, term) of every entry that was ever there, and not forgotten."""
    snapshot_index: int = 0
    """Of the newest one installed: everything before it is there in another form."""


@dataclass
class SpecifiedMember:
    """One member. What belongs to a process begins anew with it."""

    id: int
    stored: Stored = field(default_factory=Stored)
    is_running: bool = False
    is_forgetful: bool = False
    """Its disk has forgotten something."""
    knows_loss: bool = False
    term: int = 0
    vote: int = 0
    role: Role = Role.FOLLOWER
    log: list[Entry] = field(default_factory=list[Entry])
    commit: int = 0
    told_commit: int = 0
    """As far as a leader, a voter, a snapshot or its own disk has told it, and its log agrees."""
    handed_out: int = 0
    applied: int = 0
    configuration: Configuration = NOBODY
    heard_term: int = 0
    """The highest term that some message told it to follow."""
    is_asked_to_lead: bool = False
    pre_votes: set[int] = field(default_factory=set[int])
    voters: set[int] = field(default_factory=set[int])
    """Who has given it a vote in its term."""
    requests: set[tuple[int, int, bool]] = field(default_factory=set[tuple[int, int, bool]])
    """(candidate, term, is_pre) of requests that it may grant, as far as logs go."""
    acks: dict[int, int] = field(default_factory=dict[int, int])
    """What others have acknowledged to it, as the leader of its term."""
    offers: list[tuple[int, tuple[Entry, ...]]] = field(
        default_factory=list[tuple[int, tuple[Entry, ...]]]
    )
    """What a follower may replace from an index on, by the last append that it was sent."""
    snapshots: set[tuple[int, int]] = field(default_factory=set[tuple[int, int]])
    """(index, term) of those that are staged here."""
    writes: list[WriteBegun] = field(default_factory=list[WriteBegun])
    """Under way, oldest first."""
    written_through: int = 0
    """The last index that was handed to the disk, or is there."""
    reads: dict[int, int] = field(default_factory=dict[int, int])
    """What was committed anywhere when a read was asked."""
    rounds: set[tuple[int, int, int]] = field(default_factory=set[tuple[int, int, int]])
    """(leader, term, read_seq) of the heartbeats that it has received."""

    def term_at(self, index: int) -> int:
        """Of the entry there; 0 where there is none."""
        return self.log[index - 1].term if 0 < index <= len(self.log) else 0

    def has(self, index: int, term: int) -> bool:
        """Whether its log holds that very entry; everything begins with the same nothing."""
        return index == 0 or (index <= len(self.log) and self.term_at(index) == term)

    def would_elect(self, last_index: int, last_term: int) -> bool:
        """Whether a log that ends so is at least as up-to-date as its own (§5.4.1)."""
        own_term = self.log[-1].term if self.log else 0
        return last_term > own_term or (last_term == own_term and last_index >= len(self.log))

    def restarted(self, start: Started, configuration: Configuration) -> "SpecifiedMember":
        """The same member as a new process finds it."""
        stored = self.stored
        return SpecifiedMember(
            id=self.id,
            stored=stored,
            is_running=True,
            is_forgetful=self.is_forgetful,
            knows_loss=start.hard_state.has_lost_log,
            term=start.hard_state.term,
            vote=start.hard_state.vote,
            log=list(stored.log),
            commit=start.commit,
            told_commit=start.commit,
            handed_out=start.applied_index,
            applied=start.applied_index,
            configuration=configuration,
            written_through=len(stored.log),
        )
