"""Machines from the host's side: boot, power off, freeze, cut off, stop one service.

A machine is process 1 of its own namespaces (machine.py). Its disk is a folder, so it boots again
with what it had.
"""

import contextlib
import os
import signal
import sys
from pathlib import Path

from bitebyte_cluster import cgroups, switch
from bitebyte_cluster.commands import ClusterError, run, succeeds, wait_for
from bitebyte_cluster.network import CONTROL_PLANE, NODES_MAX, blocks_of, node_names
from bitebyte_cluster.paths import PACKAGE, Paths
from bitebyte_cluster.processes import kill, live_pid, start_detached

_BOOT_TIMEOUT_S = 20.0
_HEALTHY_FOLDERS = (CONTROL_PLANE, *node_names(NODES_MAX))


class Machines:
    """The machines of one state directory. Several threads may use it on different machines."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths

    @property
    def names(self) -> list[str]:
        """Of all that were ever booted, running or not."""
        return [name for name in _HEALTHY_FOLDERS if self._paths.machine(name).is_dir()]

    @property
    def nodes(self) -> list[str]:
        return [name for name in self.names if name != CONTROL_PLANE]

    def pid(self, name: str) -> int | None:
        """The host's number of its process 1; None while it is off."""
        return live_pid(self._paths.machine(name) / "init.pid", _mark(name))

    def boot(self, name: str, *, with_nodes: bool = True) -> None:
        """Switches a machine on, from its disk if it has one. Does nothing to one that runs."""
        if self.pid(name) is not None:
            return
        folder = self._paths.machine(name)
        for part in ("var", "log"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        (folder / "init.pid").unlink(missing_ok=True)
        enter = "".join(f"echo $$ > {group}/cgroup.procs; " for group in cgroups.make(name))
        namespaces = "--net --pid --fork --kill-child --mount --uts --cgroup"
        level = "nodes" if with_nodes else "alone"
        start_detached(
            f"{enter}exec unshare {namespaces} {sys.executable} -m"
            f" {_mark(name)}{self._paths.state} {level}",
            log=folder / "log" / "init.log",
            env=_machine_environment(),
        )
        wait_for(
            lambda: self.pid(name) is not None,
            what=f"{name} boots (see {folder}/log/init.log)",
            timeout_s=_BOOT_TIMEOUT_S,
        )
        pid = self.pid(name)
        assert pid is not None
        switch.plug_in(self._paths, name, pid)

    def power_off(self, name: str) -> None:
        """No goodbye of any kind: the cable is cut, then every process is gone at once."""
        cgroups.thaw(name)  # what is frozen ignores SIGKILL
        pid = self.pid(name)
        if pid is None:
            return
        switch.pull_out(self._paths, name)
        kill(pid)
        (self._paths.machine(name) / "init.pid").unlink(missing_ok=True)
        wait_for(lambda: cgroups.remove(name), what=f"{name}'s last process is gone", timeout_s=30)

    def inside(self, name: str, *command: str, stdin: str | None = None) -> str:
        """Runs a command in all of the machine's namespaces."""
        return run(*self.enter(name), *command, stdin=stdin)

    def enter(self, name: str) -> tuple[str, ...]:
        pid = self.pid(name)
        if pid is None:
            raise ClusterError(f"{name} is not running")
        return ("nsenter", "-t", str(pid), "-m", "-u", "-n", "-p", "-C", "--")

    def freeze(self, name: str) -> None:
        """Every process of it, pods included, stops between two instructions."""
        cgroups.freeze(name)

    def thaw(self, name: str) -> None:
        """It goes on, and does not know that time has passed."""
        cgroups.thaw(name)

    def cut_off(self, name: str, *peers: str) -> None:
        """Drops every packet between a machine and these peers (`host`, `cp`, nodes), or all, in
        both directions."""
        drops = [("raw", "PREROUTING", "-i", "eth0"), ("mangle", "POSTROUTING", "-o", "eth0")]
        blocks = [block for peer in peers for block in blocks_of(peer)] or ["0.0.0.0/0"]
        for block in blocks:
            for (table, chain, direction, card), side in zip(drops, ("-s", "-d"), strict=True):
                rule = (direction, card, side, block, "-j", "DROP")
                self.inside(name, "iptables", "-w", "-t", table, "-A", chain, *rule)

    def heal(self, name: str) -> None:
        """Takes back every `cut_off`. Nothing else writes to these two chains."""
        self.inside(name, "iptables", "-w", "-t", "raw", "-F", "PREROUTING")
        self.inside(name, "iptables", "-w", "-t", "mangle", "-F", "POSTROUTING")

    def stop_service(self, name: str, service: str) -> None:
        """kill -9 of one service, which stays down until `resume_service`."""
        folder = self._paths.machine(name)
        stopped = folder / "stopped" / service
        stopped.parent.mkdir(exist_ok=True)
        stopped.touch()
        pid = (folder / "pids" / service).read_text()
        succeeds(*self.enter(name), "kill", "-9", pid)

    def resume_service(self, name: str, service: str) -> None:
        (self._paths.machine(name) / "stopped" / service).unlink(missing_ok=True)


def kill_marked(container_id: str) -> int:
    """kill -9 of all processes whose control group names this container; returns when they are
    gone, and how many there were."""
    pids = container_pids(container_id)
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    for pid in pids:
        kill(pid)
    return len(pids)


def container_pids(container_id: str) -> list[int]:
    """The host's numbers of a container's processes."""
    assert len(container_id) >= 32, f"{container_id} may match more than one container"
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if container_id in (entry / "cgroup").read_text():
                    found.append(int(entry.name))
            except (FileNotFoundError, ProcessLookupError):
                continue
    return found


def _mark(name: str) -> str:
    return f"bitebyte_cluster.machine {name} "


def _machine_environment() -> dict[str, str]:
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    return {"PATH": path, "PYTHONPATH": str(PACKAGE.parent), "HOME": "/root"}
