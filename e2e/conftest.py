"""Fixtures of the end-to-end suites: where things are, and a cluster that is cleaned up."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from bitebyte_e2e.cluster import Cluster, running_cluster

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def seed() -> int:
    """Everything random follows from it; printed, so that a failure can be run again."""
    return int(os.environ.get("BITEBYTE_E2E_SEED") or int.from_bytes(os.urandom(4)))


@pytest.fixture(scope="session")
def artifacts_dir() -> Path:
    """Where screenshots and reports go; not under version control."""
    folder = REPOSITORY / "build" / "e2e"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def site_dir() -> Path:
    """The built site. Not building it is an error of the set-up, not a reason to skip."""
    folder = REPOSITORY / "web" / "dist"
    assert (folder / "index.html").exists(), f"{folder} is not built: run `make setup` first"
    return folder


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory, seed: int) -> Iterator[Cluster]:
    """Three bootstrapped nodes for one test file."""
    folder = tmp_path_factory.mktemp("cluster")
    with running_cluster(folder, seed=seed) as running:
        yield running
