"""The rows that are in memory: exact, because this process is the only writer, and bounded.

A row is here in its newest version, or as None where it is known not to exist. A row that is
not here is in the database, in its newest version: rows that were changed stay until they are
flushed. That makes every answer from here equal to what a query after the flush would say.
"""

from collections.abc import Iterable, Mapping

from bitebyte.domain.entities import AnyEntity, IdempotencyRecord, Key
from bitebyte.domain.view import NotLoaded
from bitebyte.node.seen_keys import SeenKeys

IDEMPOTENCY = IdempotencyRecord.KIND

ROWS_PER_KIND_MAX: Mapping[str, int] = {
    "order": 4096,
    "idempotency": 8192,
    "stock_movement": 0,
    "menu_import": 16,
}
"""Clean rows kept of kinds that grow with history: enough for what a busy night still
touches. A movement is never read again by a command."""

ROWS_PER_OTHER_KIND_MAX = 20_000
"""Clean rows kept of each other kind: accounts, sessions, products, ingredients, ..."""


class LoadTicket:
    """A read of the database under way. Rows that leave memory meanwhile may have changed
    after the read began, so what it read of them is not believed."""

    def __init__(self, keys: frozenset[Key]) -> None:
        self.keys = keys
        self.tainted: set[Key] = set()


def _in_order(key: Key) -> tuple[str, tuple[str, ...]]:
    return key.kind, key.parts


class IdentityMap:
    """The state as of the newest applied entry, as far as it is in memory.

    Single writer: the applier. Readers get rows, which are frozen. `seen_keys` holds every
    idempotency key of the database; with it new keys need no look into the database.
    """

    def __init__(
        self,
        *,
        rows_per_kind_max: Mapping[str, int] = ROWS_PER_KIND_MAX,
        rows_per_other_kind_max: int = ROWS_PER_OTHER_KIND_MAX,
        seen_keys: SeenKeys | None = None,
    ) -> None:
        self._seen_keys = seen_keys
        self._rows_per_kind_max = rows_per_kind_max
        self._rows_per_other_kind_max = rows_per_other_kind_max
        self._rows: dict[str, dict[tuple[str, ...], AnyEntity | None]] = {}
        self._dirty: dict[Key, AnyEntity] = {}
        self._flushing: dict[Key, AnyEntity] = {}
        self._loads: list[LoadTicket] = []

    def get(self, key: Key) -> AnyEntity | None:
        """The row, or None where it is known not to exist. Raises NotLoaded."""
        rows = self._rows.get(key.kind)
        if rows is not None:
            try:
                return rows[key.parts]
            except KeyError:
                pass
        if self._is_certainly_new(key):
            return None
        raise NotLoaded((key,))

    def is_loaded(self, key: Key) -> bool:
        """Whether `get` would answer."""
        rows = self._rows.get(key.kind)
        return (rows is not None and key.parts in rows) or self._is_certainly_new(key)

    def _is_certainly_new(self, key: Key) -> bool:
        return (
            self._seen_keys is not None
            and key.kind == IDEMPOTENCY
            and not self._seen_keys.may_hold(key.parts)
        )

    def peek(self, key: Key) -> AnyEntity | None:
        """The row if it is here; None says nothing."""
        rows = self._rows.get(key.kind)
        return None if rows is None else rows.get(key.parts)

    def put_changes(self, changes: Iterable[AnyEntity]) -> None:
        """Takes over what an entry changed."""
        dirty = self._dirty
        for row in changes:
            key = row.key
            rows = self._rows.setdefault(key.kind, {})
            # Re-inserting moves the row to the young end, so eviction takes the oldest first.
            rows.pop(key.parts, None)
            rows[key.parts] = row
            dirty[key] = row
            if key.kind == IDEMPOTENCY and self._seen_keys is not None:
                self._seen_keys.add(key.parts)

    def begin_load(self, keys: frozenset[Key]) -> LoadTicket:
        """Call before reading `keys` from the database, and `end_load` afterwards."""
        ticket = LoadTicket(keys)
        self._loads.append(ticket)
        return ticket

    def end_load(self, ticket: LoadTicket, found: Mapping[Key, AnyEntity]) -> None:
        """Takes over what was read, except what memory knows better or cannot be sure of."""
        self._loads.remove(ticket)
        # In a fixed order, because rows leave memory in the order in which they came.
        for key in sorted(ticket.keys, key=_in_order):
            rows = self._rows.setdefault(key.kind, {})
            if key.parts not in rows and key not in ticket.tainted:
                rows[key.parts] = found.get(key)

    def abandon_load(self, ticket: LoadTicket) -> None:
        """The read failed."""
        self._loads.remove(ticket)

    def loading(self, key: Key) -> LoadTicket | None:
        """The read under way that will bring this row, if there is one."""
        for ticket in self._loads:
            if key in ticket.keys:
                return ticket
        return None

    @property
    def has_dirty(self) -> bool:
        """Whether anything waits for the next flush."""
        return bool(self._dirty)

    @property
    def dirty_count(self) -> int:
        """Rows that wait for the next flush."""
        return len(self._dirty)

    def begin_flush(self) -> tuple[AnyEntity, ...]:
        """The rows to flush now. One flush at a time."""
        assert not self._flushing, "one flush at a time"
        self._flushing, self._dirty = self._dirty, {}
        return tuple(self._flushing.values())

    def end_flush(self) -> None:
        """The rows of `begin_flush` are durable; they may leave memory now."""
        self._flushing = {}
        for kind, rows in self._rows.items():
            excess = len(rows) - self._rows_per_kind_max.get(kind, self._rows_per_other_kind_max)
            if excess > 0:
                self._evict(kind, rows, excess)

    def _evict(self, kind: str, rows: dict[tuple[str, ...], AnyEntity | None], excess: int) -> None:
        victims: list[tuple[str, ...]] = []
        for parts in rows:
            if len(victims) >= excess:
                break
            if Key(kind, parts) not in self._dirty:
                victims.append(parts)
        for parts in victims:
            del rows[parts]
            for ticket in self._loads:
                ticket.tainted.add(Key(kind, parts))
