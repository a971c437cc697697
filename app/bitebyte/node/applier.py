"""Applies committed entries in log order, in memory, and flushes their effect in bulk.

Order of things: an entry is committed → the rows that it needs are in memory (nearly always they
are already; otherwise one set-based read brings those of everything that is queued) → the pure
domain applies it → whoever waits for it gets the answer → its rows, its events and the applied
index reach the database together in the next flush. A crash before the flush loses nothing: the
log, which is durable, is applied again from the flushed index on.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from itertools import islice
from typing import Protocol

import msgspec

from bitebyte.domain.apply import apply, needs
from bitebyte.domain.codec import next_state_hash
from bitebyte.domain.commands import AnyCommand, Checkpoint
from bitebyte.domain.entities import AnyEntity, Key
from bitebyte.domain.results import Accepted, Applied, Result
from bitebyte.domain.view import NotLoaded
from bitebyte.node.configuration import apply_conf_change
from bitebyte.node.envelope import open_envelope
from bitebyte.node.identity_map import IdentityMap, LoadTicket
from bitebyte.node.index_waiters import IndexWaiters
from bitebyte.node.seen_keys import SeenKeys
from bitebyte.node.types import PositionedEvents
from bitebyte.raft.types import ConfState, Entry, EntryKind
from bitebyte.repository.types import AppliedEntry, FlushBatch, SnapshotMeta

FLUSH_INTERVAL_S = 0.1
"""Time between flushes when nobody asks for one: larger batches cost less CPU, and a crash only
means that so much log is applied again."""

DIRTY_ROWS_MAX = 20_000
"""Rows that may wait for a flush. Above it applying pauses until the database catches up."""

FLUSH_TIMEOUT_S = 30.0
"""A flush that takes longer means a database that no longer writes: the member ends."""

ENTRIES_PER_TURN_MAX = 256
"""Entries applied before the loop may turn: some milliseconds at most, so that ticks and
heartbeats stay on time while a long log is applied again."""

HASH_HISTORY_ENTRIES = 10_000
"""State hashes kept for comparison between nodes."""

NO_EFFECT = Applied(result=Accepted())
"""What the no-op of a new term does; it still moves the chained hash."""


NO_MEMBERS = ConfState(voters=())
"""The configuration of a member that was not told anything yet."""


class StateStorage(Protocol):
    """Where rows come from and go to."""

    async def load(self, keys: Collection[Key]) -> Mapping[Key, AnyEntity]:
        """The rows that exist among `keys`."""
        ...

    async def flush(self, batch: FlushBatch) -> None:
        """Writes the batch in one transaction."""
        ...


class Applier:
    """The state machine of one member. All methods are for the event loop of the node.

    `on_applied(entry, envelope_origin, sequence, result)` is called for every entry, in
    order, right after it was applied; origin and sequence are 0 for a no-op. `on_progress()`
    is called when the applied index moved; `on_fatal(error)` when the member cannot go on.
    `on_checkpoint(index)` is awaited when the database shows exactly `index`, where a checkpoint
    stands in the log; nothing is applied until it returns.
    """

    def __init__(
        self,
        storage: StateStorage,
        *,
        applied_index: int,
        state_hash: bytes,
        log_time_ms: int,
        hash_history: Sequence[tuple[int, bytes]],
        on_applied: Callable[[Entry, int, int, Result], None],
        on_progress: Callable[[], None],
        on_events: Callable[[Sequence[PositionedEvents]], None],
        on_fatal: Callable[[BaseException], None],
        seen_keys: SeenKeys,
        conf_state: ConfState = NO_MEMBERS,
        on_checkpoint: Callable[[int], Awaitable[None]] | None = None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self.rows = IdentityMap(seen_keys=seen_keys)
        self.applied_index = applied_index
        self.flushed = IndexWaiters(applied_index)
        self.applied = IndexWaiters(applied_index)
        self.state_hash = state_hash
        self.log_time_ms = log_time_ms
        self.conf_state = conf_state
        """As of `applied_index`."""
        self._flushed_conf_state = conf_state
        self._storage = storage
        self._on_applied = on_applied
        self._on_progress = on_progress
        self._on_events = on_events
        self._on_fatal = on_fatal
        self._on_checkpoint = on_checkpoint
        self._is_at_checkpoint = False
        self._is_quiesced = False
        self._flush_lock = asyncio.Lock()
        self._queue: deque[Entry] = deque()
        self._decoded: dict[int, tuple[int, int, int, AnyCommand]] = {}
        self._hashes: deque[tuple[int, bytes]] = deque(hash_history, maxlen=HASH_HISTORY_ENTRIES)
        self._unflushed: list[AppliedEntry] = []
        self._loads: dict[LoadTicket, asyncio.Task[None]] = {}
        self._pump_waits = False
        self._pump_task: asyncio.Task[None] | None = None
        self._flush_wanted = asyncio.Event()
        self._flush_needed = asyncio.Event()
        self._flusher: asyncio.Task[None] | None = None
        self._is_stopping = False
        self._has_failed = False

    def start(self) -> None:
        """Starts flushing."""
        self._flusher = self._loop.create_task(self._flush_forever())

    async def stop(self) -> None:
        """Flushes what is applied and ends. Nothing may be applied afterwards."""
        self._is_stopping = True
        self._flush_needed.set()
        self._flush_wanted.set()
        if self._flusher is not None:
            await self._flusher
        for task in list(self._loads.values()):
            task.cancel()
        await asyncio.gather(*self._loads.values(), return_exceptions=True)

    def hash_at(self, index: int) -> bytes | None:
        """The state hash after `index`; None outside the history."""
        if index == self.applied_index:
            return self.state_hash
        if not self._hashes or not self._hashes[0][0] <= index <= self._hashes[-1][0]:
            return None
        found = self._hashes[index - self._hashes[0][0]]
        assert found[0] == index, "the history has no gaps"
        return found[1]

    # Reading rows ---------------------------------------------------------------------------

    async def load_rows(self, keys: Collection[Key]) -> dict[Key, AnyEntity]:
        """The rows as of `applied_index`; absent ones left out."""
        missing = frozenset(key for key in keys if not self.rows.is_loaded(key))
        found: Mapping[Key, AnyEntity] = {}
        if missing:
            in_memory = self.rows  # a snapshot that is installed meanwhile brings others
            ticket = in_memory.begin_load(missing)
            try:
                found = await self._storage.load(missing)
            except BaseException:
                in_memory.abandon_load(ticket)
                raise
            in_memory.end_load(ticket, found)
        rows: dict[Key, AnyEntity] = {}
        for key in keys:
            row = self.rows.peek(key) if self.rows.is_loaded(key) else found.get(key)
            if row is not None:
                rows[key] = row
        return rows

    # Applying -------------------------------------------------------------------------------

    def submit(self, entries: Sequence[Entry]) -> None:
        """Applies committed entries as soon as their rows are in memory. While a snapshot is
        installed they are dropped: it brings what they do."""
        if self._is_quiesced:
            return
        self._queue.extend(entries)
        self._pump()

    def want_flush(self) -> None:
        """Somebody waits for the database to show what is applied."""
        self._flush_wanted.set()

    def _decode(self, entry: Entry) -> tuple[int, int, int, AnyCommand] | None:
        """(term, origin, sequence, command) of an entry; None where it holds no command."""
        if not entry.data or entry.kind != EntryKind.NORMAL:
            return None
        known = self._decoded.get(entry.index)
        if known is not None and known[0] == entry.term:
            return known
        envelope, command = open_envelope(entry.data)
        decoded = (entry.term, envelope.origin, envelope.sequence, command)
        self._decoded[entry.index] = decoded
        return decoded

    def _load_missing(self, wanted: set[Key]) -> list[asyncio.Task[None]]:
        """Starts one read for what is neither here nor on its way; returns all reads that
        bring what is wanted."""
        waits: dict[LoadTicket, None] = {}
        missing: set[Key] = set()
        for key in sorted(wanted, key=lambda key: (key.kind, key.parts)):
            if self.rows.is_loaded(key):
                continue
            ticket = self.rows.loading(key)
            if ticket is None or ticket not in self._loads:
                missing.add(key)
            else:
                waits[ticket] = None
        if missing:
            ticket = self.rows.begin_load(frozenset(missing))
            self._loads[ticket] = self._loop.create_task(self._load(self.rows, ticket))
            waits[ticket] = None
        return [self._loads[ticket] for ticket in waits]

    async def _load(self, rows: IdentityMap, ticket: LoadTicket) -> None:
        try:
            found = await self._storage.load(ticket.keys)
        except asyncio.CancelledError:
            rows.abandon_load(ticket)
            raise
        except Exception as error:  # noqa: BLE001  a state that cannot be read ends the member
            rows.abandon_load(ticket)
            self._fail(error)
            return
        finally:
            del self._loads[ticket]
        rows.end_load(ticket, found)

    def _pump(self) -> None:
        """Applies from the queue until it is empty or something has to be waited for."""
        if self._pump_waits or self._has_failed or self._is_quiesced:
            return
        events: list[PositionedEvents] = []
        wanted: frozenset[Key] = frozenset()
        before = self.applied_index
        budget = ENTRIES_PER_TURN_MAX
        while self._queue and budget and self.rows.dirty_count < DIRTY_ROWS_MAX:
            try:
                self._apply_one(self._queue[0], events)
            except NotLoaded as missing:
                wanted = missing.keys
                break
            except Exception as error:  # noqa: BLE001  an entry that cannot be applied ends the member
                self._fail(error)
                return
            self._queue.popleft()
            budget -= 1
            if self._is_at_checkpoint:
                break
        if self.applied_index != before:
            self._on_events(events)
            self._flush_needed.set()
            self.applied.advance(self.applied_index)
            self._on_progress()
        if self._is_at_checkpoint:
            self._pump_waits = True
            self._pump_task = self._loop.create_task(self._pause_at_checkpoint())
        elif self._queue:
            self._pump_waits = True
            if budget:
                self._pump_task = self._loop.create_task(self._pump_after(wanted))
            else:
                self._loop.call_soon(self._resume)

    def _resume(self) -> None:
        self._pump_waits = False
        self._pump()

    async def _pump_after(self, wanted: frozenset[Key]) -> None:
        try:
            if wanted:
                keys = set(wanted)
                for entry in islice(self._queue, ENTRIES_PER_TURN_MAX):
                    command = self._decode(entry)
                    if command is not None:
                        keys |= needs(self.rows, command[3])
                await asyncio.gather(*self._load_missing(keys))
            else:
                # Too much waits for the database: go on when it has caught up.
                assert (
                    self.flushed.index < self.applied_index
                    or self.rows.dirty_count < DIRTY_ROWS_MAX
                ), "rows wait for a flush that everything applied was part of"
                self.want_flush()
                await self.flushed.wait(self.applied_index, timeout_s=FLUSH_TIMEOUT_S)
        except Exception as error:  # noqa: BLE001  a state that cannot be read or written ends the member
            self._fail(error)
            return
        self._resume()

    async def _pause_at_checkpoint(self) -> None:
        """The database gets to show exactly this index, and is looked at before it shows more."""
        try:
            self.want_flush()
            await self.flushed.wait(self.applied_index, timeout_s=FLUSH_TIMEOUT_S)
            if self._on_checkpoint is not None:
                await self._on_checkpoint(self.applied_index)
        except Exception as error:  # noqa: BLE001  a state that cannot be read or written ends the member
            self._fail(error)
            return
        self._is_at_checkpoint = False
        self._resume()

    def _fail(self, error: BaseException) -> None:
        if not self._has_failed:
            self._has_failed = True
            self._on_fatal(error)

    def _apply_one(self, entry: Entry, events: list[PositionedEvents]) -> None:
        assert entry.index == self.applied_index + 1, "entries are applied in order, once"
        decoded = self._decode(entry)
        origin = sequence = 0
        applied = NO_EFFECT
        if decoded is not None:
            _, origin, sequence, command = decoded
            # Log time never runs backwards, whatever the clocks of the proposers say.
            if command.at_ms < self.log_time_ms:
                command = msgspec.structs.replace(command, at_ms=self.log_time_ms)
            applied = apply(self.rows, command, entry.index)
            self.log_time_ms = command.at_ms
            self.rows.put_changes(applied.changes)
            self._decoded.pop(entry.index, None)
            if type(command) is Checkpoint:
                self._is_at_checkpoint = True
        elif entry.kind == EntryKind.CONF_CHANGE:
            changed = apply_conf_change(self.rows, self.conf_state, entry.data)
            self.conf_state, origin, sequence, applied = changed
            self.rows.put_changes(applied.changes)
        self.state_hash = next_state_hash(self.state_hash, entry.index, applied)
        self.applied_index = entry.index
        self._hashes.append((entry.index, self.state_hash))
        self._unflushed.append(AppliedEntry(entry.index, self.state_hash, applied.events))
        if applied.events:
            events.append(PositionedEvents(entry.index, applied.events))
        self._on_applied(entry, origin, sequence, applied.result)

    # Snapshots ------------------------------------------------------------------------------

    async def quiesce(self) -> None:
        """Stops applying, forgets what waits for it and lets the flush under way end. From here
        on nobody but the caller touches the database's state, until `restart`."""
        self._is_quiesced = True
        self._queue.clear()
        self._decoded.clear()
        await self._flush_lock.acquire()
        if self._pump_task is not None:
            self._pump_task.cancel()
            await asyncio.gather(self._pump_task, return_exceptions=True)
        self._pump_waits = self._is_at_checkpoint = False

    def restart(self, meta: SnapshotMeta, seen_keys: SeenKeys | None) -> None:
        """The database holds the snapshot now: goes on from there. Without `seen_keys`, which
        hold every idempotency key of the snapshot, each is looked up."""
        assert self._is_quiesced, "a snapshot replaces the state while nobody uses it"
        self.rows = IdentityMap(seen_keys=seen_keys)
        self._unflushed = []
        self._hashes.clear()
        self.state_hash = meta.state_hash
        self.log_time_ms = meta.log_time_ms
        self.conf_state = self._flushed_conf_state = meta.conf_state
        self.applied_index = meta.index
        self._is_quiesced = False
        self._flush_lock.release()
        self.flushed.advance(meta.index)
        self.applied.advance(meta.index)
        self._pump()

    # Flushing -------------------------------------------------------------------------------

    async def _flush_forever(self) -> None:
        while True:
            await self._flush_needed.wait()
            if not self._is_stopping:
                try:
                    async with asyncio.timeout(FLUSH_INTERVAL_S):
                        await self._flush_wanted.wait()
                except TimeoutError:
                    pass
            self._flush_needed.clear()
            self._flush_wanted.clear()
            if self.flushed.index < self.applied_index:
                try:
                    async with self._flush_lock:
                        await self._flush()
                except Exception as error:  # noqa: BLE001  a state that cannot be written ends the member
                    self._fail(error)
                    return
            if self._is_stopping:
                return

    async def _flush(self) -> None:
        if self.flushed.index == self.applied_index:
            return  # a snapshot has come in between
        applied, self._unflushed = tuple(self._unflushed), []
        conf_state = self.conf_state
        batch = FlushBatch(
            rows=self.rows.begin_flush(),
            applied=applied,
            applied_index=self.applied_index,
            state_hash=self.state_hash,
            log_time_ms=self.log_time_ms,
            conf_state=None if conf_state == self._flushed_conf_state else conf_state,
        )
        await self._storage.flush(batch)
        self._flushed_conf_state = conf_state
        self.rows.end_flush()
        self.flushed.advance(batch.applied_index)
        if self._queue:
            self._pump()
