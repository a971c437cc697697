"""What happened in a run, line by line, for people.

Kept only when asked for: a run writes some ten thousand lines. Equal plans give equal lines, byte
for byte.
"""

from collections.abc import Sequence

from bitebyte.raft.messages import PeerMessage

LINES_MAX = 200_000
"""More would be a run that does not end."""


class TraceText:
    """The lines of one run, each with the world's clock and the number of its step."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def note(self, now_s: float, step: int, text: str) -> None:
        """Something happened."""
        if len(self.lines) < LINES_MAX:
            self.lines.append(f"{now_s:10.6f} {step:6d}  {text}")


def brief(messages: Sequence[PeerMessage]) -> str:
    """Messages without the payload of their entries."""
    return ", ".join(_brief(message) for message in messages)


def _brief(message: PeerMessage) -> str:
    fields: list[str] = []
    for name in message.__struct_fields__:
        value: object = getattr(message, name)
        if name in ("to", "sender") or value in (False, 0, ()):
            continue
        if name == "entries":
            value = " ".join(f"{entry.index}:{entry.term}" for entry in value)  # pyright: ignore
        elif name == "proposals":
            value = len(value)  # pyright: ignore[reportArgumentType]  it is a tuple
        elif value is True:
            fields.append(name)
            continue
        fields.append(f"{name}={value}")
    return f"{type(message).__name__}({' '.join(fields)})"
