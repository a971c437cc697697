"""The bridge that connects the machines, in a network namespace of its own: the host's firewall
never sees its traffic. It is held by one sleeping process."""

from pathlib import Path

from bitebyte_cluster.commands import ClusterError, run, succeeds, wait_for
from bitebyte_cluster.network import (
    CONTROL_PLANE_ADDRESS,
    HOST_ADDRESS,
    HOST_LINK,
    NODES_MAX,
    PODS,
    SERVICES,
    address_of,
    hardware_address_of,
    node_names,
    pods_of,
)
from bitebyte_cluster.paths import Paths
from bitebyte_cluster.processes import kill, live_pid, start_detached

_MARK = "sleep 2147480090"
"""Its whole command line; the odd number tells it from other sleepers."""


def ensure(paths: Paths) -> None:
    """The bridge, the host's leg in it, and the host's routes to pods and Services."""
    folder = paths.machine("switch")
    if live_pid(folder / "init.pid", _MARK) is None:
        _refuse_taken_addresses()
        folder.mkdir(parents=True, exist_ok=True)
        pid_file = folder / "init.pid"
        start_detached(
            f'echo $$ > "{pid_file}"; exec unshare --net {_MARK}',
            log=folder / "init.log",
        )
        wait_for(
            lambda: live_pid(pid_file, _MARK) is not None, what="the switch runs", timeout_s=10
        )
        inside(paths, "ip", "link", "add", "br0", "type", "bridge")
        inside(paths, "ip", "link", "set", "br0", "up")
        namespace = str(live_pid(pid_file, _MARK))
        run(
            *("ip", "link", "add", HOST_LINK, "type", "veth"),
            *("peer", "name", "v-host", "netns", namespace),
        )
        inside(paths, "ip", "link", "set", "v-host", "master", "br0", "up")
        run("ip", "addr", "add", f"{HOST_ADDRESS}/24", "dev", HOST_LINK)
        run("ip", "link", "set", HOST_LINK, "up")
        run("ip", "route", "add", SERVICES, "via", CONTROL_PLANE_ADDRESS)
        # What no node owns must not leave by the host's default route.
        run("ip", "route", "replace", "blackhole", PODS)
        for node in node_names(NODES_MAX):
            run("ip", "route", "replace", pods_of(node), "via", address_of(node))


def _refuse_taken_addresses() -> None:
    """Another network with our addresses would be cut off, or would cut us off."""
    for block in (f"{HOST_ADDRESS}/24", PODS, SERVICES):
        address = block.split("/")[0]
        route = run("ip", "-o", "route", "get", address)
        if " via " not in route and "unreachable" not in route:
            raise ClusterError(f"this host already uses addresses of {block}: {route.strip()}")


def inside(paths: Paths, *command: str) -> str:
    """Runs a command in the bridge's network namespace."""
    pid = live_pid(paths.machine("switch") / "init.pid", _MARK)
    if pid is None:
        raise ClusterError("the switch does not run; `up` starts it")
    return run("nsenter", "-t", str(pid), "-n", "--", *command)


def plug_in(paths: Paths, machine: str, pid: int) -> None:
    """Gives the machine whose process 1 is `pid` its network card."""
    cable, hardware = f"v-{machine}", hardware_address_of(machine)
    card = ("peer", "name", "eth0", "address", hardware, "netns", str(pid))
    inside(paths, "ip", "link", "add", cable, "type", "veth", *card)
    inside(paths, "ip", "link", "set", cable, "master", "br0", "up")


def pull_out(paths: Paths, machine: str) -> None:
    """Cuts the cable, if there is one: the others hear nothing more, as in a power cut."""
    if live_pid(paths.machine("switch") / "init.pid", _MARK) is not None:
        pid = live_pid(paths.machine("switch") / "init.pid", _MARK)
        succeeds("nsenter", "-t", str(pid), "-n", "ip", "link", "del", f"v-{machine}")


def remove(paths: Paths) -> None:
    """Takes the bridge, the host's leg and its routes away."""
    pid_file: Path = paths.machine("switch") / "init.pid"
    pid = live_pid(pid_file, _MARK)
    if pid is not None:
        kill(pid)
    succeeds("ip", "link", "del", HOST_LINK)
    succeeds("ip", "route", "del", "blackhole", PODS)
