"""The operator as a process of its own."""

import contextlib
import signal
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import httpx

from bitebyte_e2e.environment import child_environment
from bitebyte_e2e.ports import free_ports
from bitebyte_e2e.waiting import wait_until

STOP_S_MAX = 15.0
START_S_MAX = 30.0


class OperatorProcess:
    """A running operator. It may be killed and another one started."""

    def __init__(self, kubeconfig: Path, log_file: Path, **options: str) -> None:
        (self.port,) = free_ports(1)
        environment = child_environment() | {
            "KUBECONFIG": str(kubeconfig),
            "BITEBYTE_OPERATOR_NAMESPACE": "operators",
            "BITEBYTE_OPERATOR_WATCH_NAMESPACES": "default",
            "BITEBYTE_OPERATOR_HTTP_LISTEN": f"127.0.0.1:{self.port}",
            **{f"BITEBYTE_OPERATOR_{name.upper()}": value for name, value in options.items()},
        }
        self.log_file = log_file
        with log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "bitebyte_operator"],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def metric(self, name: str) -> float | None:
        """The value of a metric without labels; None if nobody answers."""
        try:
            text = httpx.get(f"http://127.0.0.1:{self.port}/metrics", timeout=2.0).text
        except httpx.TransportError:
            return None
        lines = (line.split() for line in text.splitlines())
        return next((float(line[1]) for line in lines if line[0] == name), None)

    @property
    def is_leading(self) -> bool:
        """Whether it holds the Lease."""
        return self.metric("bitebyte_operator_is_leader") == 1

    def wait_until_leading(self, timeout_s: float = START_S_MAX) -> None:
        """Raises WaitExpired, or AssertionError if the process ends."""
        wait_until(
            lambda: self.assert_runs() and self.is_leading,
            what=f"the operator leads ({self.log_file})",
            timeout_s=timeout_s,
        )

    def assert_runs(self) -> bool:
        """Raises AssertionError if the process has ended."""
        assert self.process.poll() is None, f"the operator ended: {self.log_file}"
        return True

    def kill(self) -> None:
        """Power off."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """As Kubernetes ends it. Returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_S_MAX)


@contextlib.contextmanager
def running_operator(
    kubeconfig: Path, log_file: Path, **options: str
) -> Generator[OperatorProcess]:
    """An operator for the length of the context."""
    operator = OperatorProcess(kubeconfig, log_file, **options)
    try:
        yield operator
    finally:
        if operator.process.poll() is None:
            try:
                operator.stop()
            except subprocess.TimeoutExpired:
                operator.kill()
                raise
