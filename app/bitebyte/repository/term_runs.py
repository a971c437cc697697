"""The terms of a stored log, found by bisection: terms never fall, so few entries tell all."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from bitebyte.raft.types import TermRun
from bitebyte.repository.errors import DamagedDatabase


async def find_term_runs(
    first: TermRun,
    last: TermRun,
    terms_at: Callable[[Sequence[int]], Awaitable[Mapping[int, int]]],
) -> tuple[TermRun, ...]:
    """The runs from entry `first` to entry `last`, each given as its (index, term).

    `terms_at` tells the terms of the given indexes. All bisections go on together, so it is
    called once per halving, log2 of the length of the log times at most, with no more indexes
    than there are runs. Raises DamagedDatabase where an index is missing or terms fall.
    """
    _check_order(first, last)
    known = {first, last}
    open_spans = _spans_to_bisect([(first, last)])
    while open_spans:
        middles = [(low.first_index + high.first_index) // 2 for low, high in open_spans]
        terms = await terms_at(middles)
        halves: list[tuple[TermRun, TermRun]] = []
        for (low, high), index in zip(open_spans, middles, strict=True):
            if index not in terms:
                raise DamagedDatabase(f"raft_log has no entry {index}")
            middle = TermRun(index, terms[index])
            _check_order(low, middle)
            _check_order(middle, high)
            known.add(middle)
            halves += [(low, middle), (middle, high)]
        open_spans = _spans_to_bisect(halves)
    runs: list[TermRun] = []
    for entry in sorted(known, key=lambda entry: entry.first_index):
        if not runs or entry.term != runs[-1].term:
            runs.append(entry)
    return tuple(runs)


def _spans_to_bisect(spans: Sequence[tuple[TermRun, TermRun]]) -> list[tuple[TermRun, TermRun]]:
    """Those in which a run begins, it is not known where."""
    return [
        (low, high)
        for low, high in spans
        if low.term != high.term and high.first_index - low.first_index > 1
    ]


def _check_order(low: TermRun, high: TermRun) -> None:
    if low.term > high.term:
        raise DamagedDatabase(
            f"the terms of raft_log do not grow with its index: {low.term} at {low.first_index},"
            f" {high.term} at {high.first_index}"
        )
