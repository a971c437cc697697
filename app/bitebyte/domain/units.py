"""Units that bars measure in, and amounts as exact integers of a base unit.

Volume is kept in µl (`ul`), mass in mg, things that are counted in thousandths of a piece (`mpc`).
People's amounts are decimal strings; they are converted once, when they are written, by exact
rational arithmetic, rounding half up to the base unit. There is no float on the way.

Bar measures are conventions; ours are the round metric ones: 1 oz = 30 ml, 1 tsp = 1 barspoon =
5 ml, 1 tbsp = 15 ml, 1 cup = 8 oz = 240 ml, 1 dash = 0.9 ml, 1 drop = 0.05 ml. Whatever is counted
(slice, leaf, wedge, ...) counts as the piece that its ingredient is kept in. Shots and parts have
no size that two bars agree on, and bottles come in many, so they are refused with a hint.
"""

import re
from typing import Final

import msgspec

from bitebyte.domain.limits import QUANTITY_BASE_MAX

DECIMALS_MAX: Final = 6


class Unit(msgspec.Struct, frozen=True, gc=False):
    """A unit: one of it is `base_units` of its base unit."""

    code: str
    base_unit: str
    """`ul`, `mg` or `mpc`: also the dimension, as there is one base unit for each."""
    base_units: int


class Quantity(msgspec.Struct, frozen=True, gc=False):
    """An amount as typed, and exactly."""

    amount: str
    unit: str
    base: int
    base_unit: str


class QuantityError(ValueError):
    """An amount or a unit that cannot be used.

    `field` is `amount` or `unit`; the message says what is allowed, to follow the field's name.
    """

    def __init__(self, field: str, message: str) -> None:
        self.field = field
        super().__init__(message)


UNITS: Final[dict[str, Unit]] = {
    unit.code: unit
    for unit in (
        Unit("ml", "ul", 1_000),
        Unit("cl", "ul", 10_000),
        Unit("dl", "ul", 100_000),
        Unit("l", "ul", 1_000_000),
        Unit("oz", "ul", 30_000),
        Unit("tsp", "ul", 5_000),
        Unit("tbsp", "ul", 15_000),
        Unit("cup", "ul", 240_000),
        Unit("barspoon", "ul", 5_000),
        Unit("dash", "ul", 900),
        Unit("drop", "ul", 50),
        Unit("mg", "mg", 1),
        Unit("g", "mg", 1_000),
        Unit("kg", "mg", 1_000_000),
        Unit("piece", "mpc", 1_000),
        Unit("slice", "mpc", 1_000),
        Unit("wedge", "mpc", 1_000),
        Unit("twist", "mpc", 1_000),
        Unit("peel", "mpc", 1_000),
        Unit("leaf", "mpc", 1_000),
        Unit("sprig", "mpc", 1_000),
        Unit("cube", "mpc", 1_000),
        Unit("scoop", "mpc", 1_000),
        Unit("pinch", "mpc", 1_000),
    )
}
"""By code, in the order in which a person would like to choose."""

BASE_UNIT_NAMES: Final = {"ul": "volume", "mg": "mass", "mpc": "count"}

_ALIASES: Final = {
    "milliliter": "ml", "millilitre": "ml", "centiliter": "cl", "centilitre": "cl",
    "liter": "l", "litre": "l", "ounce": "oz", "fl oz": "oz", "fl. oz": "oz", "fl. oz.": "oz",
    "fluid ounce": "oz", "teaspoon": "tsp", "tablespoon": "tbsp", "bar spoon": "barspoon",
    "bsp": "barspoon", "gram": "g", "gramme": "g", "kilogram": "kg", "milligram": "mg",
    "pc": "piece", "pcs": "piece", "leave": "leaf", "dashe": "dash", "pinche": "pinch",
}  # fmt: skip
"""Other spellings; the plural s is taken off before looking here."""

_HINTS: Final = {
    "bottle": "bottles differ: give the content, for example `700` `ml`",
    "can": "cans differ: give the content, for example `330` `ml`",
    "shot": "a shot has no fixed size: give ml or oz",
    "jigger": "a jigger has no fixed size: give ml or oz",
    "part": "a part has no size of its own: give ml or oz",
    "splash": "a splash has no fixed size: give ml or dash",
    "top": "an amount to top up with is needed: give ml",
}

_AMOUNT: Final = re.compile(r"(-?)([0-9]{1,13})(?:\.([0-9]{1,6}))?")


def find_unit(text: str) -> Unit:
    """The unit of that code or common spelling, in any case, singular or plural.

    Raises QuantityError (`unit`) that lists what is known.
    """
    unit = UNITS.get(text)
    if unit is not None:
        return unit
    folded = " ".join(text.casefold().split())
    singular = folded[:-1] if len(folded) > 2 and folded.endswith("s") else folded
    for spelling in (folded, singular):
        unit = UNITS.get(_ALIASES.get(spelling, spelling))
        if unit is not None:
            return unit
    hint = _HINTS.get(folded) or _HINTS.get(singular)
    if hint is not None:
        raise QuantityError("unit", hint)
    raise QuantityError("unit", f"must be one of {', '.join(UNITS)}")


def parse_quantity(
    amount: str, unit: str, *, allows_zero: bool = False, allows_negative: bool = False
) -> Quantity:
    """The quantity that a person typed. Raises QuantityError.

    An amount is digits with at most six more after a point: no exponent, no spaces inside, no
    plus sign, a minus sign only if allowed. In base units it must be at least 1 (or 0, if
    allowed) and at most 10^12, after rounding half away from zero.
    """
    found = find_unit(unit)
    text = amount.strip()
    match = _AMOUNT.fullmatch(text)
    if match is None:
        raise QuantityError(
            "amount", "must be a decimal number such as `45` or `22.5`, with at most 6 decimals"
        )
    sign, whole, fraction = match[1], match[2], match[3] or ""
    if sign and not allows_negative:
        raise QuantityError("amount", "must not be negative")
    scale = 10 ** len(fraction)
    numerator = int(whole + fraction) * found.base_units
    base = (2 * numerator + scale) // (2 * scale)
    if base == 0 and (numerator > 0 or not allows_zero):
        raise QuantityError(
            "amount", f"must be at least {format_amount(1, found.code)} {found.code}"
        )
    if base > QUANTITY_BASE_MAX:
        limit = format_amount(QUANTITY_BASE_MAX, found.code)
        raise QuantityError("amount", f"must be at most {limit} {found.code}")
    return Quantity(text, found.code, -base if sign else base, found.base_unit)


def format_amount(base: int, unit: str) -> str:
    """The amount in that unit: exact if six decimals can say it, otherwise rounded half up to six.

    `unit` is a code of UNITS; its base unit is the one that `base` counts.
    """
    base_units = UNITS[unit].base_units
    scale = 10**DECIMALS_MAX
    scaled = (2 * abs(base) * scale + base_units) // (2 * base_units)
    whole, fraction = divmod(scaled, scale)
    text = str(whole)
    if fraction:
        text += "." + str(fraction).rjust(DECIMALS_MAX, "0").rstrip("0")
    return f"-{text}" if base < 0 and scaled else text
