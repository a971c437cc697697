"""Everything that can be asked of the state, as versionless tagged values.

A command is complete: ids, times, hashes and the business day are in it, so that every replica
computes the same. The tag is its stable name in the log: never reuse one for another meaning;
add fields at the end, with defaults, so that older entries still decode.
"""

from typing import Final

import msgspec

from bitebyte.domain.entities import ImportIngredient, ImportProduct, ImportRowError
from bitebyte.domain.roster import LEVEL_FIRST, ClusterMember


class Command(msgspec.Struct, frozen=True, gc=False, tag_field="c", kw_only=True):
    """What every command carries.

    `id` is a UUIDv7, unique for each attempt that could be proposed; derived ids
    (`ids.derive_id`) start from it. `at_ms` is the wall clock of the node that built it.
    `actor_id` is the account that asks; empty for what nobody signed in for.
    """

    id: str
    at_ms: int
    actor_id: str = ""


class RegisterAccount(Command, frozen=True, gc=False, tag="register_account", kw_only=True):
    """→ Account. Refused: email_taken. The account's id is the command's id."""

    email: str
    display_name: str
    role: str
    password_hash: str
    locale: str = "en"
    units: str = "ml"


class UpdateProfile(Command, frozen=True, gc=False, tag="update_profile", kw_only=True):
    """→ Account. None leaves a field as it is."""

    display_name: str | None = None
    locale: str | None = None
    units: str | None = None


class OpenSession(Command, frozen=True, gc=False, tag="open_session", kw_only=True):
    """→ Session, for `actor_id`, whose password the service has verified.

    Refused: invalid_credentials if the account's password hash is no longer
    `verified_password_hash`.
    """

    token_hash: str
    expires_at_ms: int
    verified_password_hash: str


class EndSession(Command, frozen=True, gc=False, tag="end_session", kw_only=True):
    """→ Session, ended. Ending an unknown or ended session succeeds and changes nothing."""

    token_hash: str


class CreateBar(Command, frozen=True, gc=False, tag="create_bar", kw_only=True):
    """→ Bar, owned by the actor. Refused: slug_taken, merchant_required."""

    name: str
    slug: str
    currency: str
    timezone: str


class CreateIngredient(Command, frozen=True, gc=False, tag="create_ingredient", kw_only=True):
    """→ Ingredient with nothing on hand. Refused: bar_not_found, name_taken."""

    bar_id: str
    name: str
    unit: str
    base_unit: str
    tracking: str
    threshold_base: int | None = None
    threshold_amount: str | None = None
    threshold_unit: str | None = None


class UpdateIngredient(Command, frozen=True, gc=False, tag="update_ingredient", kw_only=True):
    """→ Ingredient. None leaves a field as it is.

    Refused: ingredient_not_found, name_taken, stale_version, unit_mismatch (the new unit has
    another base unit). `clears_threshold` removes the threshold.
    """

    ingredient_id: str
    expected_version: int | None = None
    name: str | None = None
    unit: str | None = None
    base_unit: str | None = None
    tracking: str | None = None
    is_out: bool | None = None
    threshold_base: int | None = None
    threshold_amount: str | None = None
    threshold_unit: str | None = None
    clears_threshold: bool = False


class RecordStockMovement(Command, frozen=True, gc=False, tag="stock_movement", kw_only=True):
    """→ StockMovement. `quantity_base` is what was typed, in base units.

    receive and waste: positive, added or taken. adjust: signed. count: what is there now, so
    the delta is computed. Refused: ingredient_not_found, not_tracked, stock_below_reserved,
    insufficient_stock, idempotency_key_reused. A repeat with the same `idempotency_key`
    returns the first movement.
    """

    bar_id: str
    ingredient_id: str
    kind: str
    quantity_base: int
    amount: str
    unit: str
    reason: str = ""
    idempotency_key: str = ""
    request_hash: str = ""


class RecipeLineInput(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A recipe line whose amount the service has converted; the domain checks the base unit."""

    ingredient_id: str
    amount: str
    unit: str
    base_unit: str
    quantity_base: int
    is_optional: bool = False


class CreateProduct(Command, frozen=True, gc=False, tag="create_product", kw_only=True):
    """→ Product, at the end of its section. Refused: bar_not_found, name_taken,
    ingredient_not_found, unit_mismatch."""

    bar_id: str
    name: str
    section: str
    description: str
    price_minor: int
    recipe: tuple[RecipeLineInput, ...]


class UpdateProduct(Command, frozen=True, gc=False, tag="update_product", kw_only=True):
    """→ Product. None leaves a field as it is. Refused: product_not_found, name_taken,
    stale_version, ingredient_not_found, unit_mismatch."""

    product_id: str
    expected_version: int | None = None
    name: str | None = None
    section: str | None = None
    description: str | None = None
    price_minor: int | None = None
    status: str | None = None
    recipe: tuple[RecipeLineInput, ...] | None = None


class CreateMenuImport(Command, frozen=True, gc=False, tag="create_menu_import", kw_only=True):
    """→ MenuImport. Keeps what was parsed; changes nothing else. Its id is the command's id."""

    bar_id: str
    products: tuple[ImportProduct, ...]
    ingredients: tuple[ImportIngredient, ...]
    errors: tuple[ImportRowError, ...]
    error_count: int = 0
    """Of the whole file; at least `len(errors)`."""


class CommitMenuImport(Command, frozen=True, gc=False, tag="commit_menu_import", kw_only=True):
    """→ MenuImport, committed: the menu becomes what the file says, all or nothing.

    Products are matched by folded name: known ones are updated, new ones created, those that
    the file does not name stay. Unknown ingredients are created. Committing twice is one
    commit. Refused: bar_not_found, import_not_found, import_has_errors, unit_mismatch.
    """

    bar_id: str
    import_id: str


class OrderLineInput(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a customer asks for. Prices are never taken from here."""

    product_id: str
    quantity: int
    note: str = ""


class PlaceOrder(Command, frozen=True, gc=False, tag="place_order", kw_only=True):
    """→ Order. Its id is the command's id. Reserves all or nothing.

    Refused: bar_not_found, product_not_available, insufficient_stock (with `shortages`),
    idempotency_key_reused. A repeat with the same key returns the first result, whatever
    that was, marked as a replay.
    """

    bar_id: str
    lines: tuple[OrderLineInput, ...]
    idempotency_key: str
    request_hash: str
    business_day: str


class TransitionOrder(Command, frozen=True, gc=False, tag="transition_order", kw_only=True):
    """→ Order. Refused: order_not_found, stale_version, invalid_transition,
    disposition_required.

    `disposition` is needed for preparing → cancelled only: `release` or `waste`, one for all
    lines or one for each line.
    """

    order_id: str
    to: str
    expected_version: int
    reason: str = ""
    disposition: tuple[str, ...] = ()


class AcknowledgeAlert(Command, frozen=True, gc=False, tag="acknowledge_alert", kw_only=True):
    """→ Alert. Acknowledging twice changes nothing. Refused: alert_not_found."""

    alert_id: str


class DescribeMembers(Command, frozen=True, gc=False, tag="describe_members", kw_only=True):
    """→ Cluster. The leader writes down how members call themselves and where they listen; what
    they are meant to become stays. Used up ids are ignored."""

    members: tuple[ClusterMember, ...]


class WishVote(Command, frozen=True, gc=False, tag="wish_vote", kw_only=True):
    """→ Cluster. A learner shall become a voter once it has caught up, in place of `replaces_id`
    if that is not 0; or, without `wants_vote`, stay what it is. Refused: member_not_found."""

    member_id: int
    wants_vote: bool
    replaces_id: int = 0


class ChangeMembers(Command, frozen=True, gc=False, tag="change_members", kw_only=True):
    """→ Cluster. What a change of the configuration means for the roster: it travels inside that
    very entry, and is refused anywhere else."""

    added: tuple[ClusterMember, ...] = ()
    demoted_ids: tuple[int, ...] = ()


class SetClusterVersion(Command, frozen=True, gc=False, tag="set_cluster_version", kw_only=True):
    """→ Cluster. Every member knows the command kinds of `level`. It never falls."""

    level: int


class Checkpoint(Command, frozen=True, gc=False, tag="checkpoint", kw_only=True):
    """→ Cluster. Changes nothing: all members digest the state that they have right here."""


AnyCommand = (
    RegisterAccount
    | UpdateProfile
    | OpenSession
    | EndSession
    | CreateBar
    | CreateIngredient
    | UpdateIngredient
    | RecordStockMovement
    | CreateProduct
    | UpdateProduct
    | CreateMenuImport
    | CommitMenuImport
    | PlaceOrder
    | TransitionOrder
    | AcknowledgeAlert
    | DescribeMembers
    | WishVote
    | ChangeMembers
    | SetClusterVersion
    | Checkpoint
)

LEVELS: Final[dict[type[Command], int]] = {Checkpoint: 2}
"""Kinds that came after level 1. A member of an older program cannot read them."""


def level_of(command: AnyCommand) -> int:
    """The level that every member has to know before this may be written."""
    return LEVELS.get(type(command), LEVEL_FIRST)
