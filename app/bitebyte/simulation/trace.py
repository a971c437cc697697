"""The transitions of a run: what members were told, did, wrote and said, one by one.

They are what `specification` judges. `transition_observer` takes them from running members, and a
file of them holds one JSON object a line.
"""

from collections.abc import Iterable, Iterator

import msgspec

from bitebyte.raft.messages import LocalMessage, PeerMessage
from bitebyte.raft.types import ConfState, Entry, HardState, Snapshot


class MemberTransition(msgspec.Struct, frozen=True, tag_field="kind", kw_only=True, gc=False):
    """Something that happened at `member`."""

    member: int


class Started(MemberTransition, frozen=True, tag="started", kw_only=True, gc=False):
    """A process has begun from its disk; `entries` are those after `applied_index`."""

    hard_state: HardState
    conf_state: ConfState
    applied_index: int
    last_index: int
    last_term: int
    commit: int
    """Where the core believes that the log is committed, after all clamping."""
    entries: tuple[Entry, ...]


class Stopped(MemberTransition, frozen=True, tag="stopped", kw_only=True, gc=False):
    """The process is gone, and with it all that is not durable."""


class Received(MemberTransition, frozen=True, tag="received", kw_only=True, gc=False):
    """The member steps a message, of a peer or of its own storage."""

    message: PeerMessage | LocalMessage


class Sent(MemberTransition, frozen=True, tag="sent", kw_only=True, gc=False):
    """A message leaves the process for a peer."""

    message: PeerMessage


class BecameFollower(MemberTransition, frozen=True, tag="became_follower", kw_only=True, gc=False):
    """In that term, which is its own or a later one."""

    term: int


class BecamePreCandidate(
    MemberTransition, frozen=True, tag="became_pre_candidate", kw_only=True, gc=False
):
    """It asks whether it could win."""


class BecameCandidate(
    MemberTransition, frozen=True, tag="became_candidate", kw_only=True, gc=False
):
    """It stands for election in that term and votes for itself."""

    term: int


class BecameLeader(MemberTransition, frozen=True, tag="became_leader", kw_only=True, gc=False):
    """It has won that term."""

    term: int


class Voted(MemberTransition, frozen=True, tag="voted", kw_only=True, gc=False):
    """It gives its vote in its term to another member."""

    candidate: int


class LossNoticed(MemberTransition, frozen=True, tag="loss_noticed", kw_only=True, gc=False):
    """It knows from now on that its disk has forgotten what it had acknowledged."""


class Restored(MemberTransition, frozen=True, tag="restored", kw_only=True, gc=False):
    """A snapshot replaces its log in memory."""

    snapshot: Snapshot


class Truncated(MemberTransition, frozen=True, tag="truncated", kw_only=True, gc=False):
    """It drops the end of its log, from that index on."""

    from_index: int


class Appended(MemberTransition, frozen=True, tag="appended", kw_only=True, gc=False):
    """Its log becomes longer."""

    entries: tuple[Entry, ...]


class Committed(MemberTransition, frozen=True, tag="committed", kw_only=True, gc=False):
    """It believes that its log is committed up to there."""

    index: int


class HandedOut(MemberTransition, frozen=True, tag="handed_out", kw_only=True, gc=False):
    """These go to the state machine."""

    entries: tuple[Entry, ...]


class Applied(MemberTransition, frozen=True, tag="applied", kw_only=True, gc=False):
    """The state machine is there, and that configuration is in force."""

    index: int
    conf_state: ConfState


class Compacted(MemberTransition, frozen=True, tag="compacted", kw_only=True, gc=False):
    """It forgets its log up to that index."""

    through_index: int


class WriteBegun(MemberTransition, frozen=True, tag="write_begun", kw_only=True, gc=False):
    """A write goes to the disk; its answer will carry `sequence`."""

    sequence: int
    entries: tuple[Entry, ...]
    hard_state: HardState | None
    snapshot: Snapshot | None


class Durable(MemberTransition, frozen=True, tag="durable", kw_only=True, gc=False):
    """That took effect on the disk: what the disk says, not what the member believes."""

    entries: tuple[Entry, ...]
    hard_state: HardState | None
    snapshot: Snapshot | None


class Forgot(MemberTransition, frozen=True, tag="forgot", kw_only=True, gc=False):
    """A fault of the disk: it has lost everything after that index."""

    after_index: int


class ReadAsked(MemberTransition, frozen=True, tag="read_asked", kw_only=True, gc=False):
    """Somebody asks that member for a linearizable read."""

    request_id: int


class ReadConfirmed(MemberTransition, frozen=True, tag="read_confirmed", kw_only=True, gc=False):
    """The read may be served from the state at that index."""

    request_id: int
    index: int


Transition = (
    Started
    | Stopped
    | Received
    | Sent
    | BecameFollower
    | BecamePreCandidate
    | BecameCandidate
    | BecameLeader
    | Voted
    | LossNoticed
    | Restored
    | Truncated
    | Appended
    | Committed
    | HandedOut
    | Applied
    | Compacted
    | WriteBegun
    | Durable
    | Forgot
    | ReadAsked
    | ReadConfirmed
)

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder[Transition](Transition)


def encode_transition(transition: Transition) -> bytes:
    """One line of a file of transitions, with its end."""
    return _encoder.encode(transition) + b"\n"


def decode_transitions(lines: Iterable[bytes]) -> Iterator[Transition]:
    """What `encode_transition` wrote. Raises msgspec.DecodeError for anything else."""
    return (_decoder.decode(line) for line in lines)
