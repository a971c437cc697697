"""Quorum arithmetic agrees with a model that is slow and plainly right."""

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from bitebyte.raft import ConfState
from bitebyte.raft.quorum import Quorum, VoteResult

MEMBERS = range(1, 8)
member_sets = st.sets(st.sampled_from(MEMBERS), max_size=5).map(lambda ids: tuple(sorted(ids)))
voter_sets = st.sets(st.sampled_from(MEMBERS), min_size=1, max_size=5).map(tuple)
acked_indexes = st.fixed_dictionaries({member: st.integers(0, 6) for member in MEMBERS})
repeatably = settings(max_examples=300, deadline=None, derandomize=True)
ballots = st.dictionaries(st.sampled_from(MEMBERS), st.booleans())


def quorums_of(voters: tuple[int, ...]) -> list[set[int]]:
    """Every subset with more than half of the voters."""
    sizes = range(len(voters) // 2 + 1, len(voters) + 1)
    return [set(subset) for size in sizes for subset in combinations(voters, size)]


def has_quorum(halves: list[tuple[int, ...]], members: set[int]) -> bool:
    return all(
        not voters or any(quorum <= members for quorum in quorums_of(voters)) for voters in halves
    )


@repeatably
@given(voter_sets, member_sets, acked_indexes)
def test_committed_index_is_the_largest_that_a_quorum_of_each_half_acknowledged(
    voters: tuple[int, ...], outgoing: tuple[int, ...], acked: dict[int, int]
) -> None:
    def is_committed(index: int) -> bool:
        holders = {member for member in MEMBERS if acked[member] >= index}
        return has_quorum([voters, outgoing], holders)

    expected = max(index for index in range(7) if is_committed(index))
    quorum = Quorum(ConfState(voters, voters_outgoing=outgoing))
    assert quorum.committed_index(acked.__getitem__) == expected


@repeatably
@given(voter_sets, member_sets, ballots)
def test_an_election_is_won_by_a_quorum_and_lost_when_none_can_be_reached(
    voters: tuple[int, ...], outgoing: tuple[int, ...], votes: dict[int, bool]
) -> None:
    halves = [voters, outgoing]
    granted = {member for member, is_granted in votes.items() if is_granted}
    reachable = {member for member in MEMBERS if votes.get(member, True)}
    if has_quorum(halves, granted):
        expected = VoteResult.WON
    elif has_quorum(halves, reachable):
        expected = VoteResult.PENDING
    else:
        expected = VoteResult.LOST
    quorum = Quorum(ConfState(voters, voters_outgoing=outgoing))
    assert quorum.vote_result(votes) is expected


@repeatably
@given(
    voter_sets, member_sets, st.sets(st.sampled_from(MEMBERS)), st.sets(st.sampled_from(MEMBERS))
)
def test_two_quorums_always_share_a_member(
    voters: tuple[int, ...], outgoing: tuple[int, ...], left: set[int], right: set[int]
) -> None:
    quorum = Quorum(ConfState(voters, voters_outgoing=outgoing))
    if quorum.is_reached_by(left) and quorum.is_reached_by(right):
        assert left & right & set(quorum.voters)


@repeatably
@given(voter_sets, voter_sets, ballots)
def test_the_order_in_which_voters_are_named_means_nothing(
    voters: tuple[int, ...], outgoing: tuple[int, ...], votes: dict[int, bool]
) -> None:
    forward = Quorum(ConfState(voters, voters_outgoing=outgoing))
    backward = Quorum(ConfState(voters[::-1], voters_outgoing=outgoing[::-1]))
    assert forward.voters == backward.voters == tuple(sorted({*voters, *outgoing}))
    assert forward.vote_result(votes) is backward.vote_result(votes)


def test_nobody_commits_anything_without_voters() -> None:
    assert Quorum(ConfState(())).committed_index(lambda _member: 9) == 0
