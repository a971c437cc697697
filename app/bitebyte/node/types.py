"""What the layers above know of a node: outcomes, errors, status.

NodeError
├── NoLeader         nothing was written, for certain
├── OutcomeUnknown   it may or may not happen; safe to repeat with the same idempotency key
├── Overloaded       nothing was written; too many commands are waiting
├── TooFarBehind     this node did not reach the wanted index in time
├── NodeStopped      the node is shutting down; nothing was written
├── MembershipRefused  the members stay as they are, for certain; the text says why
├── NotYetSupported  a member does not know this kind of command yet; nothing was written
└── EventsExpired    events from that position on are no longer kept
"""

import msgspec

from bitebyte.domain.results import Event, Result
from bitebyte.domain.roster import LEVEL_NEWEST
from bitebyte.raft.config import RaftConfig


class NodeError(Exception):
    """A command or a read that this node could not finish."""


class NoLeader(NodeError):
    """No leader was found before the deadline. Nothing was written."""


class OutcomeUnknown(NodeError):
    """The command was handed on, and nobody knows yet whether it will be applied."""


class Overloaded(NodeError):
    """The queue of waiting commands is full. Nothing was written."""


class TooFarBehind(NodeError):
    """This node has not applied the wanted index before the deadline."""


class NodeStopped(NodeError):
    """The node is shutting down. Nothing was written."""


class MembershipRefused(NodeError):
    """The members stay as they are. `code` is stable, the text is for people."""

    def __init__(self, code: str, text: str) -> None:
        self.code = code
        super().__init__(text)


class NotYetSupported(NodeError):
    """Not every member of the cluster knows this kind of command. Nothing was written."""


class Proposed(msgspec.Struct, frozen=True, gc=False):
    """A command that was applied (accepted or refused) at `index`."""

    index: int
    result: Result


class MemberStatus(msgspec.Struct, frozen=True):
    """A member as this node sees it. Followers know less of each other than the leader does:
    what is not known is None."""

    id: int
    name: str
    role: str
    """`leader`, `follower`, `candidate` or `unknown`."""
    is_voter: bool
    match_index: int | None
    """Newest log index known to be durable there; the leader knows it."""
    commit_index: int | None
    applied_index: int | None
    lag: int | None
    """commit_index of the leader less the member's applied_index, in entries."""
    version: str | None
    is_healthy: bool
    state: str = "voter"
    """`voter`, `learner`, `leaving` (votes until the joint change is left) or `outsider`."""
    peer_address: str | None = None
    flushed_index: int | None = None
    wants_vote: bool = False
    replaces_id: int = 0
    level_known: int | None = None
    progress: str | None = None
    """How the leader sends to it, `probe`, `replicate` or `snapshot`; the leader knows it."""


class NodeStatus(msgspec.Struct, frozen=True):
    """One consistent look at a node."""

    cluster_id: int
    member_id: int
    name: str
    role: str
    term: int
    leader_id: int
    """0 when no leader is known."""
    commit_index: int
    last_index: int
    applied_index: int
    flushed_index: int
    state_hash: str
    members: tuple[MemberStatus, ...]
    leader_contact_age_s: float
    """Seconds since this node heard from (or was confirmed as) the leader."""
    cluster_version: int = 1
    first_index: int = 1
    """Of the log that is kept here."""
    has_lost_log: bool = False
    is_removed: bool = False
    """A member has told this one that it does not belong to the cluster any more."""


class PositionedEvents(msgspec.Struct, frozen=True, gc=False):
    """All events of one applied entry."""

    index: int
    events: tuple[Event, ...]


class EventsExpired(NodeError):
    """Events from that position on are no longer kept: fetch the state anew."""


class NodeOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Times of a member. The core counts in ticks; a tick is `tick_s` seconds."""

    tick_s: float = 0.05
    election_ticks: int = 12
    heartbeat_ticks: int = 2
    housekeeping_ticks: int = 10
    """Ticks between two reports to the peers, and between two looks for expired callers."""
    level_known: int = LEVEL_NEWEST
    """Command kinds up to this level may be used by this member; lower only to be the older
    program in a test of mixed versions."""
    kept_entries_max: int = 10_000
    kept_bytes_max: int = 16 * 1024 * 1024
    """Applied entries that the log keeps for members that lag: up to so many, of so many bytes."""
    hand_over_s_max: float = 2.0
    """How long a leader that stops waits for another one to take over."""

    def raft_config(self, member_id: int) -> RaftConfig:
        """The options of the core that this driver works with: it keeps the promise to call
        `tell_followers` some milliseconds later."""
        return RaftConfig(
            id=member_id,
            election_ticks=self.election_ticks,
            heartbeat_ticks=self.heartbeat_ticks,
            defers_commit_notices=True,
            defers_spare_appends=True,
        )
