"""Nothing that a member sends, keeps or hands out at once is without bound."""

import pytest
from memory_disk import MemoryDisk
from prompt_member import HEARTBEAT_TICKS, PromptMember, elected_leader, only

from bitebyte.raft import ConfigError, Entry, ProgressState, RaftConfig
from bitebyte.raft.messages import (
    MsgApp,
    MsgAppResp,
    MsgHeartbeatResp,
    MsgProp,
    PeerUnreachable,
    StorageFetchResp,
)
from bitebyte.raft.progress import Inflights


def accept(sender: int, index: int) -> MsgAppResp:
    return MsgAppResp(to=1, sender=sender, term=1, index=index)


def sizes(member: PromptMember, payloads: list[bytes], to: int = 2) -> list[int]:
    """Payload of each append that a proposal sends to that member."""
    sent = only(member.propose(*payloads), MsgApp, to=to)
    return [sum(len(entry.data) for entry in append.entries) for append in sent]


def test_payload_under_way_is_bounded() -> None:
    member = elected_leader(size_per_message_bytes_max=10, inflight_bytes_max=25)
    assert sizes(member, [b"x" * 10] * 6) == [10, 10, 10], "the last one may exceed the bound"
    assert [len(m.entries) for m in only(member.step(accept(2, 2)), MsgApp, to=2)] == [1]


def test_an_acknowledgement_frees_what_it_covers() -> None:
    inflights = Inflights(4, 100)
    for index in range(1, 5):
        inflights.add(index, 10)
    assert inflights.is_full
    inflights.free_through(2)
    assert (len(inflights), inflights.payload_bytes, inflights.is_full) == (2, 20, False)
    inflights.clear()
    assert (len(inflights), inflights.payload_bytes) == (0, 0)


def test_one_append_larger_than_the_bound_still_goes_alone() -> None:
    member = elected_leader(inflight_bytes_max=5)
    assert sizes(member, [b"x" * 50]) == [50]
    assert sizes(member, [b"y"]) == []


def test_lost_appends_free_their_place_when_the_follower_is_probed() -> None:
    member = elected_leader(inflight_messages_max=1)
    assert sizes(member, [b"lost"]) == [4]
    assert sizes(member, [b"waits"]) == []
    rejection = MsgAppResp(
        to=1, sender=2, term=1, index=2, is_rejected=True, hint_index=1, hint_term=1
    )
    (probe,) = only(member.step(rejection), MsgApp, to=2)
    assert probe.prev_index == 1


def test_an_unreachable_peer_is_probed_and_not_flooded() -> None:
    member = elected_leader()
    member.propose(b"a")
    for _ in range(3):
        member.node.step(PeerUnreachable(to=1, sender=1, peer_id=2))
    (probe,) = only(member.work(), MsgApp, to=2)
    assert probe.prev_index == 1
    assert member.node.progress()[2].state is ProgressState.PROBE
    assert only(member.propose(b"b"), MsgApp, to=2) == []
    member.step(accept(2, 2))
    assert member.node.progress()[2].state is ProgressState.REPLICATE


def test_entries_read_from_disk_count_as_under_way() -> None:
    member = elected_leader(
        log_cache_bytes_max=1, size_per_message_bytes_max=5, inflight_bytes_max=9
    )
    for number in range(2, 6):
        member.propose(b"12345")
        member.step(accept(2, number))
    member.step(PeerUnreachable(to=1, sender=1, peer_id=3))
    member.tick(HEARTBEAT_TICKS)
    member.step(MsgHeartbeatResp(to=1, sender=3, term=1))
    member.step(accept(3, 1))
    inflights = member.node.core.progress[3].inflights
    assert inflights.payload_bytes == 10
    assert member.node.core.log.window_first > 2, "they had left memory"


def test_answers_to_fetches_nobody_waits_for_are_dropped() -> None:
    member = elected_leader()
    for peer_id in (2, 9):
        answer = StorageFetchResp(to=1, sender=1, peer_id=peer_id, low=1, entries=(Entry(1, 1),))
        assert member.step(answer) == []


def test_forwarded_proposals_are_bounded_like_own_ones() -> None:
    member = elected_leader(unapplied_bytes_max=10)
    member.propose(b"x" * 11)
    member.step(MsgProp(to=1, sender=2, term=1, proposals=(b"y",)))
    assert member.node.last_index == 2


@pytest.mark.parametrize("option", ["inflight_bytes_max", "disk_stall_ticks"])
def test_bounds_of_zero_are_refused_by_name(option: str) -> None:
    config = RaftConfig(**{"id": 1, option: 0})  # pyright: ignore[reportArgumentType]
    with pytest.raises(ConfigError, match=option):
        MemoryDisk().start(config, random=_Never())


class _Never:
    def randrange(self, stop: int, /) -> int:
        raise AssertionError(f"asked for chance below {stop}")
