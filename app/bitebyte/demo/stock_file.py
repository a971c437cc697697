"""The opening stock of the demo bar: `stock.csv`, beside `menu.csv`."""

import csv
import dataclasses
import io
from importlib import resources

COLUMNS = ("ingredient", "unit", "tracking", "threshold", "stock")


@dataclasses.dataclass(frozen=True, slots=True)
class StockItem:
    """An ingredient as the bar opens: amounts are decimal strings in `unit`.

    Only what is tracked exactly has a threshold and a stock; both are empty for the rest.
    """

    row: int
    """Line of the file, the header being 1."""
    ingredient: str
    unit: str
    tracking: str
    threshold: str
    stock: str


def menu_csv() -> bytes:
    """The hand-written menu, in the format of the upload endpoint."""
    return resources.files("bitebyte.demo").joinpath("menu.csv").read_bytes()


def stock_csv() -> str:
    """The opening stock as text."""
    return resources.files("bitebyte.demo").joinpath("stock.csv").read_text(encoding="utf-8")


def parse_stock(text: str) -> tuple[StockItem, ...]:
    """Reads a stock file. The file is our own, so what is wrong in it is our own bug."""
    reader = csv.DictReader(io.StringIO(text))
    assert tuple(reader.fieldnames or ()) == COLUMNS, "stock.csv has other columns"
    return tuple(StockItem(row=row, **record) for row, record in enumerate(reader, start=2))
