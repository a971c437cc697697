"""Where the cluster keeps what it builds, and what runs."""

import os
from dataclasses import dataclass
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Paths:
    """The folders of one cluster. Of several users of a machine only one can have a cluster at a
    time, so these are not made for many."""

    cache: Path
    """Built binaries and images; may be thrown away at any time, and costs minutes to fill."""
    state: Path
    """Of the running cluster: its machines' disks, keys and logs. `down` removes it."""

    @property
    def store(self) -> Path:
        """Built files, each named by what it was built from."""
        return self.cache / "store"

    @property
    def bin(self) -> Path:
        """The binaries of the running cluster, mounted into its machines and add-ons."""
        return self.state / "bin"

    @property
    def pki(self) -> Path:
        return self.state / "pki"

    @property
    def kubeconfig(self) -> Path:
        """Of the administrator."""
        return self.state / "kubeconfig"

    def machine(self, name: str) -> Path:
        """A machine's disk, logs and pid files."""
        return self.state / name


def default_paths() -> Paths:
    """From $BITEBYTE_CLUSTER_CACHE and $BITEBYTE_CLUSTER_DIR, or the usual places."""
    cache = os.environ.get("BITEBYTE_CLUSTER_CACHE") or "~/.cache/bitebyte-cluster"
    state = os.environ.get("BITEBYTE_CLUSTER_DIR") or "/var/tmp/bitebyte-cluster"
    return Paths(Path(cache).expanduser(), Path(state))
