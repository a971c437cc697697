"""One cluster of machines for the whole session, the operator on it, and a namespace for each
test file. BITEBYTE_K8S_KEEP=1 leaves the cluster up for the next run, and uses one that is up.
"""

import os
import re
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from bitebyte_cluster import images, lifecycle
from bitebyte_cluster.build import build_all
from bitebyte_cluster.machines import Machines
from bitebyte_cluster.network import CONTROL_PLANE_ADDRESS
from bitebyte_cluster.paths import default_paths
from bitebyte_cluster.recipes import LEVELS
from bitebyte_e2e.waiting import wait_until
from bitebyte_k8s import faults
from bitebyte_k8s.api import Api
from bitebyte_k8s.bar_cluster import APP_IMAGE, POSTGRES_IMAGE, BarCluster
from bitebyte_k8s.figures import Figures
from bitebyte_k8s.operator_install import IMAGE, OperatorInstall, ensure_namespace
from bitebyte_k8s.session import ARTIFACTS, INGRESS_HOST, REPOSITORY, Kubernetes, NewCluster
from bitebyte_k8s.steps import step

NODES = 3
TEST_TIMEOUT_S = 900
"""A test waits for things one by one, each with a deadline of its own."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.timeout(TEST_TIMEOUT_S))


@pytest.fixture(scope="session")
def kubernetes(request: pytest.FixtureRequest) -> Iterator[Kubernetes]:
    """Three machines and a control plane; with an ingress if any of the tests asks for it."""
    paths, keep = default_paths(), os.environ.get("BITEBYTE_K8S_KEEP") == "1"
    machines = Machines(paths)
    needs_ingress = any("ingress_address" in item.fixturenames for item in request.session.items)
    if machines.names and not keep:
        lifecycle.down(paths)
    with step("a cluster of three machines comes up"):
        level = "ingress" if needs_ingress else "cluster"
        lifecycle.up(paths, level=level, node_count=NODES)
        helm = build_all(paths, LEVELS["helm"])["helm"]
    cluster = Kubernetes(paths, machines, Api(paths.kubeconfig), helm)
    yield cluster
    cluster.api.close()
    if not keep:
        lifecycle.down(paths)


@pytest.fixture(scope="session")
def operator(kubernetes: Kubernetes) -> OperatorInstall:
    """Installed by its chart, two replicas, on duty for all namespaces."""
    with step("the images are loaded into every machine"):
        for image in (APP_IMAGE, POSTGRES_IMAGE, IMAGE):
            images.load_image(kubernetes.machines, image)
    installed = OperatorInstall(
        kubernetes.api, kubernetes.paths.kubeconfig, kubernetes.helm, REPOSITORY / "charts"
    )
    with step("the operator is installed by its chart"):
        installed.install()
        installed.wait_holder()
    return installed


@pytest.fixture(scope="session")
def seed() -> int:
    """Everything random follows from it; printed, so that a failure can be run again."""
    return int(os.environ.get("BITEBYTE_E2E_SEED") or int.from_bytes(os.urandom(4)))


@pytest.fixture(scope="session")
def figures() -> Figures:
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    return Figures(ARTIFACTS / "figures.jsonl")


@pytest.fixture(scope="module")
def namespace(
    request: pytest.FixtureRequest, kubernetes: Kubernetes, operator: OperatorInstall
) -> Iterator[str]:
    """A namespace for one test file, which takes restricted pods only; gone afterwards."""
    name = re.sub("[^a-z0-9]+", "-", Path(request.path).stem.removeprefix("test_").lower())
    ensure_namespace(kubernetes.api, name)
    kubernetes.namespaces.add(name)
    yield name
    for bar in kubernetes.api.list("BarCluster", name):
        kubernetes.api.delete("BarCluster", bar["metadata"]["name"], name)
    kubernetes.api.delete("Namespace", name)
    kubernetes.namespaces.discard(name)


@pytest.fixture(scope="module")
def new_cluster(kubernetes: Kubernetes, namespace: str) -> Iterator[NewCluster]:
    """Handles of BarClusters in the file's namespace, by name."""
    made: list[BarCluster] = []

    def new(name: str) -> BarCluster:
        made.append(BarCluster(kubernetes.api, namespace, name))
        return made[-1]

    yield new
    for cluster in made:
        cluster.close()


@pytest.fixture(scope="session")
def owl(kubernetes: Kubernetes, operator: OperatorInstall) -> Iterator[BarCluster]:
    """Three members that many tests share, each of which leaves it whole. Use `night_owl`."""
    api, cluster = kubernetes.api, BarCluster(kubernetes.api, "bars", "night-owl")
    if api.get("Namespace", cluster.namespace) is not None:
        with step("the night-owl of an earlier session goes, with its guests"):
            cluster.delete()
            cluster.wait_gone()
            api.delete("Namespace", cluster.namespace)
            wait_until(
                lambda: api.get("Namespace", cluster.namespace) is None,
                what="its namespace is gone",
                timeout_s=180,
            )
    ensure_namespace(api, cluster.namespace)
    kubernetes.namespaces.add(cluster.namespace)
    yield cluster
    cluster.close()


@pytest.fixture
def night_owl(owl: BarCluster) -> BarCluster:
    """The shared BarCluster, with three members and Ready."""
    with step("night-owl has three members and is Ready"):
        owl.apply(ingress={"host": INGRESS_HOST})
        owl.wait_ready()
    return owl


@pytest.fixture(scope="session")
def ingress_address(kubernetes: Kubernetes) -> str:
    """Where the ingress listens, on 80 and 443; requests must be for INGRESS_HOST."""
    return CONTROL_PLANE_ADDRESS


@pytest.fixture(autouse=True)
def whole_machines(kubernetes: Kubernetes, operator: OperatorInstall) -> Iterator[None]:
    """Whatever a test has done to machines and to the operator is undone before the next."""
    yield
    faults.restore(kubernetes.machines, kubernetes.api)
    if operator.deployment()["spec"]["replicas"] != 2:
        operator.scale(2)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keeps the evidence of a failed test, before anything is cleaned up."""
    report = yield
    cluster = getattr(item, "funcargs", {}).get("kubernetes")
    if report.failed and isinstance(cluster, Kubernetes):
        folder = ARTIFACTS / re.sub(r"\W+", "-", item.name)
        cluster.keep_evidence(folder)
        report.sections.append(("evidence", str(folder)))
    return report
