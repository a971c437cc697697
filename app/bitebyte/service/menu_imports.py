"""Menu upload in two steps (parsed and shown, then made the menu), and export."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

import msgspec

from bitebyte.domain.commands import CommitMenuImport, CreateMenuImport
from bitebyte.domain.entities import Bar, ImportRowError, Ingredient, MenuImport
from bitebyte.domain.menu_csv import parse_csv, to_csv
from bitebyte.domain.menu_diff import ProductChange, diff_menu
from bitebyte.domain.menu_json import parse_json, to_json
from bitebyte.domain.menu_lines import LineReading, ReadOptions
from bitebyte.domain.menu_reader import ParsedMenu
from bitebyte.domain.names import fold
from bitebyte.domain.results import FieldError
from bitebyte.domain.units import Quantity
from bitebyte.repository.queries import Queries
from bitebyte.service.bars import Bars
from bitebyte.service.clock import Clock
from bitebyte.service.errors import Busy, Denied
from bitebyte.service.ids import IdSource
from bitebyte.service.proposing import Proposer
from bitebyte.service.reading import At, Reader, ReadIntent
from bitebyte.service.sessions import Caller

QUEUE_MAX: Final = 8
"""Files that wait to be read, 2 MiB each. One thread reads them, so that a large file takes no
more than every other turn from the event loop."""

T = TypeVar("T")


class ImportSummary(msgspec.Struct, frozen=True):
    """What a commit would do to the menu as it is now."""

    sections: tuple[str, ...]
    products_total: int
    products_created: int
    products_updated: int
    ingredients_created: int


class ImportOutcome(msgspec.Struct, frozen=True):
    """An import and what it would do."""

    menu_import: MenuImport
    summary: ImportSummary
    changes: tuple[ProductChange, ...]
    lines: tuple[LineReading, ...]
    """How every recipe line was read. What stood in the file, in which row, and which lines were
    refused is known in the answer to the upload only: it is an explanation, not state, so it is
    not replicated."""
    unsized: tuple[tuple[str, int], ...] = ()
    """Measures whose size is missing and on how many lines; with the upload only."""
    left_out: tuple[ImportRowError, ...] = ()
    """Faults of products that were left out for them; with the upload only."""
    products_left_out: tuple[str, ...] = ()


class Exported(msgspec.Struct, frozen=True):
    """A menu as a file."""

    bar: Bar
    content: bytes


class MenuImports:
    """Menus in and out."""

    def __init__(
        self,
        *,
        bars: Bars,
        reader: Reader,
        proposer: Proposer,
        queries: Queries,
        clock: Clock,
        ids: IdSource,
    ) -> None:
        self._bars = bars
        self._reader = reader
        self._proposer = proposer
        self._queries = queries
        self._clock = clock
        self._ids = ids
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="menu-file")
        self._waiting = 0

    async def upload(
        self,
        caller: Caller,
        bar_ref: str,
        intent: ReadIntent,
        *,
        content: bytes,
        is_csv: bool,
        sizes: Mapping[str, Quantity],
        leaves_out_faulty: bool,
    ) -> At[ImportOutcome]:
        """Keeps what the file says; the menu stays as it is.

        `sizes` are what the bar states for measures that have none. Bad rows are part of the
        outcome; with `leaves_out_faulty` their products are not part of the import. Raises Denied
        `bar_not_found`, or `validation_failed` for a file that is no menu at all, or Busy.
        """
        bar = (await self._bars.find_as_staff(caller, bar_ref, intent)).value
        if b"\0" in content:
            raise _unusable("it contains NUL bytes, so it is not text in UTF-8")
        parse = parse_csv if is_csv else parse_json
        await self._reader.settle_flushed(intent)
        kept = await self._queries.ingredients_all(bar.id)
        options = ReadOptions(sizes, _kept_units(kept), leaves_out_faulty)
        parsed = await self._in_pool(lambda: parse(content, currency=bar.currency, options=options))
        refuse_unusable(parsed, is_csv=is_csv)
        now_ms = self._clock.now_ms()
        created = await self._proposer.propose(
            CreateMenuImport(
                id=self._ids.new_id(now_ms),
                at_ms=now_ms,
                actor_id=caller.account_id,
                bar_id=bar.id,
                products=parsed.products,
                ingredients=parsed.ingredients,
                errors=parsed.errors,
                error_count=parsed.error_count,
            )
        )
        menu_import = _menu_import(created.value.menu_import)
        outcome = msgspec.structs.replace(
            await self._outcome(menu_import, bar),
            lines=parsed.lines,
            unsized=parsed.unsized,
            left_out=parsed.left_out,
            products_left_out=parsed.products_left_out,
        )
        return At(outcome, created.index)

    async def one(
        self, caller: Caller, bar_ref: str, import_id: str, intent: ReadIntent
    ) -> At[ImportOutcome]:
        """An import of a bar where the caller works. Raises Denied `bar_not_found` or
        `import_not_found`."""
        bar = (await self._bars.find_as_staff(caller, bar_ref, intent)).value
        menu_import = await self._reader.row(MenuImport, (import_id,), intent)
        if menu_import is None or menu_import.bar_id != bar.id:
            raise Denied("import_not_found", "This import does not exist.")
        index = await self._reader.settle_flushed(intent)
        return At(await self._outcome(menu_import, bar), index)

    async def commit(
        self, caller: Caller, bar_ref: str, import_id: str, intent: ReadIntent
    ) -> At[ImportOutcome]:
        """Makes the file the menu, all or nothing. The summary says what that did.

        Raises Denied `bar_not_found`, `import_not_found`, `import_has_errors` or
        `unit_mismatch`.
        """
        before = await self.one(caller, bar_ref, import_id, intent)
        now_ms = self._clock.now_ms()
        committed = await self._proposer.propose(
            CommitMenuImport(
                id=self._ids.new_id(now_ms),
                at_ms=now_ms,
                actor_id=caller.account_id,
                bar_id=before.value.menu_import.bar_id,
                import_id=import_id,
            )
        )
        menu_import = _menu_import(committed.value.menu_import)
        outcome = msgspec.structs.replace(before.value, menu_import=menu_import)
        return At(outcome, committed.index)

    async def export(
        self, caller: Caller, bar_ref: str, intent: ReadIntent, *, is_csv: bool
    ) -> At[Exported]:
        """The menu as a file that uploads to the same menu. Raises Denied `bar_not_found`, or
        Busy."""
        bar = (await self._bars.find_as_staff(caller, bar_ref, intent)).value
        index = await self._reader.settle_flushed(intent)
        products = await self._queries.products(bar.id, include_hidden=False)
        ingredients = await self._queries.ingredients_all(bar.id)
        write = to_csv if is_csv else to_json
        text = await self._in_pool(lambda: write(bar, products, ingredients))
        return At(Exported(bar, text.encode()), index)

    async def _outcome(self, menu_import: MenuImport, bar: Bar) -> ImportOutcome:
        products = await self._queries.products(bar.id, include_hidden=True)
        ingredients = await self._queries.ingredients_all(bar.id)

        def explain() -> ImportOutcome:
            summary = summarise(
                menu_import,
                known_products={fold(product.name) for product in products},
                known_ingredients={fold(ingredient.name) for ingredient in ingredients},
            )
            changes = diff_menu(menu_import, products, ingredients, bar.currency)
            return ImportOutcome(menu_import, summary, changes, lines_of(menu_import))

        return await self._in_pool(explain)

    async def _in_pool(self, work: Callable[[], T]) -> T:
        if self._waiting >= QUEUE_MAX:
            raise Busy("Too many menu files are being read. Try again in a few seconds.")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._waiting -= 1


def lines_of(menu_import: MenuImport) -> tuple[LineReading, ...]:
    """The lines of an import as they were read, without what stood in the file."""
    return tuple(
        LineReading(
            0,
            product.name,
            line.ingredient,
            "",
            Quantity(line.amount, line.unit, line.quantity_base, line.base_unit),
            line.is_optional,
        )
        for product in menu_import.products
        for line in product.lines
    )


def _kept_units(ingredients: tuple[Ingredient, ...]) -> dict[str, str]:
    return {fold(ingredient.name): ingredient.unit for ingredient in ingredients}


def summarise(
    menu_import: MenuImport, *, known_products: set[str], known_ingredients: set[str]
) -> ImportSummary:
    """What a commit would do, given the folded names that the bar has."""
    named_products = {fold(product.name) for product in menu_import.products}
    named_ingredients = {fold(ingredient.name) for ingredient in menu_import.ingredients} | {
        fold(line.ingredient) for product in menu_import.products for line in product.lines
    }
    return ImportSummary(
        sections=tuple(dict.fromkeys(product.section for product in menu_import.products)),
        products_total=len(menu_import.products),
        products_created=len(named_products - known_products),
        products_updated=len(named_products & known_products),
        ingredients_created=len(named_ingredients - known_ingredients),
    )


def refuse_unusable(parsed: ParsedMenu, *, is_csv: bool) -> None:
    """Refuses a file that could not be read as far as a single row: nothing is worth keeping.

    Faults of rows are for its author to look at in the import. Raises Denied
    `validation_failed` that lists the errors.
    """
    if parsed.products or parsed.left_out or not parsed.error_count:
        return
    if any(_is_fault_of_row(error, is_csv=is_csv) for error in parsed.errors):
        return
    raise _unusable(
        parsed.errors[0].message,
        tuple(
            FieldError(
                pointer=error.column if error.column.startswith("/") else f"/{error.column}",
                message=f"row {error.row}: {error.message}",
            )
            for error in parsed.errors
        ),
    )


def _is_fault_of_row(error: ImportRowError, *, is_csv: bool) -> bool:
    if is_csv:
        return error.row > 1 and error.column != ""
    return error.column.startswith(("/sections/", "/ingredients/"))


def _unusable(reason: str, errors: tuple[FieldError, ...] = ()) -> Denied:
    return Denied(
        "validation_failed",
        f"The file is not a menu: {reason}.",
        errors=errors or (FieldError(pointer="", message=reason),),
    )


def _menu_import(menu_import: MenuImport | None) -> MenuImport:
    assert menu_import is not None, "commands on imports answer with an import"
    return menu_import
