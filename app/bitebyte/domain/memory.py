"""The whole state in a dictionary: the double of the database in tests and models."""

import copy

from bitebyte.domain.apply import apply
from bitebyte.domain.codec import EMPTY_STATE_HASH, next_state_hash
from bitebyte.domain.commands import AnyCommand
from bitebyte.domain.entities import AnyEntity, Key
from bitebyte.domain.results import Applied


class MemoryState:
    """A View in which everything is loaded, and the state machine around it.

    `rows` may be read by anyone; only `execute` and `store` change it.
    """

    def __init__(self) -> None:
        self.rows: dict[Key, AnyEntity] = {}
        self.applied_index = 0
        self.state_hash = EMPTY_STATE_HASH

    def get(self, key: Key) -> AnyEntity | None:
        """The row, or None where there is none. Never raises NotLoaded."""
        return self.rows.get(key)

    def is_loaded(self, key: Key) -> bool:
        """Always: what is not here does not exist."""
        return True

    def store(self, rows: tuple[AnyEntity, ...]) -> None:
        """Puts each row under its key."""
        for row in rows:
            self.rows[row.key] = row

    def execute(self, command: AnyCommand) -> Applied:
        """Applies the command at the next index, stores what it changed, chains the hash."""
        index = self.applied_index + 1
        applied = apply(self, command, index)
        self.store(applied.changes)
        self.state_hash = next_state_hash(self.state_hash, index, applied)
        self.applied_index = index
        return applied

    def fork(self) -> "MemoryState":
        """A second state, equal now and independent from here on. Rows are immutable, so shared."""
        twin = copy.copy(self)
        twin.rows = dict(self.rows)
        return twin
