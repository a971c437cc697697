"""What is explored: shallow everywhere for every run, deep for the long suite."""

from typing import Final

from decide_world import Scenario, Wish

BAD: Final = frozenset({1})
"""Templates whose image does not exist."""

SHALLOW: Final = (
    Scenario("create 1", (Wish(1),), crashes=2, is_timed=True, wipes=1),
    Scenario("create 3", (Wish(3),), crashes=1, is_timed=True),
    Scenario("create 3, blind", (Wish(3),), is_blind=True),
    Scenario("create 3 with a bad image, corrected", (Wish(3, 1), Wish(3)), broken=BAD, crashes=1),
    Scenario("1 to 3", (Wish(1), Wish(3)), begins_with=1, crashes=1, moves=1, is_timed=True),
    Scenario("1 to 3, taken back", (Wish(1), Wish(3), Wish(1)), begins_with=1, crashes=1),
    Scenario(
        "1 to 3 with slow learners, taken back",
        (Wish(1), Wish(3), Wish(1)),
        begins_with=1,
        is_timed=True,
        catches_up=False,
    ),
    Scenario("3 to 5", (Wish(3), Wish(5)), begins_with=3, crashes=1),
    Scenario(
        "3 to 5, then an upgrade",
        (Wish(3), Wish(5), Wish(5, 1)),
        begins_with=3,
        is_stale=False,
    ),
    Scenario("3 to 1", (Wish(3), Wish(1)), begins_with=3, crashes=1, moves=1, is_timed=True),
    Scenario("5 to 3", (Wish(5), Wish(3)), begins_with=5, crashes=1),
    Scenario(
        "3 to 1 and back, blind",
        (Wish(3), Wish(1), Wish(3)),
        begins_with=3,
        moves=1,
        is_blind=True,
    ),
    Scenario("upgrade 1", (Wish(1), Wish(1, 1)), begins_with=1, crashes=2, is_timed=True),
    Scenario("upgrade 3", (Wish(3), Wish(3, 1)), begins_with=3, crashes=1, moves=1),
    Scenario(
        "upgrade 3 to a bad image, set back",
        (Wish(3), Wish(3, 1), Wish(3)),
        begins_with=3,
        crashes=1,
        broken=BAD,
        is_timed=True,
    ),
    Scenario(
        "upgrade 5 to a bad image, set back",
        (Wish(5), Wish(5, 1), Wish(5)),
        begins_with=5,
        crashes=1,
        broken=BAD,
        is_stale=False,
    ),
    Scenario(
        "upgrade 3 to a bad image, corrected",
        (Wish(3), Wish(3, 1), Wish(3, 2)),
        begins_with=3,
        moves=1,
        broken=BAD,
    ),
    Scenario(
        "upgrade 1 to a bad image, set back",
        (Wish(1), Wish(1, 1), Wish(1)),
        begins_with=1,
        crashes=1,
        broken=BAD,
        is_timed=True,
    ),
    Scenario(
        "an upgrade that is taken back",
        (Wish(3), Wish(3, 1), Wish(3)),
        begins_with=3,
    ),
    Scenario("upgrade and fewer", (Wish(3), Wish(1, 1)), begins_with=3, crashes=1),
    Scenario("upgrade and more", (Wish(1), Wish(3, 1)), begins_with=1, crashes=1),
    Scenario("a pause", (Wish(3), Wish(1, paused=True), Wish(1)), begins_with=3, moves=1),
    Scenario("delete", (Wish(3), Wish(3, deleted=True)), begins_with=3, is_timed=True),
    Scenario(
        "delete with the data",
        (Wish(3), Wish(3, deleted=True, policy="Delete")),
        begins_with=3,
        crashes=1,
        is_timed=True,
    ),
    Scenario(
        "delete while it is made",
        (Wish(3), Wish(3, deleted=True, policy="Delete")),
        is_timed=True,
    ),
    Scenario("meddling", (Wish(3),), begins_with=3, meddling=1, crashes=1),
    Scenario("meddling with a beginning", (Wish(3),), meddling=1),
    Scenario("a disk lost at the beginning", (Wish(1),), disks_lost=2, has_an_end=False),
    Scenario(
        "a disk lost on the way down",
        (Wish(3), Wish(1)),
        begins_with=3,
        disks_lost=1,
        has_an_end=False,
    ),
    Scenario(
        "a disk lost in an upgrade",
        (Wish(3), Wish(3, 1)),
        begins_with=3,
        disks_lost=1,
        has_an_end=False,
    ),
    Scenario("an emptied status", (Wish(3), Wish(1)), begins_with=3, wipes=1),
)


def deeper(scenario: Scenario) -> Scenario:
    """The same with more that may go wrong. Worlds of five members that are upgraded as well
    multiply beyond memory with a second crash."""
    is_large = scenario.begins_with == 5 or scenario.wishes[-1] == Wish(5, 1)
    return scenario._replace(
        crashes=max(scenario.crashes, 1 if is_large else 2),
        moves=max(scenario.moves, 1),
        is_timed=True,
    )


DEEP: Final = (
    *(deeper(scenario) for scenario in SHALLOW),
    Scenario(
        "3 to 5, taken back, with an upgrade",
        (Wish(3), Wish(5), Wish(3, 1)),
        begins_with=3,
        crashes=1,
    ),
    Scenario(
        "meddling with an upgrade", (Wish(3), Wish(3, 1)), begins_with=3, meddling=2, crashes=1
    ),
    Scenario("5 to 1", (Wish(5), Wish(1)), begins_with=5, crashes=1, moves=1),
    Scenario("upgrade 5", (Wish(5), Wish(5, 1)), begins_with=5, crashes=1),
)
