"""The cluster's own row: who belongs to it, and what never comes back."""

from typing import Any

import msgspec

from bitebyte.domain import commands as c
from bitebyte.domain.cluster import apply_configuration, cluster_of
from bitebyte.domain.codec import decode_command, encode_command
from bitebyte.domain.memory import MemoryState
from bitebyte.domain.results import Accepted, Applied, Refused
from bitebyte.domain.roster import LEVEL_FIRST, LEVEL_NEWEST, Cluster, ClusterMember

ONE, TWO, THREE = 2**62 + 1, 2**62 + 2, 2**62 + 3


def member(member_id: int, **changes: Any) -> ClusterMember:
    known = ClusterMember(member_id, f"node-{member_id % 8}", f"127.0.0.1:{7000 + member_id % 8}")
    return msgspec.structs.replace(known, **changes)


class Scene:
    """A state that is told commands and changes of the configuration."""

    def __init__(self) -> None:
        self.state = MemoryState()

    def say(self, kind: type[Any], **fields: Any) -> Applied:
        command = kind(id="0199c82c-0000-7000-8000-000000000001", at_ms=1, **fields)
        return self.state.execute(decode_command(encode_command(command)))

    def change(self, *, removed: tuple[int, ...] = (), **fields: Any) -> Applied:
        command = c.ChangeMembers(id="0199c82c-0000-7000-8000-000000000001", at_ms=1, **fields)
        applied = apply_configuration(self.state, command, removed_ids=removed)
        self.state.store(applied.changes)
        return applied

    @property
    def cluster(self) -> Cluster:
        return cluster_of(self.state)


def test_members_are_described_by_id_and_in_its_order() -> None:
    scene = Scene()
    scene.say(c.DescribeMembers, members=(member(TWO), member(ONE)))
    assert scene.cluster.members == (member(ONE), member(TWO))
    scene.say(c.DescribeMembers, members=(member(TWO, peer_address="10.0.0.9:7080"),))
    assert scene.cluster.member(TWO) == member(TWO, peer_address="10.0.0.9:7080")


def test_telling_the_same_again_changes_nothing() -> None:
    scene = Scene()
    scene.say(c.DescribeMembers, members=(member(ONE),))
    assert scene.say(c.DescribeMembers, members=(member(ONE),)).changes == ()


def test_a_new_address_does_not_touch_what_a_learner_is_meant_to_become() -> None:
    scene = Scene()
    scene.change(added=(member(ONE, wants_vote=True, replaces_id=TWO),))
    scene.say(c.DescribeMembers, members=(member(ONE, peer_address="10.0.0.9:7080"),))
    known = scene.cluster.member(ONE)
    assert known is not None
    assert (known.wants_vote, known.replaces_id) == (True, TWO)
    assert known.peer_address == "10.0.0.9:7080"


def test_a_removed_id_never_comes_back() -> None:
    scene = Scene()
    scene.change(added=(member(ONE), member(TWO)))
    scene.change(removed=(ONE,))
    assert scene.cluster.members == (member(TWO),)
    assert scene.cluster.retired_ids == (ONE,)
    scene.say(c.DescribeMembers, members=(member(ONE),))
    scene.change(added=(member(ONE),))
    assert scene.cluster.members == (member(TWO),)


def test_an_id_that_nobody_has_described_is_used_up_all_the_same() -> None:
    scene = Scene()
    scene.change(removed=(THREE,))
    scene.change(removed=(THREE,))
    assert scene.cluster.retired_ids == (THREE,)


def test_a_replacement_is_done_when_the_old_member_is_gone() -> None:
    scene = Scene()
    scene.change(added=(member(ONE), member(TWO, wants_vote=True, replaces_id=ONE)))
    scene.change(removed=(ONE,))
    assert scene.cluster.members == (member(TWO, wants_vote=True),)


def test_a_wish_is_kept_and_a_demotion_ends_it() -> None:
    scene = Scene()
    scene.change(added=(member(ONE),))
    scene.say(c.WishVote, member_id=ONE, wants_vote=True)
    assert scene.cluster.members == (member(ONE, wants_vote=True),)
    scene.change(demoted_ids=(ONE,))
    assert scene.cluster.members == (member(ONE),)


def test_a_wish_for_a_stranger_is_refused() -> None:
    refused = Scene().say(c.WishVote, member_id=ONE, wants_vote=True)
    assert isinstance(refused.result, Refused)
    assert refused.result.code == "member_not_found"
    assert refused.changes == ()


def test_the_version_rises_and_never_falls() -> None:
    scene = Scene()
    assert scene.cluster.cluster_version == LEVEL_FIRST
    scene.say(c.SetClusterVersion, level=LEVEL_NEWEST)
    scene.say(c.SetClusterVersion, level=LEVEL_FIRST)
    assert scene.cluster.cluster_version == LEVEL_NEWEST


def test_the_roster_changes_with_the_configuration_or_not_at_all() -> None:
    scene = Scene()
    refused = scene.say(c.ChangeMembers, added=(member(ONE),))
    assert isinstance(refused.result, Refused)
    assert scene.cluster == Cluster()


def test_a_checkpoint_changes_nothing() -> None:
    applied = Scene().say(c.Checkpoint)
    assert isinstance(applied.result, Accepted)
    assert applied.changes == ()


def test_every_kind_has_a_level_that_this_program_knows() -> None:
    assert all(LEVEL_FIRST < level <= LEVEL_NEWEST for level in c.LEVELS.values())
    assert c.level_of(c.Checkpoint(id="", at_ms=0)) == LEVEL_NEWEST
    assert c.level_of(c.EndSession(id="", at_ms=0, token_hash="")) == LEVEL_FIRST
