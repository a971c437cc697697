"""Reading a server-sent event stream (HTML standard, section 9.2), with a deadline."""

import json
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

_SILENCE_S_MAX = 15.0
"""The server promises a sign of life every 10 s."""


@dataclass(frozen=True)
class StreamEvent:
    """One event. `id` is the last id seen so far, as a browser would send it on reconnecting."""

    kind: str
    id: str
    data: Any


@contextmanager
def open_events(
    url: str, *, token: str, last_event_id: str | None = None
) -> Generator[Iterator[StreamEvent]]:
    """The events of `url` as they come. Raises httpx errors; AssertionError if refused."""
    headers = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream"}
    if last_event_id is not None:
        headers["Last-Event-ID"] = last_event_id
    timeout = httpx.Timeout(5.0, read=_SILENCE_S_MAX)
    with httpx.stream("GET", url, headers=headers, timeout=timeout) as response:
        assert response.status_code == 200, response.read()
        assert response.headers["Content-Type"].startswith("text/event-stream")
        yield _parse(response.iter_lines(), last_event_id or "")


def _parse(lines: Iterator[str], last_id: str) -> Iterator[StreamEvent]:
    kind, data = "message", list[str]()
    for line in lines:
        if not line:
            if data:
                yield StreamEvent(kind, last_id, json.loads("\n".join(data)))
            kind, data = "message", []
            continue
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            kind = value
        elif name == "data":
            data.append(value)
        elif name == "id":
            last_id = value


def wait_event(events: Iterator[StreamEvent], kind: str, *, timeout_s: float = 5.0) -> StreamEvent:
    """The next event of that kind; AssertionError if others came for `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    for event in events:
        if event.kind == kind:
            return event
        assert time.monotonic() < deadline, f"no {kind} within {timeout_s:g} s, last: {event}"
    raise AssertionError(f"the stream ended before a {kind}")
