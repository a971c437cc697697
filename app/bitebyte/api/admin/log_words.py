"""One entry of the log in words: without secrets, and without persons unless they are asked for."""

from typing import Any, Final

import msgspec
from typing_extensions import TypedDict

from bitebyte.domain.codec import CodecError
from bitebyte.domain.commands import Command
from bitebyte.node.envelope import Envelope, UnknownEntry, open_envelope
from bitebyte.raft.confchange import decode_change
from bitebyte.raft.errors import ConfChangeUnreadable
from bitebyte.raft.types import ChangeKind, ConfChange, Entry, EntryKind

SECRET_WORDS: Final = ("password", "token", "secret")
"""A field with one of these in its name does not leave the node, not even hashed: a hash of a
password can be guessed at leisure."""

PERSONAL_FIELDS: Final = frozenset(("email", "display_name", "note", "reason"))
"""What people say of themselves, and texts in which they say anything."""

LEFT_OUT: Final = "(left out)"
ITEMS_SHOWN_MAX: Final = 50
CHARACTERS_SHOWN_MAX: Final = 500
"""A menu import holds a whole menu. Who wants all of it asks for the import."""


class EntryAnswer(TypedDict):
    """`kind`: `no_op`, `command`, `members` (a change of the configuration) or `unreadable`."""

    index: int
    term: int
    kind: str
    name: str
    origin: str | None
    """The member that held the caller."""
    size_bytes: int
    committed: bool
    fields: dict[str, Any]


def describe_entry(entry: Entry, *, commit_index: int, with_personal: bool = False) -> EntryAnswer:
    """The entry in words. One of a newer program is told as such."""
    hidden = frozenset() if with_personal else PERSONAL_FIELDS
    answer: EntryAnswer = {
        "index": entry.index,
        "term": entry.term,
        "kind": "no_op",
        "name": "no_op",
        "origin": None,
        "size_bytes": len(entry.data),
        "committed": entry.index <= commit_index,
        "fields": {},
    }
    try:
        if entry.kind == EntryKind.CONF_CHANGE:
            _add_change(answer, decode_change(entry.data), hidden)
        elif entry.data:
            envelope, command = open_envelope(entry.data)
            _add_command(answer, envelope, command, hidden)
    except (ConfChangeUnreadable, UnknownEntry, CodecError) as error:
        answer["kind"] = answer["name"] = "unreadable"
        answer["fields"] = {"reason": str(error)}
    return answer


def _add_command(
    answer: EntryAnswer, envelope: Envelope, command: Command, hidden: frozenset[str]
) -> None:
    answer["kind"] = "command"
    answer["name"] = str(command.__struct_config__.tag)
    answer["origin"] = str(envelope.origin)
    answer["fields"] = _shown_fields(command, hidden)


def _add_change(answer: EntryAnswer, change: ConfChange, hidden: frozenset[str]) -> None:
    if change.context:
        envelope, command = open_envelope(change.context)
        _add_command(answer, envelope, command, hidden)
    answer["kind"] = "members"
    answer["name"] = "change_members" if change.changes else "leave_joint"
    answer["fields"] = {
        "changes": [
            {"kind": ChangeKind(one.kind).name.lower(), "member_id": str(one.member_id)}
            for one in change.changes
        ],
        "is_void": change.is_void,
        **answer["fields"],
    }


def _shown_fields(struct: msgspec.Struct, hidden: frozenset[str]) -> dict[str, Any]:
    """By name, at every depth: that a struct is an array in the log hides no field of it."""
    return {
        name: LEFT_OUT if _is_left_out(name, hidden) else _shown(getattr(struct, name), hidden)
        for name in struct.__struct_fields__
    }


def _is_left_out(name: str, hidden: frozenset[str]) -> bool:
    return name in hidden or any(word in name for word in SECRET_WORDS)


def _shown(value: Any, hidden: frozenset[str]) -> Any:
    """The value, shortened where it says so."""
    match value:
        case msgspec.Struct():
            return _shown_fields(value, hidden)
        case list() | tuple():
            shown = [_shown(part, hidden) for part in value[:ITEMS_SHOWN_MAX]]
            more = len(value) - len(shown)
            return [*shown, f"(and {more} more)"] if more else shown
        case str() if len(value) > CHARACTERS_SHOWN_MAX:
            more = len(value) - CHARACTERS_SHOWN_MAX
            return f"{value[:CHARACTERS_SHOWN_MAX]} (and {more} more characters)"
        case bytes():
            return f"({len(value)} bytes)"
        case _:
            return value
