"""Decides whether a history could have come from one copy that does one thing at a time.

Linearizability (Herlihy and Wing, 1990): every operation seems to take effect at one moment
between its invocation and its return. Objects are judged one by one, which is exact (locality).
For each the search of Wing and Gong (1993) runs with Lowe's memory of configurations ("Testing
for linearizability", 2017): what was placed, and the state reached, is never explored twice.

Operations of unknown outcome may be placed at any time after their invocation, or never. Three
prunings keep them cheap; none changes a verdict:

- A configuration is given up when one with the same definite operations placed, the same state
  and no other unknown ones spent was explored: what it can still do, that one could do as well.
- Of equal unknown operations only the one invoked first is tried.
- An unknown operation that leaves the state as it is is not tried.

The search counts its steps and stops at a bound. Then the verdict is *undecided*, which a test
has to treat as a failure: it proves nothing.
"""

import enum
from collections.abc import Hashable, Mapping, Sequence

import msgspec

from bitebyte.simulation.history import Operation, Outcome
from bitebyte.simulation.models import MODELS, Model, ModelError, ModelType

STEPS_MAX = 2_000_000
"""Model steps per object: some seconds, and as many remembered configurations at most."""


class Verdict(enum.Enum):
    """What the search found."""

    OK = "ok"
    VIOLATED = "violated"
    UNDECIDED = "undecided"


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """Why a history is not linearizable, as far as it can be told shortly."""

    culprit: Operation
    """Up to just before its return the history is linearizable, with it no more. It is the first
    that cannot be placed; the mistake itself may lie before it."""
    prefix: tuple[Operation, ...]
    """One legal order of what had happened until then."""
    state: str
    """The state which that order ends in."""

    def __str__(self) -> str:
        shown = self.prefix[-20:]
        left_out = len(self.prefix) - len(shown)
        lines = [
            f"cannot be placed: {self.culprit}",
            f"state before it, in one order: {self.state}",
        ]
        lines += (
            [f"that order ({left_out} earlier ones left out):"] if left_out else ["that order:"]
        )
        lines += [f"  {operation}" for operation in shown]
        return "\n".join(lines)


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict on one object, `model` and `key`."""

    model: str
    key: str
    verdict: Verdict
    order: tuple[Operation, ...] = ()
    """When OK: one legal order of all that took effect."""
    failure: Failure | None = None
    """When VIOLATED; None if the search for the prefix was not decided."""
    steps: int = 0

    def __str__(self) -> str:
        text = f"{self.model} {self.key}: {self.verdict.value} after {self.steps} steps"
        return f"{text}\n{self.failure}" if self.failure else text


def check_history(
    operations: Sequence[Operation],
    models: Mapping[str, ModelType] = MODELS,
    *,
    steps_max: int = STEPS_MAX,
) -> tuple[Judgement, ...]:
    """Judges each object of the history; the judgements come sorted by model and key.

    Raises ModelError for a model, or an operation, that `models` do not know.
    """
    by_object: dict[tuple[str, str], list[Operation]] = {}
    for operation in operations:
        by_object.setdefault((operation.model, operation.key), []).append(operation)
    judgements: list[Judgement] = []
    for (name, _), own in sorted(by_object.items()):
        if name not in models:
            raise ModelError(f"no model is called {name!r}; known are {', '.join(sorted(models))}")
        judgements.append(check_object(own, models[name], steps_max=steps_max))
    return tuple(judgements)


def check_object(
    operations: Sequence[Operation], model_type: ModelType, *, steps_max: int = STEPS_MAX
) -> Judgement:
    """Judges the operations of one object. `steps_max` bounds each search of at most
    log2(operations) + 1."""
    search = _Search(operations, model_type, steps_max)
    verdict = search.run()
    failure = None
    if verdict is Verdict.VIOLATED:
        failure = _explain(operations, model_type, steps_max)
    return Judgement(
        model=operations[0].model if operations else "",
        key=operations[0].key if operations else "",
        verdict=verdict,
        order=search.order() if verdict is Verdict.OK else (),
        failure=failure,
        steps=search.steps,
    )


def _explain(
    operations: Sequence[Operation], model_type: ModelType, steps_max: int
) -> Failure | None:
    """The earliest return that breaks the history. Beginnings of a linearizable history are
    linearizable, so it can be found by halving."""
    returns = sorted(
        (operation for operation in operations if operation.returned_at is not None),
        key=lambda operation: (operation.returned_at, operation.id),
    )
    good, bad = 0, len(returns)
    best: _Search | None = None
    while good < bad - 1 or best is None:
        middle = (good + bad) // 2
        search = _Search(_beginning(operations, returns, middle), model_type, steps_max)
        match search.run():
            case Verdict.OK:
                good, best = middle, search
            case Verdict.VIOLATED:
                bad = middle
            case Verdict.UNDECIDED:
                return None
        assert bad > 0, "a history in which nothing returned is linearizable"
    return Failure(culprit=returns[bad - 1], prefix=best.order(), state=repr(best.state))


def _beginning(
    operations: Sequence[Operation], returns: Sequence[Operation], count: int
) -> list[Operation]:
    """The history up to its return number `count`: what had not returned yet is unknown."""
    returned = {operation.id for operation in returns[:count]}
    end = returns[count].returned_at
    assert end is not None
    return [
        operation
        if operation.id in returned
        else msgspec.structs.replace(
            operation, outcome=Outcome.UNKNOWN, output=None, returned_at=None
        )
        for operation in operations
        if operation.invoked_at <= end and operation.outcome is not Outcome.DROPPED
    ]


class _Node:
    """An invocation or a return in the list of events of definite operations."""

    __slots__ = ("next", "operation", "previous", "return_node", "time")

    def __init__(self, operation: Operation | None, time: int) -> None:
        self.operation = operation
        self.time = time
        self.return_node: _Node | None = None
        """The return that belongs to this invocation; None if this is a return itself."""
        self.previous: _Node | None = None
        self.next: _Node | None = None

    def lift(self) -> None:
        """Takes the invocation and its return out of the list."""
        assert self.return_node is not None
        for node in (self, self.return_node):
            assert node.previous is not None
            node.previous.next = node.next
            if node.next is not None:
                node.next.previous = node.previous

    def put_back(self) -> None:
        """Undoes the last `lift`."""
        assert self.return_node is not None
        for node in (self.return_node, self):
            assert node.previous is not None
            node.previous.next = node
            if node.next is not None:
                node.next.previous = node


class _Search:
    """One depth-first search. Definite operations are a list of events from which what is placed
    is lifted; the first return left in it bounds what may be placed next."""

    def __init__(
        self, operations: Sequence[Operation], model_type: ModelType, steps_max: int
    ) -> None:
        relevant = [o for o in operations if o.outcome is not Outcome.DROPPED]
        self._model: Model = model_type(relevant)
        self._definite = [o for o in relevant if o.returned_at is not None]
        self._unknown = sorted(
            (o for o in relevant if o.returned_at is None), key=lambda o: (o.invoked_at, o.id)
        )
        self._twins = _earlier_twins(self._unknown)
        self._head = _event_list(self._definite)
        self._bits = {o.id: 1 << place for place, o in enumerate(self._definite)}
        self._steps_max = steps_max
        self.steps = 0
        self.state: Hashable = self._model.initial
        self._placed = 0
        self._spent = 0
        """Unknown operations that took effect, one bit each."""
        self._seen: dict[tuple[int, Hashable], list[int]] = {}
        self._path: list[tuple[_Node | int, Hashable]] = []
        """What was placed, a definite one by its node and an unknown one by its place, with the
        state before it."""

    def order(self) -> tuple[Operation, ...]:
        """The operations in the order in which they were placed."""
        return tuple(
            self._unknown[what] if isinstance(what, int) else _operation_of(what)
            for what, _ in self._path
        )

    def run(self) -> Verdict:
        """Searches until every definite operation is placed, or nothing is left to try."""
        self._is_new()
        node = self._head.next
        unknown = 0
        while self._head.next is not None:
            if self.steps >= self._steps_max:
                return Verdict.UNDECIDED
            if node is not None and node.return_node is not None:
                if self._place(node):
                    node, unknown = self._head.next, 0
                else:
                    node = node.next
                continue
            # A return that is not lifted: its operation has to be placed first. What remains are
            # unknown operations that were invoked before it.
            assert node is not None, "the last event of a list is a return"
            if unknown < len(self._unknown) and self._unknown[unknown].invoked_at <= node.time:
                if self._spend(unknown):
                    node, unknown = self._head.next, 0
                else:
                    unknown += 1
                continue
            if not self._path:
                return Verdict.VIOLATED
            node, unknown = self._take_back(node)
        return Verdict.OK

    def _place(self, node: _Node) -> bool:
        """Places a definite operation, if the model allows it and it leads somewhere new."""
        operation = _operation_of(node)
        after = self._step(operation)
        if after is None:
            return False
        before, self.state = self.state, after
        self._placed |= self._bits[operation.id]
        if not self._is_new():
            self._placed &= ~self._bits[operation.id]
            self.state = before
            return False
        node.lift()
        self._path.append((node, before))
        return True

    def _spend(self, place: int) -> bool:
        """Lets an unknown operation take effect now, if that changes anything."""
        bit = 1 << place
        twin = self._twins[place]
        if self._spent & bit or (twin is not None and not self._spent & (1 << twin)):
            return False
        after = self._step(self._unknown[place])
        if after is None or after == self.state:
            return False
        before, self.state = self.state, after
        self._spent |= bit
        if not self._is_new():
            self._spent &= ~bit
            self.state = before
            return False
        self._path.append((place, before))
        return True

    def _take_back(self, at: _Node) -> tuple[_Node, int]:
        """Takes back what was placed last; gives where to go on trying."""
        what, self.state = self._path.pop()
        if isinstance(what, int):
            # All definite operations were tried before the first unknown one.
            self._spent &= ~(1 << what)
            return at, what + 1
        what.put_back()
        self._placed &= ~self._bits[_operation_of(what).id]
        assert what.next is not None
        return what.next, 0

    def _step(self, operation: Operation) -> Hashable | None:
        self.steps += 1
        return self._model.step(self.state, operation)

    def _is_new(self) -> bool:
        """Remembers the configuration; False if one at least as good was explored."""
        seen = self._seen.setdefault((self._placed, self.state), [])
        if any(spent & ~self._spent == 0 for spent in seen):
            return False
        seen[:] = [spent for spent in seen if self._spent & ~spent]
        seen.append(self._spent)
        return True


def _operation_of(node: _Node) -> Operation:
    assert node.operation is not None
    return node.operation


def _earlier_twins(unknown: Sequence[Operation]) -> list[int | None]:
    """For each unknown operation the last earlier one that would do the same."""
    last: dict[tuple[str, str], int] = {}
    twins: list[int | None] = []
    for place, operation in enumerate(unknown):
        effect = (operation.kind, repr(operation.input))
        twins.append(last.get(effect))
        last[effect] = place
    return twins


def _event_list(operations: Sequence[Operation]) -> _Node:
    """A list of all invocations and returns by time, behind a node that stands for the start.
    At equal times invocations come first: such operations count as concurrent."""
    events: list[tuple[int, int, int, _Node]] = []
    for operation in operations:
        assert operation.returned_at is not None
        invocation = _Node(operation, operation.invoked_at)
        invocation.return_node = _Node(operation, operation.returned_at)
        events.append((operation.invoked_at, 0, operation.id, invocation))
        events.append((operation.returned_at, 1, operation.id, invocation.return_node))
    head = previous = _Node(None, 0)
    for _, _, _, node in sorted(events, key=lambda event: event[:3]):
        previous.next, node.previous = node, previous
        previous = node
    return head
