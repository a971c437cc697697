"""An uploaded menu as it is answered: what was read, what was refused and what would change."""

from collections.abc import Sequence
from typing import Literal

from typing_extensions import TypedDict

from bitebyte.api.quantities import QuantityAnswer, time_answer
from bitebyte.domain.entities import ImportRowError
from bitebyte.domain.measures import describe_quantity, suggested_size
from bitebyte.domain.menu_diff import ProductChange
from bitebyte.domain.menu_lines import LineReading
from bitebyte.service.menu_imports import ImportOutcome


class ImportErrorAnswer(TypedDict):
    """What is wrong with one row. The header of a CSV is row 1."""

    row: int
    column: str
    message: str


class ImportSummaryAnswer(TypedDict):
    """What the commit would do."""

    sections: list[str]
    products: int
    products_created: int
    products_updated: int
    ingredients_created: int
    errors: int
    lines_read: int
    lines_refused: int


class ImportLineAnswer(TypedDict):
    """How a recipe line was read. `quantity` is null where it was refused, for `reason`.

    `row` and `typed` (amount and unit as they stand in the file) are null, and `notes` empty,
    except in the answer to the upload.
    """

    row: int | None
    product: str
    ingredient: str
    typed: str | None
    quantity: QuantityAnswer | None
    reading: str | None
    """For people: `1 1/2 oz → 1.5 oz = 45 ml (45,000 µl)`."""
    optional: bool
    notes: list[str]
    reason: str | None


class SuggestedSizeAnswer(TypedDict):
    """What many bars take."""

    amount: str
    unit: str


class UnsizedMeasureAnswer(TypedDict):
    """A measure that has no size until the bar states one: upload again with
    `?sizes={measure}:{amount} {unit}`."""

    measure: str
    lines: int
    suggestion: SuggestedSizeAnswer | None


class FieldChangeAnswer(TypedDict):
    """A field that the commit would change, as people read it."""

    field: str
    before: str
    after: str


class ProductChangeAnswer(TypedDict):
    """What the commit would do to a product. Those that are `not_in_file` stay as they are."""

    product: str
    section: str
    change: Literal["new", "changed", "unchanged", "not_in_file"]
    fields: list[FieldChangeAnswer]


class ImportAnswer(TypedDict):
    """An uploaded menu.

    `left_out` and `products_left_out` are what `faulty=leave_out` left out; `unsized` the
    measures whose size is missing. These three are in the answer to the upload only.
    """

    id: str
    bar_id: str
    state: Literal["previewed", "committed"]
    summary: ImportSummaryAnswer
    errors: list[ImportErrorAnswer]
    lines: list[ImportLineAnswer]
    unsized: list[UnsizedMeasureAnswer]
    changes: list[ProductChangeAnswer]
    left_out: list[ImportErrorAnswer]
    products_left_out: list[str]
    created_at: str


def import_answer(outcome: ImportOutcome) -> ImportAnswer:
    """The import with what it would do."""
    menu_import, summary = outcome.menu_import, outcome.summary
    refused = sum(line.quantity is None for line in outcome.lines)
    return {
        "id": menu_import.id,
        "bar_id": menu_import.bar_id,
        "state": "committed" if menu_import.state == "committed" else "previewed",
        "summary": {
            "sections": list(summary.sections),
            "products": summary.products_total,
            "products_created": summary.products_created,
            "products_updated": summary.products_updated,
            "ingredients_created": summary.ingredients_created,
            "errors": menu_import.error_count,
            "lines_read": len(outcome.lines) - refused,
            "lines_refused": refused,
        },
        "errors": _error_answers(menu_import.errors),
        "lines": [_line_answer(line) for line in outcome.lines],
        "unsized": [_unsized_answer(name, lines) for name, lines in outcome.unsized],
        "changes": [_change_answer(change) for change in outcome.changes],
        "left_out": _error_answers(outcome.left_out),
        "products_left_out": list(outcome.products_left_out),
        "created_at": time_answer(menu_import.created_at_ms),
    }


def _error_answers(errors: Sequence[ImportRowError]) -> list[ImportErrorAnswer]:
    return [
        {"row": error.row, "column": error.column, "message": error.message} for error in errors
    ]


def _line_answer(line: LineReading) -> ImportLineAnswer:
    quantity = line.quantity
    read = None if quantity is None else describe_quantity(quantity)
    return {
        "row": line.row or None,
        "product": line.product,
        "ingredient": line.ingredient,
        "typed": line.typed if line.row else None,
        "quantity": None
        if quantity is None
        else {
            "amount": quantity.amount,
            "unit": quantity.unit,
            "base": quantity.base,
            "base_unit": quantity.base_unit,
        },
        "reading": f"{line.typed} → {read}" if read and line.typed else read,
        "optional": line.is_optional,
        "notes": list(line.notes),
        "reason": line.reason or None,
    }


def _unsized_answer(name: str, lines: int) -> UnsizedMeasureAnswer:
    suggested = suggested_size(name)
    return {
        "measure": name,
        "lines": lines,
        "suggestion": None if suggested is None else {"amount": suggested[0], "unit": suggested[1]},
    }


def _change_answer(change: ProductChange) -> ProductChangeAnswer:
    return {
        "product": change.product,
        "section": change.section,
        "change": change.kind,
        "fields": [
            {"field": field.field, "before": field.before, "after": field.after}
            for field in change.fields
        ],
    }
