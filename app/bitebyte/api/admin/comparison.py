"""What the members' reports of one checkpoint say together. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from bitebyte.transport.frames import CheckpointReport

HISTORY: Final = "history"
"""Stands beside the kinds of rows: the chained hash of all that was applied."""


class Sight(NamedTuple):
    """A member, and what is known of its checkpoint."""

    id: int
    name: str
    is_healthy: bool
    report: CheckpointReport | None
    """Its newest one, of whatever index."""


class Difference(NamedTuple):
    """Not all members hold the same of this kind. Largest group first; equal ones by name."""

    kind: str
    groups: tuple[tuple[str, ...], ...]
    """Names of members that agree with each other."""


def state_of(sight: Sight, index: int) -> str:
    """`done`, `computing`, `failed`, `waiting` (not that far), `passed` (it never will report on
    that one) or `unreachable`."""
    report = sight.report
    if report is not None and report.index == index:
        if report.error:
            return "failed"
        return "computing" if report.digests is None else "done"
    if not sight.is_healthy:
        return "unreachable"
    return "passed" if report is not None and report.index > index else "waiting"


def differences(sights: Iterable[Sight], index: int) -> tuple[Difference, ...]:
    """Where those that are done disagree, in the order of the kinds' names."""
    values: dict[str, dict[str, str]] = defaultdict(dict)
    for sight in sights:
        report = sight.report
        if report is None or report.index != index or report.digests is None:
            continue
        values[HISTORY][sight.name] = report.state_hash
        for kind, digest in report.digests.items():
            values[kind][sight.name] = digest
    found = ((kind, _groups(of_kind)) for kind, of_kind in sorted(values.items()))
    return tuple(Difference(kind, groups) for kind, groups in found if len(groups) > 1)


def _groups(of_kind: Mapping[str, str]) -> tuple[tuple[str, ...], ...]:
    named: dict[str, list[str]] = defaultdict(list)
    for name, digest in sorted(of_kind.items()):
        named[digest].append(name)
    return tuple(sorted((tuple(names) for names in named.values()), key=lambda g: (-len(g), g)))
