"""Other programs, run to their end, and waiting for what they bring about."""

import os
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

POLL_PAUSE_S = 0.1


_SYSTEM_FOLDERS = "/usr/sbin:/sbin"
"""Where Debian keeps iptables and its like; not on every user's PATH."""


class ClusterError(Exception):
    """The cluster cannot go on; the text says what is wrong and where to look."""


def run(
    *command: str | Path,
    stdin: str | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    timeout_s: float = 600.0,
) -> str:
    """The command's output. Raises ClusterError with what it said if it fails or hangs."""
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            env=_environment(env or {}),
            cwd=cwd,
            timeout=timeout_s,
        )
    except FileNotFoundError:
        raise ClusterError(f"{words[0]} is not installed") from None
    except subprocess.TimeoutExpired:
        raise ClusterError(f"{words[0]} did not end within {timeout_s:g} s: {words}") from None
    if done.returncode != 0:
        told = (done.stderr or done.stdout).strip()[-2000:]
        raise ClusterError(f"{' '.join(words[:6])}: exit {done.returncode}: {told}")
    return done.stdout


def _environment(more: Mapping[str, str]) -> dict[str, str]:
    return {**os.environ, "PATH": f"{os.environ.get('PATH', '')}:{_SYSTEM_FOLDERS}", **more}


def succeeds(*command: str | Path) -> bool:
    """Whether the command ends with 0; what it says is dropped."""
    words = [str(word) for word in command]
    done = subprocess.run(words, check=False, capture_output=True, timeout=60, env=_environment({}))
    return done.returncode == 0


def wait_for(condition: Callable[[], bool], *, what: str, timeout_s: float) -> None:
    """Polls until it holds. Raises ClusterError, naming `what`."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise ClusterError(f"after {timeout_s:g} s still not: {what}")
        threading.Event().wait(POLL_PAUSE_S)
