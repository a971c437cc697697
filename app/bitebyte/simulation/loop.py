"""Simulated time: one queue of callbacks for the world, one event loop for each process in it.

Every process of the simulated world (a member, the clients, the network itself) sees an event
loop of its own, because that is what makes it killable: the callbacks of a dead loop are dropped,
at whatever await its code was, and no `finally` of it does anything to the world any more. All
loops share one clock and one order of callbacks, so a run is a single thread of steps.
"""

import asyncio
import contextvars
import heapq
from asyncio import events
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from typing import Any, TypeVar

T = TypeVar("T")

STEPS_AT_ONCE_MAX = 10_000
"""Callbacks at one moment of the clock; the busiest moment of 60 seeds had 157."""


class SimulatedHandle(asyncio.TimerHandle):
    """A callback that waits for its turn."""

    __slots__ = ("arguments", "callback", "is_cancelled", "when_s")

    def __init__(  # pyright: ignore[reportMissingSuperCall]  the fields of the base serve real loops
        self,
        callback: Callable[..., object],
        arguments: tuple[Any, ...],
        owner: "SimulatedLoop",
        when_s: float,
    ) -> None:
        self.callback = callback
        self.arguments = arguments
        self._loop = owner
        self.when_s = when_s
        self.is_cancelled = False

    @property
    def owner(self) -> "SimulatedLoop":
        """The loop whose callback this is."""
        return self._loop  # pyright: ignore[reportReturnType]

    def cancel(self) -> None:
        self.is_cancelled = True

    def cancelled(self) -> bool:
        return self.is_cancelled

    def when(self) -> float:
        return self.when_s

    def __repr__(self) -> str:
        return f"<callback {getattr(self.callback, '__qualname__', self.callback)}>"


class Scheduler:
    """The clock of the world and the order of everything that happens in it.

    `after_step(loop)` is called after each callback, with the loop it belonged to.
    """

    def __init__(self) -> None:
        self.now_s = 0.0
        self.step_count = 0
        self._moment_began = 0
        """`step_count` when the clock last moved."""
        self.after_step: Callable[[SimulatedLoop], None] = _ignore
        self._ready: deque[SimulatedHandle] = deque()
        self._timers: list[tuple[float, int, SimulatedHandle]] = []
        self._timer_count = 0

    def add_ready(self, handle: SimulatedHandle) -> None:
        """It is that callback's turn after all that are ready now."""
        self._ready.append(handle)

    def add_timer(self, when_s: float, handle: SimulatedHandle) -> None:
        """It is that callback's turn at `when_s` of the world's clock. Ties go in order."""
        self._timer_count += 1
        heapq.heappush(self._timers, (when_s, self._timer_count, handle))

    def run_until(self, when_s: float, is_over: Callable[[], bool]) -> None:
        """Runs callbacks until the clock says `when_s` or `is_over` says so; it is asked after
        each. What callbacks raise comes out of here; Spinning, if they leave the clock no turn."""
        ready = self._ready
        timers = self._timers
        previous = events._get_running_loop()  # pyright: ignore[reportPrivateUsage]
        running: SimulatedLoop | None = None
        try:
            while not is_over():
                if ready:
                    handle = ready.popleft()
                elif timers and timers[0][0] <= when_s:
                    when, _, handle = heapq.heappop(timers)
                    if when > self.now_s:
                        self.now_s = when
                        self._moment_began = self.step_count
                else:
                    self.now_s = max(self.now_s, when_s)
                    return
                loop = handle.owner
                if handle.is_cancelled or loop.is_dead:
                    continue
                if loop.is_paused:
                    loop.held.append(handle)
                    continue
                if loop is not running:
                    running = loop
                    asyncio._set_running_loop(loop)  # pyright: ignore[reportPrivateUsage]
                self.step_count += 1
                if self.step_count - self._moment_began > STEPS_AT_ONCE_MAX:
                    raise Spinning(f"{loop.name} works for ever at {self.now_s:.6f} s")
                handle.callback(*handle.arguments)
                self.after_step(loop)
        finally:
            asyncio._set_running_loop(previous)  # pyright: ignore[reportPrivateUsage]


class Spinning(Exception):
    """Callbacks follow each other without end at one moment: a real process would burn its
    processor, and a simulated one would never come back."""


def _ignore(_loop: "SimulatedLoop") -> None:
    """Nobody watches."""


class SimulatedLoop(asyncio.AbstractEventLoop):
    """The event loop of one simulated process: what asyncio's tasks, futures and timeouts need.

    Its clock may run fast or slow (`set_rate`). While it is paused, as by SIGSTOP, its callbacks
    wait; when it goes on, all that came due meanwhile runs in order. When it is dead, they are
    dropped for good.
    """

    def __init__(self, scheduler: Scheduler, name: str) -> None:
        self.name = name
        self.is_dead = False
        self.is_paused = False
        self.held: list[SimulatedHandle] = []
        self.on_unhandled: Callable[[dict[str, Any]], None] = _ignore_context
        self._scheduler = scheduler
        self._rate = 1.0
        self._world_start_s = scheduler.now_s
        self._own_start_s = scheduler.now_s

    # What the world does to it.

    def set_rate(self, rate: float) -> None:
        """From now on its clock runs `rate` times as fast as the world's."""
        self._own_start_s = self.time()
        self._world_start_s = self._scheduler.now_s
        self._rate = rate

    def resume(self) -> None:
        """Ends a pause."""
        self.is_paused = False
        held, self.held = self.held, []
        for handle in held:
            self._scheduler.add_ready(handle)

    # What asyncio asks of it.

    def time(self) -> float:
        return self._own_start_s + (self._scheduler.now_s - self._world_start_s) * self._rate

    def call_soon(
        self,
        callback: Callable[..., object],
        *args: Any,
        context: contextvars.Context | None = None,
    ) -> SimulatedHandle:
        handle = SimulatedHandle(callback, args, self, 0.0)
        self._scheduler.add_ready(handle)
        return handle

    call_soon_threadsafe = call_soon

    def call_later(
        self,
        delay: float,
        callback: Callable[..., object],
        *args: Any,
        context: contextvars.Context | None = None,
    ) -> SimulatedHandle:
        return self.call_at(self.time() + delay, callback, *args)

    def call_at(
        self,
        when: float,
        callback: Callable[..., object],
        *args: Any,
        context: contextvars.Context | None = None,
    ) -> SimulatedHandle:
        handle = SimulatedHandle(callback, args, self, when)
        world_s = self._world_start_s + (when - self._own_start_s) / self._rate
        self._scheduler.add_timer(world_s, handle)
        return handle

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(
        self,
        coro: Coroutine[Any, Any, T] | Generator[Any, None, T],
        *,
        name: str | None = None,
        context: contextvars.Context | None = None,
    ) -> asyncio.Task[T]:
        return asyncio.Task(coro, loop=self, name=name or self.name)

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        if not self.is_dead:
            self.on_unhandled(context)

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return not self.is_dead

    def is_closed(self) -> bool:
        return False


def _ignore_context(_context: dict[str, Any]) -> None:
    """Nobody asked to be told."""
