"""The frames on a peer link: four bytes of length, then one msgpack value."""

import msgspec

from bitebyte.raft.messages import PeerMessage

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


class Messages(msgspec.Struct, frozen=True, gc=False, tag="m", tag_field="f"):
    """Raft messages, in the order in which they were produced."""

    messages: tuple[PeerMessage, ...]


class StatusReport(msgspec.Struct, frozen=True, tag="s", tag_field="f"):
    """What a member tells the others about itself, for people who look at any one of them."""

    commit_index: int
    applied_index: int
    flushed_index: int
    program_version: str


Frame = Hello | Messages | StatusReport

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
