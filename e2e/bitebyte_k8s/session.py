"""What all tests of a session share."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from bitebyte_cluster.machines import Machines
from bitebyte_cluster.network import CONTROL_PLANE
from bitebyte_cluster.paths import Paths
from bitebyte_k8s import evidence
from bitebyte_k8s.api import Api
from bitebyte_k8s.audit import AuditLog
from bitebyte_k8s.bar_cluster import BarCluster
from bitebyte_k8s.operator_install import NAMESPACE

REPOSITORY = Path(__file__).resolve().parents[2]
ARTIFACTS = REPOSITORY / "build" / "e2e"
INGRESS_HOST = "bar.test"

NewCluster = Callable[[str], BarCluster]
"""A handle of a BarCluster of that name in the test file's namespace."""


@dataclass
class Kubernetes:
    """The cluster that the tests run on."""

    paths: Paths
    machines: Machines
    api: Api
    helm: Path
    namespaces: set[str] = field(default_factory=set)

    def audit(self) -> AuditLog:
        """Reads who changes what from here on."""
        return AuditLog(self.paths.machine(CONTROL_PLANE) / "log" / "audit.log")

    def keep_evidence(self, folder: Path) -> None:
        evidence.keep(
            self.api,
            self.paths.bin / "kubectl",
            self.paths.kubeconfig,
            folder,
            [NAMESPACE, *sorted(self.namespaces)],
        )
