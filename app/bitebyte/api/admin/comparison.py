"""What the members' reports of one checkpoint say together. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
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
    """Where those that are done disagree, in the order of the kinds' names. Rows are compared
    among databases of one schema only; the history is the same under all of them."""
    values: dict[tuple[str, int], dict[str, str]] = defaultdict(dict)
    for name, report in _done(sights, index):
        values[HISTORY, 0][name] = report.state_hash
        for kind, digest in (report.digests or {}).items():
            values[kind, report.schema_version][name] = digest
    found = ((kind, _groups(of_kind)) for (kind, _), of_kind in sorted(values.items()))
    return tuple(Difference(kind, groups) for kind, groups in found if len(groups) > 1)


def has_one_schema(sights: Iterable[Sight], index: int) -> bool:
    """Whether all that are done can be compared with each other."""
    return len({report.schema_version for _, report in _done(sights, index)}) <= 1


def _done(sights: Iterable[Sight], index: int) -> Iterator[tuple[str, CheckpointReport]]:
    for sight in sights:
        report = sight.report
        if report is not None and report.index == index and report.digests is not None:
            yield sight.name, report


def _groups(of_kind: Mapping[str, str]) -> tuple[tuple[str, ...], ...]:
    named: dict[str, list[str]] = defaultdict(list)
    for name, digest in sorted(of_kind.items()):
        named[digest].append(name)
    return tuple(sorted((tuple(names) for names in named.values()), key=lambda g: (-len(g), g)))
