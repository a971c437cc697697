"""What the test cluster is laid out from; the cluster itself is tried by the Kubernetes suite."""

import re
from itertools import combinations, pairwise
from pathlib import Path

import pytest

from bitebyte_cluster import build
from bitebyte_cluster.network import (
    CONTROL_PLANE,
    NODES_MAX,
    address_of,
    blocks_of,
    hardware_address_of,
    node_names,
)
from bitebyte_cluster.recipes import CLUSTER_LEVELS, KUBERNETES_VERSION, LEVELS, Recipe
from bitebyte_cluster.services import control_plane_services, node_files, node_services

MACHINES = ["host", CONTROL_PLANE, *node_names(NODES_MAX)]


def test_no_two_machines_share_an_address() -> None:
    blocks = [set(blocks_of(machine)) for machine in MACHINES]
    assert all(not a & b for a, b in combinations(blocks, 2))
    assert len({hardware_address_of(machine) for machine in MACHINES}) == len(MACHINES)


def test_every_recipe_has_a_pinned_module() -> None:
    for recipe in {recipe for recipes in LEVELS.values() for recipe in recipes}:
        pinned = (build.TOOLS / recipe.module / "go.mod").read_text()
        assert (build.TOOLS / recipe.module / "go.sum").exists()
        if not recipe.package.startswith("."):
            assert f"\t{recipe.package}" in pinned or f"tool {recipe.package}" in pinned


def test_the_version_that_is_told_is_the_one_that_is_built() -> None:
    pinned = (build.TOOLS / "k8s" / "go.mod").read_text()
    assert f"k8s.io/kubernetes {KUBERNETES_VERSION}" in pinned


def test_each_level_holds_the_one_below() -> None:
    levels = [set(LEVELS[level]) for level in CLUSTER_LEVELS]
    assert all(lower < higher for lower, higher in pairwise(levels))


def test_a_changed_source_is_built_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = tmp_path / "own"
    module.mkdir()
    for name, text in (("go.mod", "module own\n"), ("go.sum", ""), ("main.go", "package main\n")):
        (module / name).write_text(text)
    monkeypatch.setattr(build, "TOOLS", tmp_path)
    recipe = Recipe("own", "own", ".")
    before = build.source_hash(recipe)
    assert build.source_hash(recipe) == before
    (module / "main.go").write_text("package main // changed\n")
    assert build.source_hash(recipe) != before


def test_a_service_finds_the_files_that_it_is_told_of() -> None:
    """Flags of a node's services that name files of its own folder name files that are written."""
    written = set(node_files("node1"))
    commands = " ".join(" ".join(service.command) for service in node_services("node1"))
    named = set(re.findall(r"/run/machine/own/([\w./-]+)", commands))
    assert named
    assert named <= written


def test_an_api_server_alone_needs_no_nodes() -> None:
    names = {service.name for service in control_plane_services(with_nodes=False)}
    assert names == {"etcd", "kube-apiserver"}
    assert address_of("node1") not in repr(control_plane_services(with_nodes=False))
