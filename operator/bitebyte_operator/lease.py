"""Which of several operators acts: whoever holds one Lease of Kubernetes.

The algorithm is that of client-go: clocks of different machines are never compared. A standby takes
the Lease when it has itself seen no change for the whole duration; a holder that could not renew
stops acting well before that, by its own monotonic clock.
"""

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from bitebyte_operator.kube import Kube, KubeConflict, KubeError, KubeNotFound
from bitebyte_operator.resources.naming import Manifest
from bitebyte_operator.timestamps import to_micro_text

log = structlog.get_logger()

DURATION_S: Final = 15
"""A standby waits so long for a sign of life."""
RENEW_DEADLINE_S: Final = 10.0
"""A holder that could not renew for so long holds it no more."""
RETRY_S: Final = 2.0


class LeaseLost(Exception):
    """Somebody else may act now, so this process must not."""


class Lease:
    """One candidate for one Lease."""

    def __init__(
        self,
        kube: Kube,
        *,
        namespace: str,
        name: str,
        holder: str,
        now_s: Callable[[], float],
        monotonic: Callable[[], float],
    ) -> None:
        self._kube = kube
        self._namespace = namespace
        self._name = name
        self._holder = holder
        self._now_s = now_s
        self._monotonic = monotonic
        self._renewed_s: float | None = None
        self._seen: tuple[str, str] | None = None
        self._seen_s = 0.0
        self.answered_s: float | None = None
        """Monotonic time of the last answer of the API server about it."""

    @property
    def is_held(self) -> bool:
        """Whether it is certain that nobody else acts. To be asked before every step: a process
        that was frozen wakes up with an old belief."""
        renewed_s = self._renewed_s
        return renewed_s is not None and self._monotonic() < renewed_s + RENEW_DEADLINE_S

    async def acquire(self) -> None:
        """Returns when it is held. Waits for ever, and lives through an API server that is away."""
        while True:
            try:
                if await self._try():
                    log.info("lease.acquired", lease=self._name, holder=self._holder)
                    return
            except KubeConflict:
                pass  # somebody else was first
            except KubeError as error:
                log.warning("lease.unavailable", error=str(error))
            await asyncio.sleep(RETRY_S)

    async def keep(self) -> None:
        """Renews it until it is lost. Raises LeaseLost."""
        while self.is_held:
            await asyncio.sleep(RETRY_S)
            try:
                if not await self._try():
                    raise LeaseLost("another operator holds the Lease")
            except KubeConflict:
                continue  # a write of ours that came through late, or of another: looked at again
            except KubeError as error:
                log.warning("lease.not_renewed", error=str(error))
        raise LeaseLost(f"the Lease could not be renewed for {RENEW_DEADLINE_S:g} s")

    async def release(self) -> None:
        """Lets a standby begin at once. Only after this process has stopped to act."""
        if not self.is_held:
            return
        self._renewed_s = None
        try:
            found = await self._kube.get("Lease", self._namespace, self._name)
            if found is not None and found["spec"].get("holderIdentity") == self._holder:
                spec = {**found["spec"], "holderIdentity": "", "leaseDurationSeconds": 1}
                await self._kube.replace(found | {"spec": spec})
                log.info("lease.released", lease=self._name)
        except KubeError as error:
            log.warning("lease.not_released", error=str(error))

    async def _try(self) -> bool:
        """Takes or renews it. False as long as it is somebody else's."""
        asked_s = self._monotonic()
        found = await self._kube.get("Lease", self._namespace, self._name)
        self.answered_s = self._monotonic()
        if found is None:
            await self._kube.create(self._manifest(None))
        elif self._is_free(found):
            try:
                await self._kube.replace(self._manifest(found))
            except KubeNotFound:
                return False
        else:
            self._renewed_s = None
            return False
        # Counted from before the request: it may have been written at its very beginning.
        self._renewed_s = asked_s
        return True

    def _is_free(self, found: Manifest) -> bool:
        spec = found.get("spec", {})
        holder = spec.get("holderIdentity") or ""
        if holder in ("", self._holder):
            return True
        seen = (holder, str(spec.get("renewTime", "")))
        if seen != self._seen:
            self._seen, self._seen_s = seen, self._monotonic()
        duration_s = spec.get("leaseDurationSeconds") or DURATION_S
        return self._monotonic() >= self._seen_s + duration_s

    def _manifest(self, found: Manifest | None) -> Manifest:
        now = to_micro_text(self._now_s())
        spec = found.get("spec", {}) if found is not None else {}
        is_ours = spec.get("holderIdentity") == self._holder
        transitions = spec.get("leaseTransitions", 0)
        metadata = found["metadata"] if found is not None else {}
        return {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {**metadata, "name": self._name, "namespace": self._namespace},
            "spec": {
                "holderIdentity": self._holder,
                "leaseDurationSeconds": DURATION_S,
                "acquireTime": spec.get("acquireTime", now) if is_ours else now,
                "renewTime": now,
                "leaseTransitions": transitions if is_ours else transitions + 1,
            },
        }
