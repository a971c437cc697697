"""The things that a bar runs on, as frozen values with a version of their own.

Money is integer minor units, a quantity is an integer of its base unit (µl, mg or thousandths
of a piece), a time is integer milliseconds since 1970 UTC. There is no float and no clock.
Ids are UUIDv7 strings, made by whoever builds a command, never here.

Every entity is one row with one key: (`kind`, key parts). The repository stores it under that
key, the identity map keeps it under that key, and the state hash is taken over its encoding,
so field order is part of the replicated format: append new fields at the end, with a default.
"""

import enum
from typing import ClassVar

import msgspec

from bitebyte.domain.entity import Entity as Entity
from bitebyte.domain.entity import Key as Key
from bitebyte.domain.roster import Cluster as Cluster


class Role(enum.StrEnum):
    """What an account was registered as."""

    CUSTOMER = "customer"
    MERCHANT = "merchant"


class Account(Entity, frozen=True, array_like=True, gc=False):
    """A person who can sign in. `email` is lower case; the hash is a PHC string of argon2id."""

    KIND: ClassVar[str] = "account"
    id: str
    email: str
    display_name: str
    role: str
    password_hash: str
    locale: str
    units: str
    created_at_ms: int
    version: int = 1

    @property
    def key(self) -> Key:
        return Key(self.KIND, (self.id,))


class Session(Entity, frozen=True, array_like=True, gc=False):
    """A sign-in. Only the SHA-256 of the token is stored, so a copy of the state opens nothing."""

    KIND: ClassVar[str] = "session"
    token_hash: str
    """64 hex digits."""
    account_id: str
    created_at_ms: int
    expires_at_ms: int
    ended_at_ms: int | None = None

    @property
    def key(self) -> Key:
        return Key(self.KIND, (self.token_hash,))


class NameClaim(Entity, frozen=True, array_like=True, gc=False):
    """A name that may be taken once in its scope, and who holds it.

    Scopes: `email`, `slug`, `ingredient:{bar_id}`, `product:{bar_id}`. `name` is the folded form
    (`names.fold`). An empty `holder_id` is a released name.
    """

    KIND: ClassVar[str] = "name_claim"
    scope: str
    name: str
    holder_id: str

    @property
    def key(self) -> Key:
        return Key(self.KIND, (self.scope, self.name))


class Bar(Entity, frozen=True, array_like=True, gc=False):
    """A tenant: one menu, one stock, one queue."""

    KIND: ClassVar[str] = "bar"
    id: str
    slug: str
    name: str
    currency: str
    timezone: str
    owner_id: str
    created_at_ms: int
    menu_version: int = 1
    order_day: str = ""
    """Business day, YYYY-MM-DD in the bar's time zone, that `order_number_last` counts in."""
    order_number_last: int = 0
    version: int = 1
    """Rises with edits of what describes the bar, not with orders or the menu."""
    menu_position_last: int = 0
    """Largest `Product.position` handed out so far."""

    @property
    def key(self) -> Key:
        return Key(self.KIND, (self.id,))


class BarMember(Entity, frozen=True, array_like=True, gc=False):
    """Who works at a bar. `role` is `owner`; staff comes later. Authorisation reads this row."""

    KIND: ClassVar[str] = "bar_member"
    bar_id: str
    account_id: str
    role: str

    @property
    def key(self) -> Key:
        return Key(self.KIND, (self.bar_id, self.account_id))


class Tracking(enum.StrEnum):
    """How closely an ingredient is counted."""

    EXACT = "exact"
    """Checked, reserved and consumed to the base unit."""
    AMPLE = "ample"
    """Assumed present unless `is_out`: ice, soda from the gun, a garnish."""
    BINARY = "binary"
    """There or not there: `is_out` says which; never counted."""


class Ingredient(Entity, frozen=True, array_like=True, gc=False):
    """A stock-kept thing. available = on_hand - reserved, and it is never negative."""

    KIND: ClassVar[str] = "ingredient"
    id: str
    bar_id: str
    name: str
    unit: str
    """The unit that people use for it (`ml`, `oz`, `piece`, ...); fixes the base unit."""
    base_unit: str
    """`ul`, `mg` or `mpc`."""
    tracking: str
    on_hand: int
    reserved: int
    threshold_base: int | None
    """Low-stock threshold; None: no alerts."""
    threshold_amount: str | None
    """The threshold as typed, in `threshold_unit`."""
    threshold_unit: str | None
    is_out: bool
    open_alert_id: str | None
    """The one alert of this ingredient that is not resolved."""
    created_at_ms: int
    version: int = 1
    """Rises with edits by people, not with stock: an order must not make an edit stale."""

    @property
    def key(self) -> Key:
        return Key(self.KIND, (self.id,))

    @property
    def available(self) -> int:
        """What new orders may still reserve, in base units."""
        return self.on_hand - self.reserved


class RecipeLine(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What one serving takes of one ingredient: as typed, and exactly."""

    ingredient_id: str
    amount: str
    unit: str
    quantity_base: int
    is_optional: bool = False


class ProductStatus(enum.StrEnum):
    """Whether a product is on the menu."""

    ACTIVE = "active"
    HIDDEN = "hidden"
    ARCHIVED = "archived"


class Product(Entity, frozen=True, array_like=True, gc=False):
    """A sellable drink. Sections are ordered by their smallest `position`."""

    KIND: ClassVar[str] = "product"
    id: str
    bar_id: str
    name: str
    section: str
    position: int
    description: str
    price_minor: int
    recipe: tuple[RecipeLine, ...]
    recipe_version: int
    status: str
    created_at_ms: int
    version: int = 1

    @property
    def key(self) -> Key:
        return Key(self.KIND, (self.id,))


class OrderStatus(enum.StrEnum):
    """placed → accepted → preparing → ready → completed, and the exits."""

    PLACED = "placed"
    ACCEPTED = "accepted"
    PREPARING = "preparing"
    READY = "ready"
    COMPLETED = "completed"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    ABANDONED = "abandoned"


class OrderLine(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A line as it was sold: later edits of the menu change nothing here."""

    product_id: str
    name: str
    quantity: int
    unit_price_minor: int
    total_minor: int
    note: str
    recipe_version: int


class ReservationLine(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What one order line holds of one ingredient, frozen when the order was placed."""

    line_index: int
    ingredient_id: str
    quantity_base: int


class ReservationState(enum.StrEnum):
    """A reservation ends exactly once."""

    ACTIVE = "active"
    CONSUMED = "consumed"
    RELEASED = "released"
    WASTED = "wasted"
    """At least one line was wasted; the others were released."""


class OrderHistory(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One step of an order. `actor_id` is the account that did it."""

    status: str
    at_ms: int
    actor_id: str
    reason: str = ""


class Order(Entity, frozen=True, array_like=True, gc=False):
    """An order with all that it was placed with. Grows by history only."""

    KIND: ClassVar[str] = "order"
    id: str
    number: int
    """Per bar and business day, from 1."""
    business_day: str
    bar_id: str
    customer_id: str
    customer_name: str
    """Display name when the order was placed; for the bar only."""
    status: str
    lines: tuple[OrderLine, ...]
    total_minor: int
    currency: str
    placed_at_ms: int
    updated_at_ms: int
    reservation: tuple[ReservationLine, ...]
    reservation_state: str
    history: tuple[OrderHistory, ...]
    version: int = 1

    @property
    def key(self) -> Key:
        return Key(self.KIND, (self.id,))


class MovementKind(enum.StrEnum):
    """Why on_hand changed. `receive`, `waste`, `adjust`, `count` are made by people."""

    RECEIVE = "receive"
    WASTE = "waste"
    ADJUST = "adjust"
    COUNT = "count"
    CONSUME = "consume"


class StockMovement(Entity, frozen=True, array_like=True, gc=False):
    """A line of the append-only ledger: on_hand is the sum of `delta_base` of all of them."""

    KIND: ClassVar[str] = "stock_movement"
    id: str
    bar_id: str
    ingredient_id: str
    kind: str
    delta_base: int
    """Signed change of on_hand."""
    amount: str
    """As typed; empty for `consume`."""
    unit: str
    reason: str
    actor_id: str
    order_id: str | None
    at_ms: int

    @property
    def key(self) -> Key:
        return Key(self.KIND, (self.id,))


class AlertState(enum.StrEnum):
    """open → acknowledged → resolved; or open → resolved."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class Alert(Entity, frozen=True, array_like=True, gc=False):
    """Low stock. At most one per ingredient that is not resolved."""

    KIND: ClassVar[str] = "alert"
    id: str
    bar_id: str
    ingredient_id: str
    ingredient_name: str
    state: str
    reason: str
    """`threshold`: available fell to the threshold. `shortage`: an order was refused."""
    available: int
    threshold: int | None
    base_unit: str
    opened_at_ms: int
    acknowledged_at_ms: int | None = None
    resolved_at_ms: int | None = None
    version: int = 1

    @property
    def key(self) -> Key:
        return Key(self.KIND, (self.id,))


class ImportRecipeLine(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A recipe line of an import: the ingredient by name, the amount already converted."""

    ingredient: str
    amount: str
    unit: str
    base_unit: str
    quantity_base: int
    is_optional: bool


class ImportProduct(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A product of an import."""

    section: str
    name: str
    description: str
    price_minor: int
    lines: tuple[ImportRecipeLine, ...]


class ImportIngredient(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An ingredient that a JSON import describes; a CSV import only implies them."""

    name: str
    unit: str
    base_unit: str
    tracking: str
    threshold_base: int | None
    threshold_amount: str | None
    threshold_unit: str | None


class ImportRowError(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What is wrong with one row. `row` counts from 1, the header of a CSV being row 1."""

    row: int
    column: str
    message: str


class MenuImport(Entity, frozen=True, array_like=True, gc=False):
    """An uploaded menu that was parsed and waits for its commit. Nothing changed yet."""

    KIND: ClassVar[str] = "menu_import"
    id: str
    bar_id: str
    created_by: str
    created_at_ms: int
    products: tuple[ImportProduct, ...]
    ingredients: tuple[ImportIngredient, ...]
    errors: tuple[ImportRowError, ...]
    state: str = "previewed"
    """`previewed` or `committed`."""
    error_count: int = 0
    """Of the whole file; `errors` holds the first `limits.MENU_FILE_ERRORS_MAX`."""

    @property
    def key(self) -> Key:
        return Key(self.KIND, (self.id,))


class IdempotencyRecord(Entity, frozen=True, array_like=True, gc=False):
    """The answer to a request that may be repeated. (account, key) is unique."""

    KIND: ClassVar[str] = "idempotency"
    account_id: str
    idempotency_key: str
    request_hash: str
    """SHA-256 of method, path and body, in hex."""
    answer: bytes
    """The encoded `Result` of the first execution (`results.encode_result`)."""
    created_at_ms: int

    @property
    def key(self) -> Key:
        return Key(self.KIND, (self.account_id, self.idempotency_key))


AnyEntity = (
    Account
    | Session
    | NameClaim
    | Bar
    | BarMember
    | Ingredient
    | Product
    | Order
    | StockMovement
    | Alert
    | MenuImport
    | IdempotencyRecord
    | Cluster
)
