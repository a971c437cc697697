"""Nothing is denied from stale state: what a node that lags or is cut off says.

The node is a double whose rows appear when it has caught up, as a follower's do.
"""

from collections.abc import Collection
from typing import Any, cast

import pytest

from bitebyte.domain.entities import AnyEntity, Bar, BarMember, Key, NameClaim, Session
from bitebyte.node.node import Node
from bitebyte.node.types import NoLeader
from bitebyte.service.bars import Bars
from bitebyte.service.clock import SystemClock
from bitebyte.service.errors import Denied
from bitebyte.service.ids import Uuid7Source
from bitebyte.service.passwords import Passwords
from bitebyte.service.proposing import Proposer
from bitebyte.service.reading import Consistency, Reader, ReadIntent
from bitebyte.service.sessions import Caller, Sessions
from bitebyte.service.throttle import SignInThrottle
from bitebyte.service.tokens import new_token, token_hash

pytestmark = pytest.mark.anyio

BAR = Bar("01890000-0000-7000-8000-000000000001", "night-owl", "N", "EUR", "UTC", "owner", 0)
CLAIM = NameClaim("slug", "night-owl", BAR.id)
MEMBER = BarMember(BAR.id, "owner", "owner")
OWNER = Caller("owner", "0" * 64, 2**60)
STALE = ReadIntent(Consistency.STALE, denies_at_once=True)


class LaggingNode:
    """Knows the rows only after it has asked the leader, if there is one."""

    def __init__(self, *rows: AnyEntity, has_leader: bool = True) -> None:
        self.applied_index = 5
        self.flushed_index = 5
        self.leader_contact_age_s = 0.0
        self.barriers = 0
        self._known: dict[Key, AnyEntity] = {}
        self._coming = {row.key: row for row in rows}
        self._has_leader = has_leader

    async def read_barrier(self, *, timeout_s: float) -> int:
        self.barriers += 1
        if not self._has_leader:
            raise NoLeader("cut off")
        self._known |= self._coming
        self.applied_index = 9
        return 9

    async def rows(self, keys: Collection[Key]) -> dict[Key, AnyEntity]:
        return {key: self._known[key] for key in keys if key in self._known}

    def row_in_memory(self, key: Key) -> AnyEntity | None:
        return self._known.get(key)


def _bars(node: LaggingNode) -> Bars:
    real = cast("Node", node)
    return Bars(
        node=real,
        reader=Reader(real),
        proposer=Proposer(real),
        queries=cast("Any", None),
        clock=SystemClock(),
        ids=Uuid7Source(),
    )


def _sessions(node: LaggingNode) -> Sessions:
    real = cast("Node", node)
    return Sessions(
        node=real,
        reader=Reader(real),
        proposer=Proposer(real),
        passwords=Passwords(),
        throttle=SignInThrottle(),
        clock=SystemClock(),
        ids=Uuid7Source(),
        new_token=new_token,
    )


def _session(token: str, *, ended_at_ms: int | None = None, expires_at_ms: int = 2**60) -> Session:
    return Session(token_hash(token), "ada", 0, expires_at_ms, ended_at_ms)


@pytest.mark.parametrize("bar_ref", [BAR.id, BAR.slug])
async def test_a_bar_that_was_just_opened_elsewhere_is_found(bar_ref: str) -> None:
    node = LaggingNode(BAR, CLAIM, MEMBER)
    found = await _bars(node).find_as_staff(OWNER, bar_ref, ReadIntent())
    assert (found.value, found.index) == (BAR, 9)
    assert node.barriers == 1


async def test_a_membership_that_is_news_to_the_node_counts() -> None:
    node = LaggingNode(MEMBER)
    assert await _bars(node).is_staff(OWNER, BAR.id, ReadIntent())
    assert node.barriers == 1


async def test_who_asks_for_stale_is_denied_at_once() -> None:
    node = LaggingNode(BAR, CLAIM)
    with pytest.raises(Denied, match="bar_not_found"):
        await _bars(node).find(BAR.slug, STALE)
    assert node.barriers == 0


async def test_a_public_read_that_is_stale_by_default_still_asks_before_it_denies() -> None:
    node = LaggingNode(BAR, CLAIM)
    found = await _bars(node).find(BAR.slug, ReadIntent(Consistency.STALE))
    assert found.value == BAR


async def test_a_node_that_is_cut_off_says_so_instead_of_denying() -> None:
    node = LaggingNode(BAR, CLAIM, has_leader=False)
    with pytest.raises(NoLeader):
        await _bars(node).find(BAR.slug, ReadIntent())
    with pytest.raises(NoLeader):
        await _sessions(node).authenticate(new_token())


async def test_a_linearizable_read_always_asks_first() -> None:
    node = LaggingNode(BAR, CLAIM)
    found = await _bars(node).find(BAR.slug, ReadIntent(Consistency.LINEARIZABLE))
    assert (found.index, node.barriers) == (9, 1)


async def test_a_session_that_was_just_opened_elsewhere_is_accepted() -> None:
    token = new_token()
    node = LaggingNode(_session(token))
    assert (await _sessions(node).authenticate(token)).account_id == "ada"
    assert node.barriers == 1
    await _sessions(node).authenticate(token)
    assert node.barriers == 1


async def test_a_node_out_of_touch_asks_before_it_trusts_a_session_that_it_remembers() -> None:
    token = new_token()
    node = LaggingNode(_session(token))
    sessions = _sessions(node)
    await sessions.authenticate(token)
    node._coming = {row.key: row for row in (_session(token, ended_at_ms=1),)}  # pyright: ignore
    # In touch, it would have been told of the end.
    await sessions.authenticate(token)
    node.leader_contact_age_s = 1.5
    assert sessions.authenticate_at_once(token) is None
    with pytest.raises(Denied, match="not_authenticated"):
        await sessions.authenticate(token)


async def test_sessions_that_ended_or_expired_are_nobody() -> None:
    for session in (
        _session(token := new_token(), ended_at_ms=1),
        _session(token, expires_at_ms=1),
    ):
        node = LaggingNode(session)
        with pytest.raises(Denied, match="not_authenticated"):
            await _sessions(node).authenticate(token)
        assert _sessions(node).authenticate_at_once(token) is None


async def test_what_has_no_form_of_a_token_asks_nobody() -> None:
    node = LaggingNode(has_leader=False)
    for text in ("", "x" * 42, "x" * 44, "ü" * 43, "a b" * 15):
        with pytest.raises(Denied, match="not_authenticated"):
            await _sessions(node).authenticate(text)
    assert node.barriers == 0
