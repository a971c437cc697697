"""Puts the operator together, and runs it while its Lease is held."""

import asyncio
import contextlib
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from typing import Final

import structlog

from bitebyte_operator.controller import Context, Controller
from bitebyte_operator.events import EventPoster
from bitebyte_operator.health import Health, serving_health
from bitebyte_operator.kube import Kube, KubeError, connect
from bitebyte_operator.lease import Lease, LeaseLost
from bitebyte_operator.logs import configure_logs
from bitebyte_operator.metrics import Metrics
from bitebyte_operator.resources import Surroundings
from bitebyte_operator.settings import Settings, SettingsProblems, read_settings
from bitebyte_operator.watches import watch

log = structlog.get_logger()

SILENCE_S_MAX: Final = 30.0
"""A standby that has heard nothing of the API server for so long is of no use as one."""

FAILED: Final = 1
USAGE: Final = 2


def run() -> None:
    """The program. Ends with 0 when told to stop, 1 when it may not or cannot go on (whoever runs
    it starts it again), 2 for settings that cannot be used."""
    try:
        settings = read_settings(os.environ)
    except SettingsProblems as error:
        print(error, file=sys.stderr)
        sys.exit(USAGE)
    configure_logs(settings.log_format, settings.log_level)
    try:
        code = asyncio.run(serve(settings))
    except KubeError as error:
        log.error("operator.failed", why=str(error))
        code = FAILED
    # Without waiting for anything: what still runs may not act any more.
    sys.stdout.flush()
    os._exit(code)


async def serve(settings: Settings) -> int:
    """Runs until a signal, or until the Lease is lost. Returns the exit code. Raises KubeError if
    there is no way to the API server."""
    stop = asyncio.Event()
    _stop_on_signals(stop)
    kube = await connect()
    metrics = Metrics()
    lease = Lease(
        kube,
        namespace=settings.namespace,
        name=settings.lease_name,
        holder=settings.holder,
        now_s=time.time,
        monotonic=time.monotonic,
    )
    controller = Controller(_context(settings, kube, metrics, may_act=lambda: lease.is_held))
    health = Health(
        why_not_alive=lambda: controller.why_not_alive,
        why_not_ready=lambda: _why_not_ready(lease),
    )
    try:
        async with serving_health(
            health, metrics, host=settings.http_host, port=settings.http_port
        ):
            log.info("operator.started", holder=settings.holder)
            return await _lead(settings, controller, lease, metrics, stop)
    finally:
        await kube.close()


async def _lead(
    settings: Settings, controller: Controller, lease: Lease, metrics: Metrics, stop: asyncio.Event
) -> int:
    stopping = asyncio.create_task(stop.wait())
    acquiring = asyncio.create_task(lease.acquire())
    await asyncio.wait((stopping, acquiring), return_when=asyncio.FIRST_COMPLETED)
    if not acquiring.done():
        await _cancel(acquiring)
        return 0
    acquiring.result()
    metrics.is_leader.set(1)
    keeping = asyncio.create_task(lease.keep())
    watching = asyncio.create_task(watch(controller, settings.watch_namespaces, stop))
    await asyncio.wait((stopping, keeping, watching), return_when=asyncio.FIRST_COMPLETED)
    metrics.is_leader.set(0)
    if keeping.done():
        with contextlib.suppress(LeaseLost):
            keeping.result()
        log.error("operator.lease_lost", why=str(keeping.exception()))
        return FAILED
    is_asked_to = stop.is_set() or (watching.done() and watching.exception() is None)
    if not is_asked_to:
        log.error("operator.watches_failed", why=str(watching.exception()))
    stop.set()
    await controller.stop()
    await _cancel(keeping)
    await lease.release()
    log.info("operator.stopped")
    return 0 if is_asked_to else FAILED


def _context(
    settings: Settings, kube: Kube, metrics: Metrics, *, may_act: Callable[[], bool]
) -> Context:
    return Context(
        kube=kube,
        events=EventPoster(kube, instance=settings.pod_name, now_s=time.time),
        metrics=metrics,
        surroundings=Surroundings(operator_namespace=settings.namespace),
        may_act=may_act,
        chance=random.SystemRandom(),
    )


def _why_not_ready(lease: Lease) -> str:
    answered_s = lease.answered_s
    if answered_s is None or time.monotonic() > answered_s + SILENCE_S_MAX:
        return "the API server does not answer"
    return ""


def _stop_on_signals(stop: asyncio.Event) -> None:
    """kopf takes the signals over while it watches, and ends then as well."""
    loop = asyncio.get_running_loop()
    for one in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(one, stop.set)


async def _cancel(task: "asyncio.Task[object] | asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
