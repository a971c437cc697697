"""Random histories: made by one copy that does one thing at a time, and then perhaps damaged."""

from random import Random
from typing import Any

import msgspec

from bitebyte.simulation.history import Operation, Outcome, Value
from bitebyte.simulation.models import MODELS


def random_linear_history(
    random: Random, model: str, count: int, clients: int = 4, unknown_chance: float = 0.2
) -> list[Operation]:
    """A history that one copy really produced: operations take effect one by one at moments
    inside their intervals. Some outcomes stay unknown; a third of those never took effect."""
    moments = list(range(1, count + 1))
    state = LinearCopy(model)
    free_at = dict.fromkeys(range(1, clients + 1), 0)
    operations: list[Operation] = []
    for number, moment in enumerate(moments, 1):
        moment *= 100
        idle = [client for client, since in free_at.items() if since < moment]
        if not idle:
            continue
        client = random.choice(idle)
        invoked_at = random.randrange(free_at[client], moment)
        returned_at = moment + random.randrange(1, 400)
        free_at[client] = returned_at + 1
        kind, asked = _random_request(random, model, number)
        fate = random.random()
        if fate < unknown_chance / 3:
            outcome, output = Outcome.UNKNOWN, None
        else:
            outcome, output = state.apply(kind, asked)
        is_unknown = outcome is Outcome.UNKNOWN
        if not is_unknown and fate < unknown_chance:
            outcome, output, is_unknown = Outcome.UNKNOWN, None, True
        operations.append(
            Operation(
                id=number,
                client=client if not is_unknown else 1000 + number,
                model=model,
                key="k",
                kind=kind,
                input=asked,
                output=output,
                outcome=outcome,
                invoked_at=invoked_at,
                returned_at=None if is_unknown else returned_at,
            )
        )
    return operations


def mutated(random: Random, operations: list[Operation]) -> list[Operation]:
    """The history with one answer, interval or outcome changed; mostly no longer legal."""
    if not operations:
        return operations
    place = random.randrange(len(operations))
    operation = operations[place]
    other = random.choice(operations)
    changes: list[dict[str, Any]] = [
        {"output": other.output, "outcome": Outcome.OK, "returned_at": operation.invoked_at + 50},
        {"outcome": random.choice([Outcome.OK, Outcome.REFUSED])},
        {"input": other.input} if other.kind == operation.kind else {},
        {"invoked_at": max(0, operation.invoked_at - 300)},
    ]
    if operation.returned_at is not None:
        late = operation.returned_at + 1000
        changes.append({"invoked_at": late, "returned_at": late + 10})
        changes.append({"returned_at": operation.invoked_at + 1})
    if isinstance(operation.output, list):
        shorter: list[Any] = list(operation.output[:-1])
        swapped: list[Any] = list(reversed(operation.output))
        changes += [{"output": shorter}, {"output": swapped}]
    elif isinstance(operation.output, int):
        changes.append({"output": operation.output + random.choice([-1, 1])})
    change = random.choice(changes)
    if operation.returned_at is None and change.get("returned_at") is None:
        change.pop("outcome", None)
    if operation.kind == "read" and change.get("outcome") is Outcome.REFUSED:
        change = {}
    if operation.kind == "read" and change.get("outcome", operation.outcome) is Outcome.OK:
        change.setdefault("output", operation.output)
        if operation.model == "list" and not isinstance(change["output"], list):
            change["output"] = []
        if operation.model in ("counter", "stock") and not isinstance(change["output"], int):
            change["output"] = 0
    if operation.kind != "read":
        change.pop("output", None)
    changed = msgspec.structs.replace(operation, **change)
    return [*operations[:place], changed, *operations[place + 1 :]]


class LinearCopy:
    """One copy that does one thing at a time: what a correct system looks like from outside.
    Written anew, so that a mistake in the models does not repeat itself here."""

    def __init__(self, model: str) -> None:
        assert model in MODELS
        self._model = model
        self._value: int | None = None
        self._list: list[int] = []
        self._number = 0

    def apply(self, kind: str, asked: Value) -> tuple[Outcome, Value]:
        match (self._model, kind):
            case ("register", "read"):
                return Outcome.OK, self._value
            case ("list", "read"):
                return Outcome.OK, list(self._list)
            case (_, "read"):
                return Outcome.OK, self._number
            case (_, "cas"):
                assert isinstance(asked, list)
                old, new = asked
                if self._value != old:
                    return Outcome.REFUSED, None
                assert isinstance(new, int)
                self._value = new
            case (_, "write"):
                assert isinstance(asked, int)
                self._value = asked
            case (_, "append"):
                assert isinstance(asked, int)
                self._list.append(asked)
            case (_, "add" | "restock"):
                assert isinstance(asked, int)
                self._number += asked
            case (_, "reserve"):
                assert isinstance(asked, int)
                if asked > self._number:
                    return Outcome.REFUSED, None
                self._number -= asked
            case _:
                raise AssertionError(kind)
        return Outcome.OK, None


def _random_request(random: Random, model: str, number: int) -> tuple[str, Value]:
    chance = random.random()
    match model:
        case "register":
            if chance < 0.4:
                return "read", None
            if chance < 0.75:
                return "write", random.randrange(3)
            return "cas", [random.randrange(3), random.randrange(3)]
        case "list":
            return ("read", None) if chance < 0.4 else ("append", number)
        case "counter":
            return ("read", None) if chance < 0.4 else ("add", random.randrange(1, 3))
        case _:
            if chance < 0.2:
                return "read", None
            if chance < 0.5:
                return "restock", random.randrange(1, 4)
            return "reserve", random.randrange(1, 5)
