"""The byte stream between peers: what goes in comes out, however it is cut; rubbish is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitebyte.raft.messages import MsgApp, MsgHeartbeat, MsgProp
from bitebyte.raft.types import Entry
from bitebyte.transport.frames import (
    FRAME_BYTES_MAX,
    Frame,
    FrameError,
    FrameReader,
    Hello,
    Messages,
    StatusReport,
    encode_frame,
)

FRAMES: list[Frame] = [
    Hello(1, 2**63 - 1, 7, "node-1", "0.1.0"),
    Messages(
        (
            MsgApp(
                to=1, sender=2, term=3, prev_index=4, prev_term=3, entries=(Entry(3, 5, b"\x00x"),)
            ),
            MsgHeartbeat(to=1, sender=2, term=3, commit=5, read_seq=9),
            MsgProp(to=1, sender=2, term=3, proposals=(b"a", b"")),
        )
    ),
    StatusReport(10, 9, 8, "0.1.0"),
]


@given(st.lists(st.sampled_from(FRAMES)), st.lists(st.integers(1, 40)))
def test_frames_survive_any_cut_of_the_stream(frames: list[Frame], cuts: list[int]) -> None:
    stream = b"".join(encode_frame(frame) for frame in frames)
    reader = FrameReader()
    received: list[Frame] = []
    for cut in cuts:
        received += reader.feed(stream[:cut])
        stream = stream[cut:]
    received += reader.feed(stream)
    assert received == frames


def test_a_frame_longer_than_the_bound_is_refused_before_it_is_buffered() -> None:
    with pytest.raises(FrameError, match="at most"):
        FrameReader().feed((FRAME_BYTES_MAX + 1).to_bytes(4, "big"))


@given(st.binary(min_size=1, max_size=200))
def test_rubbish_is_a_frame_error_and_nothing_else(rubbish: bytes) -> None:
    stream = len(rubbish).to_bytes(4, "big") + rubbish
    try:
        frames = FrameReader().feed(stream)
    except FrameError:
        return
    assert [encode_frame(frame) for frame in frames]
