"""Tables that nothing is cut off from: columns that do not fit the terminal stand below, in words.

People copy ids out of these tables, so a value is never shortened. How wide a column has to be is
known from its values; those that come first matter most.
"""

from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

GAP = 2
"""Blanks between two columns."""


class FittedTable:
    """Rows under a title. The first column names the row."""

    def __init__(
        self,
        title: str,
        headings: Sequence[str],
        rows: Sequence[Sequence[Text | str]],
        *,
        right: frozenset[str] = frozenset(),
    ) -> None:
        """`headings` in the order of their importance; those in `right` are of numbers."""
        assert headings
        assert all(len(row) == len(headings) for row in rows)
        self._title = title
        self._headings = tuple(headings)
        self._rows = [[_text(cell) for cell in row] for row in rows]
        self._right = right

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Text(self._title, style="italic")
        count = self._fitting_count(options.max_width)
        table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0))
        for heading in self._headings[:count]:
            justify = "right" if heading in self._right else "left"
            table.add_column(heading, justify=justify, overflow="fold", no_wrap=count > 1)
        for row in self._rows:
            table.add_row(*row[:count])
        yield table
        for row in self._rows if count < len(self._headings) else ():
            yield _in_words(row[0], self._headings[count:], row[count:])

    def _fitting_count(self, width: int) -> int:
        """How many of the columns fit beside each other, at least the first."""
        used = 0
        for place, heading in enumerate(self._headings):
            cells = [heading, *(row[place].plain for row in self._rows)]
            used += max(map(cell_len, cells)) + (GAP if place else 0)
            if used > width:
                return max(1, place)
        return len(self._headings)


def _in_words(name: Text, headings: Sequence[str], cells: Sequence[Text]) -> Text:
    parts = [
        Text.assemble(f"{heading} ", cell)
        for heading, cell in zip(headings, cells, strict=True)
        if cell.plain
    ]
    return Text.assemble(name, ": ", Text(", ").join(parts), overflow="fold")


def _text(cell: Text | str) -> Text:
    return cell if isinstance(cell, Text) else Text(cell)
