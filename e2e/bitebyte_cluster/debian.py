"""The Debian packages that the cluster stands on, installed where they are missing."""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from bitebyte_cluster.commands import ClusterError, run, succeeds

_NEEDED_BY_MACHINES = {
    "containerd": "containerd",
    "runc": "runc",
    "iptables": "iptables",
    "iproute2": "ip",
    "openssl": "openssl",
    "buildah": "buildah",
    "containernetworking-plugins": "/usr/lib/cni/ptp",
}
_NEEDED_BY_BASE_IMAGE = {"debootstrap": "debootstrap", "buildah": "buildah"}
BUSYBOX = Path("/bin/busybox")


def require_root() -> None:
    if os.geteuid() != 0:
        raise ClusterError("the cluster makes network and pid namespaces: run it as root")


def install_for_machines() -> None:
    """All that `up` calls, and a busybox that is linked dynamically: a static one of Debian cannot
    look names up."""
    missing = _missing(_NEEDED_BY_MACHINES)
    if not BUSYBOX.exists() or not succeeds("ldd", BUSYBOX):
        missing.append("busybox")
    _install(missing)


def install_for_base_image() -> None:
    _install(_missing(_NEEDED_BY_BASE_IMAGE))


def _missing(needed: dict[str, str]) -> list[str]:
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    return [name for name, command in needed.items() if shutil.which(command, path=path) is None]


def _install(packages: Iterable[str]) -> None:
    names = list(packages)
    if not names:
        return
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    run("apt-get", "update", "-qq", env=quiet)
    run("apt-get", "install", "-y", "-qq", "--no-install-recommends", *names, env=quiet)
    print(f"installed {' '.join(names)}", flush=True)
