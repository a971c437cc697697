"""What clients asked and were told: the evidence that a checker judges, and its form as JSONL.

A history is a list of operations. Each begins with an invocation and ends with at most one
outcome. Written down it is one JSON object a line, in the order of events:

    {"event":"invoke","time":10,"client":1,"op":7,"model":"stock","key":"gin","kind":"reserve","input":2}
    {"event":"ok","time":25,"op":7,"output":null}

`event` is invoke, ok, refused, unknown or dropped. Times are integers of one clock, in any unit.
Two events of equal time count as concurrent, so a recorder gives each event a time of its own.
An operation that has no outcome at the end of the file is unknown: it may have taken effect, may
still do so, or never. Simulated runs, tests with real processes and foreign tools share this form.
"""

import enum
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TextIO

import msgspec

Value = int | str | Sequence[int | str | None] | Mapping[str, int] | None
"""What an operation takes and gives. The model says which shapes it understands."""


class Outcome(enum.Enum):
    """How an operation ended, as its client knows it."""

    OK = "ok"
    """It took effect once, between its invocation and this moment, with this output."""
    REFUSED = "refused"
    """The state machine said no at one point in between; the state did not change."""
    UNKNOWN = "unknown"
    """It may have taken effect at any time after its invocation, also later, or never."""
    DROPPED = "dropped"
    """It certainly never took effect and says nothing about the state (it was not proposed)."""


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One operation of one client. `model` and `key` name the object it works on."""

    id: int
    client: int
    model: str
    key: str
    kind: str
    input: Value = None
    output: Value = None
    outcome: Outcome = Outcome.UNKNOWN
    invoked_at: int
    returned_at: int | None = None
    """None while unknown: it stays open to the end."""

    def __str__(self) -> str:
        until = "..." if self.returned_at is None else str(self.returned_at)
        answer = self.outcome.value
        if self.outcome is Outcome.OK and self.output is not None:
            answer = f"ok {self.output}"
        asked = "" if self.input is None else f" {self.input}"
        return (
            f"[{self.invoked_at}..{until}] client {self.client}: op {self.id} "
            f"{self.kind} {self.key}{asked} -> {answer}"
        )


class HistoryError(Exception):
    """The text is no history; the message names the line and what is wrong with it."""


class _Event(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True, kw_only=True):
    """One line."""

    event: str
    time: int
    op: int
    client: int | None = None
    model: str = ""
    key: str = ""
    kind: str = ""
    input: Value = None
    output: Value = None


class History:
    """Collects operations while a run goes on. For use by one thread or event loop.

    Times come from `clock` and are made strictly rising, so that what happened before something
    else is known exactly. With `stream`, each event is written at once: what a recorder that dies
    has written is still a history.
    """

    def __init__(self, clock: Callable[[], int], stream: TextIO | None = None) -> None:
        self._clock = clock
        self._stream = stream
        self._time = -1
        self._operations: dict[int, Operation] = {}

    def invoke(self, client: int, model: str, key: str, kind: str, input: Value = None) -> int:
        """Registers an operation just before its request leaves; gives its id."""
        op = len(self._operations) + 1
        time = self._now()
        self._operations[op] = Operation(
            id=op, client=client, model=model, key=key, kind=kind, input=input, invoked_at=time
        )
        self._write(
            _Event(
                event="invoke",
                time=time,
                op=op,
                client=client,
                model=model,
                key=key,
                kind=kind,
                input=input,
            )
        )
        return op

    def end(self, op: int, outcome: Outcome, output: Value = None) -> None:
        """The client knows the outcome. Each operation ends once; UNKNOWN leaves it open."""
        operation = self._operations[op]
        assert operation.returned_at is None, f"operation {op} ended twice"
        time = self._now()
        self._operations[op] = _ended(operation, outcome, output, time)
        self._write(_Event(event=outcome.value, time=time, op=op, output=output))

    @property
    def operations(self) -> tuple[Operation, ...]:
        """All operations, in the order of their invocations."""
        return tuple(self._operations.values())

    def _now(self) -> int:
        self._time = max(self._time + 1, self._clock())
        return self._time

    def _write(self, event: _Event) -> None:
        if self._stream is not None:
            self._stream.write(msgspec.json.encode(event).decode() + "\n")


def read_history(lines: Iterable[str]) -> tuple[Operation, ...]:
    """The operations of a history in JSONL, in the order of their invocations.

    Raises HistoryError for a line that is no event, for an outcome without an invocation, for a
    second outcome and for an outcome before its invocation.
    """
    decoder = msgspec.json.Decoder(_Event)
    operations: dict[int, Operation] = {}
    ended: set[int] = set()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            event = decoder.decode(line)
        except msgspec.DecodeError as error:
            raise HistoryError(f"line {number}: {error}") from None
        if event.event == "invoke":
            if event.op in operations or event.client is None or not event.kind:
                raise HistoryError(f"line {number}: op {event.op} is incomplete or invoked twice")
            operations[event.op] = _invoked(event, event.client)
            continue
        operation = operations.get(event.op)
        if operation is None or event.op in ended or event.time < operation.invoked_at:
            raise HistoryError(f"line {number}: op {event.op} is not open")
        try:
            outcome = Outcome(event.event)
        except ValueError:
            raise HistoryError(f"line {number}: no event is called {event.event!r}") from None
        ended.add(event.op)
        operations[event.op] = _ended(operation, outcome, event.output, event.time)
    return tuple(sorted(operations.values(), key=lambda operation: operation.invoked_at))


def write_history(operations: Iterable[Operation]) -> Iterator[str]:
    """The lines of a history, without line ends, in the order of time; at equal times an
    invocation comes before an outcome."""
    events: list[tuple[int, int, _Event]] = []
    for operation in operations:
        events.append((operation.invoked_at, 0, _invocation(operation)))
        if operation.returned_at is not None:
            end = _Event(
                event=operation.outcome.value,
                time=operation.returned_at,
                op=operation.id,
                output=operation.output,
            )
            events.append((operation.returned_at, 1, end))
    for _, _, event in sorted(events, key=lambda item: item[:2]):
        yield msgspec.json.encode(event).decode()


def _invocation(operation: Operation) -> _Event:
    return _Event(
        event="invoke",
        time=operation.invoked_at,
        op=operation.id,
        client=operation.client,
        model=operation.model,
        key=operation.key,
        kind=operation.kind,
        input=operation.input,
    )


def _invoked(event: _Event, client: int) -> Operation:
    return Operation(
        id=event.op,
        client=client,
        model=event.model,
        key=event.key,
        kind=event.kind,
        input=event.input,
        invoked_at=event.time,
    )


def _ended(operation: Operation, outcome: Outcome, output: Value, time: int) -> Operation:
    if outcome is Outcome.UNKNOWN:
        return operation
    return msgspec.structs.replace(operation, outcome=outcome, output=output, returned_at=time)
