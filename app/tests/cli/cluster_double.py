"""A small real HTTP server that gives every request the same answer, as a node would."""

import contextlib
import json
import threading
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple


def cluster_body(*, leader: str | None, term: int = 3, healthy: str = "123") -> dict[str, object]:
    """An answer about three members of which `leader` ("1" to "3") leads."""
    return {
        "cluster_id": "7",
        "term": term,
        "leader_id": leader,
        "members": [
            {
                "id": number,
                "name": f"node-{number}",
                "role": "leader" if number == leader else "follower",
                "voter": True,
                "commit_index": 1_234,
                "applied_index": 1_230,
                "lag": 4,
                "version": "0.1.0",
                "healthy": number in healthy,
            }
            for number in "123"
        ],
        "state": {"index": 1_230, "hash": "ab"},
    }


class Heard(NamedTuple):
    """A request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@contextlib.contextmanager
def serve(
    body: object,
    *,
    status: int = 200,
    content_type: str = "application/json",
    heard: list[Heard] | None = None,
) -> Generator[str]:
    """Serves the body for every request on a free port; gives the address, keeps what it heard."""
    content = json.dumps(body).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            request = Heard(
                self.command, self.path, dict(self.headers.items()), self.rfile.read(length)
            )
            if heard is not None:
                heard.append(request)
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("BiteByte-Index", "1230")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """The base class would write to stderr."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
