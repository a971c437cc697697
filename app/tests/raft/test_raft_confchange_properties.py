"""Changes of the configuration agree with a model that is slow and plainly right."""

from itertools import combinations

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bitebyte.raft import (
    ChangeKind,
    ConfChange,
    ConfChangeRefused,
    ConfState,
    SingleChange,
    Transition,
)
from bitebyte.raft.confchange import (
    CONTEXT_BYTES_MAX,
    MEMBER_ID_MAX,
    SINGLE_CHANGES_MAX,
    apply_change,
    check_change,
    decode_change,
    encode_change,
    find_violation,
)
from bitebyte.raft.errors import ConfChangeUnreadable
from bitebyte.raft.quorum import Quorum

MEMBERS = range(1, 7)
repeatably = settings(max_examples=100, deadline=None, derandomize=True)

parts = st.builds(SingleChange, st.sampled_from(list(ChangeKind)), st.sampled_from(MEMBERS))
changes = st.builds(
    ConfChange,
    st.one_of(st.just(()), st.lists(parts, max_size=4).map(tuple)),
    st.sampled_from(list(Transition)),
    st.binary(max_size=4),
    st.sampled_from([False, False, False, True]),
)
founders = st.sets(st.sampled_from(MEMBERS), min_size=1, max_size=5).map(
    lambda ids: ConfState(tuple(sorted(ids)))
)


@st.composite
def configurations(draw: st.DrawFn) -> ConfState:
    """Where some legal way has led to; also the empty one of a member that knows nothing yet."""
    conf_state = draw(st.one_of(founders, st.just(ConfState(()))))
    for change in draw(st.lists(changes, max_size=5)):
        conf_state = after(conf_state, change)
    return conf_state


def after(conf_state: ConfState, change: ConfChange) -> ConfState:
    """As a member does it: what is not possible changes nothing."""
    try:
        return apply_change(conf_state, change)
    except ConfChangeRefused:
        return conf_state


def expected(conf_state: ConfState, change: ConfChange) -> ConfState | None:
    """By definition: the last word about a member counts, those not named stay what they are.
    None where the rules allow no such change."""
    if change.is_void:
        return conf_state
    is_joint = bool(conf_state.voters_outgoing)
    if not change.changes:
        learners = sorted({*conf_state.learners, *conf_state.learners_next})
        return ConfState(conf_state.voters, tuple(learners)) if is_joint else None
    wishes = dict.fromkeys(conf_state.voters, ChangeKind.ADD_VOTER)
    wishes |= dict.fromkeys(conf_state.learners, ChangeKind.ADD_LEARNER)
    wishes |= {part.member_id: ChangeKind(part.kind) for part in change.changes}
    voters = tuple(m for m in MEMBERS if wishes.get(m) is ChangeKind.ADD_VOTER)
    learners = tuple(m for m in MEMBERS if wishes.get(m) is ChangeKind.ADD_LEARNER)
    if is_joint or not voters:
        return None
    if change.transition is Transition.AUTO and len(change.changes) == 1:
        return ConfState(voters, learners)
    outgoing = conf_state.voters
    if not outgoing:
        return None
    return ConfState(
        voters,
        tuple(m for m in learners if m not in outgoing),
        outgoing,
        tuple(m for m in learners if m in outgoing),
        change.transition is not Transition.JOINT_EXPLICIT,
    )


def subsets(members: set[int]) -> list[set[int]]:
    return [
        set(subset)
        for size in range(len(members) + 1)
        for subset in combinations(sorted(members), size)
    ]


def is_quorum(conf_state: ConfState, members: set[int]) -> bool:
    """More than half of the incoming voters, and of the outgoing ones if there are any."""
    return all(
        2 * len(members & set(half)) > len(half)
        for half in (conf_state.voters, conf_state.voters_outgoing)
        if half
    )


@repeatably
@given(configurations(), changes)
def test_a_change_leads_where_its_definition_says(
    conf_state: ConfState, change: ConfChange
) -> None:
    goal = expected(conf_state, change)
    if goal is None:
        with pytest.raises(ConfChangeRefused):
            apply_change(conf_state, change)
        with pytest.raises(ConfChangeRefused):
            check_change(conf_state, change)
    else:
        assert apply_change(conf_state, change) == goal
        check_change(conf_state, change)


@repeatably
@given(configurations())
def test_every_reachable_configuration_obeys_the_rules(conf_state: ConfState) -> None:
    assert find_violation(conf_state) is None


@repeatably
@given(founders, st.lists(changes, max_size=6))
def test_any_quorum_before_a_change_meets_any_quorum_after_it(
    conf_state: ConfState, way: list[ConfChange]
) -> None:
    """Of two neighbours on a legal way no two quorums are apart: nobody can be elected, and
    nothing committed, by one of them without a witness in the other."""
    for change in way:
        changed = after(conf_state, change)
        everyone = {
            *conf_state.voters,
            *conf_state.voters_outgoing,
            *changed.voters,
            *changed.voters_outgoing,
        }
        for members in subsets(everyone):
            if is_quorum(conf_state, members):
                assert not is_quorum(changed, everyone - members)
        conf_state = changed


@repeatably
@given(founders, changes)
def test_a_simple_change_moves_one_voter_at_most(conf_state: ConfState, change: ConfChange) -> None:
    changed = after(conf_state, change)
    assume(not changed.voters_outgoing)
    assert len(set(conf_state.voters) ^ set(changed.voters)) <= 1


@repeatably
@given(configurations(), changes)
def test_the_quorums_of_a_reachable_configuration_are_those_of_its_definition(
    conf_state: ConfState, change: ConfChange
) -> None:
    conf_state = after(conf_state, change)
    assume(conf_state.voters)
    quorum = Quorum(conf_state)
    for members in subsets({*conf_state.voters, *conf_state.voters_outgoing}):
        assert quorum.is_reached_by(members) == is_quorum(conf_state, members)


@repeatably
@given(founders, parts)
def test_saying_it_twice_is_saying_it_once(conf_state: ConfState, part: SingleChange) -> None:
    once = after(conf_state, ConfChange((part,)))
    assert after(once, ConfChange((part,))) == once
    twice = ConfChange((part, part), Transition.JOINT_EXPLICIT)
    assert after(conf_state, twice) == after(
        conf_state, ConfChange((part,), Transition.JOINT_EXPLICIT)
    )


@repeatably
@given(changes)
def test_a_change_survives_its_encoding(change: ConfChange) -> None:
    assert decode_change(encode_change(change)) == change


@repeatably
@given(st.one_of(st.binary(max_size=64), changes.map(encode_change).map(lambda data: data[:-1])))
def test_foreign_bytes_are_refused_or_mean_a_change(data: bytes) -> None:
    try:
        change = decode_change(data)
    except ConfChangeUnreadable:
        return
    assert decode_change(encode_change(change)) == change


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (ConfChange((SingleChange(0, 7),) * (SINGLE_CHANGES_MAX + 1)), "more than 16 parts"),
        (ConfChange((SingleChange(0, 0),)), "no member id"),
        (ConfChange((SingleChange(0, MEMBER_ID_MAX + 1),)), "no member id"),
        (ConfChange((SingleChange(3, 7),)), "unknown kind"),
        (ConfChange((SingleChange(0, 7),), 3), "unknown transition"),
        (ConfChange((), 0, b"x" * (CONTEXT_BYTES_MAX + 1)), "context"),
    ],
)
def test_a_change_out_of_bounds_is_neither_applied_nor_written_nor_read(
    change: ConfChange, rule: str
) -> None:
    with pytest.raises(ConfChangeRefused, match=rule):
        apply_change(ConfState((1, 2, 3)), change)
    with pytest.raises(ConfChangeRefused, match=rule):
        encode_change(change)
    with pytest.raises(ConfChangeUnreadable, match=rule):
        decode_change(msgspec.msgpack.encode(change))


def test_the_largest_change_is_taken() -> None:
    change = ConfChange(
        tuple(SingleChange(ChangeKind.ADD_VOTER, MEMBER_ID_MAX - n) for n in range(16)),
        context=b"x" * CONTEXT_BYTES_MAX,
    )
    assert len(apply_change(ConfState((1,)), decode_change(encode_change(change))).voters) == 17


@pytest.mark.parametrize(
    ("conf_state", "rule"),
    [
        (ConfState((0, 1)), "zero"),
        (ConfState((1, MEMBER_ID_MAX + 1)), "63 bits"),
        (ConfState((2, 1)), "not sorted"),
        (ConfState((1, 1)), "twice"),
        (ConfState((1,), learners=(1,)), "a voter too"),
        (ConfState((1,), learners=(2,), voters_outgoing=(2,)), "a voter too"),
        (ConfState((1,), voters_outgoing=(1,), learners_next=(2,)), "outgoing half"),
        (ConfState((1,), learners_next=(1,)), "outgoing half"),
        (ConfState((1,), voters_outgoing=(1,), learners_next=(1,)), "incoming half"),
        (ConfState((1,), auto_leave=True), "auto_leave"),
        (ConfState((), voters_outgoing=(1,)), "without incoming voters"),
    ],
)
def test_a_configuration_that_breaks_a_rule_is_named_and_never_changed(
    conf_state: ConfState, rule: str
) -> None:
    assert rule in (find_violation(conf_state) or "")
    with pytest.raises(AssertionError, match=rule):
        apply_change(conf_state, ConfChange(()))
