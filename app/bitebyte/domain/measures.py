"""Measures as recipes say them, read to a base quantity or refused with a reason.

`1 1/2 oz`, `2–3 dashes`, `juice of ½`, `70ml/2fl oz`, `1 (12 oz) can`, `2 EL`: what is understood,
and how large every measure is taken to be, is in `docs/menu-files.md`. Nothing is guessed in
silence: a reading carries notes on all that a person might have meant otherwise, and what has no
size of its own (a shot, a part, a bottle) is refused until the bar says one.
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Final

import msgspec

from bitebyte.domain.limits import QUANTITY_BASE_MAX
from bitebyte.domain.measure_grammar import Grammar
from bitebyte.domain.measure_table import UNSIZED_NAMES
from bitebyte.domain.measure_term import MeasureRefused, Term
from bitebyte.domain.measure_text import LENGTH_MAX, tokenize, words
from bitebyte.domain.units import Quantity, format_amount, parse_quantity

NO_SIZES: Final[Mapping[str, Quantity]] = {}
_EXACT_UNITS: Final = {"ul": "ml", "mg": "g", "mpc": "piece"}
"""Three decimals of these say every base quantity exactly."""

_SIGNS: Final = {"ul": "µl", "mg": "mg", "mpc": "thousandths of a piece"}
_MONTHS: Final = words("jan feb mar mär apr may mai jun jul aug sep sept oct okt nov dec dez")


class Reading(msgspec.Struct, frozen=True, gc=False):
    """A measure that was read."""

    quantity: Quantity
    """In a unit of `units.UNITS`, with at most six decimals; `parse_quantity` gives it again."""
    notes: tuple[str, ...] = ()
    """What a person should know: the end of a range, a size that was taken, words not read."""
    is_optional: bool = False
    """Whether the measure itself says that the drink can go without."""


def read_measure(
    text: str, *, ingredient: str = "", sizes: Mapping[str, Quantity] = NO_SIZES
) -> Reading:
    """The measure that a recipe says, of that ingredient; at most 200 characters.

    `sizes` are what a bar states for measures without a size, by `Unsized.name`. Exact rational
    arithmetic, rounded once, half up, to the base unit. Raises MeasureRefused, and nothing else.
    """
    if len(text) > LENGTH_MAX:
        raise MeasureRefused(f"an amount has at most {LENGTH_MAX} characters")
    tokens = tokenize(text)
    if not any(token.kind in {"number", "word"} for token in tokens):
        raise MeasureRefused(
            "no amount is given. Write how much, such as `45 ml` or `1 piece`, or delete the row."
        )
    if any(token.text in _MONTHS for token in tokens):
        raise MeasureRefused(
            f"`{text.strip()[:20]}` looks like a date that a spreadsheet made of a fraction. Format"
            " the column as text and write the fraction again."
        )
    named = [token.text for token in tokenize(ingredient[:LENGTH_MAX]) if token.kind != "sign"]
    grammar = Grammar(tokens, named, sizes)
    term = grammar.read()
    return Reading(_quantity_of(term, grammar.notes), tuple(grammar.notes), grammar.is_optional)


def _quantity_of(term: Term, notes: list[str]) -> Quantity:
    exact = term.base
    base = (2 * exact.numerator + exact.denominator) // (2 * exact.denominator)
    sign = _SIGNS[term.base_unit]
    if base < 1:
        raise MeasureRefused(f"{term} is less than can be measured")
    if base > QUANTITY_BASE_MAX:
        raise MeasureRefused(f"{term} is more than {QUANTITY_BASE_MAX:,} {sign}")
    if base != exact:
        notes.append(f"rounded to {base:,} {sign}")
    amount = format_amount_of(term.count)
    quantity = parse_quantity(amount, term.unit) if amount != "0" else None
    if quantity is None or quantity.base != base:
        unit = _EXACT_UNITS[term.base_unit]
        quantity = parse_quantity(format_amount(base, unit), unit)
    assert quantity.base == base, "three decimals say every base quantity"
    return quantity


def format_amount_of(count: Fraction) -> str:
    """The count as a decimal string, rounded half up to six decimals."""
    scaled = (2 * count.numerator * 10**6 + count.denominator) // (2 * count.denominator)
    whole, decimals = divmod(scaled, 10**6)
    return f"{whole}.{decimals:06}".rstrip("0").rstrip(".")


def describe_quantity(quantity: Quantity) -> str:
    """`1.5 oz = 45 ml (45,000 µl)`: in the unit, in the one that everybody knows, and exactly."""
    text = f"{quantity.amount} {quantity.unit}"
    known = _EXACT_UNITS[quantity.base_unit]
    if quantity.unit != known:
        text += f" = {format_amount(quantity.base, known)} {known}"
    return f"{text} ({quantity.base:,} {_SIGNS[quantity.base_unit]})"


def parse_stated_sizes(text: str) -> dict[str, Quantity]:
    """What a bar states for measures without a size: `shot:4 cl; part:1 oz`. By name.

    Raises MeasureRefused.
    """
    stated: dict[str, Quantity] = {}
    for part in filter(str.strip, text.split(";")):
        name, _, amount = part.partition(":")
        name = name.strip().casefold()
        if not is_size_name(name):
            raise MeasureRefused(
                "must be measures with a colon and an amount, such as `shot:4 cl; part:1 oz`;"
                f" measures without a size are {', '.join(UNSIZED_NAMES)}"
            )
        if name in stated:
            raise MeasureRefused(f"says twice how much {name} is")
        stated[name] = read_measure(amount).quantity
    return stated


def is_size_name(name: str) -> bool:
    """Whether a bar may state a size for this measure."""
    return name in UNSIZED_NAMES


def suggested_size(name: str) -> tuple[str, str] | None:
    """Amount and unit that many bars take for a measure without a size; None: nothing is usual."""
    unsized = UNSIZED_NAMES[name]
    return (unsized.suggested_amount, unsized.suggested_unit) if unsized.suggested_unit else None
