"""The executable specification accepts real runs, and refuses broken traces and broken cores."""

import io
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from bitebyte.raft import ConfState, Entry, HardState, candidate, commitment, follower, quorum
from bitebyte.raft.log import RaftLog
from bitebyte.raft.messages import MsgAppResp, MsgHeartbeat, MsgTimeoutNow
from bitebyte.raft.rawnode import RawNode
from bitebyte.simulation.expansion import RunOptions, expand
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

sys.path += [str(Path(__file__).parents[1] / folder) for folder in ("raft", "museum")]

from edits import Edit, planted
from seeded_cluster import SeededCluster

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


MUTANTS: list[tuple[tuple[Edit, ...], str]] = [
    (
        (Edit(RawNode._must_write_hard_state, "or core.vote != offered.vote", ""),),
        "durable|disk holds|asks when",
    ),
    (
        (Edit(candidate.answer_vote_request, "core.respond(answer)", "core.send(answer)"),),
        "a vote is durable before it is given",
    ),
    (
        (
            Edit(
                candidate.answer_vote_request,
                "core.log.is_up_to_date(message.last_index, message.last_term)",
                "True",
            ),
        ),
        "a log that is at least as up-to-date",
    ),
    (
        (
            Edit(
                follower.handle_append,
                "core.respond(MsgAppResp(to=message.sender, sender=core.id,"
                " term=core.term, index=matched_index))",
                "core.send(MsgAppResp(to=message.sender, sender=core.id,"
                " term=core.term, index=matched_index))",
            ),
        ),
        "an acknowledgement means the leader's entries, on this disk",
    ),
    (
        (
            Edit(
                commitment.advance_commit,
                "core.progress[member_id].match_index",
                "(core.progress[member_id].match_index"
                " if member_id != core.id else core.log.last_index)",
            ),
        ),
        "a leader commits what a quorum holds",
    ),
    (
        (Edit(quorum._majority_index, "(len(acked) - 1) // 2", "len(acked) // 2 + 1"),),
        "a leader commits what a quorum holds",
    ),
    (
        (Edit(quorum._majority_vote, "len(voters) // 2 + 1", "(len(voters) + 1) // 2 - 1"),),
        "has won the pre-vote|elected by a quorum",
    ),
    (
        (
            Edit(
                RaftLog.is_up_to_date,
                "(last_term, last_index) >= (self.last_term, self.last_index)",
                "last_term >= self.last_term",
            ),
        ),
        "a log that is at least as up-to-date",
    ),
]


@pytest.mark.parametrize(("edits", "rule"), MUTANTS)
def test_a_broken_core_is_refused(edits: tuple[Edit, ...], rule: str) -> None:
    with planted(*edits)(), pytest.raises(TransitionRefused, match=rule):
        run_until_refused()
