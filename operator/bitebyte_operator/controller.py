"""One daemon for each BarCluster: look, decide, write the status, take one step, again.

It is woken by watches and comes round by itself as well, so a lost event delays it and nothing
more. It remembers nothing that matters: everything is read anew in each pass.
"""

import asyncio
import datetime
import random
import time
from collections.abc import Callable
from typing import Final

import msgspec
import structlog

from bitebyte_operator.act import Actor, StepDropped, is_race
from bitebyte_operator.admin_client import AdminError
from bitebyte_operator.decide import decide
from bitebyte_operator.events import EventPoster
from bitebyte_operator.kube import Kube, KubeError
from bitebyte_operator.metrics import Metrics
from bitebyte_operator.model import ApplyObjects, BarCluster, Decision, StatusRecord, Step, Wait
from bitebyte_operator.observe import Look, Observer
from bitebyte_operator.reading import UnreadableBarCluster, read_cluster
from bitebyte_operator.resources import Surroundings
from bitebyte_operator.status import UnreadableStatus, is_same_status, read_status, status_patch

log = structlog.get_logger()

PASSES_AT_ONCE_MAX: Final = 8
"""Over all BarClusters; each makes some 20 calls."""
BETWEEN_PASSES_S: Final = 0.3
"""Several events of one change become one pass."""
BACKOFF_S_MIN: Final = 1.0
BACKOFF_S_MAX: Final = 30.0
STUCK_S: Final = 300.0
"""No pass takes so long: every call in it has a deadline."""

Key = tuple[str, str]
"""Namespace and name of a BarCluster."""


class NotLeading(Exception):
    """This operator may not act any more."""


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """What all daemons share."""

    kube: Kube
    events: EventPoster
    metrics: Metrics
    surroundings: Surroundings
    may_act: Callable[[], bool]
    """Asked before every write."""
    chance: random.Random
    now_s: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic

    def utc_now(self) -> datetime.datetime:
        """The same moment as `now_s`, for certificates."""
        return datetime.datetime.fromtimestamp(self.now_s(), datetime.UTC)


class Controller:
    """All daemons. Used in one event loop."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._daemons: dict[Key, Daemon] = {}
        self._slots = asyncio.Semaphore(PASSES_AT_ONCE_MAX)

    def wake(self, namespace: str, name: str, *, have_objects_changed: bool = False) -> None:
        """Has that BarCluster looked at soon. Unknown ones get a daemon, which ends by itself if
        there is no such BarCluster."""
        key = (namespace, name)
        daemon = self._daemons.get(key)
        if daemon is None:
            daemon = Daemon(self._context, key, self._slots, on_end=self._forget)
            self._daemons[key] = daemon
        daemon.wake(have_objects_changed=have_objects_changed)

    async def stop(self) -> None:
        """Ends all daemons, each between two calls or within one."""
        await asyncio.gather(*(daemon.stop() for daemon in list(self._daemons.values())))

    @property
    def why_not_alive(self) -> str:
        """Names a daemon whose pass never ends."""
        stuck = [daemon.name for daemon in self._daemons.values() if daemon.is_stuck]
        return f"stuck: {', '.join(stuck)}" if stuck else ""

    def _forget(self, key: Key) -> None:
        self._daemons.pop(key, None)


class Daemon:
    """Looks after one BarCluster until it is gone."""

    def __init__(
        self,
        context: Context,
        key: Key,
        slots: asyncio.Semaphore,
        *,
        on_end: Callable[[Key], None],
    ) -> None:
        self._context = context
        self._key = key
        self._slots = slots
        self._on_end = on_end
        self._woken = asyncio.Event()
        self._pass_began_s: float | None = None
        self._observer = Observer(
            context.kube,
            context.surroundings,
            monotonic=context.monotonic,
            utc_now=context.utc_now,
        )
        self._actor = Actor(
            context.kube, self._observer, context.surroundings, utc_now=context.utc_now
        )
        self._log = log.bind(namespace=key[0], barcluster=key[1])
        self._task = asyncio.create_task(self._run(), name=self.name)

    @property
    def name(self) -> str:
        """For people."""
        return "/".join(self._key)

    @property
    def is_stuck(self) -> bool:
        """A pass has been under way for longer than any may take."""
        began_s = self._pass_began_s
        return began_s is not None and self._context.monotonic() > began_s + STUCK_S

    def wake(self, *, have_objects_changed: bool) -> None:
        """Has the next pass begin soon."""
        if have_objects_changed:
            self._observer.expect_changes()
        self._woken.set()

    async def stop(self) -> None:
        """Ends it."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        failures = 0
        try:
            while True:
                self._woken.clear()
                async with self._slots:
                    delay_s, failures = await self._guarded_pass(failures)
                if delay_s is None:
                    break
                await self._rest(delay_s)
        finally:
            await self._observer.close()
            self._on_end(self._key)
        self._context.metrics.forget(*self._key)
        self._log.info("barcluster.gone")

    async def _rest(self, delay_s: float) -> None:
        await asyncio.sleep(min(BETWEEN_PASSES_S, delay_s))
        try:
            async with asyncio.timeout(max(0.0, delay_s - BETWEEN_PASSES_S)):
                await self._woken.wait()
        except TimeoutError:
            return

    async def _guarded_pass(self, failures: int) -> tuple[float | None, int]:
        """Seconds until the next pass (None: the BarCluster is gone), and failures in a row."""
        self._pass_began_s = self._context.monotonic()
        try:
            with self._context.metrics.reconcile_duration.time():
                return await self._pass(), 0
        except (KubeError, AdminError, StepDropped, UnreadableBarCluster, UnreadableStatus) as e:
            return self._after_failure(e, failures), failures + 1
        except NotLeading:
            return BACKOFF_S_MAX, 0
        except Exception as error:  # noqa: BLE001  a bug met by one BarCluster must not end the others
            self._log.exception("pass.broken", error=type(error).__name__)
            self._context.metrics.errors.labels(type(error).__name__).inc()
            return self._backoff_s(failures), failures + 1
        finally:
            self._pass_began_s = None

    def _after_failure(self, error: Exception, failures: int) -> float:
        if is_race(error):
            self._log.info("step.dropped", why=str(error))
        else:
            self._log.warning("pass.failed", error=type(error).__name__, why=str(error))
            self._context.metrics.errors.labels(type(error).__name__).inc()
        return self._backoff_s(failures)

    def _backoff_s(self, failures: int) -> float:
        """Doubles, with a chance part so that many BarClusters do not come back at once."""
        longest = min(BACKOFF_S_MAX, BACKOFF_S_MIN * 2.0 ** min(failures, 10))
        return longest * self._context.chance.uniform(0.5, 1.0)

    async def _pass(self) -> float | None:
        manifest = await self._context.kube.get("BarCluster", *self._key)
        if manifest is None:
            return None
        cluster = read_cluster(manifest)
        before = read_status(manifest)
        look = await self._observer.look(cluster, before.cluster_id)
        fresh_id = str(self._context.chance.randrange(1, 2**63))
        decision = decide(cluster, look.observed, before, self._context.now_s(), fresh_id)
        if not self._context.may_act():
            raise NotLeading
        if not is_same_status(manifest, decision.status):
            written = await self._context.kube.apply_status(status_patch(cluster, decision.status))
            cluster = read_cluster(written)
        await self._take(decision, cluster, look)
        self._context.metrics.tell(cluster, decision.status, now_s=self._context.now_s())
        return decision.requeue_after_s

    async def _take(self, decision: Decision, cluster: BarCluster, look: Look) -> None:
        """Events are told also of a step that fails: the status with the change is written, so the
        next pass sees none."""
        step = decision.step
        kind = type(step).__name__
        try:
            if not isinstance(step, Wait):
                if not self._context.may_act():
                    raise NotLeading
                self._log.info("step", step=kind, rule=decision.rule, **_told_of(step))
                await self._actor.take(step, cluster, look, _cluster_id(decision.status))
                self._context.metrics.steps.labels(kind).inc()
        finally:
            for event in decision.events:
                await self._context.events.post(cluster, event)


def _cluster_id(status: StatusRecord) -> str:
    return status.cluster_id or ""


def _told_of(step: Step) -> dict[str, object]:
    """The step's fields for the log. They hold no secrets: names, ids and counts."""
    if isinstance(step, ApplyObjects):
        return {"objects": [f"{one.kind} {one.name}" for one in step.objects]}
    return {
        key: value
        for key, value in msgspec.to_builtins(step).items()
        if key not in ("type", "uid", "resource_version") and value not in ("", None)
    }
