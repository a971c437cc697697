"""Menus as CSV (RFC 4180): one row for each recipe line.

    section,product,description,price,ingredient,amount,unit,optional

The first four columns may stay empty (or repeat) after the first row of a product; a product
without a recipe has one row without an ingredient. `description` and `optional` may be missing.
Rows are separated by comma, semicolon or tab, told from the header; with the latter two, a comma
may be the decimal point of a price, as spreadsheets write it where commas are that. `amount` and
`unit` may hold a measure as recipe collections spell it, in either of the two or across both
(`measures`).

Cells that a spreadsheet would take for a formula are written with a leading apostrophe and read
without it (OWASP, CSV Injection).
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from bitebyte.domain.currencies import PriceError, format_price, parse_price
from bitebyte.domain.entities import Bar, Ingredient, Product
from bitebyte.domain.limits import MENU_FILE_ROWS_MAX
from bitebyte.domain.menu_layout import menu_sections
from bitebyte.domain.menu_lines import PendingLine, ReadOptions
from bitebyte.domain.menu_reader import MenuReader, ParsedMenu
from bitebyte.domain.names import fold

COLUMNS: Final[tuple[str, ...]] = (
    "section",
    "product",
    "description",
    "price",
    "ingredient",
    "amount",
    "unit",
    "optional",
)
_BLANK: Final = {str(column): "" for column in COLUMNS}
_MAY_BE_MISSING: Final = frozenset({"description", "optional"})
_DELIMITERS: Final = (",", ";", "\t")
_FLAGS: Final = {
    "": False, "no": False, "n": False, "false": False, "0": False,
    "yes": True, "y": True, "true": True, "1": True, "x": True, "optional": True,
}  # fmt: skip
_UNKNOWN_COLUMNS_MAX: Final = 10
"""Unknown columns that are named."""
_FORMULA: Final = re.compile(r"'*[=+\-@\t\r]")
_ESCAPED: Final = re.compile(r"'+[=+\-@\t\r]")
_DECIMAL_COMMA: Final = re.compile(r"([0-9]+),([0-9]+)")

Row = dict[str, str]

NO_OPTIONS: Final = ReadOptions()


class _OpenProduct(msgspec.Struct, gc=False):
    """The product whose recipe lines are being read; unusable parts are None."""

    row: int
    section: str | None
    name: str | None
    description: str | None
    price_minor: int | None
    cells: Row
    lines: list[PendingLine]


def parse_csv(data: bytes, *, currency: str, options: ReadOptions = NO_OPTIONS) -> ParsedMenu:
    """Reads a whole file, at most 2 MiB and 5,000 rows; prices are of `currency`.

    Never raises for what is in the file: every fault is in `errors`, with its row (the header
    being row 1, blank rows counted) and column.
    """
    reader = MenuReader(options)
    text = reader.decode(data)
    if text is None:
        return reader.finish()
    product: _OpenProduct | None = None
    for row, has_surplus in _rows(reader, text):
        if _starts_product(row, product):
            _close(reader, product)
            product = _open(reader, row, currency)
        elif product is None:
            reader.fault("product", "must not be empty in the first row of a product")
            continue
        else:
            _check_repeated(reader, row, product)
        if has_surplus:
            reader.fault("", f"the row has more cells than the {has_surplus} of the header")
        line = _recipe_line(reader, row)
        if line is not None:
            product.lines.append(line)
    _close(reader, product)
    return reader.finish()


def _rows(reader: MenuReader, text: str) -> Iterator[tuple[Row, int]]:
    """The rows below the header that are not blank, by column name; stops where the file cannot
    be read on, which is noted. Beside each row, the cells of the header if it has more, or 0."""
    delimiter = _delimiter(text)
    records = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header: list[str] | None = None
    row_number = 0
    while True:
        reader.row = row_number + 1
        try:
            record = next(records, None)
        except csv.Error as error:
            reader.fault_of_file(f"is not readable as CSV: {error}")
            return
        if record is None:
            if header is None:
                reader.fault("", "the file is empty")
            return
        row_number += 1
        if not any(cell.strip() for cell in record):
            continue
        if header is None:
            header = _header(reader, record)
            if header is None:
                return
            continue
        if row_number > MENU_FILE_ROWS_MAX + 1:
            reader.fault_of_file(f"the file has more than {MENU_FILE_ROWS_MAX} rows")
            return
        has_surplus = any(cell.strip() for cell in record[len(header) :])
        cells = _BLANK | dict(zip(header, map(_unescape, record), strict=False))
        if delimiter != ",":
            cells["price"] = _DECIMAL_COMMA.sub(r"\1.\2", cells["price"])
        yield cells, len(header) * has_surplus


def _delimiter(text: str) -> str:
    """That which splits the first line that is not blank into the most known columns."""
    first_line = next((line for line in text.splitlines() if line.strip()), "")
    return max(
        _DELIMITERS,
        key=lambda delimiter: sum(
            cell.strip().strip('"').casefold() in COLUMNS for cell in first_line.split(delimiter)
        ),
    )


def _header(reader: MenuReader, record: list[str]) -> list[str] | None:
    """The column names; None if rows cannot be read by them, which is noted."""
    header = [cell.strip().casefold() for cell in record]
    while header and not header[-1]:
        header.pop()
    missing = [name for name in COLUMNS if name not in header and name not in _MAY_BE_MISSING]
    unknown = [name for name in dict.fromkeys(header) if name not in COLUMNS]
    for name in missing:
        reader.fault(name, "the column is missing")
    for name in unknown[:_UNKNOWN_COLUMNS_MAX]:
        reader.fault(name, f"the column is unknown; known are {', '.join(COLUMNS)}")
    for name in dict.fromkeys(header):
        if name in COLUMNS and header.count(name) > 1:
            reader.fault(name, "the column is there more than once")
    return header if not missing and not unknown and len(set(header)) == len(header) else None


def _starts_product(row: Row, product: _OpenProduct | None) -> bool:
    name = row["product"]
    if not name.strip():
        return False
    return product is None or fold(name) != fold(product.cells["product"])


def _open(reader: MenuReader, row: Row, currency: str) -> _OpenProduct:
    reader.begin_product(row["product"])
    price_minor = None
    try:
        price_minor = parse_price(row["price"], currency)
    except PriceError as error:
        reader.fault("price", str(error))
    return _OpenProduct(
        row=reader.row,
        section=reader.section("section", row["section"]),
        name=reader.product_name("product", row["product"]),
        description=reader.description("description", row["description"]),
        price_minor=price_minor,
        cells=row,
        lines=[],
    )


def _check_repeated(reader: MenuReader, row: Row, product: _OpenProduct) -> None:
    """Product columns below the first row are empty or say the same again."""
    for column in ("section", "description", "price"):
        cell = row[column].strip()
        if cell and cell != product.cells[column].strip():
            reader.fault(
                column,
                f"must be empty or the same as in row {product.row}, where the product began",
            )


def _recipe_line(reader: MenuReader, row: Row) -> PendingLine | None:
    if not any(row[column].strip() for column in ("ingredient", "amount", "unit", "optional")):
        return None
    is_optional = _FLAGS.get(row["optional"].strip().casefold())
    if is_optional is None:
        reader.fault("optional", "must be `yes`, `no` or empty")
    return reader.recipe_line(
        row["ingredient"], row["amount"], row["unit"], is_optional=bool(is_optional)
    )


def _close(reader: MenuReader, product: _OpenProduct | None) -> None:
    if product is None:
        return
    section, name, description = product.section, product.name, product.description
    if section is None or name is None or description is None or product.price_minor is None:
        return
    reader.product(product.row, section, name, description, product.price_minor, product.lines)


def to_csv(bar: Bar, products: Iterable[Product], ingredients: Iterable[Ingredient]) -> str:
    """The menu as people see it; `ingredients` are at least those of the recipes."""
    names = {ingredient.id: ingredient.name for ingredient in ingredients}
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    for section, listed in menu_sections(products):
        for product in listed:
            price = format_price(product.price_minor, bar.currency)
            first = (section, product.name, product.description, price)
            recipe = [
                (names[line.ingredient_id], line.amount, line.unit, "yes" * line.is_optional)
                for line in product.recipe
            ] or [("", "", "", "")]
            for index, line in enumerate(recipe):
                cells = (*(first if index == 0 else ("", "", "", "")), *line)
                writer.writerow([_escape(cell) for cell in cells])
    return file.getvalue()


def _escape(cell: str) -> str:
    return f"'{cell}" if _FORMULA.match(cell) else cell


def _unescape(cell: str) -> str:
    return cell[1:] if _ESCAPED.match(cell) else cell
