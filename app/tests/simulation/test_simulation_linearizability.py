"""Histories whose verdict is known, and random ones against a judge that tries everything."""

from itertools import permutations
from random import Random

import msgspec
import pytest
from history_examples import drawn
from hypothesis import given, settings
from hypothesis import strategies as st

from bitebyte.simulation.history import Operation, Outcome
from bitebyte.simulation.linearizability import Verdict, check_history, check_object
from bitebyte.simulation.models import MODELS, ModelError
from bitebyte_e2e.random_histories import mutated, random_linear_history

GOOD = {
    "a read may see a write that overlaps it": (
        "register",
        """
        |----------write 1----------|
           |--read => None--|
             |----read => 1----|
        """,
    ),
    "an unknown write takes effect late": (
        "register",
        """
        |--write 1..
                    |--read => None--|
                                       |--write 2--|
                                                     |--read => 1--|
        """,
    ),
    "an unknown write never takes effect": (
        "register",
        """
        |--write 1..
              |--read => None--|
                                 |--read => None--|
        """,
    ),
    "a refused compare-and-set changes nothing": (
        "register",
        """
        |--cas 1,2 !--|
                        |--write 1--|
                                      |--cas 1,3--|
                                                    |--read => 3--|
        """,
    ),
    "a dropped write says nothing": (
        "register",
        """
        |--write 1 x--|
                        |--read => None--|
        """,
    ),
    "appends that overlap have either order": (
        "list",
        """
        |----append 1----|
          |--append 2--|
                           |--read => 2,1--|
        """,
    ),
    "the last one is sold once": (
        "stock",
        """
        |--restock 1--|
                        |--reserve 1--|
                         |--reserve 1 !--|
                                           |--read => 0--|
        """,
    ),
    "an unknown reservation explains that nothing is left": (
        "stock",
        """
        |--restock 1--|
                        |--reserve 1..
                          |--reserve 1 !--|
        """,
    ),
    "counters add up": (
        "counter",
        """
        |--add 2--|
            |--add 3..
                    |--read => 2--|
                                    |--read => 5--|
        """,
    ),
}

BAD = {
    "stale read": (
        "register",
        """
        |--write 1--|
                      |--write 2--|
                                    |--read => 1--|
        """,
        3,
    ),
    "new value, then the old one again": (
        "register",
        """
        |----------write 1----------|
            |--read => 1--|
                            |--read => None--|
        """,
        3,
    ),
    "lost update": (
        "list",
        """
        |--append 1--|
          |--append 2--|
                         |--read => 1,--|
        """,
        3,
    ),
    "phantom": (
        "list",
        """
        |--append 1--|
                       |--read => 1,7--|
        """,
        2,
    ),
    "duplicate apply": (
        "list",
        """
        |--append 1--|
                       |--read => 1,1--|
        """,
        2,
    ),
    "an unknown operation took effect twice": (
        "counter",
        """
        |--add 1..
               |--read => 1--|
                               |--read => 2--|
        """,
        3,
    ),
    "an unknown operation took effect before it was asked for": (
        "register",
        """
        |--read => 1--|
                        |--write 1..
        """,
        1,
    ),
    "reads that show two different orders": (
        "list",
        """
        |--------append 1--------|
        |--------append 2--------|
            |--read => 1,2--|
             |--read => 2,1--|
        """,
        None,
    ),
    "sold twice": (
        "stock",
        """
        |--restock 1--|
                        |--reserve 1--|
                            |--reserve 1--|
        """,
        3,
    ),
    "refused although there was enough": (
        "stock",
        """
        |--restock 2--|
                        |--reserve 1 !--|
        """,
        2,
    ),
    "a refused compare-and-set that took effect": (
        "register",
        """
        |--write 1--|
                      |--cas 1,2 !--|
                                      |--read => 2--|
        """,
        2,
    ),
}


@pytest.mark.parametrize("name", GOOD)
def test_legal_histories_are_accepted(name: str) -> None:
    model, picture = GOOD[name]
    judgement = check_object(drawn(model, picture), MODELS[model])
    assert judgement.verdict is Verdict.OK


@pytest.mark.parametrize("name", BAD)
def test_illegal_histories_are_refused_and_the_culprit_is_named(name: str) -> None:
    model, picture, culprit = BAD[name]
    judgement = check_object(drawn(model, picture), MODELS[model])
    assert judgement.verdict is Verdict.VIOLATED
    assert judgement.failure is not None
    if culprit is not None:
        assert judgement.failure.culprit.id == culprit
    assert "cannot be placed" in str(judgement)


def test_objects_are_judged_one_by_one() -> None:
    good = drawn("register", GOOD["an unknown write takes effect late"][1])
    bad = [
        msgspec.structs.replace(operation, key="other")
        for operation in drawn("register", BAD["stale read"][1])
    ]
    verdicts = {judgement.key: judgement.verdict for judgement in check_history([*good, *bad])}
    assert verdicts == {"k": Verdict.OK, "other": Verdict.VIOLATED}


def test_a_stock_of_several_things_is_reserved_completely_or_not_at_all() -> None:
    def operation(id: int, kind: str, outcome: Outcome, **values: object) -> Operation:
        return Operation(
            id=id,
            client=1,
            model="stock",
            key="bar",
            kind=kind,
            outcome=outcome,
            invoked_at=id * 10,
            returned_at=id * 10 + 5,
            **values,  # pyright: ignore[reportArgumentType]
        )

    start = operation(1, "restock", Outcome.OK, input={"gin": 2, "lime": 1})
    refused = operation(2, "reserve", Outcome.REFUSED, input={"gin": 1, "lime": 2})
    untouched = operation(3, "read", Outcome.OK, output={"gin": 2, "lime": 1})
    half_done = operation(3, "read", Outcome.OK, output={"gin": 1})
    (good,) = check_history([start, refused, untouched])
    (bad,) = check_history([start, refused, half_done])
    assert (good.verdict, bad.verdict) == (Verdict.OK, Verdict.VIOLATED)


def test_an_exhausted_bound_is_undecided_and_never_ok() -> None:
    """Reads of all values at once: no order explains them, and there are many to try."""
    writes = "\n".join(f"|{'-' * 60}append {n}{'-' * 20}|" for n in range(1, 12))
    reads = "  |--read => 1,--|\n  |--read => 2,--|\n"
    judgement = check_object(drawn("list", writes + "\n" + reads), MODELS["list"], steps_max=10)
    assert judgement.verdict is Verdict.UNDECIDED
    assert judgement.failure is None


def test_an_unknown_model_or_kind_is_an_error_and_no_verdict() -> None:
    operations = drawn("register", "|--pop 1--|")
    with pytest.raises(ModelError, match="pop"):
        check_history(operations)
    with pytest.raises(ModelError, match="queue"):
        check_history([msgspec.structs.replace(operations[0], model="queue")])


def test_many_unknown_operations_stay_cheap() -> None:
    """Forty writes that timed out and a thousand reads: each may explain each."""
    random = Random(1)
    operations: list[Operation] = []
    value = None
    for number in range(1, 1041):
        is_write = number % 26 == 0
        if is_write:
            value = number
        operations.append(
            Operation(
                id=number,
                client=number if is_write else number % 5,
                model="register",
                key="k",
                kind="write" if is_write else "read",
                input=number if is_write else None,
                output=None if is_write else value,
                outcome=Outcome.UNKNOWN if is_write else Outcome.OK,
                invoked_at=number * 10,
                returned_at=None if is_write else number * 10 + random.randrange(1, 9),
            )
        )
    judgement = check_object(operations, MODELS["register"], steps_max=100_000)
    assert judgement.verdict is Verdict.OK


@settings(deadline=None, max_examples=150)
@given(
    seed=st.integers(0, 2**32),
    model=st.sampled_from(sorted(MODELS)),
    count=st.integers(0, 120),
)
def test_what_one_copy_did_is_always_accepted(seed: int, model: str, count: int) -> None:
    operations = random_linear_history(Random(seed), model, count)
    judgement = check_object(operations, MODELS[model])
    assert judgement.verdict is Verdict.OK
    assert_legal_order(judgement.order, operations, model)


@settings(deadline=None, max_examples=300)
@given(
    seed=st.integers(0, 2**32),
    model=st.sampled_from(sorted(MODELS)),
    mutations=st.integers(0, 2),
)
def test_verdicts_are_those_of_a_judge_that_tries_everything(
    seed: int, model: str, mutations: int
) -> None:
    random = Random(seed)
    operations = random_linear_history(random, model, 6, clients=3)
    for _ in range(mutations):
        operations = mutated(random, operations)
    judgement = check_object(operations, MODELS[model])
    expected = Verdict.OK if is_linearizable(operations, model) else Verdict.VIOLATED
    assert judgement.verdict is expected, "\n".join(map(str, operations))


def is_linearizable(operations: list[Operation], model: str) -> bool:
    """By the definition: some order of the definite operations and of some unknown ones respects
    real time and is legal."""
    definite = [o for o in operations if o.outcome in (Outcome.OK, Outcome.REFUSED)]
    unknown = [o for o in operations if o.outcome is Outcome.UNKNOWN]
    for choice in range(1 << len(unknown)):
        chosen = [o for place, o in enumerate(unknown) if choice >> place & 1]
        if any(
            is_legal_order(order, operations, model) for order in permutations(definite + chosen)
        ):
            return True
    return False


def is_legal_order(order: tuple[Operation, ...], operations: list[Operation], model: str) -> bool:
    for place, later in enumerate(order):
        for earlier in order[:place]:
            if later.returned_at is not None and later.returned_at < earlier.invoked_at:
                return False
    bound = MODELS[model](operations)
    state = bound.initial
    for operation in order:
        after = bound.step(state, operation)
        if after is None:
            return False
        state = after
    return True


def assert_legal_order(
    order: tuple[Operation, ...], operations: list[Operation], model: str
) -> None:
    """The order that an accepting verdict shows is a proof: check it."""
    assert is_legal_order(order, operations, model)
    definite = {o.id for o in operations if o.returned_at is not None}
    assert definite <= {o.id for o in order}
    assert len({o.id for o in order}) == len(order)
