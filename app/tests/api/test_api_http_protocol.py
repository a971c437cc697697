"""The short way of an order, byte by byte: it is HTTP like any other, only faster."""

import asyncio
import contextlib
import json
import uuid
from collections.abc import AsyncGenerator
from urllib.parse import urlsplit

import pytest
from api_scene import BarScene

pytestmark = pytest.mark.anyio

Response = tuple[int, dict[str, str], bytes]


class Wire:
    """A raw connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, base_url: str) -> AsyncGenerator["Wire"]:
        url = urlsplit(base_url)
        wire = cls(*await asyncio.open_connection(url.hostname, url.port))
        try:
            yield wire
        finally:
            wire.writer.close()
            with contextlib.suppress(ConnectionError):
                await wire.writer.wait_closed()

    async def response(self) -> Response:
        async with asyncio.timeout(10):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {
                name.lower(): value.strip()
                for name, _, value in (line.partition(":") for line in head[1:] if line)
            }
            body = await self.reader.readexactly(int(headers.get("content-length", 0)))
        return int(head[0].split()[1]), headers, body


@pytest.fixture
async def wire(base_url: str) -> AsyncGenerator[Wire]:
    """A connection to the node."""
    async with Wire.open(base_url) as opened:
        yield opened


def order(scene: BarScene, *, body: bytes | None = None, **extra: str) -> bytes:
    if body is None:
        body = json.dumps(
            {"lines": [{"product_id": scene.bar.gin_and_tonic, "quantity": 1}]}
        ).encode()
    headers = {
        "Host": "bar",
        "Authorization": f"Bearer {scene.customer.token}",
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Idempotency-Key": uuid.uuid4().hex,
        **{name.replace("_", "-"): value for name, value in extra.items()},
    }
    lines = [f"POST /api/v1/bars/{scene.bar.slug}/orders HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def test_an_order_may_arrive_byte_by_byte(scene: BarScene, wire: Wire) -> None:
    for byte in order(scene):
        wire.writer.write(bytes([byte]))
        await wire.writer.drain()
    status, headers, body = await wire.response()
    assert status == 201, body
    assert json.loads(body)["status"] == "placed"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-request-id"]
    assert int(headers["bitebyte-index"]) > 0


async def test_pipelined_requests_are_answered_in_order(scene: BarScene, wire: Wire) -> None:
    get = b"GET /api/v1/bars/%s HTTP/1.1\r\nHost: bar\r\n\r\n" % scene.bar.slug.encode()
    wire.writer.write(order(scene) + get + order(scene) + order(scene) + get)
    answers = [await wire.response() for _ in range(5)]
    assert [status for status, _, _ in answers] == [201, 200, 201, 201, 200]
    numbers = [json.loads(answers[n][2])["number"] for n in (0, 2, 3)]
    assert numbers == sorted(numbers)
    assert all(json.loads(answers[n][2])["slug"] == scene.bar.slug for n in (1, 4))


async def test_an_order_out_of_the_ordinary_goes_the_long_way(scene: BarScene, wire: Wire) -> None:
    escaped = b'{"lines": [{"product_id": "%s", "quantity": 1, "note": "caf\\u00e9"}]}'
    wire.writer.write(order(scene, body=escaped % scene.bar.gin_and_tonic.encode()))
    status, _, body = await wire.response()
    assert (status, json.loads(body)["lines"][0]["note"]) == (201, "café")
    wire.writer.write(order(scene, body=b'{"lines": []}'))
    status, headers, body = await wire.response()
    assert (status, json.loads(body)["code"]) == (422, "validation_failed")
    assert headers["content-type"] == "application/problem+json"
    wire.writer.write(order(scene, Connection="close"))
    assert (await wire.response())[0] == 201
    assert await wire.reader.read() == b"", "closed as asked"


async def test_a_refusal_on_the_short_way_is_the_same_as_on_the_long_one(
    scene: BarScene, wire: Wire
) -> None:
    unknown = b'{"lines": [{"product_id": "018f0000-0000-7000-8000-000000000000", "quantity": 1}]}'
    answers: list[Response] = []
    # What is asked to wait for an index goes the long way.
    for extra in ({}, {"BiteByte_Min_Index": "1"}):
        wire.writer.write(order(scene, body=unknown, **extra))
        answers.append(await wire.response())
    (status, headers, body), (long_status, long_headers, long_body) = answers
    assert status == long_status == 409
    assert headers.keys() == long_headers.keys()
    problem, long_problem = json.loads(body), json.loads(long_body)
    assert problem.pop("request_id") != long_problem.pop("request_id")
    assert problem == long_problem


async def test_a_client_that_leaves_before_its_answer_harms_nobody(
    scene: BarScene, wire: Wire, base_url: str
) -> None:
    for _ in range(20):
        async with Wire.open(base_url) as leaving:
            leaving.writer.write(order(scene))
            await leaving.writer.drain()
            leaving.writer.transport.abort()
    wire.writer.write(order(scene))
    assert (await wire.response())[0] == 201
