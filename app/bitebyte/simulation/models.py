"""Sequential models: what each kind of object answers when operations come one at a time.

A model is made for the operations of one object and walks through states. `step` gives the state
after an operation, or None where a state cannot have given that answer. States are hashable and
equal only if nothing that follows can tell them apart. An operation of unknown outcome steps with
whatever answer the state gives.
"""

from collections.abc import Hashable, Mapping, Sequence
from typing import Protocol, cast

from bitebyte.simulation.history import Operation, Outcome, Value


class Model(Protocol):
    """One object, bound to the operations that its history holds."""

    initial: Hashable

    def step(self, state: Hashable, operation: Operation, /) -> Hashable | None:
        """The state after the operation, or None if it cannot have had this outcome here.
        Raises ModelError for an operation that the model does not know."""
        ...


class ModelType(Protocol):
    """How a checker makes a model."""

    def __call__(self, operations: Sequence[Operation], /) -> Model: ...


class ModelError(Exception):
    """The history holds an operation, or a shape of input, that its model does not know."""


class Register:
    """One value, at first None. `write` v; `read` gives v; `cas` [old, new] is refused elsewhere
    than at old. A refused write changes nothing and says nothing."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        self.initial: Hashable = (None,)

    def step(self, state: Hashable, operation: Operation, /) -> Hashable | None:
        match operation.kind:
            case "write":
                is_refused = operation.outcome is Outcome.REFUSED
                return state if is_refused else (operation.input,)
            case "read":
                is_seen = operation.outcome is not Outcome.OK or state == (operation.output,)
                return state if is_seen else None
            case "cas":
                old, new = cast("Sequence[int | str | None]", operation.input)
                return _conditional(state, operation, is_met=state == (old,), after=(new,))
            case kind:
                raise ModelError(f"a register knows write, read and cas, not {kind!r}")


class AppendList:
    """A list that only grows. `append` v; `read` gives all of it. Values must not repeat, or a
    duplicate that the system made could not be told from one that was asked for.

    The longest read fixes the order of what it shows: before it, the state can only be one of its
    beginnings, after it no read can be placed any more. So a state is how much there is of that
    read, or BEYOND it, where nothing can tell one order of the rest from another.
    """

    BEYOND = -1

    def __init__(self, operations: Sequence[Operation]) -> None:
        self.initial: Hashable = 0
        self._longest: list[int | str | None] = max(
            (_list_of(operation) for operation in operations if _is_seen_read(operation)),
            key=len,
            default=[],
        )

    def step(self, state: Hashable, operation: Operation, /) -> Hashable | None:
        shown = cast("int", state)
        match operation.kind:
            case "append":
                if operation.outcome is Outcome.REFUSED or shown == self.BEYOND:
                    return state
                if shown == len(self._longest):
                    return self.BEYOND
                return shown + 1 if self._longest[shown] == operation.input else None
            case "read":
                if not _is_seen_read(operation):
                    return state
                seen = _list_of(operation)
                is_same = len(seen) == shown and seen == self._longest[:shown]
                return state if is_same else None
            case kind:
                raise ModelError(f"a list knows append and read, not {kind!r}")


class Counter:
    """A number, at first 0. `add` n (may be negative); `read` gives it."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        self.initial: Hashable = 0

    def step(self, state: Hashable, operation: Operation, /) -> Hashable | None:
        value = cast("int", state)
        match operation.kind:
            case "add":
                is_refused = operation.outcome is Outcome.REFUSED
                return value if is_refused else value + cast("int", operation.input)
            case "read":
                is_seen = operation.outcome is not Outcome.OK or operation.output == value
                return value if is_seen else None
            case kind:
                raise ModelError(f"a counter knows add and read, not {kind!r}")


class Stock:
    """What is available of one or several things, at first nothing; never negative.

    Amounts are an integer, or a mapping of names to integers. `restock` and `release` add;
    `reserve` takes all of its amounts, or is refused where any of them is not there, and then
    takes nothing; `read` gives what is available (names that it leaves out are not judged).
    """

    def __init__(self, operations: Sequence[Operation]) -> None:
        self.initial: Hashable = ()

    def step(self, state: Hashable, operation: Operation, /) -> Hashable | None:
        available = dict(cast("tuple[tuple[str, int], ...]", state))
        match operation.kind:
            case "restock" | "release":
                if operation.outcome is Outcome.REFUSED:
                    return state
                return _changed(available, operation, sign=1)
            case "reserve":
                amounts = _amounts(operation.input)
                is_there = all(available.get(name, 0) >= n for name, n in amounts.items())
                after = _changed(available, operation, sign=-1) if is_there else None
                return _conditional(state, operation, is_met=is_there, after=after)
            case "read":
                if operation.outcome is not Outcome.OK:
                    return state
                seen = _amounts(operation.output)
                is_same = all(available.get(name, 0) == n for name, n in seen.items())
                return state if is_same else None
            case kind:
                raise ModelError(f"a stock knows restock, release, reserve and read, not {kind!r}")


MODELS: Mapping[str, ModelType] = {
    "register": Register,
    "list": AppendList,
    "counter": Counter,
    "stock": Stock,
}
"""By the name that operations carry in `model`."""


def _conditional(
    state: Hashable, operation: Operation, *, is_met: bool, after: Hashable | None
) -> Hashable | None:
    """An operation that takes effect under a condition, and is refused without it."""
    if operation.outcome is Outcome.UNKNOWN:
        return after if is_met else state
    if operation.outcome is Outcome.OK:
        return after if is_met else None
    return None if is_met else state


def _is_seen_read(operation: Operation) -> bool:
    return operation.kind == "read" and operation.outcome is Outcome.OK


def _list_of(operation: Operation) -> list[int | str | None]:
    if isinstance(operation.output, Sequence) and not isinstance(operation.output, str):
        return list(operation.output)
    raise ModelError(f"op {operation.id}: a list was read as {operation.output!r}")


def _amounts(value: Value) -> Mapping[str, int]:
    if isinstance(value, int):
        return {"": value}
    if isinstance(value, Mapping):
        return value
    raise ModelError(f"amounts are an integer or names with integers, not {value!r}")


def _changed(available: dict[str, int], operation: Operation, *, sign: int) -> Hashable:
    for name, n in _amounts(operation.input).items():
        available[name] = available.get(name, 0) + sign * n
    return tuple(sorted((name, n) for name, n in available.items() if n))
