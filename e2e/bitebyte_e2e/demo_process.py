"""`bitebyte demo` as a person runs it: a command, what it prints, Ctrl-C."""

import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from bitebyte_e2e.environment import child_environment
from bitebyte_e2e.waiting import wait_until

OPEN_TIMEOUT_S = 120.0
"""Three databases are made and the bar is loaded, on a busy machine."""
STOP_TIMEOUT_S = 40.0


@dataclass(frozen=True)
class DemoAccount:
    """A sign-in as the demo prints it."""

    email: str
    password: str


class DemoProcess:
    """One start of the demo. Its output is kept in `output_path`."""

    def __init__(
        self, *, data_dir: Path, http_port: int, peer_port: int, admin_port: int, output: Path
    ) -> None:
        self.data_dir = data_dir
        self.urls = [f"http://127.0.0.1:{http_port + number}" for number in range(3)]
        self.output_path = output
        command = [sys.executable, "-m", "bitebyte", "demo", "--data", str(data_dir)]
        command += ["--http-port", str(http_port), "--peer-port", str(peer_port)]
        command += ["--admin-port", str(admin_port)]
        with output.open("wb") as out:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=child_environment(),
            )

    @property
    def output(self) -> str:
        return self.output_path.read_text(errors="replace")

    def wait_open(self) -> None:
        """Waits for the welcome with addresses and sign-ins."""

        def is_open() -> bool:
            assert self._process.poll() is None, f"the demo ended:\n{self.output}"
            return "is open" in self.output and "Ctrl-C" in self.output

        try:
            wait_until(is_open, what="the demo is open", timeout_s=OPEN_TIMEOUT_S)
        except AssertionError as problem:
            problem.add_note(self.output + "\n" + self.node_logs())
            raise

    def account(self, role: str) -> DemoAccount:
        """The printed sign-in of `guest` or `merchant`."""
        found = re.search(rf"^\s*{role}\s+(\S+@\S+)\s+(\S+)\s*$", self.output, re.MULTILINE)
        assert found is not None, f"no sign-in of the {role} in:\n{self.output}"
        return DemoAccount(found[1], found[2])

    def node_pids(self, name: str) -> list[int]:
        """Every process id that the node's status lines have shown, in order."""
        shown = re.findall(rf"^{name}\b.*\bpid (\d+)", self.output, re.MULTILINE)
        return list(dict.fromkeys(int(pid) for pid in shown))

    def node_logs(self) -> str:
        """The end of each node's own log, for the text of a failure."""
        return "\n".join(
            f"{path}:\n" + "\n".join(path.read_text(errors="replace").splitlines()[-30:])
            for path in sorted(self.data_dir.glob("node-*/node.log"))
        )

    def interrupt(self) -> int:
        """Ctrl-C, and the exit code."""
        self._process.send_signal(signal.SIGINT)
        return self._process.wait(STOP_TIMEOUT_S)

    def wait_exit(self, timeout_s: float) -> int:
        """For a demo that is expected to end by itself."""
        return self._process.wait(timeout_s)

    def close(self) -> None:
        """Ends it whatever state it is in: in order, and by force if that takes too long."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
