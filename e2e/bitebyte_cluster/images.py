"""Images without a registry: the small one that add-ons run in, the Debian base that ours are built
on, and copying any image into the nodes."""

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from bitebyte_cluster.commands import ClusterError, run, succeeds
from bitebyte_cluster.debian import BUSYBOX
from bitebyte_cluster.machines import Machines
from bitebyte_cluster.paths import Paths
from bitebyte_cluster.services import INFRA_IMAGE

BASE_IMAGE = "localhost/debian:trixie-slim"
_RELEASE = "trixie"
_HOST_AUTHORITIES = "usr/local/share/host-ca.pem"
"""The host's certificate bundle in the base image, for builds behind a proxy. A path of its own:
what lies below /etc/ssl/certs belongs to the ca-certificates package."""
_NOT_NEEDED = (
    "var/cache/apt/archives",
    "var/lib/apt/lists",
    "usr/share/doc",
    "usr/share/man",
    "usr/share/locale",
)


def infra_image(paths: Paths) -> Path:
    """A busybox with its libraries, as an archive in the cache. It is the pause image too."""
    target = paths.store / "infra.tar"
    if target.exists():
        return target
    paths.store.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=paths.cache) as folder:
        root = Path(folder)
        root.chmod(0o755)
        for name in ("bin", "etc", "proc", "sys", "dev", "var", "tmp"):
            (root / name).mkdir()
        (root / "tmp").chmod(0o1777)
        libraries = run("ldd", BUSYBOX).split()
        for library in [BUSYBOX, *(Path(word) for word in libraries if word.startswith("/"))]:
            copy = root / library.relative_to("/")
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(library, copy)  # what a link leads to
        for applet in run(BUSYBOX, "--list").split():
            if applet != "busybox":
                (root / "bin" / applet).symlink_to("busybox")
        (root / "etc" / "passwd").write_text(
            "root:x:0:0::/:/bin/sh\nnonroot:x:65532:65532::/:/bin/sh\n"
        )
        entry = ["--entrypoint", '["/bin/sleep", "2000000000"]', "--env", "PATH=/bin"]
        _commit(root, INFRA_IMAGE, *entry)
    _export(INFRA_IMAGE, target)
    return target


def base_image(*, again: bool = False) -> None:
    """Makes `localhost/debian:trixie-slim` with debootstrap, where it is not there yet."""
    if not again and succeeds("buildah", "inspect", BASE_IMAGE):
        return
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        root = Path(folder)
        root.chmod(0o755)
        run("debootstrap", "--variant=minbase", _RELEASE, root, timeout_s=900)
        for name in _NOT_NEEDED:
            for entry in (root / name).iterdir():
                if entry.is_dir() and not entry.is_symlink():
                    shutil.rmtree(entry)
                else:
                    entry.unlink()
        authorities = os.environ.get("SSL_CERT_FILE") or "/etc/ssl/certs/ca-certificates.crt"
        settings = ["--cmd", "/bin/bash"]
        if Path(authorities).exists():
            shutil.copy(authorities, root / _HOST_AUTHORITIES)
            for name in ("PIP_CERT", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"):
                settings += ["--env", f"{name}=/{_HOST_AUTHORITIES}"]
        _commit(root, BASE_IMAGE, *settings)
    print(f"{BASE_IMAGE} built in {time.monotonic() - began_s:.1f} s", flush=True)


def _commit(root: Path, image: str, *settings: str) -> None:
    container = run("buildah", "from", "scratch").strip()
    try:
        run("buildah", "add", "-q", container, root, "/")
        run("buildah", "config", *settings, container)
        run("buildah", "commit", "-q", container, image)
    finally:
        run("buildah", "rm", container)


def _export(image: str, target: Path) -> None:
    """As a docker-archive: its layers stay uncompressed, which loads faster."""
    unfinished = target.with_suffix(f".{os.getpid()}.part")
    run("buildah", "push", "-q", image, f"docker-archive:{unfinished}:{image}")
    unfinished.rename(target)


def load_image(machines: Machines, image: str, nodes: list[str] | None = None) -> None:
    """Copies an image from buildah's storage into every node, or into those named; all at once."""
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        archive = Path(folder) / "image.tar"
        _export(image, archive)
        started: list[tuple[str, subprocess.Popen[bytes]]] = []
        for node in nodes or machines.nodes:
            with archive.open("rb") as content:
                command = [*machines.enter(node), "ctr", "-n", "k8s.io", "images", "import", "-"]
                quiet = subprocess.DEVNULL
                started.append((node, subprocess.Popen(command, stdin=content, stdout=quiet)))
        failed = [node for node, process in started if process.wait() != 0]
    if failed:
        raise ClusterError(f"{image} could not be loaded into {', '.join(failed)}")
    print(f"loaded {image} in {time.monotonic() - began_s:.1f} s", flush=True)
