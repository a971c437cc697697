"""A keeper holds one real process: starts it, starts it again, ends it."""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path

import pytest

from bitebyte.demo.errors import NodeRefused
from bitebyte.demo.keeper import NodeKeeper
from bitebyte.demo.plan import NodePlan
from bitebyte.demo.wording import ProcessState

DEADLINE_S = 20.0
STAYS = "import signal; print('up', flush=True); signal.pause()"
STAYS_DEAF = (
    "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "print('up', flush=True)\nwhile True: signal.pause()"
)


class Stage:
    """A keeper of a Python one-liner, what it said, and the means to stop it."""

    def __init__(self, folder: Path, program: str) -> None:
        self.said: list[str] = []
        self.stopping = asyncio.Event()
        self.plan = NodePlan(
            name="node-1", member_id=1, http_port=1, peer_port=2, data_dir=folder / "node-1"
        )
        self.keeper = NodeKeeper(
            self.plan,
            command=lambda _: (sys.executable, "-c", program),
            say=self.said.append,
            stopping=self.stopping,
            delay_s=lambda _: 0.01,
        )

    @property
    def log(self) -> str:
        return self.plan.log_path.read_text() if self.plan.log_path.exists() else ""

    async def until(self, condition: Callable[[], bool], running: "asyncio.Task[None]") -> None:
        async with asyncio.timeout(DEADLINE_S):
            while not condition():
                assert not running.done(), f"the keeper ended early: {self.said} {self.log}"
                await asyncio.sleep(0.01)


def play(scene: Callable[[], Coroutine[None, None, None]]) -> None:
    asyncio.run(scene())


def test_a_node_that_is_killed_is_started_again_and_the_demo_says_so(tmp_path: Path) -> None:
    async def scene() -> None:
        stage = Stage(tmp_path, STAYS)
        running = asyncio.create_task(stage.keeper.run())
        await stage.until(lambda: stage.log.count("up") == 1, running)
        first_pid = stage.keeper.pid
        stage.keeper.kill()
        await stage.until(lambda: stage.log.count("up") == 2, running)
        assert stage.keeper.pid not in (None, first_pid)
        assert stage.said == [
            "node-1 was ended by signal 9; it will be started again in 0 s.",
            f"node-1 was started again, pid {stage.keeper.pid}.",
        ]
        stage.stopping.set()
        await asyncio.wait_for(running, DEADLINE_S)

    play(scene)


def test_stopping_ends_the_node_politely_and_starts_it_no_more(tmp_path: Path) -> None:
    async def scene() -> None:
        program = (
            "import signal, sys\n"
            "signal.signal(signal.SIGTERM, lambda *_: sys.exit(print('bye', flush=True)))\n"
            "print('up', flush=True); signal.pause()"
        )
        stage = Stage(tmp_path, program)
        running = asyncio.create_task(stage.keeper.run())
        await stage.until(lambda: "up" in stage.log, running)
        stage.stopping.set()
        await asyncio.wait_for(running, DEADLINE_S)
        assert stage.log == "up\nbye\n"
        assert stage.keeper.pid is None
        assert stage.keeper.state is ProcessState.STOPPED
        assert stage.said == []

    play(scene)


def test_a_node_that_does_not_listen_can_be_killed(tmp_path: Path) -> None:
    async def scene() -> None:
        stage = Stage(tmp_path, STAYS_DEAF)
        running = asyncio.create_task(stage.keeper.run())
        await stage.until(lambda: "up" in stage.log, running)
        stage.stopping.set()
        await stage.until(lambda: stage.keeper.state is ProcessState.STOPPED, running)
        stage.keeper.kill()
        await asyncio.wait_for(running, DEADLINE_S)
        assert stage.keeper.pid is None

    play(scene)


@pytest.mark.parametrize(("exit_code", "starts"), [(2, 1), (3, 1), (1, 3)])
def test_a_node_that_cannot_start_ends_the_demo_with_its_own_words(
    tmp_path: Path, exit_code: int, starts: int
) -> None:
    async def scene() -> None:
        stage = Stage(tmp_path, f"import sys; print('no such bar'); sys.exit({exit_code})")
        with pytest.raises(NodeRefused, match=r"node-1 .*node\.log:\n(no such bar\n?)+$"):
            await asyncio.wait_for(stage.keeper.run(), DEADLINE_S)
        assert stage.log.count("no such bar") == starts

    play(scene)


def test_a_node_that_has_served_is_started_again_whatever_it_says(tmp_path: Path) -> None:
    async def scene() -> None:
        stage = Stage(tmp_path, "import sys; print('down', flush=True); sys.exit(3)")
        stage.keeper.has_served = True
        running = asyncio.create_task(stage.keeper.run())
        await stage.until(lambda: stage.log.count("down") >= 4, running)
        stage.stopping.set()
        await asyncio.wait_for(running, DEADLINE_S)

    play(scene)


def test_a_cancelled_keeper_leaves_no_process_behind(tmp_path: Path) -> None:
    async def scene() -> None:
        stage = Stage(tmp_path, STAYS)
        running = asyncio.create_task(stage.keeper.run())
        await stage.until(lambda: "up" in stage.log, running)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert stage.keeper.pid is None

    play(scene)


def test_ctrl_c_in_the_terminal_does_not_reach_the_node_by_itself(tmp_path: Path) -> None:
    async def scene() -> None:
        stage = Stage(tmp_path, "import os; print('group', os.getpgrp(), os.getpid(), flush=True)")
        stage.keeper.has_served = True
        running = asyncio.create_task(stage.keeper.run())
        await stage.until(lambda: "group" in stage.log, running)
        _, group, pid = stage.log.splitlines()[0].split()
        assert group == pid
        stage.stopping.set()
        await asyncio.wait_for(running, DEADLINE_S)

    play(scene)
