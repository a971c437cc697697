"""Quantities going out: as people read them, and exactly."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from typing_extensions import TypedDict

from bitebyte.domain.units import format_amount

DISPLAY_UNITS: Final = {"ul": "ml", "mg": "g", "mpc": "piece"}
"""What people read a base unit in when no unit was chosen."""

TIMES_CACHED_MAX: Final = 1024
"""An order that was just placed says the same time three times."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class QuantityAnswer(TypedDict):
    """`amount` of `unit` is for people; `base` of `base_unit` is exact: `ul`, `mg` or `mpc`
    (thousandths of a piece)."""

    amount: str
    unit: str
    base: int
    base_unit: str


def quantity_answer(base: int, base_unit: str, unit: str | None = None) -> QuantityAnswer:
    """`base` in `unit`, or in the unit that people use for such a base unit."""
    shown = unit or DISPLAY_UNITS[base_unit]
    return {
        "amount": format_amount(base, shown),
        "unit": shown,
        "base": base,
        "base_unit": base_unit,
    }


@lru_cache(maxsize=TIMES_CACHED_MAX)
def time_answer(at_ms: int) -> str:
    """RFC 3339 in UTC with milliseconds."""
    at = _EPOCH + timedelta(milliseconds=at_ms)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at_ms % 1000:03d}Z"
