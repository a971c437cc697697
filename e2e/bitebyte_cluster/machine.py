"""Process 1 of one machine: `python -m bitebyte_cluster.machine NAME STATE WITH_NODES`.

Started inside new network, pid, mount, uts and cgroup namespaces. It makes the mounts private,
waits for its network card, and then is an init system: it starts services, starts those again that
end, and reaps orphans. SIGKILL to it takes everything of the machine along.
"""

import contextlib
import os
import select
import signal
import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from bitebyte_cluster.commands import run, succeeds, wait_for
from bitebyte_cluster.network import (
    CONTROL_PLANE,
    NODES_MAX,
    SERVICES,
    address_of,
    node_names,
    pods_of,
)
from bitebyte_cluster.services import (
    BIN,
    CONTAINERD,
    INFRA_IMAGE,
    OWN,
    Service,
    audit_policy,
    control_plane_services,
    node_files,
    node_services,
)

RESTART_PAUSE_S = 1.0
_POLL_S = 0.25
"""How soon a service that may run again is noticed."""


def main() -> None:
    name, state, level_has_nodes = sys.argv[1], Path(sys.argv[2]), sys.argv[3] == "nodes"
    host_pid = os.readlink("/proc/self")  # /proc is still the host's
    _make_mounts_private(name, state)
    socket.sethostname(name)
    _write("init.pid", host_pid)
    _bring_network_up(name)
    supervisor = Supervisor()
    if name == CONTROL_PLANE:
        _write("audit-policy.yaml", audit_policy())
        supervisor.add(control_plane_services(with_nodes=level_has_nodes))
    else:
        for path, text in node_files(name).items():
            _write(path, text)
        services = node_services(name)
        supervisor.add([service for service in services if service.name == CONTAINERD])
        supervisor.work()
        _import_infra_image()
        supervisor.add([service for service in services if service.name != CONTAINERD])
    supervisor.run_forever()


def _write(path: str, text: str) -> None:
    target = Path(OWN) / path
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(target.name + ".part")
    unfinished.write_text(text)
    unfinished.rename(target)


def _make_mounts_private(name: str, state: Path) -> None:
    """/run and /var of its own, /proc, /sys and control groups of its namespaces."""
    run("mount", "--make-rprivate", "/")
    run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/mnt")
    top = Path("/mnt/machine")
    Path("/mnt/lock").mkdir()
    for part, source in (("bin", state / "bin"), ("pki", state / "pki"), ("own", state / name)):
        (top / part).mkdir(parents=True)
        run("mount", "--bind", source, top / part)
    run("mount", "-n", "--move", "/mnt", "/run")
    disk = Path(OWN) / "var"
    for folder in ("lib", "log", "tmp", "cache"):
        (disk / folder).mkdir(parents=True, exist_ok=True)
    for link, target in (("run", "/run"), ("lock", "/run/lock")):
        if not (disk / link).is_symlink():
            (disk / link).symlink_to(target)
    run("mount", "--bind", disk, "/var")
    run("mount", "-t", "proc", "proc", "/proc")
    run("mount", "-t", "sysfs", "sysfs", "/sys")
    run("mount", "-t", "tmpfs", "-o", "mode=755", "cgroup", "/sys/fs/cgroup")
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        controller = line.split(":")[1]
        if not controller:  # version 2, beside the others
            continue
        folder = Path("/sys/fs/cgroup") / controller.removeprefix("name=")
        folder.mkdir()
        options = f"none,{controller}" if controller.startswith("name=") else controller
        run("mount", "-t", "cgroup", "-o", options, "cgroup", folder)
    run("mount", "--make-rshared", "/")


def _bring_network_up(name: str) -> None:
    wait_for(lambda: succeeds("ip", "link", "show", "eth0"), what="a network card", timeout_s=20)
    own = address_of(name)
    run("ip", "link", "set", "lo", "up")
    run("ip", "addr", "add", f"{own}/24", "dev", "eth0")
    run("ip", "link", "set", "eth0", "up")
    run("ip", "route", "add", SERVICES, "dev", "eth0")  # kube-proxy translates it before it leaves
    for node in node_names(NODES_MAX):
        if node != name:
            run("ip", "route", "add", pods_of(node), "via", address_of(node))
    for setting in (
        "net.ipv4.ip_forward=1",
        "net.ipv4.conf.all.send_redirects=0",
        "net.ipv4.conf.eth0.send_redirects=0",
    ):
        run("sysctl", "-qw", setting)


def _import_infra_image() -> None:
    wait_for(lambda: succeeds("ctr", "version"), what="containerd answers", timeout_s=30)
    if INFRA_IMAGE not in run("ctr", "-n", "k8s.io", "images", "ls", "-q").split():
        run("ctr", "-n", "k8s.io", "images", "import", f"{BIN}/infra.tar")


@dataclass
class _State:
    service: Service
    pid: int | None = None
    due_s: float = 0.0


class Supervisor:
    """Keeps services running. A file `stopped/NAME` in the machine's folder keeps one down."""

    def __init__(self) -> None:
        self._states: list[_State] = []
        self._wake, wake_writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(wake_writer, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, _note)  # a handler, so that the pipe is written

    def add(self, services: list[Service]) -> None:
        self._states += [_State(service) for service in services]

    def run_forever(self) -> None:
        while True:
            self.work()
            select.select([self._wake], [], [], _POLL_S)
            with contextlib.suppress(BlockingIOError):
                os.read(self._wake, 4096)

    def work(self) -> None:
        """Reaps what ended, and starts what is due."""
        self._reap()
        now_s = time.monotonic()
        for state in self._states:
            stopped = (Path(OWN) / "stopped" / state.service.name).exists()
            if state.pid is None and now_s >= state.due_s and not stopped:
                state.pid = _start(state.service)

    def _reap(self) -> None:
        while True:
            try:
                pid, _ = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            for state in self._states:
                if state.pid == pid:
                    state.pid = None
                    state.due_s = time.monotonic() + RESTART_PAUSE_S


def _note(_signal: int, _frame: object) -> None:
    """What matters is that the signal came."""


def _start(service: Service) -> int:
    log = Path(OWN) / "log" / f"{service.name}.log"
    log.parent.mkdir(exist_ok=True)
    with log.open("ab") as output:
        pid = os.posix_spawnp(
            service.command[0],
            list(service.command),
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_DUP2, output.fileno(), 1),
                (os.POSIX_SPAWN_DUP2, output.fileno(), 2),
            ],
            setsid=True,
            setsigdef=[
                signal.SIGPIPE,
                signal.SIGXFSZ,
            ],  # Python ignores both, and that is inherited
        )
    _write(f"pids/{service.name}", str(pid))
    return pid


if __name__ == "__main__":
    main()
