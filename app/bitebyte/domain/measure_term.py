"""An amount while it is being read, and how two amounts in one line go together."""

from fractions import Fraction
from typing import Final

import msgspec

from bitebyte.domain.measure_numbers import spell
from bitebyte.domain.units import BASE_UNIT_NAMES, UNITS

_METRIC: Final = frozenset(("ml", "cl", "dl", "l", "g", "kg", "mg"))
_SAME_WITHIN: Final = Fraction(1, 5)
"""Two statements of one amount may differ by so much of the larger: 70 ml/2 fl oz, 25 ml (1 oz)."""


class MeasureRefused(ValueError):
    """A measure that cannot be read; the message says why and what to write instead.

    `unsized` names the measure whose size is missing, if that is all that is.
    """

    def __init__(self, message: str, *, unsized: str = "") -> None:
        self.unsized = unsized
        super().__init__(message)


class Term(msgspec.Struct, frozen=True, gc=False):
    """So many of a unit."""

    count: Fraction
    unit: str

    @property
    def base(self) -> Fraction:
        """In base units, before any rounding."""
        return self.count * UNITS[self.unit].base_units

    @property
    def base_unit(self) -> str:
        """`ul`, `mg` or `mpc`."""
        return UNITS[self.unit].base_unit

    def __str__(self) -> str:
        return f"{spell(self.count)} {self.unit}"


def add(first: Term, second: Term) -> tuple[Term, str]:
    """The sum in the unit of the first, and a note. Raises MeasureRefused."""
    if first.base_unit != second.base_unit:
        raise MeasureRefused(
            f"{first} is {BASE_UNIT_NAMES[first.base_unit]} and {second} is"
            f" {BASE_UNIT_NAMES[second.base_unit]}: they do not add up. Use two rows."
        )
    total = Term((first.base + second.base) / UNITS[first.unit].base_units, first.unit)
    return total, f"{first} and {second} are added"


def upper_end(first: Term, second: Term) -> tuple[Term, str]:
    """The upper end of a range, and a note. Raises MeasureRefused."""
    if first.base_unit != second.base_unit or second.base <= first.base:
        raise MeasureRefused(f"{first} to {second} is no range. Write one amount.")
    return second, f"of {first} to {second} the upper end is taken"


def agree(first: Term, second: Term) -> tuple[Term, str]:
    """One of two statements of the same amount, the metric one if there is one, and a note.

    Raises MeasureRefused if they differ by more than a fifth.
    """
    larger = max(first.base, second.base)
    if first.base_unit != second.base_unit or (
        abs(first.base - second.base) > _SAME_WITHIN * larger
    ):
        raise MeasureRefused(f"{first} and {second} are different amounts. Write one of them.")
    if first.base == second.base:
        return first, ""
    taken, other = first, second
    if second.unit in _METRIC and first.unit not in _METRIC:
        taken, other = second, first
    return taken, f"said twice: {taken} is taken, not {other}"
