"""What this member's database held where checkpoints stand in the log."""

import asyncio
from collections import deque
from collections.abc import Callable

import structlog

from bitebyte.node.ports import DigestSource, StateDigest
from bitebyte.transport.frames import CheckpointReport

log = structlog.get_logger()

CHECKPOINTS_KEPT = 4
"""Newest results that can be compared."""


class Checkpoints:
    """At each checkpoint: a view of the database at exactly that index, digested in the
    background. A second checkpoint during the first waits for its end."""

    def __init__(
        self, source: DigestSource | None, *, hash_at: Callable[[int], str | None]
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._source = source
        self._hash_at = hash_at
        self._reports: deque[CheckpointReport] = deque(maxlen=CHECKPOINTS_KEPT)
        self._task: asyncio.Task[None] | None = None

    @property
    def reports(self) -> tuple[CheckpointReport, ...]:
        """The newest results, oldest first."""
        return tuple(self._reports)

    @property
    def newest(self) -> CheckpointReport | None:
        """The newest result; its digests are None while they are computed."""
        return self._reports[-1] if self._reports else None

    async def begin(self, index: int) -> None:
        """The database shows exactly `index` now; it may go on when this returns."""
        if self._source is None:
            return
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)
        view = await self._source.begin_digest()
        assert view.applied_index == index, "nothing was applied since the checkpoint"
        report = CheckpointReport(index=index, state_hash=self._hash_at(index) or "")
        self._reports.append(report)
        self._task = self._loop.create_task(self._digest(view, report))

    async def stop(self) -> None:
        """Gives a digest up that is under way."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _digest(self, view: StateDigest, report: CheckpointReport) -> None:
        error = ""
        digests: dict[str, str] | None = None
        try:
            digests = {kind: digest.hex() for kind, digest in (await view.digests()).items()}
        except Exception as caught:  # noqa: BLE001  a digest that fails is an answer, not an end
            error = str(caught) or type(caught).__name__
            log.warning("checkpoint.failed", index=report.index, reason=error)
        finally:
            await view.close()
        done = CheckpointReport(
            report.index, report.state_hash, digests, error, view.schema_version
        )
        for position, kept in enumerate(self._reports):
            if kept is report:
                self._reports[position] = done
                break
        log.info("checkpoint.digested", index=report.index)
