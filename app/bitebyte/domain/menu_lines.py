"""Recipe lines of a menu file: how each was read, and in which of three dimensions.

An amount and a unit as the format wants them (`45`, `ml`) are taken as they are. Anything else is
one text, as recipe collections have it (`1 1/2`, `oz`; `Juice of 1/2`, nothing), and is read by
`measures`.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from bitebyte.domain.measure_term import MeasureRefused
from bitebyte.domain.measures import NO_SIZES, Reading, read_measure
from bitebyte.domain.names import fold
from bitebyte.domain.units import BASE_UNIT_NAMES, UNITS, Quantity, QuantityError, parse_quantity

TYPED_LENGTH_MAX: Final = 80
"""Characters of a typed amount that are kept to show it again."""


class ReadOptions(msgspec.Struct, frozen=True, gc=False):
    """What else decides how a file is read; nothing of it is in the file."""

    sizes: Mapping[str, Quantity] = NO_SIZES
    """What the bar states for measures without a size of their own: a shot is 4 cl."""
    kept_units: Mapping[str, str] = msgspec.field(default_factory=dict[str, str])
    """The unit in which the bar keeps an ingredient, by folded name."""
    leaves_out_faulty: bool = False
    """Whether a product with a fault is left out instead of holding up the others."""


class LineReading(msgspec.Struct, frozen=True, gc=False):
    """What became of one recipe line."""

    row: int
    product: str
    ingredient: str
    typed: str
    """Amount and unit as they stand in the file."""
    quantity: Quantity | None
    """None: refused, for `reason`."""
    is_optional: bool
    notes: tuple[str, ...] = ()
    reason: str = ""


class PendingLine(msgspec.Struct, gc=False):
    """A recipe line that was read, but whose ingredient's dimension may only be known later."""

    row: int
    path: str
    product_number: int
    product: str
    ingredient: str
    typed: str
    is_optional: bool
    quantity: Quantity | None = None
    notes: tuple[str, ...] = ()
    reason: str = ""

    def outcome(self) -> LineReading:
        """As it stands now."""
        return LineReading(
            self.row,
            self.product,
            self.ingredient,
            self.typed,
            None if self.reason else self.quantity,
            self.is_optional,
            self.notes,
            self.reason,
        )


class LineRefused(ValueError):
    """An amount that cannot be read. `column` is `amount` or `unit`; `unsized` names the measure
    whose size is all that is missing."""

    def __init__(self, column: str, message: str, unsized: str) -> None:
        self.column = column
        self.unsized = unsized
        super().__init__(message)


def read_amount(amount: str, unit: str, ingredient: str, sizes: Mapping[str, Quantity]) -> Reading:
    """The amount of a recipe line. Raises LineRefused."""
    try:
        return Reading(parse_quantity(amount, unit))
    except QuantityError as error:
        column = error.field if unit.strip() else "amount"
    try:
        return read_measure(typed_text(amount, unit), ingredient=ingredient, sizes=sizes)
    except MeasureRefused as refused:
        quoted = printable(typed_text(amount, unit)[:TYPED_LENGTH_MAX])
        reason = f"`{quoted}`: {refused}" if quoted else str(refused)
        raise LineRefused(column, reason, refused.unsized) from None


def typed_text(amount: str, unit: str) -> str:
    """Amount and unit as one text."""
    return f"{amount.strip()} {unit.strip()}".strip()


def printable(text: str) -> str:
    """What is quoted from a file may hold anything; what is shown must be fit to store."""
    return "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text
    )


class Dimensions:
    """Decides for every ingredient whether it is kept in volume, mass or count, never in two.

    What the bar keeps goes first, then what the file describes, then what most of its lines say;
    of equally many the dimension of the first line.
    """

    def __init__(self, options: ReadOptions) -> None:
        self._kept = options.kept_units
        self._described: dict[str, str] = {}
        self._used: dict[str, Counter[str]] = {}
        self._first: dict[tuple[str, str], tuple[str, int]] = {}

    def describe(self, ingredient: str, unit: str) -> str:
        """Takes notice of a described ingredient; says what is wrong with its unit, or nothing."""
        self._described[fold(ingredient)] = unit
        kept = self._kept.get(fold(ingredient))
        if kept is None or UNITS[kept].base_unit == UNITS[unit].base_unit:
            return ""
        return f"must convert to {kept} ({_dimension(kept)}), in which the bar keeps {ingredient!r}"

    def use(self, lines: Iterable[PendingLine]) -> None:
        """Takes notice of all lines with a quantity."""
        for line in lines:
            if line.quantity is not None:
                folded = fold(line.ingredient)
                base_unit = line.quantity.base_unit
                self._used.setdefault(folded, Counter())[base_unit] += 1
                self._first.setdefault((folded, base_unit), (line.quantity.unit, line.row))

    def judge(self, line: PendingLine) -> str:
        """What is wrong with the unit of this line, or nothing; notes what it counts."""
        assert line.quantity is not None
        folded = fold(line.ingredient)
        unit, where = self._unit_of(folded)
        quantity = line.quantity
        if UNITS[unit].base_unit != quantity.base_unit:
            dimension = _dimension(unit)
            return (
                f"{line.ingredient!r} is measured in {quantity.unit} ({_dimension(quantity.unit)})"
                f" here, but in {unit} ({dimension}) {where}. Write a {dimension}, or give this a"
                f" name of its own"
            )
        if (
            quantity.base_unit == "mpc"
            and quantity.unit != unit
            and "piece" in (unit, quantity.unit)
        ):
            line.notes = (
                *line.notes,
                f"one {quantity.unit} counts as one {unit}, in which {line.ingredient!r} is counted"
                f" {where}: write a part, such as 0.125, if that is meant",
            )
        return ""

    def _unit_of(self, folded: str) -> tuple[str, str]:
        if folded in self._kept:
            return self._kept[folded], "at this bar"
        if folded in self._described:
            return self._described[folded], "where the file describes it"
        base_unit, _ = self._used[folded].most_common(1)[0]
        unit, row = self._first[folded, base_unit]
        return unit, f"in row {row}"


def _dimension(unit: str) -> str:
    return BASE_UNIT_NAMES[UNITS[unit].base_unit]
