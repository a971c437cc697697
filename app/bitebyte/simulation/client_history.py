"""What the clients of a run saw, judged as it happens against the order of the log.

The log gives every answer a place. So linearizability needs no search here: an operation that
was asked for after another one was answered must have the later place, its answer must be what
the oracle says of that place, and a read must show a state that is no older than all that was
answered before. (The search that knows nothing of the log is made on the same calls at the end.)
"""

from collections.abc import Callable

from bitebyte.domain.results import Accepted, Result
from bitebyte.simulation.history import Operation, Outcome
from bitebyte.simulation.linearizability import Verdict as Linearizable
from bitebyte.simulation.linearizability import check_history
from bitebyte.simulation.oracle import Oracle
from bitebyte.simulation.verdict import Verdict

SERVING_BASE = 10_000
"""What a product takes of its ingredient: 10 ml in µl. Calls count in servings."""

_STOCK_KINDS = frozenset({"reserve", "restock", "release", "read"})


class Call:
    """One operation of one client."""

    __slots__ = (
        "client",
        "floor",
        "index",
        "invoked_step",
        "key",
        "kind",
        "order_id",
        "outcome",
        "output",
        "quantity",
        "returned_step",
    )

    def __init__(
        self, client: int, kind: str, key: str, quantity: int, step: int, floor: int
    ) -> None:
        self.client = client
        self.kind = kind
        self.key = key
        self.quantity = quantity
        self.invoked_step = step
        self.floor = floor
        """Newest place in the log that anybody had been told of when this was asked."""
        self.returned_step: int | None = None
        self.outcome = Outcome.UNKNOWN
        self.output: int | None = None
        self.index: int | None = None
        self.order_id = ""

    def __str__(self) -> str:
        answer = "" if self.index is None else f" {self.outcome.value} at {self.index}"
        return f"client {self.client}: {self.kind} {self.quantity} of {self.key[-4:]}{answer}"


class ClientHistory:
    """All calls of a run, in the order in which they were made."""

    def __init__(self, verdict: Verdict, oracle: Oracle, note: Callable[[str], None]) -> None:
        self._note = note
        self.calls: list[Call] = []
        self._verdict = verdict
        self._oracle = oracle
        self._newest_told = 0

    def invoke(self, client: int, kind: str, key: str, quantity: int) -> Call:
        """A client begins."""
        call = Call(client, kind, key, quantity, self._verdict.step_count, self._newest_told)
        self.calls.append(call)
        self._note(f"{call} asked")
        return call

    def end(self, call: Call, index: int, result: Result) -> None:
        """The client has its answer, given at that place of the log."""
        call.returned_step = self._verdict.step_count
        call.outcome = Outcome.OK if isinstance(result, Accepted) else Outcome.REFUSED
        call.index = index
        if isinstance(result, Accepted) and result.order is not None:
            call.order_id = result.order.id
        self._newest_told = max(self._newest_told, index)
        self._note(f"{call} answered")
        what = f"{call.kind} by client {call.client}"
        if index <= call.floor:
            self._report(
                "linearizable", f"{what} has place {index}, others were told of {call.floor} before"
            )
        elif index >= len(self._oracle.results):
            self._report("linearizable", f"{what} was answered at {index}, not committed")
        elif result != self._oracle.results[index]:
            self._report(
                "answers are those of the log",
                f"{what} at {index} was told {result}, the log says {self._oracle.results[index]}",
            )

    def end_read(self, call: Call, first: int, last: int, available: int) -> None:
        """The client was shown what was available at some index in [first, last]."""
        call.returned_step = self._verdict.step_count
        call.outcome = Outcome.OK
        call.output = available // SERVING_BASE
        self._note(f"{call} answered for {first}..{last}")
        if first < call.floor:
            self._report(
                "linearizable reads",
                f"client {call.client} read at {first}, others were told of {call.floor} before",
            )
            return
        allowed = self._oracle.available_between(call.key, first, last)
        if available not in allowed:
            self._report(
                "linearizable reads",
                f"client {call.client} read {available} at {first}..{last}, where it was {allowed}",
            )
        # Whoever reads later must not see an older state.
        self._newest_told = max(self._newest_told, first)

    def fail(self, call: Call) -> None:
        """Certainly nothing happened."""
        call.returned_step = self._verdict.step_count
        call.outcome = Outcome.DROPPED
        self._note(f"{call} failed")

    def leave_open(self, call: Call) -> None:
        """It may have happened, or may happen yet."""
        call.outcome = Outcome.UNKNOWN
        self._note(f"{call} left open")

    def operations(self) -> list[Operation]:
        """What happened to the stock of each ingredient, as a checker takes it that knows
        nothing of the log."""
        return [
            Operation(
                id=number,
                client=call.client,
                model="stock",
                key=call.key,
                kind=call.kind,
                input=None if call.kind == "read" else call.quantity,
                output=call.output,
                outcome=call.outcome,
                invoked_at=2 * call.invoked_step,
                returned_at=None if call.returned_step is None else 2 * call.returned_step + 1,
            )
            for number, call in enumerate(self.calls)
            if call.kind in _STOCK_KINDS
        ]

    def check_stock(self) -> None:
        """Searches for an order that explains all answers, ingredient by ingredient."""
        for judgement in check_history(self.operations()):
            if judgement.verdict is not Linearizable.OK:
                self._report("linearizable history", str(judgement))

    def _report(self, invariant: str, message: str) -> None:
        self._verdict.report(invariant, message)
