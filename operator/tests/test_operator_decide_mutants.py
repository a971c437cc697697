"""The exploration has teeth: without any one rule of `decide`, or with a known mistake in one, the
small world comes to grief."""

import pytest
from decide_explore import explore
from decide_mutants import MUTANTS, Mutant, planted
from decide_scenarios import SHALLOW

from bitebyte_operator.decide import rules

SCENARIOS = {scenario.name: scenario for scenario in SHALLOW}

NEEDED_IN = {
    "delete_as_the_policy_says": "delete",
    "change_nothing_while_paused": "a pause",
    "latch_the_cluster_id": "create 3, blind",
    "hold_the_finalizer": "delete with the data",
    "keep_objects_as_wanted": "create 3, blind",
    "let_the_stateful_set_catch_up": "an upgrade that is taken back",
    "give_every_member_a_pod": "meddling",
    "begin_the_cluster_once": "create 3, blind",
    "touch_nothing_without_a_leader": "create 1",
    "finish_the_change_of_members": "3 to 1 and back, blind",
    "withdraw_unwanted_learners": "1 to 3 with slow learners, taken back",
    "remake_sick_outdated_pods": "upgrade 3 to a bad image, corrected",
    "release_the_last_pod": "5 to 3",
    "upgrade_one_pod": "upgrade 1",
    "add_members": "create 3, blind",
    "remove_one_member": "5 to 3",
    "clear_stamps_of_members": "3 to 1 and back, blind",
}
"""Where each rule is missed."""


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
def test_every_rule_is_needed(rule: rules.Rule, monkeypatch: pytest.MonkeyPatch) -> None:
    others = tuple(other for other in rules.RULES if other is not rule)
    monkeypatch.setattr(rules, "RULES", others)
    assert explore(SCENARIOS[NEEDED_IN[rule.__name__]]).broken


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_every_known_mistake_is_caught(mutant: Mutant) -> None:
    with planted(mutant):
        found = explore(SCENARIOS[mutant.scenario])
    assert found.broken.startswith(mutant.broken), found


def test_a_mistake_is_taken_back() -> None:
    mutant = MUTANTS[0]
    before = mutant.function.__code__
    with planted(mutant):
        assert mutant.function.__code__ is not before
    assert mutant.function.__code__ is before


def test_mistakes_have_names_of_their_own() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)
