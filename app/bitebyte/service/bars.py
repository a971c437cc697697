"""Bars, and who works at them."""

from bitebyte.domain.commands import CreateBar
from bitebyte.domain.entities import Bar, BarMember, Key, NameClaim
from bitebyte.domain.ids import is_id
from bitebyte.node.node import Node
from bitebyte.repository.queries import Queries
from bitebyte.repository.types import Page
from bitebyte.service.clock import Clock
from bitebyte.service.errors import Denied
from bitebyte.service.ids import IdSource
from bitebyte.service.proposing import Proposer
from bitebyte.service.reading import At, Reader, ReadIntent
from bitebyte.service.sessions import Caller


class Bars:
    """Finds bars by id or slug, and says who may see behind their counter."""

    def __init__(
        self,
        *,
        node: Node,
        reader: Reader,
        proposer: Proposer,
        queries: Queries,
        clock: Clock,
        ids: IdSource,
    ) -> None:
        self._node = node
        self._reader = reader
        self._proposer = proposer
        self._queries = queries
        self._clock = clock
        self._ids = ids

    async def create(
        self, caller: Caller, *, name: str, slug: str, currency: str, timezone: str
    ) -> At[Bar]:
        """A new bar of the caller. Raises Denied `slug_taken` or `merchant_required`."""
        now_ms = self._clock.now_ms()
        created = await self._proposer.propose(
            CreateBar(
                id=self._ids.new_id(now_ms),
                at_ms=now_ms,
                actor_id=caller.account_id,
                name=name,
                slug=slug,
                currency=currency,
                timezone=timezone,
            )
        )
        bar = created.value.bar
        assert bar is not None, "CreateBar answers with a bar"
        return At(bar, created.index)

    async def page(self, intent: ReadIntent, *, limit: int, cursor: str | None) -> At[Page[Bar]]:
        """All bars by name. Raises InvalidCursor."""
        index = await self._reader.settle_flushed(intent)
        return At(await self._queries.bars(limit, cursor), index)

    async def find(self, bar_ref: str, intent: ReadIntent) -> At[Bar]:
        """The bar with that id or slug. Raises Denied `bar_not_found`."""
        index = await self._reader.settle(intent)
        bar = await self._look(bar_ref)
        if bar is None and not intent.denies_at_once:
            await self._reader.catch_up()
            index = await self._reader.settle(intent)
            bar = await self._look(bar_ref)
        if bar is None:
            raise bar_not_found()
        return At(bar, index)

    def find_at_once(self, bar_ref: str) -> Bar | None:
        """The bar, if that can be said without waiting; None says nothing."""
        bar_id: str | None = bar_ref
        if not is_id(bar_ref):
            claim = self._node.row_in_memory(_slug_key(bar_ref))
            bar_id = claim.holder_id if isinstance(claim, NameClaim) else None
        if not bar_id:
            return None
        bar = self._node.row_in_memory(Key(Bar.KIND, (bar_id,)))
        return bar if isinstance(bar, Bar) else None

    async def find_as_staff(self, caller: Caller, bar_ref: str, intent: ReadIntent) -> At[Bar]:
        """The bar, for those who work there; for all others it does not exist.

        Raises Denied `bar_not_found`.
        """
        found = await self.find(bar_ref, intent)
        if not await self.is_staff(caller, found.value.id, intent):
            raise bar_not_found()
        return found

    async def is_staff(self, caller: Caller, bar_id: str, intent: ReadIntent) -> bool:
        """Whether the caller works at that bar."""
        member = await self._reader.row(BarMember, (bar_id, caller.account_id), intent)
        return member is not None and bool(member.role)

    async def _look(self, bar_ref: str) -> Bar | None:
        found = self.find_at_once(bar_ref)
        if found is not None:
            return found
        bar_id = bar_ref
        if not is_id(bar_ref):
            key = _slug_key(bar_ref)
            claim = (await self._node.rows((key,))).get(key)
            if not isinstance(claim, NameClaim) or not claim.holder_id:
                return None
            bar_id = claim.holder_id
        key = Key(Bar.KIND, (bar_id,))
        bar = (await self._node.rows((key,))).get(key)
        return bar if isinstance(bar, Bar) else None


def bar_not_found() -> Denied:
    """No such bar, or none that the caller may know of."""
    return Denied("bar_not_found", "This bar does not exist.")


def _slug_key(slug: str) -> Key:
    return Key(NameClaim.KIND, ("slug", slug))
