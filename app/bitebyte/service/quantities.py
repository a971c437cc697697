"""Amounts as people type them, turned into exact ones once, with the field at fault named."""

import msgspec

from bitebyte.domain.results import FieldError
from bitebyte.domain.units import Quantity, QuantityError, parse_quantity
from bitebyte.service.errors import Denied


class TypedQuantity(msgspec.Struct, frozen=True, gc=False):
    """An amount of a unit, as typed."""

    amount: str
    unit: str


def convert(
    typed: TypedQuantity,
    *,
    pointer: str = "",
    allows_zero: bool = False,
    allows_negative: bool = False,
) -> Quantity:
    """The exact quantity. `pointer` leads to the object that holds amount and unit.

    Raises Denied `validation_failed`.
    """
    try:
        return parse_quantity(
            typed.amount, typed.unit, allows_zero=allows_zero, allows_negative=allows_negative
        )
    except QuantityError as error:
        raise Denied(
            "validation_failed",
            "An amount cannot be used.",
            errors=(FieldError(pointer=f"{pointer}/{error.field}", message=str(error)),),
        ) from None
