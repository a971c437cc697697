"""A member, and one plausible entity of each kind with every optional part filled in."""

import uuid

from bitebyte.domain.entities import (
    Account,
    Alert,
    AnyEntity,
    Bar,
    BarMember,
    Cluster,
    IdempotencyRecord,
    ImportIngredient,
    ImportProduct,
    ImportRecipeLine,
    ImportRowError,
    Ingredient,
    MenuImport,
    NameClaim,
    Order,
    OrderHistory,
    OrderLine,
    Product,
    RecipeLine,
    ReservationLine,
    Session,
    StockMovement,
)
from bitebyte.domain.roster import ClusterMember
from bitebyte.raft.types import ConfState
from bitebyte.repository.types import Identity

IDENTITY = Identity(cluster_id=7, member_id=11, name="node-1")
CONF_STATE = ConfState(voters=(11, 12, 13))


def numbered_id(number: int) -> str:
    """A well-formed id that sorts by `number`."""
    return str(uuid.UUID(int=(0x0190_0000_0000_7000_8000 << 48) + number))


BAR_ID = numbered_id(1)
OWNER_ID = numbered_id(2)
CUSTOMER_ID = numbered_id(3)
GIN_ID = numbered_id(4)
NEGRONI_ID = numbered_id(5)
ORDER_ID = numbered_id(6)
ALERT_ID = numbered_id(7)


def build_ingredient(id: str = GIN_ID, name: str = "Gin", bar_id: str = BAR_ID) -> Ingredient:
    """An exactly tracked ingredient with some of it reserved and an open alert."""
    return Ingredient(
        id=id,
        bar_id=bar_id,
        name=name,
        unit="ml",
        base_unit="ul",
        tracking="exact",
        on_hand=700_000,
        reserved=90_000,
        threshold_base=200_000,
        threshold_amount="200",
        threshold_unit="ml",
        is_out=False,
        open_alert_id=ALERT_ID,
        created_at_ms=1_700_000_000_000,
        version=4,
    )


def build_product(
    id: str = NEGRONI_ID,
    name: str = "Negroni",
    *,
    section: str = "Bitter",
    position: int = 10,
    status: str = "active",
    bar_id: str = BAR_ID,
) -> Product:
    """A product with a required and an optional recipe line."""
    return Product(
        id=id,
        bar_id=bar_id,
        name=name,
        section=section,
        position=position,
        description='Gin, Campari, vermouth — "equal parts" \\ stirred',
        price_minor=950,
        recipe=(
            RecipeLine(GIN_ID, "3", "cl", 30_000),
            RecipeLine(numbered_id(40), "1", "slice", 1000, True),
        ),
        recipe_version=2,
        status=status,
        created_at_ms=1_700_000_000_001,
        version=3,
    )


def build_order(
    id: str = ORDER_ID,
    *,
    number: int = 17,
    status: str = "placed",
    placed_at_ms: int = 1_700_000_100_000,
    bar_id: str = BAR_ID,
    customer_id: str = CUSTOMER_ID,
) -> Order:
    """An order of two negronis."""
    return Order(
        id=id,
        number=number,
        business_day="2026-11-24",
        bar_id=bar_id,
        customer_id=customer_id,
        customer_name="Zoë 🍸",
        status=status,
        lines=(OrderLine(NEGRONI_ID, "Negroni", 2, 950, 1900, "no ice, please", 2),),
        total_minor=1900,
        currency="EUR",
        placed_at_ms=placed_at_ms,
        updated_at_ms=placed_at_ms + 1,
        reservation=(ReservationLine(0, GIN_ID, 60_000),),
        reservation_state="active",
        history=(OrderHistory("placed", placed_at_ms, customer_id, ""),),
        version=1,
    )


def build_movement(
    id: str, *, ingredient_id: str = GIN_ID, at_ms: int = 1_700_000_000_500, bar_id: str = BAR_ID
) -> StockMovement:
    """A bottle received."""
    return StockMovement(
        id=id,
        bar_id=bar_id,
        ingredient_id=ingredient_id,
        kind="receive",
        delta_base=700_000,
        amount="0.7",
        unit="l",
        reason="delivery",
        actor_id=OWNER_ID,
        order_id=None,
        at_ms=at_ms,
    )


def build_alert(
    id: str = ALERT_ID,
    *,
    state: str = "open",
    ingredient_id: str = GIN_ID,
    opened_at_ms: int = 1_700_000_000_700,
    bar_id: str = BAR_ID,
) -> Alert:
    """Low stock of gin."""
    return Alert(
        id=id,
        bar_id=bar_id,
        ingredient_id=ingredient_id,
        ingredient_name="Gin",
        state=state,
        reason="threshold",
        available=150_000,
        threshold=200_000,
        base_unit="ul",
        opened_at_ms=opened_at_ms,
        acknowledged_at_ms=opened_at_ms + 5,
        resolved_at_ms=None,
        version=2,
    )


def build_bar(id: str = BAR_ID, name: str = "Night Owl") -> Bar:
    """A bar that has served already."""
    return Bar(
        id=id,
        slug=f"bar-{id[-12:]}",
        name=name,
        currency="EUR",
        timezone="Europe/Berlin",
        owner_id=OWNER_ID,
        created_at_ms=1_700_000_000_000,
        menu_version=5,
        order_day="2026-11-24",
        order_number_last=17,
        version=2,
        menu_position_last=60,
    )


def build_idempotency_record(
    key: str = "order-1", *, created_at_ms: int = 1_700_000_100_000
) -> IdempotencyRecord:
    """The kept answer of a request; its bytes are not text."""
    return IdempotencyRecord(CUSTOMER_ID, key, "ab" * 32, b"\x00\xff\x01answer", created_at_ms)


ONE_OF_EACH: tuple[AnyEntity, ...] = (
    Account(
        CUSTOMER_ID,
        "zoe@example.org",
        "Zoë 🍸",
        "customer",
        "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA",
        "de",
        "cl",
        1_700_000_000_000,
        2,
    ),
    Session("ab" * 32, CUSTOMER_ID, 1_700_000_000_000, 1_800_000_000_000, 1_700_000_000_009),
    NameClaim("email", "zoe@example.org", CUSTOMER_ID),
    build_bar(),
    BarMember(BAR_ID, OWNER_ID, "owner"),
    build_ingredient(),
    build_product(),
    build_order(),
    build_movement(numbered_id(8)),
    build_alert(),
    MenuImport(
        numbered_id(9),
        BAR_ID,
        OWNER_ID,
        1_700_000_000_000,
        (
            ImportProduct(
                "Sour",
                "Daiquiri",
                "",
                900,
                (ImportRecipeLine("White rum", "6", "cl", "ul", 60_000, False),),
            ),
        ),
        (ImportIngredient("White rum", "cl", "ul", "exact", 1, "0.001", "ml"),),
        (ImportRowError(3, "price", "must be a decimal number"),),
        "previewed",
        1,
    ),
    build_idempotency_record(),
    Cluster(
        cluster_version=2,
        members=(ClusterMember(2**62 + 1, "node-1", "127.0.0.1:7080", True, 2**63 - 1),),
        retired_ids=(2**63 - 2, 5),
    ),
)
