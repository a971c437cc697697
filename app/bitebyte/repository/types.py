"""What goes in and out of the database, beside the entities themselves."""

from typing import Generic, TypeVar

import msgspec

from bitebyte.domain.entities import AnyEntity
from bitebyte.domain.results import Event
from bitebyte.raft.types import ConfState, Entry, HardState, TermRun

T = TypeVar("T")


class Identity(msgspec.Struct, frozen=True):
    """Who this database belongs to. Written once, when it is bootstrapped or joins."""

    cluster_id: int
    member_id: int
    name: str


class StoredLog(msgspec.Struct, frozen=True):
    """All that a core needs to continue where it stopped."""

    hard_state: HardState
    conf_state: ConfState
    first_index: int
    """Of the stored log; 1 as long as nothing was compacted. Where more was, the first of
    `term_runs` begins before it, so that the term of the entry before `first_index` is known."""
    last_index: int
    term_runs: tuple[TermRun, ...]
    entries: tuple[Entry, ...]
    """Those after `applied_index`."""
    applied_index: int
    state_hash: bytes
    """After `applied_index`; 32 zero bytes for the empty state."""
    log_time_ms: int
    """Largest `at_ms` applied so far."""


class SnapshotMeta(msgspec.Struct, frozen=True):
    """What a snapshot of the state holds, told before its rows."""

    index: int
    term: int
    """Of the entry at `index`."""
    conf_state: ConfState
    state_hash: bytes
    log_time_ms: int
    format_version: int = 1
    """Of the pieces. A member that does not know it refuses the snapshot."""


class AppliedEntry(msgspec.Struct, frozen=True, gc=False):
    """What is kept of an applied entry: its hash, and the events that streams resume from."""

    index: int
    state_hash: bytes
    events: tuple[Event, ...]


class FlushBatch(msgspec.Struct, frozen=True):
    """Everything since the last flush, written in one transaction."""

    rows: tuple[AnyEntity, ...]
    """The newest version of each changed row, each key once."""
    applied: tuple[AppliedEntry, ...]
    """In order, without gaps from the last flush on."""
    applied_index: int
    state_hash: bytes
    log_time_ms: int
    conf_state: ConfState | None = None
    """The configuration as of `applied_index`, where it changed since the last flush."""


class Page(msgspec.Struct, Generic[T], frozen=True):
    """A slice of a list, and where to go on; `next_cursor` is opaque to clients."""

    items: tuple[T, ...]
    next_cursor: str | None
