"""Who sees which events, and streams of them that resume anywhere.

An event's position is the log index of the entry that caused it, on every node the same, so a
stream that broke on one node goes on from another without gap or repeat.
"""

from collections import OrderedDict
from collections.abc import AsyncIterator
from typing import Any, Final

import msgspec

from bitebyte.domain.entities import Account, BarMember, Key, Role
from bitebyte.domain.results import Event
from bitebyte.node.node import Node
from bitebyte.node.types import PositionedEvents, TooFarBehind
from bitebyte.service.bars import Bars
from bitebyte.service.clock import Clock
from bitebyte.service.reading import CATCH_UP_TIMEOUT_S, Reader, ReadIntent
from bitebyte.service.sessions import Caller

MEMBERSHIP_CACHE_S: Final = 1.0
"""How long a stream remembers that its viewer works, or does not work, at a bar."""

MEMBERSHIPS_CACHED_MAX: Final = 100

STOCK_CHANGED: Final = "stock.changed"
AVAILABILITY_CHANGED: Final = "menu.availability_changed"
NOTIFICATION: Final = "notification.created"


class SeenEvent(msgspec.Struct, frozen=True, gc=False):
    """An event as one viewer may see it."""

    kind: str
    payload: dict[str, Any]


def seen_by_staff(event: Event, bar_id: str) -> SeenEvent | None:
    """Whoever works at the bar sees all that happens there."""
    return SeenEvent(event.kind, event.payload) if event.bar_id == bar_id else None


def seen_by_guest(event: Event, bar_id: str) -> SeenEvent | None:
    """Guests see what is public, and that the menu may have changed, but not by how much."""
    if event.bar_id != bar_id:
        return None
    if event.is_public:
        return SeenEvent(event.kind, event.payload)
    if event.kind == STOCK_CHANGED:
        return SeenEvent(AVAILABILITY_CHANGED, {})
    return None


class Events:
    """Opens streams of positioned events, and says what a viewer may see of them."""

    def __init__(self, *, node: Node, reader: Reader, bars: Bars, clock: Clock) -> None:
        self._node = node
        self._reader = reader
        self._bars = bars
        self._clock = clock

    @property
    def newest_index(self) -> int:
        """From here on a new stream is told what happens."""
        return self._node.applied_index

    async def can_resume(self, after_index: int) -> bool:
        """Whether this node knows the position, or soon does. A position far ahead was given by
        a cluster that this one has replaced."""
        try:
            await self._node.wait_applied(after_index, timeout_s=CATCH_UP_TIMEOUT_S)
        except TooFarBehind:
            return False
        return True

    def follow(self, after_index: int) -> AsyncIterator[PositionedEvents]:
        """All events after that index. The first step raises EventsExpired when they are no
        longer kept."""
        return self._node.events(after_index)

    async def is_staff(self, caller: Caller | None, bar_id: str) -> bool:
        """Whether the caller works at that bar, as of now anywhere."""
        if caller is None or not await self.is_merchant(caller):
            return False
        return await self._bars.is_staff(caller, bar_id, ReadIntent())

    async def is_merchant(self, caller: Caller) -> bool:
        """Only merchants work at bars."""
        account = await self._reader.row(Account, (caller.account_id,), ReadIntent())
        return account is not None and account.role == Role.MERCHANT

    def personal_view(self, caller: Caller, *, is_merchant: bool) -> "PersonalView":
        """What the caller may see of everything."""
        return PersonalView(self._reader, self._clock, caller.account_id, is_merchant=is_merchant)


class PersonalView:
    """One account's view: its own events, and the notifications of the bars where it works."""

    def __init__(self, reader: Reader, clock: Clock, account_id: str, *, is_merchant: bool) -> None:
        self._reader = reader
        self._clock = clock
        self._account_id = account_id
        self._is_merchant = is_merchant
        self._memberships: OrderedDict[str, tuple[float, bool]] = OrderedDict()
        """By bar: until when it is remembered, and whether the account works there."""

    async def seen(self, event: Event) -> SeenEvent | None:
        """The event, if this account may see it."""
        if event.account_id == self._account_id:
            return SeenEvent(event.kind, event.payload)
        if self._is_merchant and event.kind == NOTIFICATION and await self._works_at(event.bar_id):
            return SeenEvent(event.kind, {"bar_id": event.bar_id, **event.payload})
        return None

    async def _works_at(self, bar_id: str) -> bool:
        now_s = self._clock.monotonic_s()
        remembered = self._memberships.get(bar_id)
        if remembered is not None and now_s < remembered[0]:
            return remembered[1]
        # Rows are at least as new as the event, so nobody needs to be asked.
        key = Key(BarMember.KIND, (bar_id, self._account_id))
        works_there = key in await self._reader.rows((key,))
        self._memberships[bar_id] = (now_s + MEMBERSHIP_CACHE_S, works_there)
        self._memberships.move_to_end(bar_id)
        while len(self._memberships) > MEMBERSHIPS_CACHED_MAX:
            self._memberships.popitem(last=False)
        return works_there
