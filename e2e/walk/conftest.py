"""A fresh cluster with an ingress and our images in it, and nothing else: what the reader of
`docs/kubernetes.md` begins with. It takes the place of a cluster that is up on this machine.
"""

import os
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bitebyte_cluster import images, lifecycle
from bitebyte_cluster.build import build_all
from bitebyte_cluster.machines import Machines
from bitebyte_cluster.network import CONTROL_PLANE_ADDRESS
from bitebyte_cluster.paths import Paths, default_paths
from bitebyte_cluster.recipes import LEVELS
from bitebyte_e2e.walkthrough import REPOSITORY
from bitebyte_k8s.steps import step

IMAGES = ("app", "postgres", "operator")
NODES = 3


@dataclass(frozen=True)
class FreshCluster:
    """Where a reader sits: a shell with Helm and kubectl, logged in to the cluster."""

    paths: Paths
    helms: dict[str, Path]
    """By version: `4`, `3`."""
    folder: Path

    def environment(self, helm_version: str) -> dict[str, str]:
        """Of the reader's shell: one `helm`, one `kubectl`, and the system's programs."""
        programs = self.folder / f"bin-{helm_version}"
        if not programs.exists():
            programs.mkdir()
            (programs / "helm").symlink_to(self.helms[helm_version])
            (programs / "kubectl").symlink_to(self.paths.bin / "kubectl")
        return {
            "HOME": str(self.folder),
            "KUBECONFIG": str(self.paths.kubeconfig),
            "PATH": f"{programs}:{os.environ['PATH']}",
        }


@pytest.fixture(scope="session")
def fresh_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FreshCluster]:
    """Gone afterwards, unless BITEBYTE_K8S_KEEP=1."""
    paths = default_paths()
    machines = Machines(paths)
    version = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["version"]
    with step("a fresh cluster of three machines comes up"):
        if machines.names:
            lifecycle.down(paths)
        lifecycle.up(paths, level="ingress", node_count=NODES)
        tools = build_all(paths, LEVELS["charts"])
    with step("the images are loaded into every machine"):
        for image in IMAGES:
            images.load_image(machines, f"localhost/bitebyte-{image}:{version}")
    helms = {"4": tools["helm"], "3": tools["helm3"]}
    yield FreshCluster(paths, helms, tmp_path_factory.mktemp("reader"))
    if os.environ.get("BITEBYTE_K8S_KEEP") != "1":
        lifecycle.down(paths)


@pytest.fixture(scope="session")
def ingress_address() -> str:
    """Where the cluster's ingress listens."""
    return CONTROL_PLANE_ADDRESS
