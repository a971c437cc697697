"""One entry of the log in words, without secrets."""

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


def describe_entry(entry: Entry, *, commit_index: int) -> EntryAnswer:
    """The entry in words. One of a newer program is told as such."""
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
            _add_change(answer, decode_change(entry.data))
        elif entry.data:
            envelope, command = open_envelope(entry.data)
            _add_command(answer, envelope, command)
    except (ConfChangeUnreadable, UnknownEntry, CodecError) as error:
        answer["kind"] = answer["name"] = "unreadable"
        answer["fields"] = {"reason": str(error)}
    return answer


def _add_command(answer: EntryAnswer, envelope: Envelope, command: Command) -> None:
    fields = _shown(msgspec.to_builtins(command))
    assert isinstance(fields, dict), "a command encodes as an object"
    answer["kind"] = "command"
    answer["name"] = str(fields.pop("c"))
    answer["origin"] = str(envelope.origin)
    answer["fields"] = fields


def _add_change(answer: EntryAnswer, change: ConfChange) -> None:
    if change.context:
        envelope, command = open_envelope(change.context)
        _add_command(answer, envelope, command)
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


def _shown(value: Any) -> Any:
    """The value without secrets, and shortened where it says so."""
    match value:
        case dict():
            return {key: _shown_field(key, part) for key, part in value.items()}
        case list() | tuple():
            shown = [_shown(part) for part in value[:ITEMS_SHOWN_MAX]]
            more = len(value) - len(shown)
            return [*shown, f"(and {more} more)"] if more else shown
        case str() if len(value) > CHARACTERS_SHOWN_MAX:
            more = len(value) - CHARACTERS_SHOWN_MAX
            return f"{value[:CHARACTERS_SHOWN_MAX]} (and {more} more characters)"
        case bytes():
            return f"({len(value)} bytes)"
        case _:
            return value


def _shown_field(name: str, value: Any) -> Any:
    is_secret = any(word in name for word in SECRET_WORDS)
    return LEFT_OUT if is_secret else _shown(value)
