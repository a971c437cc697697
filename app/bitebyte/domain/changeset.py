"""What one command has changed so far, laid over the rows that it started from."""

from typing import Any

from bitebyte.domain.entities import AnyEntity, Key
from bitebyte.domain.ids import derive_id
from bitebyte.domain.results import Accepted, Applied, Event, FieldError, Refused, Result, Shortage
from bitebyte.domain.view import View


class Changeset:
    """A View of the state as the command leaves it. Nothing underneath is ever touched, so a
    command that turns out to need more rows is simply applied again."""

    __slots__ = ("_command_id", "_id_count", "_rows", "_view", "events")

    def __init__(self, view: View, command_id: str) -> None:
        self._view = view
        self._command_id = command_id
        self._id_count = 0
        self._rows: dict[Key, AnyEntity] = {}
        self.events: list[Event] = []

    def get(self, key: Key) -> AnyEntity | None:
        """The row as changed so far. Raises NotLoaded like the view beneath."""
        row = self._rows.get(key)
        return self._view.get(key) if row is None else row

    def is_loaded(self, key: Key) -> bool:
        """Whether `get` would answer."""
        return key in self._rows or self._view.is_loaded(key)

    def put(self, row: AnyEntity) -> None:
        """The row is now this. Its place among the changes is where it was first put."""
        self._rows[row.key] = row

    def next_id(self) -> str:
        """An id for the next new row, derived from the command's own."""
        new_id = derive_id(self._command_id, self._id_count)
        self._id_count += 1
        return new_id

    def emit(
        self,
        kind: str,
        bar_id: str,
        payload: dict[str, Any],
        *,
        account_id: str = "",
        is_public: bool = False,
    ) -> None:
        """Tells the staff of the bar, and whoever else is named."""
        self.events.append(Event(kind, bar_id, account_id, is_public, payload))

    def close(self, result: Result) -> Applied:
        """All of it, with the answer."""
        return Applied(result, tuple(self._rows.values()), tuple(self.events))


def accept(result: Accepted) -> Applied:
    """An answer that changes nothing."""
    return Applied(result)


def refuse(
    code: str,
    detail: str,
    *,
    errors: tuple[FieldError, ...] = (),
    shortages: tuple[Shortage, ...] = (),
    current_version: int | None = None,
) -> Applied:
    """A refusal that changes nothing."""
    return Applied(Refused(code, detail, errors, shortages, current_version))
