"""Menus as JSON: the ingredients and, section by section, the products.

    {"format": "bitebyte-menu", "version": 1, "currency": "EUR",
     "ingredients": [{"name", "unit", "tracking",
                      "low_stock_threshold": {"amount", "unit"} | null}],
     "sections": [{"name", "products": [{"name", "description", "price_minor",
                   "recipe": [{"ingredient", "amount", "unit", "optional"}]}]}]}

Amounts are decimal strings, or with their unit what `measures` understands; those of a threshold
are always decimal strings. `ingredients`, `tracking` (exact), `low_stock_threshold` (none),
`description`, `recipe` and `optional` may be left out. Other fields, fields that come twice and
numbers that JSON does not have are faults.
"""

import json
from collections.abc import Iterable
from typing import Any, Final, cast

from bitebyte.domain.entities import (
    Bar,
    ImportIngredient,
    Ingredient,
    Product,
    Tracking,
)
from bitebyte.domain.limits import MENU_FILE_ROWS_MAX, PRICE_MINOR_MAX
from bitebyte.domain.menu_layout import menu_sections
from bitebyte.domain.menu_lines import PendingLine, ReadOptions
from bitebyte.domain.menu_reader import MenuReader, ParsedMenu
from bitebyte.domain.units import Quantity, QuantityError, find_unit

FORMAT: Final = "bitebyte-menu"
VERSION: Final = 1
_TRACKINGS: Final = tuple(tracking.value for tracking in Tracking)
_INTEGER_DIGITS_MAX: Final = 18

Object = dict[str, Any]

NO_OPTIONS: Final = ReadOptions()


class _Unreadable(ValueError):
    """The text is no JSON that two readers would read alike."""


class _OtherNumber(str):
    """A number that is not an integer, or a huge one. Never a float, and never accepted."""

    __slots__ = ()


def parse_json(data: bytes, *, currency: str, options: ReadOptions = NO_OPTIONS) -> ParsedMenu:
    """Reads a whole file, at most 2 MiB and 5,000 recipe lines; the bar sells in `currency`.

    Never raises for what is in the file: every fault is in `errors`. There `row` counts products
    (for an ingredient: ingredients) from 1, `column` is the JSON pointer; for text that is not
    JSON at all, `row` is the line.
    """
    reader = MenuReader(options)
    text = reader.decode(data)
    if text is not None:
        document = _load(reader, text)
        if document is not None:
            _read_document(reader, document, currency)
    return reader.finish()


def _load(reader: MenuReader, text: str) -> Any:
    try:
        return json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_refuse_constant,
            parse_float=_OtherNumber,
            parse_int=_integer,
        )
    except json.JSONDecodeError as error:
        reader.fault("", f"is not JSON: {error.msg} (column {error.colno})", row=error.lineno)
    except _Unreadable as error:
        reader.fault("", str(error))
    except RecursionError:
        reader.fault("", "is nested too deeply to be a menu")
    return None


def _object(pairs: list[tuple[str, Any]]) -> Object:
    fields: Object = {}
    for name, value in pairs:
        if name in fields:
            raise _Unreadable(f"the field {name[:50]!r} is there more than once in one object")
        fields[name] = value
    return fields


def _refuse_constant(text: str) -> Any:
    raise _Unreadable(f"{text} is not a number in JSON")


def _integer(text: str) -> int | _OtherNumber:
    return int(text) if len(text) <= _INTEGER_DIGITS_MAX else _OtherNumber(text)


def _read_document(reader: MenuReader, document: Any, currency: str) -> None:
    reader.path = "/"
    fields = _fields(
        reader, document, required=("format", "version", "currency", "sections"),
        allowed=("ingredients",),
    )  # fmt: skip
    if fields is None:
        return
    if fields["format"] != FORMAT:
        reader.fault("format", f"must be {FORMAT!r}")
    if fields["version"] != VERSION or isinstance(fields["version"], bool):
        reader.fault("version", f"must be {VERSION}")
    if fields["currency"] != currency:
        reader.fault("currency", f"must be {currency!r}, in which the bar sells")
    for index, item in enumerate(_list(reader, "ingredients", fields.get("ingredients", []))):
        if index == MENU_FILE_ROWS_MAX:
            reader.fault("", f"there are more than {MENU_FILE_ROWS_MAX} ingredients")
            break
        reader.row = index + 1
        reader.path = f"/ingredients/{index}/"
        _read_ingredient(reader, item)
    reader.path, reader.row = "/", 1
    _read_sections(reader, _list(reader, "sections", fields["sections"]))


def _read_ingredient(reader: MenuReader, item: Any) -> None:
    fields = _fields(
        reader,
        item,
        required=("name", "unit"),
        allowed=("tracking", "low_stock_threshold"),
        strings=("name", "unit"),
    )
    if fields is None:
        return
    name = reader.name("name", fields["name"])
    tracking = fields.get("tracking", Tracking.EXACT.value)
    if tracking not in _TRACKINGS:
        reader.fault("tracking", f"must be one of {', '.join(_TRACKINGS)}")
    try:
        unit = find_unit(fields["unit"])
    except QuantityError as error:
        reader.fault("unit", str(error))
        return
    threshold: tuple[int | None, str | None, str | None] = (None, None, None)
    typed = fields.get("low_stock_threshold")
    if typed is not None:
        path = reader.path
        reader.path += "low_stock_threshold/"
        quantity = _read_quantity(reader, typed)
        if quantity is not None and quantity.base_unit != unit.base_unit:
            reader.fault("unit", f"must convert to {unit.code}, in which the ingredient is kept")
        elif quantity is not None:
            threshold = (quantity.base, quantity.amount, quantity.unit)
        reader.path = path
    if name is not None:
        reader.ingredient(ImportIngredient(name, unit.code, unit.base_unit, tracking, *threshold))


def _read_quantity(reader: MenuReader, item: Any) -> Quantity | None:
    fields = _fields(reader, item, required=("amount", "unit"), strings=("amount", "unit"))
    if fields is None:
        return None
    return reader.quantity(
        fields["amount"],
        fields["unit"],
        allows_zero=True,
    )


def _read_sections(reader: MenuReader, sections: list[Any]) -> None:
    product_count = 0
    line_count = 0
    for section_index, item in enumerate(sections):
        reader.path = f"/sections/{section_index}/"
        fields = _fields(reader, item, required=("name", "products"), strings=("name",))
        if fields is None:
            continue
        section = reader.section("name", fields["name"])
        for index, product in enumerate(_list(reader, "products", fields["products"])):
            product_count += 1
            reader.row = product_count
            reader.begin_product()
            reader.path = f"/sections/{section_index}/products/{index}/"
            line_count += _read_product(reader, section, product)
            if max(line_count, product_count) > MENU_FILE_ROWS_MAX:
                reader.fault_of_file(f"there are more than {MENU_FILE_ROWS_MAX} recipe lines")
                return
        reader.end_products()


def _read_product(reader: MenuReader, section: str | None, item: Any) -> int:
    """Reads a product, and tells how many recipe lines it has."""
    fields = _fields(
        reader,
        item,
        required=("name", "price_minor"),
        allowed=("description", "recipe"),
        strings=("name", "description"),
    )
    if fields is None:
        return 0
    reader.title(fields["name"])
    name = reader.product_name("name", fields["name"])
    description = reader.description("description", fields.get("description", ""))
    price_minor = fields["price_minor"]
    has_price = type(price_minor) is int and 0 <= price_minor <= PRICE_MINOR_MAX
    if not has_price:
        reader.fault("price_minor", f"must be an integer from 0 to {PRICE_MINOR_MAX}")
    path = reader.path
    lines: list[PendingLine] = []
    recipe = _list(reader, "recipe", fields.get("recipe", []))
    for index, recipe_item in enumerate(recipe):
        reader.path = f"{path}recipe/{index}/"
        line = _read_recipe_line(reader, recipe_item)
        if line is not None:
            lines.append(line)
    reader.path = path
    if section is not None and name is not None and description is not None and has_price:
        reader.product(reader.row, section, name, description, price_minor, lines)
    return len(recipe)


def _read_recipe_line(reader: MenuReader, item: Any) -> PendingLine | None:
    fields = _fields(
        reader,
        item,
        required=("ingredient", "amount", "unit"),
        allowed=("optional",),
        strings=("ingredient", "amount", "unit"),
    )
    if fields is None:
        return None
    is_optional = fields.get("optional", False)
    if not isinstance(is_optional, bool):
        reader.fault("optional", "must be true or false")
    return reader.recipe_line(
        fields["ingredient"],
        fields["amount"],
        fields["unit"],
        is_optional=is_optional is True,
    )


def _fields(
    reader: MenuReader,
    item: Any,
    *,
    required: tuple[str, ...],
    allowed: tuple[str, ...] = (),
    strings: tuple[str, ...] = (),
) -> Object | None:
    """The fields of an object; None if it is none, lacks some, or if some of `strings` are
    something else, which is noted."""
    if not isinstance(item, dict):
        reader.fault("", "must be an object")
        return None
    fields = cast("Object", item)
    missing = [name for name in required if name not in fields]
    for name in missing:
        reader.fault(name, "is missing")
    for name in fields:
        if name not in required and name not in allowed:
            reader.fault(name, "is not a field of the format")
    wrong = [name for name in strings if name in fields and not _is_string(fields[name])]
    for name in wrong:
        reader.fault(name, "must be a string")
    return None if missing or wrong else fields


def _is_string(value: Any) -> bool:
    return isinstance(value, str) and not isinstance(value, _OtherNumber)


def _list(reader: MenuReader, name: str, value: Any) -> list[Any]:
    if isinstance(value, list):
        return cast("list[Any]", value)
    reader.fault(name, "must be a list")
    return []


def to_json(bar: Bar, products: Iterable[Product], ingredients: Iterable[Ingredient]) -> str:
    """The menu as people see it, with all `ingredients` and without what is in stock."""
    kept = list(ingredients)
    names = {ingredient.id: ingredient.name for ingredient in kept}
    document = {
        "format": FORMAT,
        "version": VERSION,
        "currency": bar.currency,
        "ingredients": [_ingredient_document(ingredient) for ingredient in kept],
        "sections": [
            {
                "name": section,
                "products": [_product_document(product, names) for product in listed],
            }
            for section, listed in menu_sections(products)
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _ingredient_document(ingredient: Ingredient) -> Object:
    threshold = (
        None
        if ingredient.threshold_base is None
        else {"amount": ingredient.threshold_amount, "unit": ingredient.threshold_unit}
    )
    return {
        "name": ingredient.name,
        "unit": ingredient.unit,
        "tracking": ingredient.tracking,
        "low_stock_threshold": threshold,
    }


def _product_document(product: Product, names: dict[str, str]) -> Object:
    return {
        "name": product.name,
        "description": product.description,
        "price_minor": product.price_minor,
        "recipe": [
            {
                "ingredient": names[line.ingredient_id],
                "amount": line.amount,
                "unit": line.unit,
                "optional": line.is_optional,
            }
            for line in product.recipe
        ],
    }
