"""What an uploaded menu would change in the menu as it is: the preview of a commit.

Follows `menu_import.commit_menu_import`, and writes nothing. Products that the file does not name
stay on the menu as they are.
"""

from collections.abc import Iterable, Mapping
from typing import Final, Literal

import msgspec

from bitebyte.domain.currencies import format_price
from bitebyte.domain.entities import ImportProduct, Ingredient, MenuImport, Product, ProductStatus
from bitebyte.domain.names import fold

SHOWN_LENGTH_MAX: Final = 200
"""Characters of a description or a recipe that a change shows."""

Kind = Literal["new", "changed", "unchanged", "not_in_file"]


class FieldChange(msgspec.Struct, frozen=True, gc=False):
    """One field that would change, before and after as people read it."""

    field: str
    """`name`, `section`, `description`, `price`, `recipe`, `status` or `position`."""
    before: str
    after: str


class ProductChange(msgspec.Struct, frozen=True, gc=False):
    """What would happen to one product."""

    product: str
    section: str
    kind: Kind
    fields: tuple[FieldChange, ...] = ()
    """Of a changed one."""


def diff_menu(
    menu_import: MenuImport,
    products: Iterable[Product],
    ingredients: Iterable[Ingredient],
    currency: str,
) -> tuple[ProductChange, ...]:
    """The products of the file in its order, then those of the menu that it does not name.

    `products` are those of the bar in the order of its menu, hidden ones too; `ingredients` at
    least those that they use.
    """
    known = {fold(product.name): product for product in products}
    names = {ingredient.id: ingredient.name for ingredient in ingredients}
    changes: list[ProductChange] = []
    previous = 0
    last = max((product.position for product in known.values()), default=0)
    for wanted in menu_import.products:
        before = known.pop(fold(wanted.name), None)
        stays = before is not None and before.position > previous
        last = last if stays else last + 1
        previous = before.position if before is not None and stays else last
        if before is None:
            changes.append(ProductChange(wanted.name, wanted.section, "new"))
            continue
        fields = _fields(before, wanted, names, currency, stays=stays)
        kind = "changed" if fields else "unchanged"
        changes.append(ProductChange(wanted.name, wanted.section, kind, fields))
    changes += (
        ProductChange(product.name, product.section, "not_in_file") for product in known.values()
    )
    return tuple(changes)


def _fields(
    before: Product,
    wanted: ImportProduct,
    names: Mapping[str, str],
    currency: str,
    *,
    stays: bool,
) -> tuple[FieldChange, ...]:
    old_recipe = [
        (names.get(line.ingredient_id, ""), line.amount, line.unit, line.is_optional)
        for line in before.recipe
    ]
    new_recipe = [
        (line.ingredient, line.amount, line.unit, line.is_optional) for line in wanted.lines
    ]
    is_same_recipe = [(fold(name), *rest) for name, *rest in old_recipe] == [
        (fold(name), *rest) for name, *rest in new_recipe
    ] and [line.quantity_base for line in before.recipe] == [
        line.quantity_base for line in wanted.lines
    ]
    pairs = (
        ("name", before.name, wanted.name),
        ("section", before.section, wanted.section),
        ("description", before.description, wanted.description),
        (
            "price",
            format_price(before.price_minor, currency),
            format_price(wanted.price_minor, currency),
        ),
        ("status", before.status, ProductStatus.ACTIVE.value),
    )
    changes = [
        FieldChange(field, _shown(old), _shown(new)) for field, old, new in pairs if old != new
    ]
    if not is_same_recipe:
        changes.append(FieldChange("recipe", _recipe_text(old_recipe), _recipe_text(new_recipe)))
    if not stays:
        changes.append(FieldChange("position", "", "behind the product before it in the file"))
    return tuple(changes)


def _recipe_text(lines: Iterable[tuple[str, str, str, bool]]) -> str:
    return _shown(
        ", ".join(
            f"{amount} {unit} {name}" + (" (optional)" if is_optional else "")
            for name, amount, unit, is_optional in lines
        )
    )


def _shown(text: str) -> str:
    return text if len(text) <= SHOWN_LENGTH_MAX else text[: SHOWN_LENGTH_MAX - 1] + "…"
