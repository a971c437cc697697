"""Event streams: what each viewer sees, in order, and resumed without gap or repeat."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from api_scene import BarScene, Http, open_bar, order, receive, sign_up

from bitebyte.api.event_stream import OpenStreams
from bitebyte.service.errors import Busy
from bitebyte.service.tokens import new_token

pytestmark = pytest.mark.anyio


@dataclass
class Sent:
    """One event as it came over the wire."""

    id: str | None
    kind: str
    data: dict[str, Any]


class Stream:
    """An open stream, read like a browser reads it."""

    def __init__(self, lines: AsyncIterator[str]) -> None:
        self._lines = lines

    async def next(self) -> Sent:
        """The next event; fails after ten seconds."""
        async with asyncio.timeout(10):
            fields: dict[str, str] = {}
            async for line in self._lines:
                if line == "" and "data" in fields:
                    return Sent(fields.get("id"), fields["event"], json.loads(fields["data"]))
                if line == "":
                    fields = {}
                elif not line.startswith(":"):
                    name, _, value = line.partition(": ")
                    fields[name] = value
        raise EOFError("the stream ended")

    async def until(self, kind: str) -> list[Sent]:
        """Events up to the first of that kind."""
        seen = [await self.next()]
        while seen[-1].kind != kind:
            seen.append(await self.next())
        return seen

    async def ends(self) -> None:
        """Waits for the end."""
        async with asyncio.timeout(10):
            async for _ in self._lines:
                pass


@asynccontextmanager
async def watch(
    who: Http, path: str, *, after: str | None = None, by_query: bool = False
) -> AsyncIterator[Stream]:
    headers = {} if who.token is None else {"Authorization": f"Bearer {who.token}"}
    url = f"/api/v1{path}"
    if after is not None and by_query:
        url += f"?last_event_id={after}"
    elif after is not None:
        headers["Last-Event-ID"] = after
    async with who.client.stream("GET", url, headers=headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        assert "no-store" in answer.headers["Cache-Control"]
        yield Stream(answer.aiter_lines())


async def test_the_merchant_sees_an_order_arrive_and_the_stock_change(scene: BarScene) -> None:
    async with watch(scene.merchant, f"/bars/{scene.bar.slug}/events") as stream:
        hello = await stream.next()
        assert (hello.kind, hello.id) == ("hello", str(hello.data["index"]))
        assert hello.data["viewer"] == "staff"
        placed = await order(scene.customer, scene.bar.slug, scene.bar.martini)
        seen = await stream.until("stock.changed")
    kinds = [event.kind for event in seen]
    assert kinds == ["order.placed", "notification.created", "stock.changed"]
    assert seen[0].data["order_id"] == placed["id"]
    assert seen[0].data["kind"] == "order.placed"
    assert len({event.data["index"] for event in seen}) == 1
    # The position is passed only with the last event of it, so that a break in between loses none.
    assert [event.id for event in seen] == [None, None, str(seen[0].data["index"])]
    assert "The customer" not in str(seen)


@pytest.mark.parametrize("by_query", [False, True])
async def test_a_stream_resumes_where_it_broke_without_gap_or_repeat(
    by_query: bool, scene: BarScene
) -> None:
    path = f"/bars/{scene.bar.slug}/events"
    async with watch(scene.merchant, path) as stream:
        await stream.next()
        await order(scene.customer, scene.bar.slug, scene.bar.martini)
        position = (await stream.until("stock.changed"))[-1].id
    missed = [await order(scene.customer, scene.bar.slug, scene.bar.martini) for _ in range(3)]
    async with watch(scene.merchant, path, after=position, by_query=by_query) as stream:
        resumed = [event for _ in range(3) for event in await stream.until("stock.changed")]
        latest = await order(scene.customer, scene.bar.slug, scene.bar.martini)
        resumed += await stream.until("stock.changed")
    placed = [event.data["order_id"] for event in resumed if event.kind == "order.placed"]
    assert placed == [one["id"] for one in (*missed, latest)]


async def test_a_position_that_this_cluster_never_had_is_reset(scene: BarScene) -> None:
    path = f"/bars/{scene.bar.slug}/events"
    async with watch(scene.merchant, path, after="999999999") as stream:
        reset = await stream.next()
        assert (reset.kind, reset.id) == ("reset", str(reset.data["index"]))
        await order(scene.customer, scene.bar.slug, scene.bar.martini)
        assert (await stream.next()).kind == "order.placed"


async def test_customers_follow_their_own_orders_and_nobody_elses(scene: BarScene) -> None:
    async with watch(scene.customer, "/me/events") as stream:
        assert (await stream.next()).kind == "hello"
        await order(scene.other_customer, scene.bar.slug, scene.bar.martini)
        own = await order(scene.customer, scene.bar.slug, scene.bar.martini)
        await scene.merchant.post(
            f"/orders/{own['id']}/transitions",
            {"to": "accepted"},
            headers={"If-Match": '"1"'},
            status=200,
        )
        seen = await stream.until("order.accepted")
    assert [event.kind for event in seen] == ["order.placed", "order.accepted"]
    assert {event.data["order_id"] for event in seen} == {own["id"]}


async def test_merchants_are_notified_of_all_their_bars(scene: BarScene, http: Http) -> None:
    merchant = await sign_up(http, "merchant")
    async with watch(merchant, "/me/events") as stream:
        await stream.next()
        bar = await open_bar(merchant)
        await order(scene.customer, scene.bar.slug, scene.bar.martini)
        placed = await order(scene.customer, bar.slug, bar.martini)
        notified = (await stream.until("notification.created"))[-1]
    assert notified.data["about"] == "order.placed"
    assert (notified.data["bar_id"], notified.data["order_id"]) == (bar.id, placed["id"])


async def test_guests_learn_that_the_menu_changed_but_not_what_is_in_stock(
    scene: BarScene, http: Http
) -> None:
    for number, guest in enumerate((http, scene.customer, scene.other_merchant)):
        async with watch(guest, f"/bars/{scene.bar.slug}/events") as stream:
            await stream.next()
            await receive(scene.merchant, scene.bar.slug, scene.bar.gin, 100)
            changed = await stream.next()
            assert changed.kind == "menu.availability_changed"
            assert set(changed.data) == {"kind", "index"}
            await scene.merchant.send(
                "PATCH",
                f"/products/{scene.bar.martini}",
                {"description": f"stirred {number} times"},
            )
            assert (await stream.next()).kind == "menu.published"


async def test_many_changes_of_stock_are_told_to_guests_once_a_second(
    scene: BarScene, http: Http
) -> None:
    async with watch(http, f"/bars/{scene.bar.slug}/events") as stream:
        await stream.next()
        for _ in range(10):
            await receive(scene.merchant, scene.bar.slug, scene.bar.gin, 1)
        await scene.merchant.send(
            "PATCH", f"/products/{scene.bar.martini}", {"description": "shaken"}
        )
        seen = await stream.until("menu.published")
    assert sum(event.kind == "menu.availability_changed" for event in seen) <= 2


async def test_a_stream_ends_within_five_seconds_of_its_session(http: Http) -> None:
    customer = await sign_up(http, "customer")
    async with watch(customer, "/me/events") as stream:
        await stream.next()
        started_s = asyncio.get_running_loop().time()
        await customer.send("DELETE", "/session")
        await stream.ends()
    assert asyncio.get_running_loop().time() - started_s < 5.5


async def test_the_cookie_of_an_ended_session_watches_as_a_guest(
    scene: BarScene, base_url: str
) -> None:
    async with httpx.AsyncClient(base_url=base_url, timeout=15) as browser:
        browser.cookies.set("bitebyte_session", new_token(), domain="127.0.0.1")
        async with watch(Http(browser), f"/bars/{scene.bar.slug}/events") as stream:
            assert (await stream.next()).data["viewer"] == "guest"
        menu = await browser.get(f"/api/v1/bars/{scene.bar.slug}/menu")
        assert menu.status_code == 200
    program = Http(scene.customer.client, new_token())
    answer = await program.send("GET", f"/bars/{scene.bar.slug}/events")
    assert answer.status_code == 401


async def test_a_node_that_stops_ends_its_streams_and_serves_no_more_than_it_can() -> None:
    streams = OpenStreams(1)
    streams.admit()
    never = asyncio.get_running_loop().create_future()
    running = asyncio.create_task(streams.run(never))
    await asyncio.sleep(0)
    with pytest.raises(Busy):
        streams.admit()
    streams.close()
    await running
    with pytest.raises(Busy):
        streams.admit()


async def test_head_of_a_stream_ends_at_once(scene: BarScene) -> None:
    async with asyncio.timeout(5):
        answer = await scene.merchant.send("HEAD", f"/bars/{scene.bar.slug}/events")
    assert (answer.status_code, answer.content) == (200, b"")
