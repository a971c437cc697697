"""Real nodes with a database each, on free loopback ports, in one folder: three at first, more or
fewer as members come and go."""

import random
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from bitebyte_e2e.made_database import make_data_dir
from bitebyte_e2e.node_process import NodeProcess, NodeSpec
from bitebyte_e2e.ports import free_ports
from bitebyte_e2e.waiting import WaitExpired, pause, wait_until

START_TIMEOUT_S = 60.0
"""initdb, migrations and the first election, on a busy machine."""
PROBE_TIMEOUT_S = 2.0


@dataclass(frozen=True)
class Leader:
    """Who leads, as the leader itself says."""

    name: str
    term: int


class Cluster:
    """Starts, kills and inspects the nodes. For use from one thread."""

    def __init__(self, folder: Path, *, seed: int, site_dir: Path | None = None) -> None:
        """Lays the cluster out; nothing runs yet. Same seed, same ids (ports differ)."""
        chance = random.Random(seed)
        self.folder = folder
        self._site_dir = site_dir
        self.cluster_id = chance.getrandbits(62) + 1
        founders = [
            self._lay_out(f"node-{number}", member_id=chance.getrandbits(62) + 1)
            for number in (1, 2, 3)
        ]
        self._founders = founders
        self.nodes = {spec.name: self._node(spec) for spec in founders}
        """Those that take part, by name. Replaced as a whole, so that other threads may look."""
        self._http = httpx.Client(timeout=PROBE_TIMEOUT_S)

    def _lay_out(self, name: str, *, member_id: int) -> NodeSpec:
        http_port, peer_port, admin_port = free_ports(3)
        return NodeSpec(
            name=name,
            member_id=member_id,
            http_port=http_port,
            peer_port=peer_port,
            admin_port=admin_port,
            data_dir=self.folder / name,
        )

    def _node(self, spec: NodeSpec, *arguments: str) -> NodeProcess:
        log_path = self.folder / f"{spec.name}.out"
        make_data_dir(spec.data_dir)
        return NodeProcess(spec, (*self._arguments(spec), *arguments), log_path)

    def _arguments(self, spec: NodeSpec) -> tuple[str, ...]:
        arguments = ["--name", spec.name, "--data-dir", str(spec.data_dir)]
        arguments += ["--http-listen", f"127.0.0.1:{spec.http_port}"]
        arguments += ["--peer-listen", f"127.0.0.1:{spec.peer_port}"]
        arguments += ["--admin-listen", f"127.0.0.1:{spec.admin_port}"]
        if spec in self._founders:
            for member in self._founders:
                arguments += ["--member", member.member]
        arguments += ["--cluster-id", str(self.cluster_id), "--insecure-cookie"]
        if self._site_dir is not None:
            arguments += ["--site-dir", str(self._site_dir)]
        return tuple(arguments)

    @property
    def specs(self) -> tuple[NodeSpec, ...]:
        """Of those that take part."""
        return tuple(node.spec for node in self.nodes.values())

    @property
    def urls(self) -> dict[str, str]:
        """Where each node answers, by name."""
        return {spec.name: spec.url for spec in self.specs}

    @property
    def admin_urls(self) -> dict[str, str]:
        """Where each node takes orders of its operators, by name."""
        return {spec.name: spec.admin_url for spec in self.specs}

    def bootstrap(self) -> None:
        """First start of all nodes, and waits until all are ready."""
        for node in self.nodes.values():
            node.start("--bootstrap")
        self.wait_ready()

    def start_joiner(self, name: str) -> NodeProcess:
        """Starts a node with an empty database that waits to be added. It takes part, for this
        harness, only after `admit`."""
        node = self.lay_out_joiner(name)
        node.start()
        return node

    def lay_out_joiner(self, name: str) -> NodeProcess:
        """The same before its start, for who has to know its ports first."""
        return self._node(self._lay_out(name, member_id=0), "--join")

    def answers_admin(self, node: NodeProcess) -> bool:
        """Whether it takes orders of operators, member or not. An error if it has ended."""
        if not node.is_running:
            raise AssertionError(f"{node.spec.name} ended ({node.exit_code}); {node.log_tail()}")
        try:
            answer = self._http.get(f"{node.spec.admin_url}/admin/v1/identity")
        except httpx.TransportError:
            return False
        return answer.status_code == 200

    def admit(self, node: NodeProcess) -> None:
        """From now on customers may ask it, and it is judged like the others."""
        self.nodes = {**self.nodes, node.spec.name: node}

    def dismiss(self, name: str) -> None:
        """It is no member any more: stops it, if it runs, and forgets it."""
        node = self.nodes[name]
        self.nodes = {other: node for other, node in self.nodes.items() if other != name}
        if node.is_running:
            node.stop()

    def start(self, name: str) -> None:
        """Starts a node that ended; `wait_ready` tells when it serves."""
        self.nodes[name].start()

    def kill(self, name: str) -> None:
        """kill -9 of the node; its database dies with it."""
        self.nodes[name].kill()

    def kill_all(self) -> None:
        """kill -9 of all nodes within microseconds, before waiting for any."""
        for node in self.nodes.values():
            node.send_kill()
        for node in self.nodes.values():
            node.reap()

    def close(self) -> dict[str, int | None]:
        """Stops what runs; the exit codes by name. Never leaves a process behind."""
        codes: dict[str, int | None] = {}
        problems: list[AssertionError] = []
        for name, node in self.nodes.items():
            try:
                codes[name] = node.stop() if node.is_running else node.exit_code
            except AssertionError as problem:
                problems.append(problem)
        self._http.close()
        if problems:
            raise problems[0]
        return codes

    def is_ready(self, name: str) -> bool:
        """Whether the node says that it serves."""
        try:
            return self._http.get(f"{self.urls[name]}/readyz").status_code == 200
        except httpx.TransportError:
            return False

    def wait_ready(self, *names: str, timeout_s: float = START_TIMEOUT_S) -> None:
        """Waits until these nodes (default: all) are ready. A node that ended is an error at
        once, with the end of its output."""
        wanted = names or tuple(self.nodes)

        def all_ready() -> bool:
            for name in wanted:
                node = self.nodes[name]
                if not node.is_running:
                    raise AssertionError(f"{name} ended ({node.exit_code}); {node.log_tail()}")
            return all(self.is_ready(name) for name in wanted)

        try:
            wait_until(all_ready, what=f"{', '.join(wanted)} ready", timeout_s=timeout_s)
        except WaitExpired as problem:
            late = [name for name in wanted if not self.is_ready(name)]
            tails = "\n".join(self.nodes[name].log_tail() for name in late)
            raise WaitExpired(f"{problem}\n{tails}") from None

    def view(self, name: str, *, at: int | None = None) -> dict[str, Any] | None:
        """`GET /cluster` of one node; None where it does not answer or does not know `at`."""
        params = {} if at is None else {"at": str(at)}
        try:
            answer = self._http.get(f"{self.urls[name]}/api/v1/cluster", params=params)
        except httpx.TransportError:
            return None
        return answer.json() if answer.status_code == 200 else None

    def leader(self) -> Leader | None:
        """The node that calls itself leader in the highest term, or None."""
        found: Leader | None = None
        for spec in self.specs:
            seen = self.view(spec.name)
            if seen is None or seen["node"]["role"] != "leader":
                continue
            if found is None or seen["term"] > found.term:
                found = Leader(spec.name, seen["term"])
        return found

    def wait_leader(self, *, timeout_s: float = 15.0) -> Leader:
        return wait_until(self.leader, what="a leader", timeout_s=timeout_s)

    def applied_index(self, name: str) -> int | None:
        seen = self.view(name)
        return None if seen is None else int(seen["state"]["index"])

    def wait_settled(self, *, timeout_s: float = 20.0) -> int:
        """Waits until all nodes have applied the same index and it stays; that index."""

        def common_index() -> int | None:
            first = {self.applied_index(name) for name in self.nodes}
            if len(first) != 1 or None in first:
                return None
            pause(0.1)
            second = {self.applied_index(name) for name in self.nodes}
            return first.pop() if first == second else None

        return wait_until(common_index, what="all nodes at one index", timeout_s=timeout_s)

    def state_hashes(self, at: int) -> dict[str, str | None]:
        """The chained hash of each node after entry `at`; None where it is not known."""
        hashes: dict[str, str | None] = {}
        for name in self.nodes:
            seen = self.view(name, at=at)
            hashes[name] = None if seen is None else seen["state"]["hash"]
        return hashes

    def logs(self) -> str:
        """The end of every node's output."""
        return "\n\n".join(node.log_tail() for node in self.nodes.values())


@contextmanager
def running_cluster(folder: Path, *, seed: int, site_dir: Path | None = None) -> Generator[Cluster]:
    """A bootstrapped cluster for the length of a `with`; stopped whatever happens."""
    cluster = Cluster(folder, seed=seed, site_dir=site_dir)
    try:
        cluster.bootstrap()
        yield cluster
    finally:
        cluster.close()
