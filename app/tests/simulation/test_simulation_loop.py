"""The simulated loops: one clock, a fixed order, and processes that can be stopped anywhere."""

import asyncio
from collections.abc import Callable

import pytest

from bitebyte.simulation.loop import Scheduler, SimulatedLoop, Spinning


def _run(scheduler: Scheduler, until_s: float = 10.0) -> None:
    scheduler.run_until(until_s, lambda: False)


def test_callbacks_run_in_the_order_of_time_and_then_of_asking() -> None:
    scheduler = Scheduler()
    loop = SimulatedLoop(scheduler, "a")
    seen: list[str] = []
    loop.call_later(2.0, seen.append, "late")
    loop.call_later(1.0, seen.append, "early")
    loop.call_later(1.0, seen.append, "early too")
    loop.call_soon(seen.append, "now")
    _run(scheduler)
    assert seen == ["now", "early", "early too", "late"]
    assert scheduler.now_s == 10.0
    assert scheduler.step_count == 4


def test_a_cancelled_callback_does_not_run() -> None:
    scheduler = Scheduler()
    loop = SimulatedLoop(scheduler, "a")
    seen: list[str] = []
    loop.call_later(1.0, seen.append, "x").cancel()
    _run(scheduler)
    assert seen == []


def test_tasks_sleeps_and_timeouts_of_asyncio_work_in_simulated_time() -> None:
    scheduler = Scheduler()
    loop = SimulatedLoop(scheduler, "a")
    seen: list[tuple[str, float]] = []

    async def work() -> None:
        await asyncio.sleep(1.5)
        seen.append(("slept", loop.time()))
        try:
            async with asyncio.timeout(2.0):
                await asyncio.Event().wait()
        except TimeoutError:
            seen.append(("gave up", loop.time()))

    loop.call_soon(lambda: loop.create_task(work()))
    _run(scheduler)
    assert seen == [("slept", 1.5), ("gave up", 3.5)]


def test_each_loop_is_the_running_one_in_its_own_callbacks_only() -> None:
    scheduler = Scheduler()
    loops = [SimulatedLoop(scheduler, name) for name in "ab"]
    seen: list[bool] = []
    for loop in loops:
        loop.call_soon(lambda own=loop: seen.append(asyncio.get_running_loop() is own))
    _run(scheduler)
    assert seen == [True, True]
    with pytest.raises(RuntimeError):
        asyncio.get_running_loop()


def test_a_dead_loop_never_runs_again_not_even_a_finally() -> None:
    scheduler = Scheduler()
    loop = SimulatedLoop(scheduler, "a")
    seen: list[str] = []

    async def work() -> None:
        try:
            await asyncio.sleep(1.0)
        finally:
            seen.append("finally")

    tasks: list[asyncio.Task[None]] = []
    loop.call_soon(lambda: tasks.append(loop.create_task(work())))
    _run(scheduler, 0.5)
    loop.is_dead = True
    _run(scheduler)
    assert seen == []
    tasks[0].get_coro().close()


def test_a_paused_loop_catches_up_in_order() -> None:
    scheduler = Scheduler()
    loop, other = SimulatedLoop(scheduler, "a"), SimulatedLoop(scheduler, "b")
    seen: list[str] = []
    loop.is_paused = True
    loop.call_later(1.0, seen.append, "first")
    loop.call_later(2.0, seen.append, "second")
    other.call_later(3.0, seen.append, "of the other")
    other.call_later(4.0, loop.resume)
    _run(scheduler)
    assert seen == ["of the other", "first", "second"]


@pytest.mark.parametrize(("rate", "due_s"), [(2.0, 1.0), (0.5, 4.0)])
def test_a_clock_may_run_fast_or_slow(rate: float, due_s: float) -> None:
    scheduler = Scheduler()
    loop = SimulatedLoop(scheduler, "a")
    loop.set_rate(rate)
    seen: list[tuple[float, float]] = []
    loop.call_later(2.0, lambda: seen.append((scheduler.now_s, loop.time())))
    _run(scheduler)
    assert seen == [(due_s, 2.0)]


def test_what_a_callback_raises_comes_out_of_the_run() -> None:
    scheduler = Scheduler()
    loop = SimulatedLoop(scheduler, "a")
    after: list[str] = []

    def fail() -> None:
        raise ValueError("broken")

    steps: list[Callable[[], object]] = [fail, lambda: after.append("x")]
    for step in steps:
        loop.call_soon(step)
    with pytest.raises(ValueError, match="broken"):
        _run(scheduler)
    _run(scheduler)
    assert after == ["x"]


def test_a_process_that_leaves_the_clock_no_turn_is_stopped() -> None:
    scheduler = Scheduler()
    loop = SimulatedLoop(scheduler, "member 3")

    def again() -> None:
        loop.call_soon(again)

    loop.call_later(1.5, again)
    with pytest.raises(Spinning, match=r"member 3 works for ever at 1\.5"):
        _run(scheduler)
