"""Low-stock alerts."""

from bitebyte.domain.commands import AcknowledgeAlert
from bitebyte.domain.entities import Alert
from bitebyte.repository.queries import Queries
from bitebyte.repository.types import Page
from bitebyte.service.bars import Bars
from bitebyte.service.clock import Clock
from bitebyte.service.ids import IdSource
from bitebyte.service.proposing import Proposer
from bitebyte.service.reading import At, Reader, ReadIntent
from bitebyte.service.sessions import Caller


class Alerts:
    """What a bar runs low of."""

    def __init__(
        self,
        *,
        bars: Bars,
        reader: Reader,
        proposer: Proposer,
        queries: Queries,
        clock: Clock,
        ids: IdSource,
    ) -> None:
        self._bars = bars
        self._reader = reader
        self._proposer = proposer
        self._queries = queries
        self._clock = clock
        self._ids = ids

    async def page(
        self,
        caller: Caller,
        bar_ref: str,
        intent: ReadIntent,
        *,
        states: tuple[str, ...],
        limit: int,
        cursor: str | None,
    ) -> At[Page[Alert]]:
        """Alerts of a bar where the caller works, newest first; no states means all. Raises
        Denied `bar_not_found`, or InvalidCursor."""
        bar = await self._bars.find_as_staff(caller, bar_ref, intent)
        index = await self._reader.settle_flushed(intent)
        return At(await self._queries.alerts(bar.value.id, states, limit, cursor), index)

    async def acknowledge(self, caller: Caller, alert_id: str) -> At[Alert]:
        """The alert as it is now. Raises Denied `alert_not_found`."""
        now_ms = self._clock.now_ms()
        acknowledged = await self._proposer.propose(
            AcknowledgeAlert(
                id=self._ids.new_id(now_ms),
                at_ms=now_ms,
                actor_id=caller.account_id,
                alert_id=alert_id,
            )
        )
        alert = acknowledged.value.alert
        assert alert is not None, "AcknowledgeAlert answers with an alert"
        return At(alert, acknowledged.index)
