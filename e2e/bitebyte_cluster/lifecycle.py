"""`up`, `down` and `status` of a cluster whose machines are namespaces."""

import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from string import Template

from bitebyte_cluster import certificates, cgroups, debian, images, switch
from bitebyte_cluster.build import build_all
from bitebyte_cluster.commands import ClusterError, run, succeeds, wait_for
from bitebyte_cluster.machines import Machines
from bitebyte_cluster.network import (
    CONTROL_PLANE,
    CONTROL_PLANE_ADDRESS,
    DNS_ADDRESS,
    NODES_MAX,
    node_names,
)
from bitebyte_cluster.paths import PACKAGE, Paths
from bitebyte_cluster.recipes import CLUSTER_LEVELS, LEVELS
from bitebyte_cluster.services import BIN, INFRA_IMAGE

_HOST_SETTINGS = (
    "vm.overcommit_memory",
    "vm.panic_on_oom",
    "kernel.panic",
    "kernel.panic_on_oops",
    "kernel.keys.root_maxkeys",
    "kernel.keys.root_maxbytes",
)
"""The kubelet changes these for the whole host; `down` puts them back."""


def up(paths: Paths, *, level: str, node_count: int) -> None:
    """Starts a cluster, or whatever is missing of the one that runs; builds what it lacks."""
    if level not in CLUSTER_LEVELS:
        raise ClusterError(f"{level} is no level of a cluster: {', '.join(CLUSTER_LEVELS)}")
    if not 1 <= node_count <= NODES_MAX:
        raise ClusterError(f"between 1 and {NODES_MAX} nodes are possible, not {node_count}")
    debian.require_root()
    cgroups.hierarchies()
    debian.install_for_machines()
    binaries = build_all(paths, LEVELS[level])
    nodes = [] if level == "apiserver" else node_names(node_count)
    told = _stopwatch()
    _prepare_state(paths, binaries, nodes)
    switch.ensure(paths)
    machines = Machines(paths)
    for machine in (CONTROL_PLANE, *nodes):
        machines.boot(machine, with_nodes=bool(nodes))
    wait_for(
        lambda: succeeds(*kubectl(paths), "get", "--raw", "/readyz"),
        what=f"the API server is ready (see {paths.machine(CONTROL_PLANE)}/log)",
        timeout_s=120,
    )
    told("API server ready")
    if nodes:
        _apply_addons(paths, level)
        _wait_for_nodes(paths, nodes)
        told(f"{len(nodes)} nodes ready")
        _wait_for_addons(paths, level)
        told("add-ons ready")
    print(f"export KUBECONFIG={paths.kubeconfig}", flush=True)


def _stopwatch() -> Callable[[str], None]:
    began_s = time.monotonic()
    return lambda what: print(f"{what} after {time.monotonic() - began_s:.1f} s", flush=True)


def _prepare_state(paths: Paths, binaries: dict[str, Path], nodes: list[str]) -> None:
    """Binaries, keys and the administrator's kubeconfig in the state directory."""
    paths.bin.mkdir(parents=True, exist_ok=True)
    paths.state.chmod(0o700)
    if nodes:
        binaries = {**binaries, "infra.tar": images.infra_image(paths)}
    for name, source in binaries.items():
        _place(source, paths.bin / name)
    saved = paths.state / "sysctl.conf"
    if not saved.exists():
        saved.write_text(run("sysctl", "-e", *_HOST_SETTINGS))
    certificates.issue_all(paths.pki, nodes)
    shutil.copy(paths.pki / "admin.kubeconfig", paths.kubeconfig)


def _place(source: Path, target: Path) -> None:
    """A hard link where that is possible, else a copy; not a symbolic link, for it is mounted."""
    if target.exists() and target.samefile(source):
        return
    fresh = target.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    try:
        os.link(source, fresh)
    except OSError:
        shutil.copy(source, fresh)
    fresh.chmod(0o755)
    fresh.rename(target)


def kubectl(paths: Paths) -> tuple[str, ...]:
    """The beginning of a command line as the administrator."""
    flags = (f"--kubeconfig={paths.kubeconfig}", "--request-timeout=30s")
    return (str(paths.bin / "kubectl"), *flags)


def _apply_addons(paths: Paths, level: str) -> None:
    names = ["nodeagent", "dns"] + (["traefik"] if level == "ingress" else [])
    values = {
        "DNS_ADDRESS": DNS_ADDRESS,
        "CONTROL_PLANE_ADDRESS": CONTROL_PLANE_ADDRESS,
        "INFRA_IMAGE": INFRA_IMAGE,
        "BIN": BIN,
    }
    text = "\n---\n".join(
        Template((PACKAGE / "addons" / f"{name}.yaml").read_text()).substitute(values)
        for name in names
    )
    apply = ("apply", "--server-side", "--force-conflicts", "-f", "-")
    run(*kubectl(paths), *apply, stdin=text)
    if level == "ingress":  # nobody else plays the load balancer here
        address = {"status": {"loadBalancer": {"ingress": [{"ip": CONTROL_PLANE_ADDRESS}]}}}
        patch = ("patch", "service", "traefik", "--subresource=status", "--type=merge")
        run(*kubectl(paths), "-n", "ingress", *patch, "-p", json.dumps(address))


def _wait_for_nodes(paths: Paths, nodes: list[str]) -> None:
    wait_for(
        lambda: succeeds(*kubectl(paths), "get", "node", *nodes),
        what=f"{', '.join(nodes)} register (see {paths.state}/NODE/log)",
        timeout_s=120,
    )
    run(*kubectl(paths), "wait", "--for=condition=Ready", "node", *nodes, "--timeout=120s")


def _wait_for_addons(paths: Paths, level: str) -> None:
    addons = [("kube-system", "coredns")] + ([("ingress", "traefik")] if level == "ingress" else [])
    for namespace, name in addons:
        status = ("rollout", "status", "deployment", name, "--timeout=180s")
        run(*kubectl(paths), "-n", namespace, *status)


def down(paths: Paths) -> None:
    """Stops everything and removes every trace but the cache. Safe to call again."""
    debian.require_root()
    machines = Machines(paths)
    for name in machines.names:
        machines.power_off(name)
    switch.remove(paths)
    wait_for(cgroups.remove, what="control groups are gone", timeout_s=30)
    saved = paths.state / "sysctl.conf"
    if saved.exists():
        run("sysctl", "-q", "-p", saved)
    mounted = f" {paths.state}/" in Path("/proc/self/mountinfo").read_text()
    if mounted:
        raise ClusterError(f"something is still mounted below {paths.state}")
    shutil.rmtree(paths.state, ignore_errors=True)


def status(paths: Paths) -> str:
    """A line for each machine; raises ClusterError where there is no cluster."""
    machines = Machines(paths)
    if not machines.names:
        raise ClusterError(f"no cluster in {paths.state}")
    lines: list[str] = []
    for name in machines.names:
        pid = machines.pid(name)
        state = "off" if pid is None else "frozen" if cgroups.is_frozen(name) else "running"
        lines.append(f"{name:6} {state:8} pid {pid or '-'}")
    return "\n".join(lines)
