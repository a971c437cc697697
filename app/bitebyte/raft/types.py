"""The nouns of the Raft paper, as frozen values.

Names follow the paper and etcd. `Entry.data` is opaque here: what a command means is the
business of the state machine.
"""

import enum

import msgspec

NONE_ID = 0
"""No member. Member ids are random, 63 bits wide and never zero."""


class EntryKind(enum.IntEnum):
    """What an entry is for."""

    NORMAL = 0
    CONF_CHANGE = 1


class Entry(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One place in the log. Empty `data` of kind NORMAL is the no-op of a new term."""

    term: int
    index: int
    data: bytes = b""
    kind: int = EntryKind.NORMAL


class HardState(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What must be durable before any message that depends on it (paper, figure 2).

    `commit` is a hint that saves time after a restart; it is clamped to the log on load.
    """

    term: int = 0
    vote: int = NONE_ID
    commit: int = 0
    has_lost_log: bool = False
    """This disk once forgot entries that it had acknowledged. The member goes on as a copy, but
    never votes and never campaigns again: it has to be replaced under a new identity."""


class ConfState(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The replicated configuration. The joint halves are empty outside a joint change."""

    voters: tuple[int, ...]
    learners: tuple[int, ...] = ()
    voters_outgoing: tuple[int, ...] = ()
    learners_next: tuple[int, ...] = ()
    auto_leave: bool = False


class ChangeKind(enum.IntEnum):
    """What happens to one member. ADD_VOTER also promotes a learner, ADD_LEARNER also demotes."""

    ADD_VOTER = 0
    ADD_LEARNER = 1
    REMOVE = 2


class SingleChange(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One part of a change of the configuration."""

    kind: int
    member_id: int


class Transition(enum.IntEnum):
    """How a change passes through the joint configuration (thesis §4.3)."""

    AUTO = 0
    """Without it for a change of one part, else as JOINT_IMPLICIT."""
    JOINT_IMPLICIT = 1
    """Through the joint configuration, which is left as soon as it is committed."""
    JOINT_EXPLICIT = 2
    """Through the joint configuration, which stays until a change without parts leaves it."""


class ConfChange(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A change of the configuration: the data of an entry of kind CONF_CHANGE.

    It takes effect when the state machine reports the entry as applied. Without `changes` it
    leaves the joint configuration. `context` is the caller's; the core carries it unread.
    """

    changes: tuple[SingleChange, ...] = ()
    transition: int = Transition.AUTO
    context: bytes = b""
    is_void: bool = False
    """The leader could not take it (another one is under way, or it is not allowed): it has its
    place in the log and changes nothing, so that its proposer learns that for certain."""


class Snapshot(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The state as of `index`, whose entry had `term`, under `conf_state`. The rows themselves
    travel and rest outside the core."""

    index: int
    term: int
    conf_state: ConfState


class Role(enum.IntEnum):
    """Where a member stands in its term. PRE_CANDIDATE asks without raising the term."""

    FOLLOWER = 0
    PRE_CANDIDATE = 1
    CANDIDATE = 2
    LEADER = 3


class SoftState(msgspec.Struct, frozen=True, gc=False):
    """Volatile state that a driver shows to people: never written to disk."""

    leader_id: int
    role: Role


class ReadState(msgspec.Struct, frozen=True, gc=False):
    """A read that may be served once `index` is applied (thesis §6.4)."""

    request_id: int
    index: int


class TermRun(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The log holds entries of `term` from `first_index` on, until the next run begins.

    Terms change rarely, so a list of runs is tiny and lets the core tell the term of any
    index at once, however much of the log has left memory.
    """

    first_index: int
    term: int
