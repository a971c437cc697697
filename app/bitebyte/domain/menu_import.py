"""A whole menu at once: kept when it is uploaded, taken over when it is committed.

The order of a menu is the order of `Product.position`. A product keeps its position as long as
that agrees with the order in the file, otherwise it moves behind all that was there: so uploading
the same file again changes nothing, and one corrected row leaves the menu as it stands.
"""

from typing import Final

import msgspec

from bitebyte.domain import rows
from bitebyte.domain.bars import bar_not_found
from bitebyte.domain.changeset import Changeset, accept, refuse
from bitebyte.domain.commands import CommitMenuImport, CreateMenuImport
from bitebyte.domain.entities import (
    Bar,
    ImportIngredient,
    ImportProduct,
    Ingredient,
    MenuImport,
    NameClaim,
    Product,
    ProductStatus,
    RecipeLine,
    Tracking,
)
from bitebyte.domain.inventory import (
    TRACKINGS,
    ingredient_scope,
    new_ingredient,
    put_redescribed,
    redescribe,
)
from bitebyte.domain.limits import PRICE_MINOR_MAX, QUANTITY_BASE_MAX
from bitebyte.domain.menu import product_scope, publish_menu, revise
from bitebyte.domain.names import fold
from bitebyte.domain.results import Accepted, Applied
from bitebyte.domain.units import UNITS
from bitebyte.domain.view import View

COMMITTED: Final = "committed"
_NAMED_MAX: Final = 20
"""Names that a refusal lists."""


def create_menu_import(view: View, command: CreateMenuImport) -> Applied:
    """Keeps the parsed file, good or bad. The menu stays as it is."""
    if not rows.is_member(view, command.bar_id, command.actor_id):
        return bar_not_found()
    changes = Changeset(view, command.id)
    menu_import = MenuImport(
        id=command.id,
        bar_id=command.bar_id,
        created_by=command.actor_id,
        created_at_ms=command.at_ms,
        products=command.products,
        ingredients=command.ingredients,
        errors=command.errors,
        error_count=max(command.error_count, len(command.errors)),
    )
    changes.put(menu_import)
    return changes.close(Accepted(menu_import=menu_import))


def commit_menu_import(view: View, command: CommitMenuImport) -> Applied:
    """The menu becomes what the file says, or nothing changes."""
    if not rows.is_member(view, command.bar_id, command.actor_id):
        return bar_not_found()
    menu_import = rows.menu_import(view, command.import_id)
    if menu_import is None or menu_import.bar_id != command.bar_id:
        return refuse("import_not_found", "This import does not exist.")
    if menu_import.state == COMMITTED:
        return accept(Accepted(menu_import=menu_import))
    if menu_import.error_count:
        return refuse(
            "import_has_errors",
            f"The file has {menu_import.error_count} errors. Correct them and upload it again.",
        )
    wanted = wanted_ingredients(menu_import)
    if not (
        all(map(_is_sound_ingredient, wanted.values())) and _is_sound_menu(menu_import, wanted)
    ):
        return refuse("import_has_errors", "The file was not read as it should. Upload it again.")
    mismatches = _unit_mismatches(view, menu_import.bar_id, wanted)
    if mismatches:
        return refuse(
            "unit_mismatch",
            "The file measures in units that do not convert to those in which the bar keeps: "
            + "; ".join(mismatches[:_NAMED_MAX])
            + ("; and more." if len(mismatches) > _NAMED_MAX else "."),
        )
    changes = Changeset(view, command.id)
    committed = msgspec.structs.replace(menu_import, state=COMMITTED)
    changes.put(committed)
    described = {fold(ingredient.name) for ingredient in menu_import.ingredients}
    ingredient_ids = {
        folded: _take_over_ingredient(
            changes, menu_import, ingredient, command.at_ms, is_described=folded in described
        )
        for folded, ingredient in wanted.items()
    }
    bar = rows.bar_of(changes, menu_import.bar_id)
    position = bar.menu_position_last
    previous = 0
    for product in menu_import.products:
        previous, position = _take_over_product(
            changes, bar, product, ingredient_ids, previous, position, command.at_ms
        )
    publish_menu(changes, bar, positions=position - bar.menu_position_last)
    return changes.close(Accepted(menu_import=committed))


def _is_sound_ingredient(ingredient: ImportIngredient) -> bool:
    unit = UNITS.get(ingredient.unit)
    threshold_base = ingredient.threshold_base
    return (
        unit is not None
        and unit.base_unit == ingredient.base_unit
        and ingredient.tracking in TRACKINGS
        and (threshold_base is None or 0 <= threshold_base <= QUANTITY_BASE_MAX)
    )


def _is_sound_menu(menu_import: MenuImport, wanted: dict[str, ImportIngredient]) -> bool:
    """Whether every ingredient is measured in its one dimension, and all numbers are in bounds:
    the readers see to it, and a bug there must not get any further."""
    return all(
        0 <= product.price_minor <= PRICE_MINOR_MAX
        and all(
            1 <= line.quantity_base <= QUANTITY_BASE_MAX
            and wanted[fold(line.ingredient)].base_unit == line.base_unit
            for line in product.lines
        )
        for product in menu_import.products
    )


def wanted_ingredients(menu_import: MenuImport) -> dict[str, ImportIngredient]:
    """Every ingredient of the file by folded name: as described there, or else as it is first
    used, counted exactly and without a threshold."""
    wanted = {fold(ingredient.name): ingredient for ingredient in menu_import.ingredients}
    for product in menu_import.products:
        for line in product.lines:
            folded = fold(line.ingredient)
            if folded not in wanted:
                wanted[folded] = ImportIngredient(
                    line.ingredient,
                    line.unit,
                    line.base_unit,
                    Tracking.EXACT.value,
                    None,
                    None,
                    None,
                )
    return wanted


def _existing(view: View, bar_id: str, folded_name: str) -> Ingredient | None:
    holder_id = rows.name_holder_id(view, ingredient_scope(bar_id), folded_name)
    return rows.ingredient_of(view, holder_id) if holder_id else None


def _unit_mismatches(view: View, bar_id: str, wanted: dict[str, ImportIngredient]) -> list[str]:
    mismatches: list[str] = []
    for folded, ingredient in wanted.items():
        existing = _existing(view, bar_id, folded)
        if existing is not None and existing.base_unit != ingredient.base_unit:
            mismatches.append(f"{existing.name} ({existing.unit}, not {ingredient.unit})")
    return mismatches


def _take_over_ingredient(
    changes: Changeset,
    menu_import: MenuImport,
    wanted: ImportIngredient,
    at_ms: int,
    *,
    is_described: bool,
) -> str:
    """Creates the ingredient, or redescribes it if the file describes it; returns its id."""
    threshold = (wanted.threshold_base, wanted.threshold_amount, wanted.threshold_unit)
    before = _existing(changes, menu_import.bar_id, fold(wanted.name))
    if before is None:
        return new_ingredient(
            changes,
            ingredient_id=changes.next_id(),
            bar_id=menu_import.bar_id,
            name=wanted.name,
            unit=wanted.unit,
            base_unit=wanted.base_unit,
            tracking=wanted.tracking,
            threshold=threshold,
            at_ms=at_ms,
        ).id
    if is_described:
        after = redescribe(
            before,
            name=wanted.name,
            unit=wanted.unit,
            tracking=wanted.tracking,
            is_out=None,
            threshold=threshold,
        )
        if after != before:
            put_redescribed(changes, before, after, at_ms)
    return before.id


def _take_over_product(
    changes: Changeset,
    bar: Bar,
    wanted: ImportProduct,
    ingredient_ids: dict[str, str],
    previous: int,
    last: int,
    at_ms: int,
) -> tuple[int, int]:
    """Creates or updates the product. `previous` is the position of the one before it in the
    file, `last` the largest in the bar; returns both as they are now."""
    recipe = tuple(
        RecipeLine(
            ingredient_ids[fold(line.ingredient)],
            line.amount,
            line.unit,
            line.quantity_base,
            line.is_optional,
        )
        for line in wanted.lines
    )
    scope = product_scope(bar.id)
    folded = fold(wanted.name)
    holder_id = rows.name_holder_id(changes, scope, folded)
    if not holder_id:
        product = Product(
            id=changes.next_id(),
            bar_id=bar.id,
            name=wanted.name,
            section=wanted.section,
            position=last + 1,
            description=wanted.description,
            price_minor=wanted.price_minor,
            recipe=recipe,
            recipe_version=1,
            status=ProductStatus.ACTIVE.value,
            created_at_ms=at_ms,
        )
        changes.put(product)
        changes.put(NameClaim(scope, folded, product.id))
        return last + 1, last + 1
    before = rows.product(changes, holder_id)
    assert before is not None, f"product {holder_id} is missing"
    if before.position <= previous:
        last += 1
        position = last
    else:
        position = before.position
    after = revise(
        before,
        name=wanted.name,
        section=wanted.section,
        description=wanted.description,
        price_minor=wanted.price_minor,
        status=ProductStatus.ACTIVE.value,
        recipe=recipe,
    )
    if after != before or position != before.position:
        changes.put(msgspec.structs.replace(after, position=position, version=before.version + 1))
    return position, last
