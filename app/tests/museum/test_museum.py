"""Every mutant is caught within its budget: the simulator has teeth."""

from pathlib import Path

import pytest
from edits import Edit, planted

from bitebyte.raft import candidate
from bitebyte.simulation.museum import MuseumClosed, hunt_all, load_mutants, table

MUTANTS_MIN = 30


@pytest.mark.timeout(600)
def test_every_mutant_is_caught() -> None:
    exhibits = list(hunt_all(jobs=2))
    assert len(exhibits) >= MUTANTS_MIN
    assert all(exhibit.invariant for exhibit in exhibits), "\n" + "\n".join(table(exhibits))


def test_mutants_have_names_of_their_own_and_a_source() -> None:
    mutants = load_mutants()
    assert len({mutant.name for mutant in mutants}) == len(mutants)
    assert all(mutant.source for mutant in mutants)


def test_every_mutant_still_fits_the_product() -> None:
    for mutant in load_mutants():
        with mutant.patch():
            pass


def test_a_patch_is_taken_back() -> None:
    before = candidate.campaign.__code__
    with planted(Edit(candidate.campaign, "core.send", "core.respond"))():
        assert candidate.campaign.__code__ is not before
    assert candidate.campaign.__code__ is before


def test_an_edit_that_no_longer_fits_says_so() -> None:
    with (
        pytest.raises(AssertionError, match="occurs 0 times in campaign"),
        planted(Edit(candidate.campaign, "no such text", ""))(),
    ):
        pass


def test_without_a_checkout_the_museum_is_closed(tmp_path: Path) -> None:
    with pytest.raises(MuseumClosed, match="source checkout"):
        load_mutants(tmp_path)
