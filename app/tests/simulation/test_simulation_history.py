"""The recorder and the written form of histories."""

import io
from random import Random

import pytest

from bitebyte.simulation.history import History, HistoryError, Outcome, read_history, write_history
from bitebyte.simulation.models import MODELS
from bitebyte_e2e.random_histories import random_linear_history


def test_what_is_recorded_is_what_is_read_back() -> None:
    stream = io.StringIO()
    history = History(lambda: 5, stream)
    reserved = history.invoke(1, "stock", "gin", "reserve", 2)
    read = history.invoke(2, "stock", "gin", "read")
    history.end(read, Outcome.OK, {"": 2})
    history.end(reserved, Outcome.REFUSED)
    lost = history.invoke(1, "stock", "gin", "reserve", 1)
    history.end(lost, Outcome.UNKNOWN)
    assert read_history(stream.getvalue().splitlines()) == history.operations
    assert [operation.outcome for operation in history.operations] == [
        Outcome.REFUSED,
        Outcome.OK,
        Outcome.UNKNOWN,
    ]
    assert history.operations[2].returned_at is None


def test_times_rise_even_if_the_clock_stands_still() -> None:
    history = History(lambda: 5)
    first = history.invoke(1, "register", "k", "write", 1)
    history.end(first, Outcome.OK)
    history.invoke(1, "register", "k", "read")
    earlier, later = history.operations
    assert earlier.returned_at is not None
    assert earlier.returned_at < later.invoked_at


@pytest.mark.parametrize("model", sorted(MODELS))
def test_written_histories_are_read_back_unchanged(model: str) -> None:
    operations = random_linear_history(Random(3), model, 50)
    expected = tuple(sorted(operations, key=lambda operation: operation.invoked_at))
    assert read_history(write_history(operations)) == expected


INVOKE = '{"event":"invoke","time":1,"op":1,"client":1,"model":"register","key":"k","kind":"read"}'


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        (["nonsense"], "line 1"),
        ([INVOKE, INVOKE], "line 2: op 1 is incomplete or invoked twice"),
        (['{"event":"ok","time":1,"op":4}'], "line 1: op 4 is not open"),
        ([INVOKE, '{"event":"ok","time":0,"op":1}'], "line 2: op 1 is not open"),
        ([INVOKE, '{"event":"ok","time":2,"op":1}', '{"event":"ok","time":3,"op":1}'], "line 3"),
        ([INVOKE, '{"event":"fine","time":2,"op":1}'], "'fine'"),
        ([INVOKE[:-1] + ',"colour":1}'], "colour"),
    ],
)
def test_a_line_that_is_no_event_is_named(lines: list[str], complaint: str) -> None:
    with pytest.raises(HistoryError, match=complaint):
        read_history(lines)
