"""A bar's nodes as their operator sees them: the admin API over mutual TLS, and no bar behind it.

It keeps to the rules that an operator has to reckon with: ids are drawn once, a cluster begins
once, a learner is given its vote a moment later, a removed member never comes back.
"""

import http.server
import json
import secrets
import ssl
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

VERSION = "0.1.0"


@dataclass
class PlayedNode:
    """One database with its node. A pod that comes again finds the same one."""

    name: str
    cluster_id: str
    peer_address: str
    member_id: str = field(default_factory=lambda: str(secrets.randbits(62) + 1))
    is_up: bool = False


class PlayedBar:
    """The cluster that the nodes agree on. Safe to use from several threads."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.nodes: dict[str, PlayedNode] = {}
        self.states: dict[str, str] = {}
        """Members: `voter` or `learner` by id."""
        self.removed: set[str] = set()
        self.leader_id: str | None = None
        self.term = 0
        self.bootstraps: list[str] = []
        """Member ids that were made the first of a cluster; more than one is a disaster."""
        self.calls: list[str] = []
        """Changes that were asked for, in order."""
        self.is_promoting = True

    def node_of(self, member_id: str) -> PlayedNode | None:
        """The node with that id."""
        return next((one for one in self.nodes.values() if one.member_id == member_id), None)

    def settle(self) -> None:
        """What the members do among themselves, once: give votes, and elect when the leader is
        gone."""
        with self.lock:
            up = {one.member_id for one in self.nodes.values() if one.is_up}
            for member_id, state in self.states.items():
                if state == "learner" and member_id in up and self.is_promoting:
                    self.states[member_id] = "voter"
            voters = [one for one, state in self.states.items() if state == "voter"]
            alive = [one for one in voters if one in up]
            if self.leader_id not in alive:
                has_quorum = len(alive) > len(voters) // 2
                self.leader_id = alive[0] if has_quorum else None
                self.term += has_quorum

    def answer(
        self, name: str, method: str, path: str, body: dict[str, Any]
    ) -> tuple[int, dict[str, Any]]:
        """The status and the body that the node `name` answers with."""
        with self.lock:
            self.settle()
            url = urlsplit(path)
            node = self.nodes[name]
            if method != "GET":
                self.calls.append(f"{method} {url.path} {node.name}")
            route = (method, url.path.removeprefix("/admin/v1"))
            if route == ("GET", "/identity"):
                return 200, self._identity(node)
            if route == ("POST", "/bootstrap"):
                return self._bootstrap(node, body)
            if route == ("GET", "/members"):
                return self._members(node, parse_qs(url.query))
            if self.leader_id is None:
                return _problem(503, "no_leader")
            return self._change(node, *route, body)

    def _identity(self, node: PlayedNode) -> dict[str, Any]:
        is_removed = node.member_id in self.removed
        return {
            "cluster_id": node.cluster_id,
            "id": node.member_id,
            "name": node.name,
            "peer_address": node.peer_address,
            "state": "removed" if is_removed else self.states.get(node.member_id, "outsider"),
            "version": VERSION,
        }

    def _bootstrap(self, node: PlayedNode, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if body != {"cluster_id": node.cluster_id, "member_id": node.member_id}:
            return _problem(409, "wrong_member")
        if self.states and node.member_id not in self.states:
            self.bootstraps.append(node.member_id)
            return _problem(500, "a second cluster was begun")
        if len(self.states) > 1:
            return _problem(409, "already_member")
        if not self.states:
            self.bootstraps.append(node.member_id)
            self.states[node.member_id] = "voter"
        return 200, self._identity(node)

    def _members(self, node: PlayedNode, query: dict[str, list[str]]) -> tuple[int, dict[str, Any]]:
        if query.get("confirmed") == ["true"] and self.leader_id is None:
            return _problem(503, "no_leader")
        known = [(one.name, one) for one in self.nodes.values() if one.member_id in self.states]
        return 200, {
            "cluster_id": node.cluster_id,
            "cluster_version": 1,
            "term": self.term,
            "leader_id": self.leader_id if node.member_id in self.states else None,
            "answered_by": node.member_id,
            "commit_index": 100,
            "members": [
                {
                    "id": one.member_id,
                    "name": name,
                    "peer_address": one.peer_address,
                    "role": "leader" if one.member_id == self.leader_id else "follower",
                    "state": self.states[one.member_id],
                    "healthy": one.is_up,
                    "lag": 0 if one.is_up else 10,
                    "version": VERSION,
                    "wants_vote": True,
                }
                for name, one in sorted(known)
            ],
        }

    def _change(
        self, node: PlayedNode, method: str, route: str, body: dict[str, Any]
    ) -> tuple[int, dict[str, Any]]:
        if (method, route) == ("POST", "/members"):
            if body["id"] in self.removed:
                return _problem(409, "member_retired")
            self.states.setdefault(body["id"], "learner")
        elif method == "DELETE":
            member_id = route.rpartition("/")[2]
            if member_id == self.leader_id:
                return _problem(409, "member_leads")
            self.states.pop(member_id, None)
            self.removed.add(member_id)
        elif (method, route) == ("POST", "/leader/transfer"):
            if self.states.get(body["to"]) != "voter":
                return _problem(409, "not_a_voter")
            self.leader_id, self.term = body["to"], self.term + 1
        else:
            return _problem(404, "not_found")
        return self._members(node, {})


class AdminServer:
    """The admin listener of one pod. To be closed."""

    def __init__(self, bar: PlayedBar, name: str, address: tuple[str, int], tls_dir: Path) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(tls_dir / "ca.crt")
        context.load_cert_chain(tls_dir / "tls.crt", tls_dir / "tls.key")

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length) or b"{}")
                status, told = bar.answer(name, self.command, self.path, body)
                content = json.dumps(told).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_DELETE = answer

            def log_message(self, format: str, *args: Any) -> None:
                del format, args

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                """A caller without a certificate is none of the test's business."""
                del request, client_address

        self._server = Server(address, Handler)
        self._server.socket = context.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stops listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _problem(status: int, code: str) -> tuple[int, dict[str, Any]]:
    return status, {"status": status, "code": code, "detail": f"Played: {code}."}
