"""The executable specification accepts real runs, and refuses broken traces and broken cores."""

import io
from collections.abc import Callable

import msgspec
import pytest
from seeded_cluster import SeededCluster

from bitebyte.raft import ConfState, Entry, HardState
from bitebyte.raft.messages import MsgAppResp, MsgHeartbeat, MsgTimeoutNow
from bitebyte.simulation.expansion import RunOptions, expand
from bitebyte.simulation.museum import load_mutants
from bitebyte.simulation.run import run_plan
from bitebyte.simulation.specification import Specification
from bitebyte.simulation.specified_member import TransitionRefused
from bitebyte.simulation.trace import (
    Appended,
    Applied,
    BecameCandidate,
    BecameFollower,
    BecameLeader,
    BecamePreCandidate,
    Committed,
    Compacted,
    Durable,
    HandedOut,
    LossNoticed,
    ReadConfirmed,
    Received,
    Sent,
    Started,
    Stopped,
    Transition,
    Truncated,
    Voted,
    WriteBegun,
    decode_transitions,
)
from bitebyte.simulation.validation import BEGINNING

VALIDATED_SEEDS = (*range(29), 39)
"""In the last one a member campaigns as soon as a change of membership is applied."""
VOTERS = ConfState((1, 2, 3))


def seeded_run(seed: int, moves: int = 6000) -> list[Transition]:
    cluster = SeededCluster(seed)
    for _ in range(moves):
        cluster.move()
    return cluster.transitions


def run_until_refused() -> None:
    """Where the core or the judge of the cluster sees a bug first, another seed may show more."""
    for seed in range(20):
        try:
            seeded_run(seed)
        except TransitionRefused:
            raise
        except AssertionError:
            continue


@pytest.fixture(scope="module")
def transitions() -> list[Transition]:
    return seeded_run(3)


def test_simulated_runs_are_accepted() -> None:
    outcomes = [run_plan(expand(seed, RunOptions()), validate=True) for seed in VALIDATED_SEEDS]
    assert [outcome.violation for outcome in outcomes] == [None] * len(VALIDATED_SEEDS)
    assert sum(outcome.snapshots for outcome in outcomes) > 0


def test_validation_does_not_change_a_run_and_its_file_says_the_same_again() -> None:
    plan = expand(1, RunOptions())
    lines = io.BytesIO()
    outcome = run_plan(plan, validate=True, transitions=lines)
    assert outcome.digest == run_plan(plan).digest
    specification = Specification(ConfState(tuple(range(1, plan.voter_count + 1))), BEGINNING)
    kinds: set[type] = set()
    for transition in decode_transitions(lines.getvalue().splitlines()):
        specification.accept(transition)
        kinds.add(type(transition))
    assert specification.accepted > 1_000
    assert len(kinds) > 14


def _later_term(step: Transition) -> Transition:
    return msgspec.structs.replace(step, term=step.term + 1)  # pyright: ignore


BROKEN: list[tuple[type, Callable[..., Transition], str]] = [
    (
        Started,
        lambda s: msgspec.structs.replace(s, hard_state=HardState(9, 9)),
        "a new member has voted",
    ),
    (Stopped, lambda s: Stopped(member=99), "only what runs acts"),
    (BecameFollower, _later_term, "a term is entered by campaigning or by hearing of it"),
    (BecameCandidate, _later_term, "a candidate enters the next term"),
    (BecameLeader, _later_term, "a leader was elected by a quorum of its term"),
    (Voted, lambda s: msgspec.structs.replace(s, candidate=77), "a vote goes to a log"),
    (
        Appended,
        lambda s: msgspec.structs.replace(
            s, entries=(*s.entries[:-1], Entry(99, s.entries[-1].index, b"?"))
        ),
        "a (leader|follower) appends",
    ),
    (Committed, lambda s: msgspec.structs.replace(s, index=s.index + 50), "in the log"),
    (
        HandedOut,
        lambda s: msgspec.structs.replace(s, entries=(Entry(1, s.entries[0].index, b"?"),)),
        "State Machine Safety",
    ),
    (Applied, lambda s: msgspec.structs.replace(s, conf_state=ConfState((1, 2))), "configuration"),
    (WriteBegun, lambda s: msgspec.structs.replace(s, entries=(Entry(1, 99),)), "the end of"),
    (Durable, lambda s: msgspec.structs.replace(s, entries=(Entry(1, 99),)), "handed out"),
    (ReadConfirmed, lambda s: msgspec.structs.replace(s, index=s.index + 99), "a read sees"),
]


@pytest.mark.parametrize(("kind", "break_it", "rule"), BROKEN)
def test_a_broken_transition_is_refused_and_the_rule_named(
    kind: type,
    break_it: Callable[[Transition], Transition],
    rule: str,
    transitions: list[Transition],
) -> None:
    specification = Specification(VOTERS)
    for transition in transitions:
        if type(transition) is kind:
            with pytest.raises(TransitionRefused, match=rule):
                specification.accept(break_it(transition))
            return
        specification.accept(transition)
    raise AssertionError(f"the run has no {kind.__name__}")


@pytest.mark.parametrize(
    ("forged", "rule"),
    [
        (BecamePreCandidate(member=0), "a campaigner is a voter that knows"),
        (Truncated(member=0, from_index=1), "Leader Append-Only|never truncated"),
        (Compacted(member=0, through_index=10_000), "only what is applied is compacted"),
        (LossNoticed(member=0), "no false alarm"),
        (
            Sent(member=0, message=MsgAppResp(to=1, sender=0, term=1, index=9_999)),
            "an acknowledgement means",
        ),
        (Sent(member=0, message=MsgTimeoutNow(to=1, sender=0, term=0)), "only the leader"),
        (
            Received(member=0, message=MsgHeartbeat(to=0, sender=9, term=1, commit=1)),
            "what arrives was sent",
        ),
    ],
)
def test_a_forged_transition_is_refused(
    forged: Transition, rule: str, transitions: list[Transition]
) -> None:
    specification = Specification(VOTERS)
    for transition in transitions:
        specification.accept(transition)
        if isinstance(transition, BecameLeader):
            leader = transition.member
            break
    else:
        raise AssertionError("nobody leads")
    step = msgspec.structs.replace(forged, member=leader)
    if isinstance(step, Sent | Received):
        sender = leader if isinstance(step, Sent) else 9
        step = msgspec.structs.replace(
            step, message=msgspec.structs.replace(step.message, sender=sender)
        )
    with pytest.raises(TransitionRefused, match=rule):
        specification.accept(step)


REFUSED = {
    "the vote is not saved": "durable|disk holds|asks when",
    "a vote is answered before it is durable": "a vote is durable before it is given",
    "the log of a candidate does not matter": "a log that is at least as up-to-date",
    "an append is acknowledged before it is durable": "an acknowledgement means the leader's"
    " entries, on this disk",
    "a leader counts itself before its log is durable": "a leader commits what a quorum holds",
    "commitment needs one voter less than a majority": "a leader commits what a quorum holds",
    "half of the voters are a majority": "has won the pre-vote|elected by a quorum",
    "only the last term of a candidate's log matters": "a log that is at least as up-to-date",
}
"""Mutants of the museum, and the rule that refuses them."""


@pytest.mark.parametrize(("name", "rule"), REFUSED.items())
def test_a_broken_core_is_refused(name: str, rule: str) -> None:
    [mutant] = [mutant for mutant in load_mutants() if mutant.name == name]
    with mutant.patch(), pytest.raises(TransitionRefused, match=rule):
        run_until_refused()
