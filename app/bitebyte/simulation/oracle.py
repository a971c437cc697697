"""What the state has to be: one state machine that applies what is committed, once, in order.

It has no caches, no database, no restarts and no neighbours, so that what members hold and
answer can be compared with it at every index.
"""

from collections import defaultdict

import msgspec

from bitebyte.domain.apply import apply
from bitebyte.domain.codec import EMPTY_STATE_HASH, next_state_hash
from bitebyte.domain.commands import PlaceOrder
from bitebyte.domain.entities import Ingredient
from bitebyte.domain.memory import MemoryState
from bitebyte.domain.results import Accepted, Applied, Event, Result
from bitebyte.node.configuration import apply_conf_change
from bitebyte.node.envelope import open_envelope
from bitebyte.raft.types import ConfState, Entry, EntryKind
from bitebyte.simulation.verdict import Verdict

NO_EFFECT = Applied(result=Accepted())


class Oracle:
    """The expected state after each index. Places in its lists are indexes of the log."""

    def __init__(self, verdict: Verdict, conf_state: ConfState) -> None:
        self.state = MemoryState()
        # Index 1 is the boundary behind which the first configuration lies.
        self.hashes: list[bytes] = [EMPTY_STATE_HASH] * 2
        self.results: list[Result] = [Accepted()] * 2
        self.conf_states: list[ConfState] = [conf_state] * 2
        self.events: list[tuple[Event, ...]] = [()] * 2
        self.stock: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
        """Per ingredient: from which index on, how much was available."""
        self.order_of_key: dict[tuple[str, str], str] = {}
        """The one order of each (account, idempotency key)."""
        self.log_time_ms = 0
        self._verdict = verdict

    def apply(self, entry: Entry) -> None:
        """The next committed entry."""
        applied = NO_EFFECT
        if entry.data and entry.kind == EntryKind.NORMAL:
            command = open_envelope(entry.data)[1]
            if command.at_ms < self.log_time_ms:
                command = msgspec.structs.replace(command, at_ms=self.log_time_ms)
            self.log_time_ms = command.at_ms
            applied = apply(self.state, command, entry.index)
            self.state.store(applied.changes)
            if isinstance(command, PlaceOrder):
                self._check_once(command, applied.result)
        conf_state = self.conf_states[-1]
        if entry.kind == EntryKind.CONF_CHANGE:
            changed = apply_conf_change(self.state, conf_state, entry.data)
            conf_state, applied = changed.conf_state, changed.applied
            self.state.store(applied.changes)
        self.conf_states.append(conf_state)
        self.hashes.append(next_state_hash(self.hashes[-1], entry.index, applied))
        self.results.append(applied.result)
        self.events.append(applied.events)
        for row in applied.changes:
            if isinstance(row, Ingredient):
                self.stock[row.id].append((entry.index, row.available))

    def available_between(self, ingredient_id: str, first: int, last: int) -> set[int]:
        """Every value that a read may show whose state is of an index in [first, last]."""
        values: set[int] = set()
        for index, available in self.stock[ingredient_id]:
            if index <= first:
                values = {available}
            elif index <= last:
                values.add(available)
        return values

    def _check_once(self, command: PlaceOrder, result: Result) -> None:
        if not isinstance(result, Accepted) or result.order is None:
            return
        key = (command.actor_id, command.idempotency_key)
        if key not in self.order_of_key:
            self.order_of_key[key] = result.order.id
        elif not result.is_replay or result.order.id != self.order_of_key[key]:
            self._verdict.report("exactly once", f"key {key[1]} placed an order twice")
