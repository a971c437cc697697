"""What applying a command yields. A refusal is a normal result, equal on every replica."""

from typing import Any

import msgspec

from bitebyte.domain.entities import (
    Account,
    Alert,
    AnyEntity,
    Bar,
    Cluster,
    Ingredient,
    MenuImport,
    Order,
    Product,
    Session,
    StockMovement,
)


class Accepted(
    msgspec.Struct, frozen=True, gc=False, tag="accepted", tag_field="r", omit_defaults=True
):
    """Done. `account` and its siblings: exactly one is set, by the kind of the command."""

    account: Account | None = None
    session: Session | None = None
    bar: Bar | None = None
    ingredient: Ingredient | None = None
    product: Product | None = None
    order: Order | None = None
    movement: StockMovement | None = None
    alert: Alert | None = None
    menu_import: MenuImport | None = None
    is_replay: bool = False
    cluster: Cluster | None = None


class Shortage(msgspec.Struct, frozen=True, gc=False):
    """An ingredient that an order needs more of than there is, in base units."""

    ingredient_id: str
    name: str
    needed: int
    available: int
    base_unit: str


class FieldError(msgspec.Struct, frozen=True, gc=False):
    """A field at fault, by JSON pointer into the request body."""

    pointer: str
    message: str


class Refused(
    msgspec.Struct, frozen=True, gc=False, tag="refused", tag_field="r", omit_defaults=True
):
    """Not done, and why. `code` is stable snake_case and ends up in the HTTP answer."""

    code: str
    detail: str
    errors: tuple[FieldError, ...] = ()
    shortages: tuple[Shortage, ...] = ()
    current_version: int | None = None
    is_replay: bool = False


Result = Accepted | Refused


class Event(msgspec.Struct, frozen=True, gc=False):
    """Something that people watching want to know. Its log index is its position."""

    kind: str
    """`order.placed`, `stock.changed`, `stock.low`, `menu.published`, ..."""
    bar_id: str
    account_id: str
    """The one account besides the bar's staff that may see it; empty: none."""
    is_public: bool
    """Whether customers of the bar may see it too."""
    payload: dict[str, Any]
    """Small, JSON-able: ids, version, changed fields; never another customer's name."""


class Applied(msgspec.Struct, frozen=True, gc=False):
    """All that one entry did: the rows as they are now (each key at most once, in a fixed
    order), the events in order, and the answer for whoever asked."""

    result: Result
    changes: tuple[AnyEntity, ...] = ()
    events: tuple[Event, ...] = ()


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Accepted | Refused)


def encode_result(result: Result) -> bytes:
    """The stored form of a result, inside an idempotency record."""
    return _encoder.encode(result)


def decode_result(data: bytes) -> Result:
    """The inverse of `encode_result`."""
    return _decoder.decode(data)
