"""The frames on a peer link: four bytes of length, then one msgpack value."""

import msgspec

from bitebyte.raft.messages import PeerMessage
from bitebyte.raft.types import ConfState

PROTOCOL_VERSION = 1
"""Version of these frames. A member refuses a peer that speaks another one."""

FRAME_BYTES_MAX = 16 * 1024 * 1024
"""Largest frame accepted. A MsgApp holds at most 1 MiB of payload, or one entry that is
larger by itself (a menu import, at most 2 MiB as uploaded); a frame holds what one turn of
the loop produced for a peer, which the core bounds by its in-flight cap."""

LENGTH_BYTES = 4


class Hello(msgspec.Struct, frozen=True, tag="hello", tag_field="f"):
    """First frame on every connection: who dials, and for which cluster."""

    protocol: int
    cluster_id: int
    member_id: int
    name: str
    program_version: str
    peer_address: str = ""
    """Where others reach this member, `host:port`; empty: it does not know."""
    purpose: str = "messages"
    """`messages`, or `snapshot` for a connection that carries one and nothing else."""


class Refused(msgspec.Struct, frozen=True, tag="refused", tag_field="f"):
    """Why a connection is closed: the last frame on it, sent back to whoever dialled."""

    reason: str
    is_removed: bool = False
    """The dialler was removed from the cluster: it will never be accepted again."""


class Messages(msgspec.Struct, frozen=True, gc=False, tag="m", tag_field="f"):
    """Raft messages, in the order in which they were produced."""

    messages: tuple[PeerMessage, ...]


class CheckpointReport(msgspec.Struct, frozen=True):
    """What a member's database held where a checkpoint stands in the log."""

    index: int
    state_hash: str
    digests: dict[str, str] | None = None
    """By kind of row; None while they are computed."""
    error: str = ""
    """Why they cannot be computed."""
    schema_version: int = 0
    """Of the database: rows of different schemas are not comparable. 0: an older program, which
    does not say."""


class StatusReport(msgspec.Struct, frozen=True, tag="s", tag_field="f"):
    """What a member tells the others about itself, for people who look at any one of them."""

    commit_index: int
    applied_index: int
    flushed_index: int
    program_version: str
    level_known: int = 1
    """The newest level of command kinds that this member's program knows."""
    checkpoint: CheckpointReport | None = None
    """The newest one."""


class SnapshotBegin(msgspec.Struct, frozen=True, tag="sb", tag_field="f"):
    """First frame after the Hello of a snapshot connection: what the pieces amount to."""

    term: int
    """Of the leader that sends it."""
    index: int
    entry_term: int
    """Of the entry at `index`."""
    conf_state: ConfState
    state_hash: bytes
    log_time_ms: int
    format_version: int


class SnapshotChunk(msgspec.Struct, frozen=True, gc=False, tag="sc", tag_field="f"):
    """The next piece."""

    data: bytes
    crc32: int


class SnapshotEnd(msgspec.Struct, frozen=True, tag="se", tag_field="f"):
    """All pieces were sent."""

    sha256: bytes


class SnapshotTaken(msgspec.Struct, frozen=True, tag="st", tag_field="f"):
    """The answer: everything has arrived and is staged. Refused is the other one."""


Frame = (
    Hello
    | Messages
    | StatusReport
    | Refused
    | SnapshotBegin
    | SnapshotChunk
    | SnapshotEnd
    | SnapshotTaken
)

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Frame)


class FrameError(Exception):
    """The bytes are no frame of ours: too long, or not what the schema allows."""


def encode_frame(frame: Frame) -> bytes:
    """The frame with its length in front."""
    buffer = bytearray(LENGTH_BYTES)
    _encoder.encode_into(frame, buffer, LENGTH_BYTES)
    length = len(buffer) - LENGTH_BYTES
    assert length <= FRAME_BYTES_MAX, "the core bounds what one frame can hold"
    buffer[:LENGTH_BYTES] = length.to_bytes(LENGTH_BYTES, "big")
    return bytes(buffer)


class FrameReader:
    """Cuts a byte stream into frames. Holds at most one incomplete frame."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that are complete now. Raises FrameError; the stream is dead then."""
        buffer = self._buffer
        buffer += data
        frames: list[Frame] = []
        start = 0
        while len(buffer) - start >= LENGTH_BYTES:
            length = int.from_bytes(buffer[start : start + LENGTH_BYTES], "big")
            if length > FRAME_BYTES_MAX:
                raise FrameError(
                    f"a frame of {length} bytes; at most {FRAME_BYTES_MAX} are allowed"
                )
            end = start + LENGTH_BYTES + length
            if len(buffer) < end:
                break
            try:
                frames.append(_decoder.decode(memoryview(buffer)[start + LENGTH_BYTES : end]))
            except msgspec.MsgspecError as error:
                raise FrameError(f"a frame that does not decode: {error}") from error
            start = end
        if start:
            del buffer[:start]
        return frames
