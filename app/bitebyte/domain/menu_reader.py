"""What the two readers of menu files share: they collect every fault, not only the first."""

from typing import Final

import msgspec

from bitebyte.domain.entities import (
    ImportIngredient,
    ImportProduct,
    ImportRecipeLine,
    ImportRowError,
)
from bitebyte.domain.limits import (
    DESCRIPTION_LENGTH_MAX,
    MENU_FILE_BYTES_MAX,
    MENU_FILE_ERRORS_MAX,
    NAME_LENGTH_MAX,
    RECIPE_LINES_MAX,
    SECTION_LENGTH_MAX,
)
from bitebyte.domain.names import TextError, clean_text, fold
from bitebyte.domain.units import BASE_UNIT_NAMES, Quantity, QuantityError, parse_quantity

MIB: Final = 1024 * 1024
_FAULT_LENGTH_MAX: Final = 300


class ParsedMenu(msgspec.Struct, frozen=True, gc=False):
    """What a file says, as far as it could be read. Usable only without errors."""

    products: tuple[ImportProduct, ...]
    ingredients: tuple[ImportIngredient, ...]
    """Those that the file describes; recipes may name more."""
    errors: tuple[ImportRowError, ...]
    """The first hundred that were found, by row."""
    error_count: int
    """Of all."""


class MenuReader:
    """Collects products, ingredients and faults while a file is read from top to bottom.

    `row` is where the reader stands: the row of a CSV file, the product or ingredient of a JSON
    file, counted from 1. `path` goes before every column: the JSON pointer to the object at hand.
    """

    def __init__(self) -> None:
        self.row = 1
        self.path = ""
        self._products: list[ImportProduct] = []
        self._ingredients: list[ImportIngredient] = []
        self._errors: list[ImportRowError] = []
        self._error_count = 0
        self._sections: dict[str, str] = {}
        self._product_rows: dict[str, int] = {}
        self._ingredient_rows: dict[str, int] = {}
        self._first_units: dict[str, tuple[str, str, int]] = {}

    def fault(self, column: str, message: str, *, row: int | None = None) -> None:
        """Something is wrong here, or in that row."""
        self._error_count += 1
        if len(self._errors) < MENU_FILE_ERRORS_MAX:
            where = self.row if row is None else row
            self._errors.append(
                ImportRowError(where, _printable(self.path + column), _printable(message))
            )

    def decode(self, data: bytes) -> str | None:
        """The text of the file; None if it is too large or not UTF-8, which is noted."""
        if len(data) > MENU_FILE_BYTES_MAX:
            self.fault("", f"the file is larger than {MENU_FILE_BYTES_MAX // MIB} MiB")
            return None
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            self.fault("", f"the file is not UTF-8 text (byte {error.start})", row=line)
            return None

    def product_name(self, column: str, value: str) -> str | None:
        """The name of a product that begins here; noted if it began before."""
        name = self.name(column, value)
        if name is not None:
            first_row = self._product_rows.setdefault(fold(name), self.row)
            if first_row != self.row:
                self.fault(column, f"{name!r} is already in row {first_row}")
        return name

    def name(self, column: str, value: str) -> str | None:
        """The name of a product or an ingredient; None if it is none, which is noted."""
        return self._text(column, value, length_max=NAME_LENGTH_MAX)

    def section(self, column: str, value: str) -> str | None:
        """The name of a section, as it is first spelled in the file."""
        name = self._text(column, value, length_max=SECTION_LENGTH_MAX)
        return None if name is None else self._sections.setdefault(fold(name), name)

    def description(self, column: str, value: str) -> str | None:
        """A description; may be empty and have several lines."""
        return self._text(column, value, length_max=DESCRIPTION_LENGTH_MAX, is_empty_allowed=True)

    def _text(
        self, column: str, value: str, *, length_max: int, is_empty_allowed: bool = False
    ) -> str | None:
        try:
            return clean_text(
                value,
                length_max=length_max,
                is_empty_allowed=is_empty_allowed,
                allows_newlines=is_empty_allowed,
            )
        except TextError as error:
            self.fault(column, str(error))
            return None

    def quantity(self, amount: str, unit: str, *, allows_zero: bool = False) -> Quantity | None:
        """The quantity; None if it is none, which is noted."""
        try:
            return parse_quantity(amount, unit, allows_zero=allows_zero)
        except QuantityError as error:
            self.fault(error.field, str(error))
            return None

    def recipe_line(
        self, ingredient: str, amount: str, unit: str, *, is_optional: bool
    ) -> ImportRecipeLine | None:
        """One line of a recipe; None if it cannot be used, which is noted."""
        name = self.name("ingredient", ingredient)
        quantity = self.quantity(amount, unit)
        if name is None or quantity is None:
            return None
        if not self._same_dimension(name, quantity.unit, quantity.base_unit):
            return None
        return ImportRecipeLine(
            name, quantity.amount, quantity.unit, quantity.base_unit, quantity.base, is_optional
        )

    def product(self, row: int, product: ImportProduct) -> None:
        """A product that is complete, with the row on which it began."""
        if len(product.lines) > RECIPE_LINES_MAX:
            self.fault("recipe", f"must have at most {RECIPE_LINES_MAX} lines", row=row)
        self._products.append(product)

    def ingredient(self, ingredient: ImportIngredient) -> None:
        """An ingredient that the file describes."""
        first_row = self._ingredient_rows.setdefault(fold(ingredient.name), self.row)
        if first_row != self.row:
            self.fault("name", f"{ingredient.name!r} is already ingredient {first_row}")
        if self._same_dimension(ingredient.name, ingredient.unit, ingredient.base_unit):
            self._ingredients.append(ingredient)

    def finish(self) -> ParsedMenu:
        """All that was read."""
        if not self._products and not self._error_count:
            self.fault("", "the file has no products")
        ordered = sorted(self._errors, key=lambda error: error.row)
        return ParsedMenu(
            tuple(self._products), tuple(self._ingredients), tuple(ordered), self._error_count
        )

    def _same_dimension(self, name: str, unit: str, base_unit: str) -> bool:
        """An ingredient is kept in volume, mass or count, never in two of them."""
        first_unit, first_base_unit, first_row = self._first_units.setdefault(
            fold(name), (unit, base_unit, self.row)
        )
        if first_base_unit == base_unit:
            return True
        self.fault(
            "unit",
            f"{name!r} is measured in {unit} ({BASE_UNIT_NAMES[base_unit]}) here, but in"
            f" {first_unit} ({BASE_UNIT_NAMES[first_base_unit]}) in row {first_row}",
        )
        return False


def _printable(text: str) -> str:
    """What is quoted from a file may hold anything; a fault must be fit to store and to show."""
    return "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}"
        for character in text[:_FAULT_LENGTH_MAX]
    )
