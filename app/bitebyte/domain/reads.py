"""Which rows each command reads, told before it is applied, so that they can be loaded in bulk.

Each function yields hops: the keys that are known from the command alone, then those that are
known from the rows of the hops before, and so on. A hop is asked for only when all rows of the
ones before are loaded.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

from bitebyte.domain import commands as c
from bitebyte.domain import rows
from bitebyte.domain.accounts import EMAIL_SCOPE
from bitebyte.domain.bars import SLUG_SCOPE
from bitebyte.domain.entities import Key
from bitebyte.domain.inventory import ingredient_scope
from bitebyte.domain.menu import product_scope
from bitebyte.domain.menu_import import wanted_ingredients
from bitebyte.domain.names import fold
from bitebyte.domain.roster import CLUSTER_KEY
from bitebyte.domain.view import View

Hops = Iterator[list[Key]]


def _register_account(view: View, command: c.RegisterAccount) -> Hops:
    yield [rows.name_claim_key(EMAIL_SCOPE, fold(command.email))]


def _actor(view: View, command: c.UpdateProfile | c.OpenSession) -> Hops:
    yield [rows.account_key(command.actor_id)]


def _end_session(view: View, command: c.EndSession) -> Hops:
    yield [rows.session_key(command.token_hash)]


def _create_bar(view: View, command: c.CreateBar) -> Hops:
    yield [
        rows.account_key(command.actor_id),
        rows.name_claim_key(SLUG_SCOPE, fold(command.slug)),
    ]


def _create_ingredient(view: View, command: c.CreateIngredient) -> Hops:
    yield [
        rows.bar_member_key(command.bar_id, command.actor_id),
        rows.name_claim_key(ingredient_scope(command.bar_id), fold(command.name)),
    ]


def _update_ingredient(view: View, command: c.UpdateIngredient) -> Hops:
    yield [rows.ingredient_key(command.ingredient_id)]
    ingredient = rows.ingredient(view, command.ingredient_id)
    if ingredient is None:
        return
    keys = [rows.bar_member_key(ingredient.bar_id, command.actor_id)]
    if command.name is not None:
        scope = ingredient_scope(ingredient.bar_id)
        keys.append(rows.name_claim_key(scope, fold(command.name)))
    yield keys + _open_alerts(view, [ingredient.id])


def _record_stock_movement(view: View, command: c.RecordStockMovement) -> Hops:
    keys = [
        rows.bar_member_key(command.bar_id, command.actor_id),
        rows.ingredient_key(command.ingredient_id),
    ]
    if command.idempotency_key:
        keys.append(rows.idempotency_key(command.actor_id, command.idempotency_key))
    yield keys
    yield _open_alerts(view, [command.ingredient_id])


def _create_product(view: View, command: c.CreateProduct) -> Hops:
    yield [
        rows.bar_key(command.bar_id),
        rows.bar_member_key(command.bar_id, command.actor_id),
        rows.name_claim_key(product_scope(command.bar_id), fold(command.name)),
        *_recipe_keys(command.recipe),
    ]


def _update_product(view: View, command: c.UpdateProduct) -> Hops:
    yield [rows.product_key(command.product_id), *_recipe_keys(command.recipe or ())]
    product = rows.product(view, command.product_id)
    if product is None:
        return
    keys = [
        rows.bar_key(product.bar_id),
        rows.bar_member_key(product.bar_id, command.actor_id),
    ]
    if command.name is not None:
        keys.append(rows.name_claim_key(product_scope(product.bar_id), fold(command.name)))
    yield keys


def _create_menu_import(view: View, command: c.CreateMenuImport) -> Hops:
    yield [rows.bar_member_key(command.bar_id, command.actor_id)]


def _commit_menu_import(view: View, command: c.CommitMenuImport) -> Hops:
    yield [
        rows.bar_key(command.bar_id),
        rows.bar_member_key(command.bar_id, command.actor_id),
        rows.menu_import_key(command.import_id),
    ]
    menu_import = rows.menu_import(view, command.import_id)
    if menu_import is None:
        return
    ingredient_claims = [
        (ingredient_scope(menu_import.bar_id), folded) for folded in wanted_ingredients(menu_import)
    ]
    product_claims = [
        (product_scope(menu_import.bar_id), fold(product.name)) for product in menu_import.products
    ]
    yield [rows.name_claim_key(*claim) for claim in ingredient_claims + product_claims]
    ingredient_ids = _holders(view, ingredient_claims)
    yield [
        *map(rows.ingredient_key, ingredient_ids),
        *map(rows.product_key, _holders(view, product_claims)),
    ]
    yield _open_alerts(view, ingredient_ids)


def _place_order(view: View, command: c.PlaceOrder) -> Hops:
    product_ids = {line.product_id for line in command.lines}
    yield [
        rows.bar_key(command.bar_id),
        rows.account_key(command.actor_id),
        rows.idempotency_key(command.actor_id, command.idempotency_key),
        *map(rows.product_key, product_ids),
    ]
    products = [rows.product(view, product_id) for product_id in product_ids]
    yield [
        rows.ingredient_key(line.ingredient_id)
        for product in products
        if product is not None
        for line in product.recipe
        if not line.is_optional
    ]


def _transition_order(view: View, command: c.TransitionOrder) -> Hops:
    yield [rows.order_key(command.order_id)]
    order = rows.order(view, command.order_id)
    if order is None:
        return
    ingredient_ids = [line.ingredient_id for line in order.reservation]
    yield [
        rows.bar_member_key(order.bar_id, command.actor_id),
        *map(rows.ingredient_key, ingredient_ids),
    ]
    yield _open_alerts(view, ingredient_ids)


def _acknowledge_alert(view: View, command: c.AcknowledgeAlert) -> Hops:
    yield [rows.alert_key(command.alert_id)]
    alert = rows.alert(view, command.alert_id)
    if alert is not None:
        yield [rows.bar_member_key(alert.bar_id, command.actor_id)]


def _cluster(view: View, command: c.Command) -> Hops:
    del view, command
    yield [CLUSTER_KEY]


def _recipe_keys(recipe: tuple[c.RecipeLineInput, ...]) -> list[Key]:
    return [rows.ingredient_key(line.ingredient_id) for line in recipe]


def _holders(view: View, claims: list[tuple[str, str]]) -> list[str]:
    holders = [rows.name_holder_id(view, scope, folded) for scope, folded in claims]
    return [holder_id for holder_id in holders if holder_id]


def _open_alerts(view: View, ingredient_ids: list[str]) -> list[Key]:
    ingredients = [rows.ingredient(view, ingredient_id) for ingredient_id in ingredient_ids]
    return [
        rows.alert_key(ingredient.open_alert_id)
        for ingredient in ingredients
        if ingredient is not None and ingredient.open_alert_id is not None
    ]


READS: Final[dict[type[c.Command], Callable[[View, Any], Hops]]] = {
    c.RegisterAccount: _register_account,
    c.UpdateProfile: _actor,
    c.OpenSession: _actor,
    c.EndSession: _end_session,
    c.CreateBar: _create_bar,
    c.CreateIngredient: _create_ingredient,
    c.UpdateIngredient: _update_ingredient,
    c.RecordStockMovement: _record_stock_movement,
    c.CreateProduct: _create_product,
    c.UpdateProduct: _update_product,
    c.CreateMenuImport: _create_menu_import,
    c.CommitMenuImport: _commit_menu_import,
    c.PlaceOrder: _place_order,
    c.TransitionOrder: _transition_order,
    c.AcknowledgeAlert: _acknowledge_alert,
    c.DescribeMembers: _cluster,
    c.WishVote: _cluster,
    c.ChangeMembers: _cluster,
    c.SetClusterVersion: _cluster,
    c.Checkpoint: _cluster,
}
