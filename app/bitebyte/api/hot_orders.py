"""Placing an order without a framework in the path.

Measured before this was written: a raw ASGI route costs the leader two to three times less than
the same route through FastAPI. It answers only what it is certain of: an ordinary request of
somebody whose session, and for a bar whose row, are in memory. All else (faults, escapes in the
text, a node out of touch, unknown sessions) goes the long way through `orders.place_order`, so
there is one law and one set of texts for refusals; a test sends the same requests both ways.
"""

import re
from collections.abc import Sequence
from typing import Annotated, Final

import msgspec

from bitebyte.api.cookies import cookie_value, index_cookie, session_cookie_name
from bitebyte.api.cross_site import refuse_cross_site
from bitebyte.api.errors import Problem, problem_of_denied, problem_of_node_error
from bitebyte.api.headers import Header
from bitebyte.api.idempotency import IDEMPOTENCY_KEY
from bitebyte.api.orders import order_answer, placed_headers
from bitebyte.api.settings import ApiSettings
from bitebyte.domain.commands import OrderLineInput
from bitebyte.domain.entities import Bar
from bitebyte.domain.ids import is_id
from bitebyte.domain.limits import (
    ORDER_LINE_QUANTITY_MAX,
    ORDER_LINES_MAX,
    ORDER_NOTE_LENGTH_MAX,
)
from bitebyte.node.types import NodeError
from bitebyte.service.errors import Denied
from bitebyte.service.ordering import Placed
from bitebyte.service.reading import At
from bitebyte.service.services import Services
from bitebyte.service.sessions import SESSION_LIFETIME_MS, Caller

BODY_BYTES_MAX: Final = 32 * 1024
"""Fifty lines with notes of 280 characters; what is larger goes the long way."""

_PATH: Final = re.compile(r"/api/v1/bars/([0-9a-z-]{3,40})/orders")

_JSON_TYPES: Final = frozenset({b"application/json", b"application/json; charset=utf-8"})

_LONG_WAY_HEADERS: Final = frozenset(
    {b"bitebyte-min-index", b"content-encoding", b"transfer-encoding", b"expect"}
)
_READ_HEADERS: Final = frozenset(
    {b"authorization", b"cookie", b"content-type", b"content-length", b"idempotency-key"}
)


class _Line(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    product_id: str
    quantity: Annotated[int, msgspec.Meta(ge=1, le=ORDER_LINE_QUANTITY_MAX)]
    note: str | msgspec.UnsetType = msgspec.UNSET


class _Order(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    lines: Annotated[list[_Line], msgspec.Meta(min_length=1, max_length=ORDER_LINES_MAX)]


_ORDER_DECODER: Final = msgspec.json.Decoder(_Order)


class Recognised(msgspec.Struct, gc=False):
    """An ordinary request, but for its body."""

    caller: Caller
    bar: Bar
    idempotency_key: str
    has_cookie: bool


Answer = tuple[int, list[Header], bytes]
"""Status, headers and body."""


class HotOrders:
    """Recognises ordinary orders and answers them; who asks sends the rest the long way."""

    def __init__(self, *, services: Services, settings: ApiSettings, cluster_id: int) -> None:
        self._services = services
        self._is_secure = settings.cookie_secure
        self._cookie_name = session_cookie_name(is_secure=settings.cookie_secure)
        self._cluster_id = cluster_id

    def recognise(self, path: str, raw_headers: Sequence[Header]) -> Recognised | None:
        """An ordinary order by its path (without a query) and headers (lower-case names)."""
        match = _PATH.fullmatch(path)
        if match is None:
            return None
        headers = dict[bytes, bytes]()
        for name, value in raw_headers:
            if name in _LONG_WAY_HEADERS or (name in _READ_HEADERS and name in headers):
                return None
            headers[name] = value
        length = headers.get(b"content-length", b"")
        if (
            headers.get(b"content-type", b"").lower() not in _JSON_TYPES
            or not length.isdigit()
            or len(length) > 6
            or not 0 < int(length) <= BODY_BYTES_MAX
        ):
            return None
        key = headers.get(b"idempotency-key", b"").decode("latin-1")
        if IDEMPOTENCY_KEY.fullmatch(key) is None:
            return None
        authorization = headers.get(b"authorization")
        if authorization is not None:
            if not authorization.startswith(b"Bearer "):
                return None
            token = authorization[7:].decode("latin-1")
        else:
            token = cookie_value(headers.get(b"cookie", b"").decode("latin-1"), self._cookie_name)
        caller = self._services.sessions.authenticate_at_once(token) if token else None
        bar = self._services.bars.find_at_once(match[1])
        if caller is None or bar is None:
            return None
        if authorization is None:
            try:
                refuse_cross_site(raw_headers)
            except Denied:
                return None
        return Recognised(caller, bar, key, has_cookie=authorization is None)

    async def answer(
        self, recognised: Recognised, lines: tuple[OrderLineInput, ...], request_id: str
    ) -> Answer:
        """Places the order. Status, headers and body as the long way would answer."""
        try:
            placed = await self._services.ordering.place(
                recognised.caller,
                recognised.bar,
                lines,
                idempotency_key=recognised.idempotency_key,
            )
        except Denied as denied:
            return answer_of(problem_of_denied(denied, request_id))
        except NodeError as error:
            return answer_of(problem_of_node_error(error, request_id))
        body = msgspec.json.encode(order_answer(placed.value.order, is_staff=False))
        return 201, self._headers(placed, len(body), has_cookie=recognised.has_cookie), body

    def _headers(
        self, placed: At[Placed], body_bytes: int, *, has_cookie: bool
    ) -> list[tuple[bytes, bytes]]:
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % body_bytes),
            (b"bitebyte-index", b"%d" % placed.index),
            (b"cache-control", b"no-store"),
        ]
        headers.extend(
            (name.lower().encode(), value.encode())
            for name, value in placed_headers(placed.value).items()
        )
        if has_cookie:
            cookie = index_cookie(
                self._cluster_id,
                placed.index,
                age_s_max=SESSION_LIFETIME_MS // 1000,
                is_secure=self._is_secure,
            )
            headers.append((b"set-cookie", cookie.encode()))
        return headers


def decode_lines(body: bytes) -> tuple[OrderLineInput, ...] | None:
    """The lines, if the body is beyond doubt; None says nothing."""
    # An escape could hide a name or a control character: the long way looks at those.
    if b"\\" in body:
        return None
    try:
        lines = _ORDER_DECODER.decode(body).lines
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    notes = sum(line.note is not msgspec.UNSET for line in lines)
    # The decoder takes the last of two equal keys, so they are counted. A note that holds
    # such a text as well only makes the count too large, and the way longer.
    if (
        body.count(b'"lines"') != 1
        or body.count(b'"product_id"') != len(lines)
        or body.count(b'"quantity"') != len(lines)
        or body.count(b'"note"') != notes
    ):
        return None
    inputs = list[OrderLineInput]()
    for line in lines:
        note = "" if line.note is msgspec.UNSET else line.note
        if not is_id(line.product_id) or (note and not _is_plain(note)):
            return None
        inputs.append(OrderLineInput(line.product_id, line.quantity, note))
    return tuple(inputs)


def answer_of(sent: Problem) -> Answer:
    """An error as an answer."""
    return sent.status, [(b"content-length", b"%d" % len(sent.body)), *sent.headers], sent.body


def _is_plain(note: str) -> bool:
    """Whether a note needs no cleaning."""
    return (
        len(note) <= ORDER_NOTE_LENGTH_MAX
        and note.isascii()
        and note.isprintable()
        and note == note.strip()
    )
