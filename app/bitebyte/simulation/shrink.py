"""Makes a failing plan small: delta debugging (Zeller and Hildebrandt, 2002) on its parts.

Every fault, every client operation, every bound and every option is a part that can be left out.
What is left out shifts the chances of the rest, so a smaller plan may or may not still fail; it
counts only if it breaks the same invariant.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from bitebyte.simulation.plan import DiskOptions, NetworkOptions, Plan

P = TypeVar("P")

RUNS_MAX = 400
"""Runs spent on one plan: two minutes or so."""


class Shrunk(msgspec.Struct, frozen=True, kw_only=True):
    """The smallest plan found, and what it took."""

    plan: Plan
    runs: int


class _Budget:
    def __init__(self, still_fails: Callable[[Plan], bool], runs_max: int) -> None:
        self.runs = 0
        self._still_fails = still_fails
        self._runs_max = runs_max

    @property
    def is_spent(self) -> bool:
        return self.runs >= self._runs_max

    def still_fails(self, plan: Plan) -> bool:
        if self.is_spent:
            return False
        self.runs += 1
        return self._still_fails(plan)


def shrink(plan: Plan, still_fails: Callable[[Plan], bool], *, runs_max: int = RUNS_MAX) -> Shrunk:
    """The smallest plan within reach for which `still_fails` says yes, as it does for `plan`."""
    budget = _Budget(still_fails, runs_max)
    size = -1
    while size != _size(plan) and not budget.is_spent:
        size = _size(plan)
        plan = _without_options(plan, budget)
        plan = _with_fewer(
            plan,
            plan.faults,
            lambda p, faults: msgspec.structs.replace(p, faults=tuple(faults)),
            budget,
        )
        plan = _with_fewer(
            plan,
            plan.operations,
            lambda p, operations: msgspec.structs.replace(p, operations=tuple(operations)),
            budget,
        )
        plan = _with_fewer(plan, sorted(plan.bounds), _keep_bounds, budget)
        plan = _shorter(plan, budget)
    return Shrunk(plan=plan, runs=budget.runs)


def _keep_bounds(plan: Plan, names: Sequence[str]) -> Plan:
    return msgspec.structs.replace(plan, bounds={name: plan.bounds[name] for name in names})


def _size(plan: Plan) -> int:
    return len(plan.faults) + len(plan.operations) + len(plan.bounds) + len(plan.raft)


def _without_options(plan: Plan, budget: _Budget) -> Plan:
    simpler: list[Plan] = [
        msgspec.structs.replace(plan, mode="safety"),
        msgspec.structs.replace(plan, network=NetworkOptions()),
        msgspec.structs.replace(plan, disk=DiskOptions()),
    ]
    if all(member <= 3 for fault in plan.faults for member in fault.members):
        simpler.append(msgspec.structs.replace(plan, voter_count=3))
    for candidate in simpler:
        changed = {
            name: getattr(candidate, name)
            for name in ("mode", "network", "disk", "voter_count")
            if getattr(candidate, name) != getattr(plan, name)
        }
        merged = msgspec.structs.replace(plan, **changed)
        if changed and budget.still_fails(merged):
            plan = merged
    for name in sorted(plan.raft):
        raft = {key: value for key, value in plan.raft.items() if key != name}
        fewer = msgspec.structs.replace(plan, raft=raft)
        if budget.still_fails(fewer):
            plan = fewer
    return plan


def _with_fewer(
    plan: Plan,
    all_parts: Sequence[P],
    put: Callable[[Plan, Sequence[P]], Plan],
    budget: _Budget,
) -> Plan:
    """Leaves out parts, first in large groups, then one by one."""
    parts: list[P] = [*all_parts]
    size = len(parts)
    while size >= 1 and parts and not budget.is_spent:
        place = 0
        while place < len(parts):
            fewer = parts[:place] + parts[place + size :]
            if budget.still_fails(put(plan, fewer)):
                parts = fewer
            else:
                place += size
        size //= 2
    return put(plan, parts)


def _shorter(plan: Plan, budget: _Budget) -> Plan:
    """Ends the fault phase right after the last thing in it."""
    ends = [fault.at_s + fault.duration_s for fault in plan.faults]
    ends += [operation.at_s for operation in plan.operations]
    last_s = round(max(ends, default=0.0) + 0.1, 3)
    if last_s < plan.fault_s:
        shorter = msgspec.structs.replace(plan, fault_s=last_s)
        if budget.still_fails(shorter):
            return shorter
    return plan
