"""Building binaries into the cache: each once, until its sources change."""

import hashlib
import os
import shutil
import time
from collections.abc import Iterable
from pathlib import Path

from bitebyte_cluster.commands import ClusterError, run
from bitebyte_cluster.paths import PACKAGE, Paths
from bitebyte_cluster.recipes import Recipe

TOOLS = PACKAGE / "tools"
_BUILD_TIMEOUT_S = 3600.0
_HASH_CHARS = 16


def build_all(paths: Paths, recipes: Iterable[Recipe]) -> dict[str, Path]:
    """Every binary by name, built where the cache lacks it; says what it builds."""
    return {recipe.name: _build(paths, recipe) for recipe in recipes}


def _build(paths: Paths, recipe: Recipe) -> Path:
    target = paths.store / f"{recipe.name}-{source_hash(recipe)}"
    if target.exists():
        return target
    if shutil.which("go") is None:
        raise ClusterError("Go is not installed (Debian: golang-go); it is needed to build")
    paths.store.mkdir(parents=True, exist_ok=True)
    began_s = time.monotonic()
    unfinished = target.with_suffix(f".{os.getpid()}.part")
    run(
        *("go", "build", "-trimpath", "-buildvcs=false"),
        *("-ldflags", f"-s -w {recipe.link_flags}".strip()),
        *("-o", unfinished, recipe.package),
        env={"CGO_ENABLED": "0"},
        cwd=TOOLS / recipe.module,
        timeout_s=_BUILD_TIMEOUT_S,
    )
    unfinished.rename(target)
    print(f"built {recipe.name} in {time.monotonic() - began_s:.1f} s", flush=True)
    for other in paths.store.glob(f"{recipe.name}-{'?' * _HASH_CHARS}"):
        if other != target:  # of older sources
            other.unlink()
    return target


def source_hash(recipe: Recipe) -> str:
    """Changes with the recipe, the pinned versions, our own sources and the compiler."""
    folder = TOOLS / recipe.module
    sources = [folder / "go.mod", folder / "go.sum"]
    if recipe.package.startswith("."):
        sources += sorted((folder / recipe.package).glob("*.go"))
    digest = hashlib.sha256(repr(recipe).encode())
    digest.update(run("go", "version").encode() if shutil.which("go") else b"")
    for source in sources:
        digest.update(source.read_bytes())
    return digest.hexdigest()[:_HASH_CHARS]
