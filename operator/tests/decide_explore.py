"""Every world that can be reached, and whether all is well in it."""

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from decide_deeds import act, write_status
from decide_happenings import faults, owner, progress
from decide_invariants import broken_by_decision, broken_in_world, is_goal
from decide_sight import blind_looks, decision_in
from decide_world import Scenario, World, empty

from bitebyte_operator.model import Decision, Wait


class Found(NamedTuple):
    """What an exploration has found: `broken` is empty if all is well."""

    worlds: int
    goals: int
    broken: str
    way: tuple[str, ...]
    """What happened on the way to the broken world."""


class Limit(Exception):
    """There are more worlds than the exploration may look at."""


def explore(scenario: Scenario, *, worlds_max: int = 200_000) -> Found:
    """Breadth first, so that the way to a broken world is the shortest. Raises Limit."""
    start = begin(scenario)
    came_from: dict[World, tuple[World, str] | None] = {start: None}
    good_ways_back: dict[World, list[World]] = {}
    goals: list[World] = []
    queue = deque([start])
    while queue:
        world = queue.popleft()
        decision = None if world.is_gone else decision_in(world, scenario)
        broken = broken_in_world(world, scenario) or (
            "" if decision is None else broken_by_decision(decision, world, scenario)
        )
        if broken:
            return Found(len(came_from), len(goals), broken, way_to(world, came_from))
        blind = list(blind_decisions(world, scenario))
        for look, one in blind:
            broken = broken_by_decision(one, world, scenario)
            if broken:
                return Found(len(came_from), 0, f"{look}: {broken}", way_to(world, came_from))
        if is_goal(world, decision, scenario):
            goals.append(world)
        for what, after, is_good in (
            *successors(world, decision, scenario),
            *(
                (f"{look}: {one.rule}: {one.step}", act(one, world, world, scenario), False)
                for look, one in blind
            ),
        ):
            if is_good:
                good_ways_back.setdefault(after, []).append(world)
            if after not in came_from:
                came_from[after] = (world, what)
                queue.append(after)
                if len(came_from) > worlds_max:
                    raise Limit(f"{scenario.name}: more than {worlds_max} worlds")
    if not scenario.has_an_end:
        return Found(len(came_from), len(goals), "", ())
    stuck = first_stuck(came_from, goals, good_ways_back)
    if stuck is not None:
        return Found(len(came_from), len(goals), "stuck", way_to(stuck, came_from))
    return Found(len(came_from), len(goals), "", ())


def begin(scenario: Scenario) -> World:
    """An empty world, or one where a cluster of some members is at rest."""
    places = max(scenario.begins_with, *(wish.replicas for wish in scenario.wishes))
    world = empty(places)
    if not scenario.begins_with:
        return world
    first = scenario.wishes[0]._replace(
        replicas=scenario.begins_with, deleted=False, paused=False, template=0
    )
    before = Scenario("before", (first,))
    return at_rest(world, before)


def at_rest(world: World, scenario: Scenario, *, steps_max: int = 500) -> World:
    """What the world comes to if nothing goes wrong."""
    for _ in range(steps_max):
        decision = decision_in(world, scenario)
        after = act(decision, world, world, scenario)
        if after == world:
            moved = next(progress(world, scenario), None)
            if moved is None:
                return world
            after = moved[1]
        world = after
    raise AssertionError("it never comes to rest")


def successors(
    world: World, decision: Decision | None, scenario: Scenario
) -> Iterator[tuple[str, World, bool]]:
    """What can happen, the world after it, and whether it is something that goes well."""
    if decision is None:
        return
    by_themselves = list(progress(world, scenario))
    mishaps = list(faults(world, scenario))
    wishes = list(owner(world, scenario))
    label = f"operator: {decision.rule}: {decision.step}"
    written = write_status(decision, world, world)
    assert written is not None, "nothing has come between"
    done = act(decision, world, world, scenario)
    if done != world:
        yield label, done, True
    if written not in (world, done):
        yield f"{label} (dies before the step)", written, False
    for what, after in (*by_themselves, *wishes):
        yield what, after, True
    for what, after in mishaps:
        yield what, after, False
    if not scenario.is_stale or isinstance(decision.step, Wait):
        return
    for what, after in (*by_themselves, *mishaps, *wishes):
        late = act(decision, world, after, scenario)
        if late != after:
            yield f"{what}; then {label} (as seen before)", late, False
    # A second operator, or a write that was delivered twice.
    again = act(decision, world, done, scenario)
    if again != done:
        yield f"{label} (twice)", again, False


def blind_decisions(world: World, scenario: Scenario) -> Iterator[tuple[str, Decision]]:
    """What an operator does that sees only a part of the world."""
    if scenario.is_blind and not world.is_gone:
        for look, seen in blind_looks(world, scenario):
            yield look, decision_in(world, scenario, seen)


def first_stuck(
    came_from: dict[World, tuple[World, str] | None],
    goals: list[World],
    good_ways_back: dict[World, list[World]],
) -> World | None:
    """The nearest world from which no goal can be reached even if all goes well."""
    alive = set(goals)
    queue = deque(goals)
    while queue:
        for before in good_ways_back.get(queue.popleft(), ()):
            if before not in alive:
                alive.add(before)
                queue.append(before)
    return next((world for world in came_from if world not in alive), None)


def way_to(world: World, came_from: dict[World, tuple[World, str] | None]) -> tuple[str, ...]:
    way: list[str] = []
    step = came_from[world]
    while step is not None:
        world, what = step
        way.append(what)
        step = came_from[world]
    return tuple(reversed(way))
