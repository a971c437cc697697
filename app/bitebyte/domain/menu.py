"""Products and their recipes, one by one. Whole menus come through `menu_import`."""

import msgspec

from bitebyte.domain import rows
from bitebyte.domain.bars import bar_not_found
from bitebyte.domain.changeset import Changeset, accept, refuse
from bitebyte.domain.commands import CreateProduct, RecipeLineInput, UpdateProduct
from bitebyte.domain.entities import Bar, NameClaim, Product, ProductStatus, RecipeLine
from bitebyte.domain.inventory import move_name
from bitebyte.domain.limits import PRICE_MINOR_MAX, QUANTITY_BASE_MAX, RECIPE_LINES_MAX
from bitebyte.domain.names import fold
from bitebyte.domain.results import Accepted, Applied, FieldError
from bitebyte.domain.view import View

STATUSES = frozenset(status.value for status in ProductStatus)


def product_scope(bar_id: str) -> str:
    """The scope of NameClaim in which product names of a bar are unique."""
    return f"product:{bar_id}"


def create_product(view: View, command: CreateProduct) -> Applied:
    """A new product on the menu, after all others of its section."""
    if not rows.is_member(view, command.bar_id, command.actor_id):
        return bar_not_found()
    if not 0 <= command.price_minor <= PRICE_MINOR_MAX:
        return _invalid_product("/price_minor", f"must be 0 to {PRICE_MINOR_MAX}")
    if rows.name_holder_id(view, product_scope(command.bar_id), fold(command.name)):
        return _name_taken(command.name)
    refusal = _refuse_recipe(view, command.bar_id, command.recipe)
    if refusal is not None:
        return refusal
    changes = Changeset(view, command.id)
    bar = publish_menu(changes, rows.bar_of(view, command.bar_id), positions=1)
    product = Product(
        id=command.id,
        bar_id=bar.id,
        name=command.name,
        section=command.section,
        position=bar.menu_position_last,
        description=command.description,
        price_minor=command.price_minor,
        recipe=_recipe(command.recipe),
        recipe_version=1,
        status=ProductStatus.ACTIVE.value,
        created_at_ms=command.at_ms,
    )
    changes.put(product)
    changes.put(NameClaim(product_scope(bar.id), fold(command.name), product.id))
    return changes.close(Accepted(product=product))


def update_product(view: View, command: UpdateProduct) -> Applied:
    """The product as asked. Orders that were placed keep what they were placed with."""
    before = rows.product(view, command.product_id)
    if before is None or not rows.is_member(view, before.bar_id, command.actor_id):
        return refuse("product_not_found", "This product does not exist.")
    if command.expected_version is not None and command.expected_version != before.version:
        return refuse(
            "stale_version",
            "The product has changed since you read it.",
            current_version=before.version,
        )
    refusal = _refuse_update(view, command, before)
    if refusal is not None:
        return refusal
    changes = Changeset(view, command.id)
    if command.name is not None and not move_name(
        changes, product_scope(before.bar_id), before.name, command.name, before.id
    ):
        return _name_taken(command.name)
    after = revise(
        before,
        name=command.name,
        section=command.section,
        description=command.description,
        price_minor=command.price_minor,
        status=command.status,
        recipe=None if command.recipe is None else _recipe(command.recipe),
    )
    if after == before:
        return accept(Accepted(product=before))
    bar = rows.bar_of(view, before.bar_id)
    moves = after.section != before.section
    bar = publish_menu(changes, bar, positions=1 if moves else 0)
    after = msgspec.structs.replace(
        after,
        position=bar.menu_position_last if moves else before.position,
        version=before.version + 1,
    )
    changes.put(after)
    return changes.close(Accepted(product=after))


def revise(
    before: Product,
    *,
    name: str | None,
    section: str | None,
    description: str | None,
    price_minor: int | None,
    status: str | None,
    recipe: tuple[RecipeLine, ...] | None,
) -> Product:
    """The product with these in place of what it had; None keeps. The version stays, that of the
    recipe rises if the recipe changes."""
    has_new_recipe = recipe is not None and recipe != before.recipe
    return msgspec.structs.replace(
        before,
        name=before.name if name is None else name,
        section=before.section if section is None else section,
        description=before.description if description is None else description,
        price_minor=before.price_minor if price_minor is None else price_minor,
        status=before.status if status is None else status,
        recipe=before.recipe if recipe is None else recipe,
        recipe_version=before.recipe_version + has_new_recipe,
    )


def publish_menu(changes: Changeset, bar: Bar, *, positions: int) -> Bar:
    """Puts the bar with the next menu version and so many more positions handed out, tells
    everybody, and returns it."""
    bar = msgspec.structs.replace(
        bar,
        menu_version=bar.menu_version + 1,
        menu_position_last=bar.menu_position_last + positions,
    )
    changes.put(bar)
    changes.emit("menu.published", bar.id, {"menu_version": bar.menu_version}, is_public=True)
    return bar


def _refuse_update(view: View, command: UpdateProduct, before: Product) -> Applied | None:
    if command.price_minor is not None and not 0 <= command.price_minor <= PRICE_MINOR_MAX:
        return _invalid_product("/price_minor", f"must be 0 to {PRICE_MINOR_MAX}")
    if command.status is not None and command.status not in STATUSES:
        return _invalid_product("/status", "must be `active`, `hidden` or `archived`")
    if command.recipe is not None:
        return _refuse_recipe(view, before.bar_id, command.recipe)
    return None


def _refuse_recipe(view: View, bar_id: str, recipe: tuple[RecipeLineInput, ...]) -> Applied | None:
    """A refusal if the recipe cannot be made from this bar's stock; points at every bad line."""
    if len(recipe) > RECIPE_LINES_MAX:
        return _invalid_product("/recipe", f"must have at most {RECIPE_LINES_MAX} lines")
    unknown: list[FieldError] = []
    mismatched: list[FieldError] = []
    for index, line in enumerate(recipe):
        ingredient = rows.ingredient(view, line.ingredient_id)
        if ingredient is None or ingredient.bar_id != bar_id:
            unknown.append(FieldError(f"/recipe/{index}/ingredient_id", "is unknown"))
        elif ingredient.base_unit != line.base_unit:
            mismatched.append(
                FieldError(
                    f"/recipe/{index}/unit",
                    f"must convert to {ingredient.unit}, in which {ingredient.name} is kept",
                )
            )
        elif not 1 <= line.quantity_base <= QUANTITY_BASE_MAX:
            return _invalid_product(f"/recipe/{index}/amount", "is out of range")
    if unknown:
        return refuse(
            "ingredient_not_found",
            "The recipe names ingredients that this bar does not have.",
            errors=tuple(unknown),
        )
    if mismatched:
        return refuse(
            "unit_mismatch",
            "The recipe measures ingredients in units that do not convert.",
            errors=tuple(mismatched),
        )
    return None


def _recipe(lines: tuple[RecipeLineInput, ...]) -> tuple[RecipeLine, ...]:
    return tuple(
        RecipeLine(line.ingredient_id, line.amount, line.unit, line.quantity_base, line.is_optional)
        for line in lines
    )


def _invalid_product(pointer: str, message: str) -> Applied:
    return refuse(
        "invalid_product", "The product is not valid.", errors=(FieldError(pointer, message),)
    )


def _name_taken(name: str) -> Applied:
    return refuse(
        "name_taken",
        f"This bar has a product named {name!r}, perhaps hidden or archived.",
        errors=(FieldError("/name", "is taken"),),
    )
