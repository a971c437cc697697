"""One node as an operating system process that can be killed and started again."""

import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from bitebyte_e2e.environment import child_environment

STOP_TIMEOUT_S = 20.0
"""A node that was told to stop hands over, finishes its requests and stops its database."""


@dataclass(frozen=True)
class NodeSpec:
    """All that a node is started with; the same for its whole life."""

    name: str
    member_id: int
    """0: it makes its own when it joins."""
    http_port: int
    peer_port: int
    admin_port: int
    data_dir: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def admin_url(self) -> str:
        return f"http://127.0.0.1:{self.admin_port}"

    @property
    def member(self) -> str:
        """In the form of the `--member` flag."""
        return f"{self.name}={self.member_id}@127.0.0.1:{self.peer_port}"


@dataclass
class NodeProcess:
    """The process of a node. Its database is its child and dies with it."""

    spec: NodeSpec
    arguments: tuple[str, ...]
    log_path: Path
    _process: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        assert self._process is not None, f"{self.spec.name} was never started"
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative: the signal that ended it."""
        return None if self._process is None else self._process.poll()

    def start(self, *extra_arguments: str) -> None:
        """Starts it with its output appended to `log_path`. Returns at once."""
        assert not self.is_running, f"{self.spec.name} is already running"
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        log: IO[bytes]
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "bitebyte", "node", *self.arguments, *extra_arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=child_environment(),
                start_new_session=True,
            )

    def kill(self) -> None:
        """kill -9, and waits until the kernel has ended it."""
        self.send_kill()
        self.reap()

    def send_kill(self) -> None:
        """kill -9 without waiting; `reap` must follow."""
        assert self._process is not None
        self._process.kill()

    def reap(self) -> None:
        """Waits until a killed process has ended."""
        assert self._process is not None
        self._process.wait()

    def stop(self) -> int:
        """SIGTERM, and returns the exit code; kill -9 after a deadline."""
        assert self._process is not None
        if self.is_running:
            self._process.send_signal(signal.SIGCONT)
            self._process.terminate()
        try:
            return self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(
                f"{self.spec.name} did not stop within {STOP_TIMEOUT_S:g} s; {self.log_tail()}"
            ) from None

    def freeze(self) -> None:
        """SIGSTOP: the process gets no CPU until `thaw`."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def log_tail(self, lines_max: int = 60) -> str:
        """The end of its output, for the text of a failure."""
        if not self.log_path.exists():
            return f"{self.log_path} does not exist"
        tail = self.log_path.read_text(errors="replace").splitlines()[-lines_max:]
        return f"the end of {self.log_path}:\n" + "\n".join(tail)
