"""What the two readers of menu files share: they collect every fault, not only the first."""

from collections import Counter
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
from bitebyte.domain.menu_lines import (
    TYPED_LENGTH_MAX,
    Dimensions,
    LineReading,
    LineRefused,
    PendingLine,
    ReadOptions,
    printable,
    read_amount,
    typed_text,
)
from bitebyte.domain.names import TextError, clean_text, fold
from bitebyte.domain.units import Quantity, QuantityError, parse_quantity

MIB: Final = 1024 * 1024
_FAULT_LENGTH_MAX: Final = 300


class ParsedMenu(msgspec.Struct, frozen=True, gc=False):
    """What a file says, as far as it could be read. Usable only without errors."""

    products: tuple[ImportProduct, ...]
    ingredients: tuple[ImportIngredient, ...]
    """Those that the file describes; recipes may name more."""
    errors: tuple[ImportRowError, ...]
    """The first of them (`MENU_FILE_ERRORS_MAX`), by row."""
    error_count: int
    """Of all."""
    lines: tuple[LineReading, ...] = ()
    """Every recipe line, read or refused, in the order of the file."""
    unsized: tuple[tuple[str, int], ...] = ()
    """Measures whose size is missing and on how many lines, the most frequent first."""
    left_out: tuple[ImportRowError, ...] = ()
    """Faults of products that were left out because of them."""
    products_left_out: tuple[str, ...] = ()


class _Fault(msgspec.Struct, frozen=True, gc=False):
    """`product_number` is 0 for what concerns the whole file."""

    error: ImportRowError
    product_number: int


class MenuReader:
    """Collects products, ingredients and faults while a file is read from top to bottom.

    `row` is where the reader stands: the row of a CSV file, the product or ingredient of a JSON
    file, counted from 1. `path` goes before every column: the JSON pointer to the object at hand.
    """

    def __init__(self, options: ReadOptions) -> None:
        self.row = 1
        self.path = ""
        self._options = options
        self._products: list[tuple[int, ImportProduct, list[PendingLine]]] = []
        self._ingredients: list[ImportIngredient] = []
        self._faults: list[_Fault] = []
        self._fault_count = 0
        self._faulty: dict[int, str] = {}
        self._sections: dict[str, str] = {}
        self._product_rows: dict[str, int] = {}
        self._ingredient_rows: dict[str, int] = {}
        self._lines: list[PendingLine] = []
        self._unsized: Counter[str] = Counter()
        self._dimensions = Dimensions(options)
        self._product_number = 0
        self._product_title = ""
        self._products_begun = 0

    def begin_product(self, title: str = "") -> None:
        """What follows belongs to a new product, whose name may yet turn out to be none."""
        self._products_begun += 1
        self._product_number = self._products_begun
        self.title(title)

    def title(self, title: str) -> None:
        """What the file calls the product at hand."""
        self._product_title = printable(title.strip()[:NAME_LENGTH_MAX])

    def end_products(self) -> None:
        """What follows belongs to the file as a whole."""
        self._product_number = 0

    def fault(self, column: str, message: str, *, row: int | None = None) -> None:
        """Something is wrong here, or in that row."""
        self._fault_at(
            self.row if row is None else row, self.path + column, message, self._product_number
        )

    def fault_of_file(self, message: str) -> None:
        """The file cannot be read on from here."""
        self._fault_at(self.row, "", message, 0)

    def _fault_at(self, row: int, column: str, message: str, product_number: int) -> None:
        if product_number and self._options.leaves_out_faulty:
            self._faulty.setdefault(product_number, "")
        else:
            self._fault_count += 1
        if len(self._faults) < MENU_FILE_ERRORS_MAX:
            error = ImportRowError(
                row,
                printable(column[:_FAULT_LENGTH_MAX]),
                printable(message[:_FAULT_LENGTH_MAX]),
            )
            self._faults.append(_Fault(error, product_number))

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
    ) -> PendingLine:
        """One line of a recipe, read or refused; what is wrong with it is noted."""
        name = self.name("ingredient", ingredient)
        line = PendingLine(
            row=self.row,
            path=self.path,
            product_number=self._product_number,
            product=self._product_title,
            ingredient=name or printable(ingredient.strip()[:NAME_LENGTH_MAX]),
            typed=printable(typed_text(amount, unit)[:TYPED_LENGTH_MAX]),
            is_optional=is_optional,
        )
        self._lines.append(line)
        try:
            reading = read_amount(amount, unit, line.ingredient, self._options.sizes)
        except LineRefused as refused:
            line.reason = str(refused)
            self.fault(refused.column, line.reason)
            if refused.unsized:
                self._unsized[refused.unsized] += 1
            return line
        line.notes = reading.notes
        line.is_optional = is_optional or reading.is_optional
        if name is None:
            line.reason = "the name of the ingredient cannot be used"
        else:
            line.quantity = reading.quantity
        return line

    def product(
        self,
        row: int,
        section: str,
        name: str,
        description: str,
        price_minor: int,
        lines: list[PendingLine],
    ) -> None:
        """A product that is complete, with the row on which it began."""
        if len(lines) > RECIPE_LINES_MAX:
            self.fault("recipe", f"must have at most {RECIPE_LINES_MAX} lines", row=row)
        product = ImportProduct(section, name, description, price_minor, ())
        self._products.append((self._product_number, product, lines))

    def ingredient(self, ingredient: ImportIngredient) -> None:
        """An ingredient that the file describes."""
        first_row = self._ingredient_rows.setdefault(fold(ingredient.name), self.row)
        if first_row != self.row:
            self.fault("name", f"{ingredient.name!r} is already ingredient {first_row}")
            return
        wrong = self._dimensions.describe(ingredient.name, ingredient.unit)
        if wrong:
            self.fault("unit", wrong)
        else:
            self._ingredients.append(ingredient)

    def finish(self) -> ParsedMenu:
        """All that was read."""
        self._judge_dimensions()
        products = [
            msgspec.structs.replace(
                product, lines=tuple(_line_of(line) for line in lines if not line.reason)
            )
            for number, product, lines in self._products
            if number not in self._faulty
        ]
        self.end_products()
        self.path = ""
        if not products and not self._fault_count:
            self.fault(
                "",
                "no product of the file can be read"
                if self._faulty
                else "the file has no products",
                row=1 if self._faulty else None,
            )
        ordered = sorted(self._faults, key=lambda fault: fault.error.row)
        return ParsedMenu(
            tuple(products),
            tuple(self._ingredients),
            tuple(fault.error for fault in ordered if fault.product_number not in self._faulty),
            self._fault_count,
            tuple(line.outcome() for line in self._lines),
            tuple(self._unsized.most_common()),
            tuple(fault.error for fault in ordered if fault.product_number in self._faulty),
            self._names_left_out(),
        )

    def _judge_dimensions(self) -> None:
        self._dimensions.use(self._lines)
        for line in self._lines:
            if line.quantity is not None:
                line.reason = self._dimensions.judge(line)
                if line.reason:
                    self._fault_at(line.row, f"{line.path}unit", line.reason, line.product_number)

    def _names_left_out(self) -> tuple[str, ...]:
        titles = {line.product_number: line.product for line in self._lines}
        titles |= {number: product.name for number, product, _ in self._products}
        return tuple(titles.get(number, "") for number in sorted(self._faulty))


def _line_of(line: PendingLine) -> ImportRecipeLine:
    quantity = line.quantity
    assert quantity is not None, "a line without a quantity has a reason"
    return ImportRecipeLine(
        line.ingredient,
        quantity.amount,
        quantity.unit,
        quantity.base_unit,
        quantity.base,
        line.is_optional,
    )
