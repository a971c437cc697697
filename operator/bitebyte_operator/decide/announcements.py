"""Events: what has changed since the status that was read. A status that stays the same posts
nothing, so nothing has to be deduplicated."""

from collections.abc import Iterator
from typing import Final

from bitebyte_operator.decide.conditions import REASON_OF_OPERATION
from bitebyte_operator.model import Event, StatusRecord
from bitebyte_operator.model.status import AVAILABLE, DEGRADED, INITIALIZED, PROGRESSING

TOLD_ELSEWHERE: Final = {
    AVAILABLE: {"NotInitialized", "PlannedDowntime"},
    DEGRADED: {"QuorumLost"},
}

DONE: Final = {
    "Create": "Created",
    "ScaleUp": "ScaledUp",
    "ScaleDown": "ScaledDown",
    "Upgrade": "Upgraded",
    "Repair": "Repaired",
    "Delete": "Deleted",
}


def events_between(old: StatusRecord, new: StatusRecord) -> tuple[Event, ...]:
    """In the order in which a reader wants them."""
    return (*_of_conditions(old, new), *_of_the_leader(old, new), *_of_the_operation(old, new))


def _of_conditions(old: StatusRecord, new: StatusRecord) -> Iterator[Event]:
    for condition_type in (INITIALIZED, AVAILABLE, DEGRADED, PROGRESSING):
        before, after = old.condition(condition_type), new.condition(condition_type)
        if before is None or after is None or before.status == "Unknown" == after.status:
            continue
        if (before.status, before.reason) == (after.status, after.reason):
            continue
        is_bad = after.status == ("True" if condition_type == DEGRADED else "False")
        was_bad = before.status == ("True" if condition_type == DEGRADED else "False")
        if condition_type == PROGRESSING:
            if after.reason.endswith("Refused"):
                yield Event("Warning", after.reason, after.message)
        elif condition_type == INITIALIZED:
            if after.status == "True" or after.reason == "BootstrapInterrupted":
                yield Event("Warning" if is_bad else "Normal", after.reason, after.message)
        elif is_bad and after.reason not in TOLD_ELSEWHERE[condition_type]:
            yield Event("Warning", after.reason, after.message)
        elif after.status != "Unknown" and was_bad and not is_bad:
            reason = "Available" if condition_type == AVAILABLE else "Recovered"
            yield Event("Normal", reason, after.message)


def _of_the_leader(old: StatusRecord, new: StatusRecord) -> Iterator[Event]:
    if new.leader is None or old.leader is None or old.leader.member_id == new.leader.member_id:
        return
    yield Event("Normal", "LeaderChanged", f"{new.leader.name} leads now, after {old.leader.name}.")


def _of_the_operation(old: StatusRecord, new: StatusRecord) -> Iterator[Event]:
    before, after = old.operation, new.operation
    if after is not None and (
        before is None or (before.type, before.member) != (after.type, after.member)
    ):
        yield Event("Normal", REASON_OF_OPERATION[after.type], after.message)
    degraded = new.condition(DEGRADED)
    is_well = degraded is not None and degraded.status == "False"
    if before is not None and is_well and (after is None or after.type != before.type):
        text = f"{new.voters} voters, {new.ready_replicas} of {new.replicas} pods ready."
        yield Event("Normal", DONE[before.type], text)
