"""The operator's decisions in deeper worlds than every run has time for: see
`operator/tests/test_operator_decide_model.py`."""

import pytest
from decide_explore import explore
from decide_scenarios import DEEP
from decide_world import Scenario

WORLDS_MAX = 400_000
"""About as many as fit into the memory of a small machine."""


@pytest.mark.timeout(900)
@pytest.mark.parametrize("scenario", DEEP, ids=lambda scenario: scenario.name)
def test_all_is_well_in_every_deeper_world(scenario: Scenario) -> None:
    found = explore(scenario, worlds_max=WORLDS_MAX)
    assert not found.broken, "\n".join([found.broken, *found.way])
