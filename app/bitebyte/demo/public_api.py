"""A small client of the public HTTP API, for what the demo and the command line need.

Standard library only, one connection a call, blocking: callers run it in a thread. It knows
nothing of the program behind the address.
"""

import http.client
import ssl
import threading
import time
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

import msgspec

from bitebyte.demo.errors import DemoError

ANSWER_BYTES_MAX = 8 * 1024 * 1024
"""Far more than any answer asked for here; a stranger on the port cannot fill the memory."""


class Unreachable(DemoError):
    """No answer came from the address."""


class Answer(msgspec.Struct, frozen=True):
    """What came back: the status and the body, decoded if it was JSON."""

    status: int
    body: object
    index: int | None
    """`BiteByte-Index`: the log position that the answer reflects."""

    def field(self, name: str) -> object:
        """A field of an object body; None if there is none."""
        return self.body.get(name) if isinstance(self.body, dict) else None

    @property
    def text(self) -> str:
        """For an error text: the problem's code and detail, or whatever the body holds."""
        code, detail = self.field("code"), self.field("detail")
        if code is None:
            return f"{self.status} {str(self.body)[:300]}"
        return f"{self.status} {code}: {detail or self.field('title')}"


def call(
    url: str,
    method: str,
    path: str,
    *,
    timeout_s: float,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    tls: ssl.SSLContext | None = None,
) -> Answer:
    """One request to one node. Raises Unreachable; a refusal is an Answer like any other.

    `tls` is for `https` addresses; by default those are checked against the machine's own CAs.
    """
    parts = urlsplit(url)
    assert parts.hostname is not None, "the caller has checked the address"
    if parts.scheme == "https":
        connection = http.client.HTTPSConnection(
            parts.hostname, parts.port, timeout=timeout_s, context=tls
        )
    else:
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout_s)
    try:
        connection.request(
            method, parts.path.rstrip("/") + path, body=body, headers=dict(headers or {})
        )
        response = connection.getresponse()
        content = response.read(ANSWER_BYTES_MAX)
        return Answer(
            status=response.status,
            body=_decode_body(response.headers.get("Content-Type", ""), content),
            index=_index(response.headers.get("BiteByte-Index")),
        )
    except (OSError, http.client.HTTPException) as error:
        reason = (isinstance(error, OSError) and error.strerror) or str(error)
        reason = reason or type(error).__name__
        raise Unreachable(f"{url} does not answer: {reason}") from error
    finally:
        connection.close()


class PublicApi:
    """Signed-in calls to any node of a cluster, repeated elsewhere when a node cannot answer.

    Only for calls that are safe to repeat. Safe for use by several threads at once. Every call
    carries the newest index seen, so it reads its own writes at whichever node answers.
    """

    def __init__(
        self, urls: Sequence[str], *, deadline_s: float, stopping: threading.Event
    ) -> None:
        assert urls
        self._urls = tuple(urls)
        self._deadline_s = deadline_s
        self._stopping = stopping
        self._lock = threading.Lock()
        self._turn = 0
        self._index = 0
        self.token: str | None = None

    def request(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        csv: bytes | None = None,
        idempotency_key: str | None = None,
    ) -> Answer:
        """The first answer that is not a 5xx or 429, from any node, within the deadline.

        Raises Unreachable after the deadline or when the demo is being stopped.
        """
        headers: dict[str, str] = {}
        body: bytes | None = None
        if csv is not None:
            headers["Content-Type"], body = "text/csv; charset=utf-8", csv
        elif json is not None:
            headers["Content-Type"], body = "application/json", msgspec.json.encode(json)
        if idempotency_key is not None:
            headers["Idempotency-Key"] = idempotency_key
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        give_up_at = time.monotonic() + self._deadline_s
        while True:
            with self._lock:
                url = self._urls[self._turn % len(self._urls)]
                headers["BiteByte-Min-Index"] = str(self._index)
            try:
                answer = call(
                    url, method, "/api/v1" + path, timeout_s=10.0, headers=headers, body=body
                )
                if answer.status < 500 and answer.status != 429:
                    self._remember(answer)
                    return answer
                problem = f"{url} answered {answer.text}"
            except Unreachable as error:
                problem = str(error)
            if time.monotonic() >= give_up_at:
                raise Unreachable(problem)
            with self._lock:
                self._turn += 1
            if self._stopping.wait(0.3):
                raise Unreachable("the demo is being stopped")

    def _remember(self, answer: Answer) -> None:
        with self._lock:
            self._index = max(self._index, answer.index or 0)


def _decode_body(content_type: str, content: bytes) -> object:
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type == "application/json" or media_type.endswith("+json"):
        try:
            return msgspec.json.decode(content)
        except msgspec.DecodeError:
            pass  # a stranger's idea of JSON; shown as text
    return content.decode("utf-8", errors="replace")


def _index(header: str | None) -> int | None:
    return int(header) if header is not None and header.isdecimal() else None
