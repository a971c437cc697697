"""Calls to the admin API of whichever node answers, for the commands of an operator."""

import ssl
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import msgspec
import typer

from bitebyte.cli.errors import USAGE, fail
from bitebyte.demo.public_api import Answer, Unreachable, call

ADMIN_URLS_DEFAULT = ("http://127.0.0.1:9080", "http://127.0.0.1:9081", "http://127.0.0.1:9082")
"""The three nodes of `bitebyte demo`."""
ADMIN_URLS_MAX = 32
CALL_S_MAX = 10.0
"""For one answer of one node; then the next one is asked."""
LOOK_S_MAX = 3.0
"""For an answer that a node gives from what it knows at once."""
PAUSE_S = 0.3

AdminUrls = Annotated[
    list[str] | None,
    typer.Option(
        "--admin",
        envvar="BITEBYTE_ADMIN",
        help="Admin address of a node, such as http://127.0.0.1:9080; repeat it for several (in the"
        " environment: separated by spaces). Any node will do.  [default: the demo's three]",
        show_default=False,
    ),
]
AdminCa = Annotated[
    Path | None, typer.Option("--admin-ca", help="CA that the nodes' admin certificates are of.")
]
AdminCert = Annotated[
    Path | None, typer.Option("--admin-cert", help="Your certificate for the admin API.")
]
AdminKey = Annotated[Path | None, typer.Option("--admin-key", help="The certificate's key.")]
AsJson = Annotated[bool, typer.Option("--json", help="Answer as JSON, for programs.")]
TimeoutS = Annotated[
    float, typer.Option("--timeout", min=1.0, max=86_400.0, help="Seconds to keep trying.")
]


class Refused(Exception):
    """The cluster said no, or could not be asked: certainly nothing was changed."""

    def __init__(self, code: str, text: str) -> None:
        self.code = code
        super().__init__(text)


class Unknown(Exception):
    """It may have happened, or may happen yet. Repeating the command is safe and tells."""


class AdminClient:
    """Asks the addresses in turn. Every call may be repeated, so it is, until `deadline_s`."""

    def __init__(
        self, urls: Sequence[str], *, tls: ssl.SSLContext | None, timeout_s: float
    ) -> None:
        assert urls
        self._urls = tuple(urls)
        self._tls = tls
        self._turn = 0
        self.deadline_s = time.monotonic() + timeout_s

    @property
    def left_s(self) -> float:
        """Seconds until the deadline; not below 0."""
        return max(0.0, self.deadline_s - time.monotonic())

    def request(self, method: str, path: str, body: object = None) -> Answer:
        """A 2xx answer of any node. Raises Refused or Unknown."""
        has_left = False
        while True:
            problem, is_unknown, has_connected = "", False, False
            for _ in self._urls:
                url = self._urls[self._turn % len(self._urls)]
                try:
                    answer = self._call(url, method, path, body)
                except Unreachable as error:
                    problem = str(error)
                    has_connected |= not _is_certain(error)
                    is_unknown = not _is_certain(error)
                else:
                    if answer.status < 500:
                        return _accepted(answer)
                    problem = f"{url} answered {answer.text}"
                    has_connected = True
                    is_unknown = answer.field("code") in ("outcome_unknown", "internal_error")
                has_left |= is_unknown and method != "GET"
                self._turn += 1
                if self.left_s <= 0:
                    break
            if self.left_s <= PAUSE_S or not has_connected:
                raise Unknown(problem) if has_left else Refused("no_answer", problem)
            pause(PAUSE_S)

    def ask_all(self, path: str) -> dict[str, Answer]:
        """The 2xx answers of all nodes that give one at once, by address."""
        with ThreadPoolExecutor(max_workers=len(self._urls)) as pool:
            asked = {url: pool.submit(self._look, url, path) for url in self._urls}
        answers = {url: future.result() for url, future in asked.items()}
        return {url: answer for url, answer in answers.items() if answer is not None}

    def ask_node(self, url: str, path: str) -> Answer:
        """The answer of that very node. Raises Refused."""
        try:
            return _accepted(call(url, "GET", path, timeout_s=LOOK_S_MAX, tls=self._tls))
        except Unreachable as error:
            raise Refused("no_answer", str(error)) from None

    def _look(self, url: str, path: str) -> Answer | None:
        try:
            answer = call(url, "GET", path, timeout_s=LOOK_S_MAX, tls=self._tls)
        except Unreachable:
            return None
        return answer if answer.status == 200 else None

    def _call(self, url: str, method: str, path: str, body: object) -> Answer:
        node_s = max(0.5, min(CALL_S_MAX, self.left_s))
        if method != "GET":
            path += f"{'&' if '?' in path else '?'}timeout_s={node_s:.1f}"
        content = msgspec.json.encode(body) if body is not None else None
        headers = {"Content-Type": "application/json"} if body is not None else None
        # The node tells what it knows at the end of its time, so ours is a little longer.
        timeout_s = node_s + 2.0
        return call(
            url, method, path, timeout_s=timeout_s, headers=headers, body=content, tls=self._tls
        )


def pause(seconds: float) -> None:
    """Waits; Ctrl-C ends it."""
    threading.Event().wait(seconds)


def open_client(
    urls: list[str] | None,
    ca_file: Path | None,
    certificate_file: Path | None,
    key_file: Path | None,
    *,
    timeout_s: float,
) -> AdminClient:
    """From the options of a command. Ends the program if they cannot be used."""
    chosen = tuple(dict.fromkeys(one.rstrip("/") for one in urls or ADMIN_URLS_DEFAULT))
    if len(chosen) > ADMIN_URLS_MAX:
        fail(f"--admin: at most {ADMIN_URLS_MAX} addresses can be asked", exit_code=USAGE)
    for one in chosen:
        check_url(one, "--admin")
    tls = _tls_context(ca_file, certificate_file, key_file)
    return AdminClient(chosen, tls=tls, timeout_s=timeout_s)


def check_url(text: str, option: str) -> None:
    """Ends the program if it is no address of a node."""
    try:
        parts = urlsplit(text)
        is_usable = parts.scheme in ("http", "https") and bool(parts.hostname)
        _ = parts.port
    except ValueError:
        is_usable = False
    if not is_usable:
        fail(f"{option}: {text!r} is not an address like http://127.0.0.1:9080", exit_code=USAGE)


def _tls_context(
    ca_file: Path | None, certificate_file: Path | None, key_file: Path | None
) -> ssl.SSLContext | None:
    if ca_file is None and certificate_file is None and key_file is None:
        return None
    if ca_file is None or certificate_file is None or key_file is None:
        fail("--admin-ca, --admin-cert and --admin-key go together", exit_code=USAGE)
    from bitebyte.transport.tls import PeerTls, TlsConfigError

    try:
        return PeerTls(ca_file, certificate_file, key_file).client_context()
    except TlsConfigError as error:
        fail(str(error), exit_code=USAGE)


def _accepted(answer: Answer) -> Answer:
    if answer.status < 300:
        return answer
    code = answer.field("code")
    if not isinstance(code, str):
        raise Refused("not_a_node", f"this is no admin address of BiteByte: {answer.text}")
    text = str(answer.field("detail"))
    faults = answer.field("errors")
    if isinstance(faults, list) and faults:
        text += f" ({msgspec.json.encode(faults).decode()})"
    raise Refused(code, text)


def _is_certain(error: Unreachable) -> bool:
    """Whether the request certainly did not get there."""
    cause = error.__cause__
    return isinstance(cause, (ConnectionRefusedError, ssl.SSLError)) or (
        isinstance(cause, OSError) and not isinstance(cause, (TimeoutError, ConnectionError))
    )
