"""A control group for each machine, in every hierarchy of the host (version 1), so that a machine
can be frozen as a whole, and its containers' limits work.
"""

from pathlib import Path

from bitebyte_cluster.commands import ClusterError

ROOT = Path("/sys/fs/cgroup")
_OURS = "bitebyte-cluster"
_CPU_SHARES = "8192"
"""Eight times the usual weight: pods that share a busy host would starve, and time out."""


def hierarchies() -> list[Path]:
    """The mounted version 1 hierarchies. Raises ClusterError where there are none."""
    found = [
        folder
        for folder in sorted(ROOT.iterdir())
        if (folder / "cgroup.procs").exists() and folder.name != "unified" and folder.is_dir()
    ]
    if not (ROOT / "freezer" / "cgroup.procs").exists():
        raise ClusterError(
            "this host has no version 1 control groups, which these machines need; boot it with"
            " systemd.unified_cgroup_hierarchy=0, or use another host"
        )
    return [folder for folder in found if not folder.is_symlink()]


def make(machine: str) -> list[Path]:
    """The machine's groups, made if need be; one a hierarchy."""
    groups: list[Path] = []
    for hierarchy in hierarchies():
        ours = hierarchy / _OURS
        ours.mkdir(exist_ok=True)
        if hierarchy.name == "cpuset":  # empty sets hold no process
            for name in ("cpuset.cpus", "cpuset.mems"):
                (ours / name).write_text((hierarchy / name).read_text())
            (ours / "cgroup.clone_children").write_text("1")
        if hierarchy.name in {"cpu", "cpu,cpuacct"}:
            (ours / "cpu.shares").write_text(_CPU_SHARES)
        group = ours / machine
        group.mkdir(exist_ok=True)
        groups.append(group)
    return groups


def freeze(machine: str) -> None:
    """Every process of the machine stops where it is."""
    _freezer(machine).write_text("FROZEN")


def thaw(machine: str) -> None:
    """They go on. Harmless where nothing is frozen or nothing is there."""
    if _freezer(machine).exists():
        _freezer(machine).write_text("THAWED")


def is_frozen(machine: str) -> bool:
    freezer = _freezer(machine)
    return freezer.exists() and freezer.read_text().strip() != "THAWED"


def _freezer(machine: str) -> Path:
    return ROOT / "freezer" / _OURS / machine / "freezer.state"


def remove(machine: str | None = None) -> bool:
    """Removes the groups of a machine, or all of ours. False while some are still in use."""
    done = True
    for hierarchy in hierarchies():
        top = hierarchy / _OURS / (machine or "")
        if not top.exists():
            continue
        folders = [folder for folder in top.rglob("*") if folder.is_dir()]
        for folder in sorted([*folders, top], key=lambda path: len(path.parts), reverse=True):
            try:
                folder.rmdir()
            except FileNotFoundError:
                continue
            except OSError:
                done = False
    return done
