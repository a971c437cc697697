"""The bug museum: known bugs of consensus systems, planted one by one, that a search must find.

A simulator that finds nothing proves nothing until it is known what it would find. The mutants
are kept beside the tests, not in the product: this module loads them from the source checkout,
runs seeds with each until an invariant breaks, and says which one and how soon. A kill counts
only if the same seed is clean without the mutant.
"""

import importlib
import multiprocessing
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import msgspec

import bitebyte
from bitebyte.simulation.expansion import RunOptions, expand
from bitebyte.simulation.plan import Plan
from bitebyte.simulation.run import run_plan

FOLDER = Path(bitebyte.__file__).resolve().parents[1] / "tests" / "museum"

SEEDS_MAX = 200


def _as_it_is(plan: Plan) -> Plan:
    return plan


class Mutant(msgspec.Struct, frozen=True, kw_only=True):
    """One bug."""

    name: str
    source: str
    """Where the bug was seen, or which rule it breaks."""
    patch: Callable[[], AbstractContextManager[None]]
    """Plants the bug in the product while the context is open."""
    focus: Callable[[Plan], Plan] = _as_it_is
    """Turns the plan of a seed towards what the bug needs, for example to more faults of a kind."""
    seeds_max: int = SEEDS_MAX
    """The budget, from seed 0 on: without a finding in so many seeds the mutant has survived."""
    is_judged: bool = False
    """The executable specification looks too: for what breaks a rule and yet no promise."""


class Exhibit(msgspec.Struct, frozen=True, kw_only=True):
    """How the search for one mutant went."""

    mutant: str
    source: str
    invariant: str | None
    """What caught it; None if it survived."""
    message: str
    seeds_needed: int
    seconds: float


class MuseumClosed(Exception):
    """There is no source checkout with mutants around this program."""


def load_mutants(folder: Path = FOLDER) -> tuple[Mutant, ...]:
    """All mutants of `mutants_*.py`, in the order of the files. Raises MuseumClosed without any."""
    paths = sorted(folder.glob("mutants_*.py"))
    if not paths:
        raise MuseumClosed(f"no mutants in {folder}: the museum needs a source checkout")
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    mutants: list[Mutant] = []
    for path in paths:
        mutants += importlib.import_module(path.stem).MUTANTS
    return tuple(mutants)


def hunt(mutant: Mutant) -> Exhibit:
    """Runs seeds until one finds the mutant or the budget is spent.

    Raises AssertionError if the finding is no proof because the seed is not clean without it.
    """
    started_s = time.monotonic()
    for seed in range(mutant.seeds_max):
        plan = mutant.focus(expand(seed, RunOptions()))
        with mutant.patch():
            violation = run_plan(plan, validate=mutant.is_judged).violation
        if violation is None:
            continue
        control = run_plan(plan, validate=mutant.is_judged).violation
        assert control is None, f"seed {seed} breaks without {mutant.name!r} too: {control}"
        return Exhibit(
            mutant=mutant.name,
            source=mutant.source,
            invariant=violation.invariant,
            message=violation.message,
            seeds_needed=seed + 1,
            seconds=time.monotonic() - started_s,
        )
    return Exhibit(
        mutant=mutant.name,
        source=mutant.source,
        invariant=None,
        message="",
        seeds_needed=mutant.seeds_max,
        seconds=time.monotonic() - started_s,
    )


def hunt_all(jobs: int = 1) -> Iterator[Exhibit]:
    """Hunts every mutant, in `jobs` processes; the exhibits come in the order of the museum."""
    places = range(len(load_mutants()))
    if jobs == 1:
        yield from map(_hunt_at, places)
        return
    # Fresh processes: a mutant must not meet what another run has left in memory.
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        yield from pool.imap(_hunt_at, places)


def _hunt_at(place: int) -> Exhibit:
    return hunt(load_mutants()[place])


def show(jobs: int) -> int:
    """Prints the table as it grows; the exit code is 1 if a mutant survived."""
    exhibits: list[Exhibit] = []
    for exhibit in hunt_all(jobs):
        exhibits.append(exhibit)
        print(f"{len(exhibits)}. {exhibit.mutant}: {exhibit.invariant or 'SURVIVED'}", flush=True)
    print()
    print("\n".join(table(exhibits)))
    survivors = sum(exhibit.invariant is None for exhibit in exhibits)
    print(f"\n{len(exhibits)} mutants, {survivors} survived")
    return 1 if survivors else 0


def table(exhibits: Sequence[Exhibit]) -> Iterator[str]:
    """Lines for people."""
    rows = [("mutant", "source", "seeds", "caught by", "seconds")]
    rows += [
        (
            exhibit.mutant,
            exhibit.source,
            str(exhibit.seeds_needed),
            exhibit.invariant or "SURVIVED",
            f"{exhibit.seconds:.1f}",
        )
        for exhibit in exhibits
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
