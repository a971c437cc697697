"""Long-lived processes that outlive the program that started them."""

import os
import signal
import subprocess
from pathlib import Path

from bitebyte_cluster.commands import wait_for

_DEATH_TIMEOUT_S = 30.0


def start_detached(script: str, *, log: Path, env: dict[str, str] | None = None) -> None:
    """Runs a shell script in a session of its own, as nobody's child, its output to `log`."""
    with log.open("ab") as output:
        subprocess.run(
            ["sh", "-c", f"setsid sh -c '{_quoted(script)}' &"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=env,
            check=True,
        )


def _quoted(script: str) -> str:
    return script.replace("'", "'\"'\"'")


def live_pid(pid_file: Path, mark: str) -> int | None:
    """The process that the file names, if it lives and has `mark` in its command line: a pid may
    have been given to somebody else since."""
    try:
        pid = int(pid_file.read_text())
        words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except (FileNotFoundError, ProcessLookupError, ValueError):
        return None
    return pid if mark in words else None


def kill(pid: int) -> None:
    """SIGKILL, and waits until the process is gone."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    wait_for(lambda: _is_gone(pid), what=f"process {pid} is gone", timeout_s=_DEATH_TIMEOUT_S)


def _is_gone(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state == "Z"
