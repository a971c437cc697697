"""`decide` in every world that a small cluster can come to: no safety rule is broken in any, and
from each of them the owner's wish can still be fulfilled.

The operator dies between any two effects, acts on old views and twice, and is blind; pods crash,
leaders move, deadlines pass. See `decide_world`. `e2e/long` goes deeper.
"""

import pytest
from decide_deeds import act
from decide_explore import begin, explore
from decide_happenings import progress
from decide_scenarios import SHALLOW
from decide_sight import decision_in
from decide_world import Scenario, Wish


@pytest.mark.parametrize("scenario", SHALLOW, ids=lambda scenario: scenario.name)
def test_all_is_well_in_every_world(scenario: Scenario) -> None:
    found = explore(scenario)
    assert not found.broken, "\n".join([found.broken, *found.way])
    assert found.goals or not scenario.has_an_end


def test_there_is_more_than_one_way_to_go() -> None:
    """Whoever explores nothing finds nothing."""
    assert sum(explore(scenario).worlds for scenario in SHALLOW[:4]) > 500


def test_without_mishaps_a_cluster_of_three_is_made_in_so_many_steps() -> None:
    scenario = Scenario("create", (Wish(3),))
    world, steps = begin(scenario), []
    while (decision := decision_in(world, scenario)).rule != "rest":
        after = act(decision, world, world, scenario)
        if after.status != world.status or after != world:
            steps.append(type(decision.step).__name__)
        moved = next(progress(after, scenario), None)
        assert after != world or moved is not None, "it is stuck"
        world = after if after != world or moved is None else moved[1]
    assert [step for step in steps if step != "Wait"] == [
        "LatchClusterId",
        "AddFinalizer",
        "ApplyObjects",
        "LatchBootstrap",
        "OrderBootstrap",
        "SetReplicas",
        "AddLearner",
        "AddLearner",
    ]
