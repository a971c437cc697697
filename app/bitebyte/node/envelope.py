"""What an entry of the log holds: a command, and which waiting caller it belongs to."""

import msgspec

from bitebyte.domain.codec import decode_command, encode_command
from bitebyte.domain.commands import AnyCommand

ENVELOPE_VERSION = 1
"""Version of this wrapping. A node that meets a newer one must not guess: it stops."""


class Envelope(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """`origin` is the member that holds the caller, `sequence` its number for the call."""

    version: int
    origin: int
    sequence: int
    command: bytes


class UnknownEntry(Exception):
    """An entry that this program cannot read: it was written by a newer one."""


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Envelope)


def seal(origin: int, sequence: int, command: AnyCommand) -> bytes:
    """The data of an entry."""
    return _encoder.encode(Envelope(ENVELOPE_VERSION, origin, sequence, encode_command(command)))


def open_envelope(data: bytes) -> tuple[Envelope, AnyCommand]:
    """The inverse of `seal`. Raises UnknownEntry, or UnknownCommand of the domain."""
    try:
        envelope = _decoder.decode(data)
    except msgspec.MsgspecError as error:
        raise UnknownEntry(f"an entry that does not decode: {error}") from error
    if envelope.version != ENVELOPE_VERSION:
        raise UnknownEntry(
            f"an entry of format {envelope.version}; this program knows {ENVELOPE_VERSION}"
        )
    return envelope, decode_command(envelope.command)
