"""Terms by bisection: the runs that reading everything would give, after few looks."""

import asyncio
from collections.abc import Mapping, Sequence
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitebyte.raft.types import TermRun
from bitebyte.repository.errors import DamagedDatabase
from bitebyte.repository.term_runs import find_term_runs


class ListedLog:
    """A log of which entry `start + n` has term `terms[n]`; counts how often it is asked."""

    def __init__(self, terms: Sequence[int], start: int = 1) -> None:
        self.terms = {start + n: term for n, term in enumerate(terms)}
        self.looks = 0

    async def terms_at(self, indexes: Sequence[int]) -> Mapping[int, int]:
        self.looks += 1
        return {index: self.terms[index] for index in indexes if index in self.terms}

    def find(self) -> tuple[TermRun, ...]:
        first, last = min(self.terms), max(self.terms)
        ends = (TermRun(first, self.terms[first]), TermRun(last, self.terms[last]))
        return asyncio.run(find_term_runs(*ends, self.terms_at))


@given(
    st.lists(st.integers(0, 3), min_size=1, max_size=200).map(
        lambda steps: [sum(steps[: n + 1]) for n in range(len(steps))]
    ),
    st.integers(1, 1000),
)
def test_bisection_finds_the_runs_that_reading_everything_finds(
    terms: list[int], start: int
) -> None:
    log = ListedLog(terms, start)

    slow = [
        TermRun(min(index for index, _ in run), term)
        for term, run in groupby(log.terms.items(), key=lambda item: item[1])
        for run in [list(run)]
    ]
    assert list(log.find()) == slow
    assert log.looks <= len(terms).bit_length()


def test_a_long_log_takes_few_looks() -> None:
    log = ListedLog([1] * 700_000 + [2] + [9] * 299_999)

    assert log.find() == (TermRun(1, 1), TermRun(700_001, 2), TermRun(700_002, 9))
    assert log.looks <= 20


@pytest.mark.parametrize("terms", [[3, 1], [1, 4, 4, 2, 4, 4, 5], [1, 5, 5, 5, 3]])
def test_terms_that_fall_are_reported(terms: list[int]) -> None:
    with pytest.raises(DamagedDatabase, match="do not grow"):
        ListedLog(terms).find()


def test_a_missing_entry_is_reported() -> None:
    log = ListedLog([1, 1, 1, 2, 2])
    del log.terms[3]

    with pytest.raises(DamagedDatabase, match="no entry 3"):
        log.find()
