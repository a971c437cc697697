"""Keeps one node running: starts it, starts it again when it dies, ends it with the demo."""

import asyncio
import os
import shutil
import sys
from collections.abc import Callable, Sequence

from bitebyte.demo.data_folder import last_lines, rotate_log
from bitebyte.demo.errors import DataFolderBroken, NodeRefused
from bitebyte.demo.plan import NodePlan, node_environment, restart_delay_s
from bitebyte.demo.wording import ProcessState, ending

STOP_DEADLINE_S = 20.0
"""A node hands its work over and stops its PostgreSQL in far less; then it is killed."""
STEADY_AFTER_S = 60.0
"""A node that ran this long counts as having started well: its next restart is quick again."""
FIRST_STARTS_MAX = 3
"""A node that never served and ended this often will not get better by itself."""
REFUSALS = (2, 3)
"""Exit codes of a node that will say the same again: bad configuration, refusing database."""


class NodeKeeper:
    """One node's process. `run` is called once; everything lives on one event loop."""

    def __init__(
        self,
        plan: NodePlan,
        *,
        command: Callable[[NodePlan], Sequence[str]],
        say: Callable[[str], None],
        stopping: asyncio.Event,
        delay_s: Callable[[int], float] = restart_delay_s,
    ) -> None:
        self.plan = plan
        self.state = ProcessState.STARTING
        self.has_served = False
        """Set by whoever saw the node answer; before that a refusal ends the demo."""
        self._command = command
        self._say = say
        self._stopping = stopping
        self._delay_s = delay_s
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        """The node's process id while it runs."""
        if self._process is None or self._process.returncode is not None:
            return None
        return self._process.pid

    def kill(self) -> None:
        """Ends the node at once, for a person who does not want to wait."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()

    async def run(self) -> None:
        """Returns when the demo stops and the node has ended.

        Raises NodeRefused when the node cannot start, DatabaseVanished from the command.
        """
        failures = 0
        loop = asyncio.get_running_loop()
        while not self._stopping.is_set():
            started_at = loop.time()
            process = await self._start()
            self._process = process
            if failures:
                self._say(f"{self.plan.name} was started again, pid {process.pid}.")
            try:
                await self._until_exit_or_stop(process)
            finally:
                self.state = ProcessState.STOPPED
                await _end(process)
            if self._stopping.is_set():
                return
            failures = 1 if loop.time() - started_at > STEADY_AFTER_S else failures + 1
            self._check_hope(process.returncode or 0, failures)
            delay_s = self._delay_s(failures)
            self.state = ProcessState.WAITING
            self._say(
                f"{self.plan.name} {ending(process.returncode or 0)}; "
                f"it will be started again in {delay_s:.0f} s."
            )
            await _wait(self._stopping, delay_s)
        self.state = ProcessState.STOPPED

    def _check_hope(self, return_code: int, failures: int) -> None:
        if self.has_served:
            return
        if return_code in REFUSALS or failures >= FIRST_STARTS_MAX:
            raise NodeRefused(
                f"{self.plan.name} {ending(return_code)}. The end of {self.plan.log_path}:\n"
                f"{last_lines(self.plan.log_path)}"
            )

    async def _start(self) -> asyncio.subprocess.Process:
        command = self._command(self.plan)
        self.state = ProcessState.STARTING
        try:
            self.plan.data_dir.mkdir(parents=True, exist_ok=True)
            rotate_log(self.plan.log_path)
            log = self.plan.log_path.open("ab")
        except OSError as error:
            raise DataFolderBroken(
                f"{self.plan.data_dir} cannot be written: {error.strerror}"
            ) from error
        with log:
            return await asyncio.create_subprocess_exec(
                *_ends_with_us(command),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=node_environment(os.environ),
                # Ctrl-C in the terminal is for the demo, which then stops its nodes in order.
                start_new_session=True,
            )

    async def _until_exit_or_stop(self, process: asyncio.subprocess.Process) -> None:
        exiting = asyncio.create_task(process.wait())
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait((exiting, stopping), return_when=asyncio.FIRST_COMPLETED)
        finally:
            exiting.cancel()
            stopping.cancel()


def _ends_with_us(command: Sequence[str]) -> tuple[str, ...]:
    """The command, so that the kernel ends it when the demo is killed, where that is possible.

    Without it a demo that is killed with -9 leaves its nodes running, and the next start says
    that their ports are taken.
    """
    setpriv = shutil.which("setpriv") if sys.platform == "linux" else None
    if setpriv is None:
        return tuple(command)
    return (setpriv, "--pdeathsig", "TERM", "--", *command)


async def _end(process: asyncio.subprocess.Process) -> None:
    """SIGTERM, wait, SIGKILL; returns when the process has ended."""
    if process.returncode is not None:
        return
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), STOP_DEADLINE_S)
    except TimeoutError:
        process.kill()
        await process.wait()


async def _wait(event: asyncio.Event, timeout_s: float) -> None:
    try:
        await asyncio.wait_for(event.wait(), timeout_s)
    except TimeoutError:
        return
