"""Keeps the leader's EndpointSlice pointing at this node while it leads.

It is routing, never safety: whoever asks an old leader is answered by the new one, or not at all,
since a write needs a majority. So nothing here holds a node up: a look that fails is tried again,
and a leader that cannot write goes on leading.
"""

import asyncio
import contextlib
import random
from collections.abc import AsyncGenerator
from typing import Final, Protocol

import msgspec
import structlog

from bitebyte.kubernetes.api_server import ApiServer, ApiServerError
from bitebyte.kubernetes.endpoint_slice import (
    Leadership,
    SliceName,
    is_superseded,
    parse_slice,
    patch_to_empty,
    patch_to_point,
)

LOOK_INTERVAL_S: Final = 5.0
"""Between two looks of a leader at what stands in the slice; it writes only if that is wrong."""

RETRY_S_MIN: Final = 0.1
RETRY_S_MAX: Final = 5.0
"""Waits after a failure double from min to max, with chance, so that nobody knocks in step."""

COLLISIONS_MAX: Final = 5
"""Writes that met another one and were tried again at once; then it waits as after a failure."""

EMPTY_AFTER_S: Final = 3.0
"""How long a former leader waits for another one before it takes its address out: as long as
several elections take, so that a hand-over leaves no gap."""

RELEASE_TIMEOUT_S: Final = 1.0
"""For taking the address out while the process ends."""

TOLD_AGAIN_S: Final = 60.0
"""The same trouble is in the log once in so many seconds."""

log = structlog.get_logger()


class Led(Protocol):
    """What is needed of the node."""

    @property
    def leading_term(self) -> int:
        """The term in which this node leads; 0 if it does not."""
        ...

    @property
    def has_leader(self) -> bool:
        """Whether this node knows of any leader."""
        ...

    @property
    def leader_changed(self) -> asyncio.Event:
        """Set at the next change of either; then there is a new one."""
        ...


class LeaderEndpoint:
    """One slice, for one node. `run` it as a task; `release` when the node stops answering."""

    def __init__(
        self,
        api: ApiServer,
        name: SliceName,
        node: Led,
        *,
        member_id: int,
        pod_name: str,
        pod_ip: str,
        look_interval_s: float = LOOK_INTERVAL_S,
        empty_after_s: float = EMPTY_AFTER_S,
    ) -> None:
        self._api = api
        self._name = name
        self._node = node
        self._own = Leadership(0, member_id, pod_name, pod_ip)
        self._look_interval_s = look_interval_s
        self._empty_after_s = empty_after_s
        self._held: Leadership | None = None
        self._failures = 0
        self._told_s = float("-inf")
        self._is_superseded_told = 0

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            changed = self._node.leader_changed
            try:
                pause_s = await self._look()
            except Exception as error:  # noqa: BLE001  a bug must not end the routing for good
                pause_s = self._failed_by_bug(error)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await changed.wait()

    async def release(self) -> None:
        """The node stops answering: if nobody else leads, its address is taken out, as far as that
        can be done in a moment. `run` must have ended."""
        if self._held is None or (self._node.has_leader and not self._node.leading_term):
            return
        with contextlib.suppress(TimeoutError, ApiServerError, msgspec.DecodeError):
            async with asyncio.timeout(RELEASE_TIMEOUT_S):
                await self._empty(self._held)

    async def _look(self) -> float | None:
        """One look, and what follows from it; returns the pause until the next, None if only a
        change of the leader calls for one."""
        term = self._node.leading_term
        try:
            if term:
                pause_s = await self._point(msgspec.structs.replace(self._own, term=term))
            else:
                pause_s = await self._let_go()
        except (ApiServerError, msgspec.DecodeError) as error:
            return self._failed(error)
        if self._failures:
            log.info("leader_endpoint.recovered", failures=self._failures)
        self._failures = 0
        return pause_s

    # While it leads -------------------------------------------------------------------------

    async def _point(self, own: Leadership) -> float:
        for _ in range(COLLISIONS_MAX):
            stored = parse_slice(await self._api.get(self._name.path))
            if is_superseded(stored, own):
                self._tell_superseded(stored.term, own.term)
                return self._look_interval_s
            # Noted before it is written: the answer may be lost, or we may be stopped meanwhile.
            self._held = own
            patch = patch_to_point(stored, own)
            if patch is None:
                return self._look_interval_s
            if self._node.leading_term != own.term:
                return 0.0
            try:
                await self._api.patch(self._name.path, patch)
            except ApiServerError as error:
                if error.status != 409:
                    raise
                continue
            log.info("leader_endpoint.written", term=own.term, pod_ip=own.pod_ip)
            return self._look_interval_s
        raise ApiServerError(f"somebody else wrote {COLLISIONS_MAX} times in between", 409)

    def _tell_superseded(self, stored_term: int, term: int) -> None:
        if self._is_superseded_told != term:
            self._is_superseded_told = term
            log.warning("leader_endpoint.superseded", stored_term=stored_term, term=term)

    # After it has led -----------------------------------------------------------------------

    async def _let_go(self) -> float | None:
        if self._held is None:
            return None
        changed = self._node.leader_changed
        if not self._node.has_leader:
            try:
                async with asyncio.timeout(self._empty_after_s):
                    await changed.wait()
            except TimeoutError:
                await self._empty(self._held)
                self._held = None
                return None
            return 0.0
        self._held = None  # the next one writes itself
        return None

    async def _empty(self, held: Leadership) -> None:
        stored = parse_slice(await self._api.get(self._name.path))
        patch = patch_to_empty(stored, held)
        if patch is not None:
            await self._api.patch(self._name.path, patch)
            log.info("leader_endpoint.emptied", term=held.term)

    # Trouble --------------------------------------------------------------------------------

    def _failed_by_bug(self, error: Exception) -> float:
        log.error("leader_endpoint.bug", exc_info=error)
        return RETRY_S_MAX

    def _failed(self, error: Exception) -> float:
        self._failures += 1
        now_s = asyncio.get_running_loop().time()
        if now_s - self._told_s >= TOLD_AGAIN_S:
            self._told_s = now_s
            log.warning(
                "leader_endpoint.not_written",
                slice=f"{self._name.namespace}/{self._name.name}",
                reason=str(error),
                hint=_hint(error),
            )
        pause_s = min(RETRY_S_MAX, RETRY_S_MIN * 2 ** min(self._failures - 1, 10))
        return pause_s * random.uniform(0.5, 1.0)


def _hint(error: Exception) -> str:
    status = error.status if isinstance(error, ApiServerError) else 0
    if status in (401, 403):
        return "the pod's role must allow get and patch of this one EndpointSlice"
    if status == 404:
        return "the operator makes the slice; orders are placed meanwhile as before"
    return "orders are placed meanwhile as before"


@contextlib.asynccontextmanager
async def keeping(endpoint: LeaderEndpoint) -> AsyncGenerator[None]:
    """Keeps the slice for the length of the context, and releases it at the end."""
    task = asyncio.create_task(endpoint.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await endpoint.release()
