"""Ingredients and the ledger of their stock."""

import hashlib

import msgspec

from bitebyte.domain.commands import CreateIngredient, RecordStockMovement, UpdateIngredient
from bitebyte.domain.entities import Ingredient, Key, MovementKind, StockMovement
from bitebyte.domain.units import find_unit
from bitebyte.repository.queries import Queries
from bitebyte.repository.types import Page
from bitebyte.service.bars import Bars
from bitebyte.service.clock import Clock
from bitebyte.service.errors import Denied
from bitebyte.service.ids import IdSource
from bitebyte.service.proposing import Proposer
from bitebyte.service.quantities import TypedQuantity, convert
from bitebyte.service.reading import At, Reader, ReadIntent
from bitebyte.service.sessions import Caller


class IngredientUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """What changes; None leaves a field as it is."""

    expected_version: int | None
    name: str | None
    unit: str | None
    tracking: str | None
    is_out: bool | None
    threshold: TypedQuantity | None
    clears_threshold: bool


class NewMovement(msgspec.Struct, frozen=True, kw_only=True):
    """A movement that somebody typed. An empty key means that a repeat is a second movement."""

    ingredient_id: str
    kind: str
    quantity: TypedQuantity
    reason: str
    idempotency_key: str


class Recorded(msgspec.Struct, frozen=True):
    """A movement, and whether it had been recorded before."""

    movement: StockMovement
    base_unit: str
    is_replay: bool


class Ledger(msgspec.Struct, frozen=True):
    """A page of movements, and the base unit of each ingredient in it."""

    page: Page[StockMovement]
    base_units: dict[str, str]


class Inventory:
    """What a bar has."""

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

    async def create_ingredient(
        self,
        caller: Caller,
        bar_ref: str,
        intent: ReadIntent,
        *,
        name: str,
        unit: str,
        tracking: str,
        threshold: TypedQuantity | None,
    ) -> At[Ingredient]:
        """An ingredient with nothing on hand.

        Raises Denied `bar_not_found`, `name_taken`, `unit_mismatch` or `validation_failed`.
        """
        kept_in = convert(TypedQuantity("1", unit))
        limit = (
            None
            if threshold is None
            else convert(threshold, pointer="/low_stock_threshold", allows_zero=True)
        )
        if limit is not None and limit.base_unit != kept_in.base_unit:
            raise _threshold_mismatch(unit)
        bar = await self._bars.find(bar_ref, intent)
        now_ms = self._clock.now_ms()
        created = await self._proposer.propose(
            CreateIngredient(
                id=self._ids.new_id(now_ms),
                at_ms=now_ms,
                actor_id=caller.account_id,
                bar_id=bar.value.id,
                name=name,
                unit=kept_in.unit,
                base_unit=kept_in.base_unit,
                tracking=tracking,
                threshold_base=None if limit is None else limit.base,
                threshold_amount=None if limit is None else limit.amount,
                threshold_unit=None if limit is None else limit.unit,
            )
        )
        return At(_ingredient(created.value.ingredient), created.index)

    async def update_ingredient(
        self, caller: Caller, ingredient_id: str, intent: ReadIntent, update: IngredientUpdate
    ) -> At[Ingredient]:
        """The ingredient as it is now.

        Raises Denied `ingredient_not_found`, `name_taken`, `stale_version`, `unit_mismatch` or
        `validation_failed`.
        """
        kept_in = None if update.unit is None else convert(TypedQuantity("1", update.unit))
        threshold = update.threshold
        limit = (
            None
            if threshold is None
            else convert(threshold, pointer="/low_stock_threshold", allows_zero=True)
        )
        if limit is not None:
            before = await self._own(caller, ingredient_id, intent)
            if limit.base_unit != before.base_unit:
                raise _threshold_mismatch(before.unit)
        now_ms = self._clock.now_ms()
        updated = await self._proposer.propose(
            UpdateIngredient(
                id=self._ids.new_id(now_ms),
                at_ms=now_ms,
                actor_id=caller.account_id,
                ingredient_id=ingredient_id,
                expected_version=update.expected_version,
                name=update.name,
                unit=None if kept_in is None else kept_in.unit,
                base_unit=None if kept_in is None else kept_in.base_unit,
                tracking=update.tracking,
                is_out=update.is_out,
                threshold_base=None if limit is None else limit.base,
                threshold_amount=None if limit is None else limit.amount,
                threshold_unit=None if limit is None else limit.unit,
                clears_threshold=update.clears_threshold,
            )
        )
        return At(_ingredient(updated.value.ingredient), updated.index)

    async def ingredient(
        self, caller: Caller, ingredient_id: str, intent: ReadIntent
    ) -> At[Ingredient]:
        """One ingredient of a bar where the caller works. Raises Denied `ingredient_not_found`."""
        index = await self._reader.settle(intent)
        return At(await self._own(caller, ingredient_id, intent), index)

    async def ingredients(
        self, caller: Caller, bar_ref: str, intent: ReadIntent, *, limit: int, cursor: str | None
    ) -> At[Page[Ingredient]]:
        """A page by name. Raises Denied `bar_not_found`, or InvalidCursor."""
        bar = await self._bars.find_as_staff(caller, bar_ref, intent)
        index = await self._reader.settle_flushed(intent)
        return At(await self._queries.ingredients(bar.value.id, limit, cursor), index)

    async def record_movement(
        self, caller: Caller, bar_ref: str, intent: ReadIntent, movement: NewMovement
    ) -> At[Recorded]:
        """Changes what is on hand.

        Raises Denied `bar_not_found`, `ingredient_not_found`, `not_tracked`, `unit_mismatch`,
        `stock_below_reserved`, `insufficient_stock`, `idempotency_key_reused` or
        `validation_failed`.
        """
        quantity = convert(
            movement.quantity,
            allows_zero=movement.kind == MovementKind.COUNT,
            allows_negative=movement.kind == MovementKind.ADJUST,
        )
        bar = await self._bars.find_as_staff(caller, bar_ref, intent)
        ingredient = await self._reader.row(Ingredient, (movement.ingredient_id,), intent)
        if ingredient is None or ingredient.bar_id != bar.value.id:
            raise _ingredient_not_found()
        if ingredient.base_unit != quantity.base_unit:
            raise Denied(
                "unit_mismatch",
                f"{ingredient.name} is kept in {ingredient.unit}, which {quantity.unit} does not"
                " convert to.",
            )
        now_ms = self._clock.now_ms()
        recorded = await self._proposer.propose(
            RecordStockMovement(
                id=self._ids.new_id(now_ms),
                at_ms=now_ms,
                actor_id=caller.account_id,
                bar_id=bar.value.id,
                ingredient_id=movement.ingredient_id,
                kind=movement.kind,
                quantity_base=quantity.base,
                amount=quantity.amount,
                unit=quantity.unit,
                reason=movement.reason,
                idempotency_key=movement.idempotency_key,
                request_hash=_movement_hash(caller.account_id, bar.value.id, movement),
            )
        )
        done = recorded.value.movement
        assert done is not None, "RecordStockMovement answers with a movement"
        return At(Recorded(done, ingredient.base_unit, recorded.value.is_replay), recorded.index)

    async def movements(
        self,
        caller: Caller,
        bar_ref: str,
        intent: ReadIntent,
        *,
        ingredient_id: str | None,
        limit: int,
        cursor: str | None,
    ) -> At[Ledger]:
        """A page of the ledger, newest first. Raises Denied `bar_not_found`, or InvalidCursor."""
        bar = await self._bars.find_as_staff(caller, bar_ref, intent)
        index = await self._reader.settle_flushed(intent)
        page = await self._queries.movements(bar.value.id, ingredient_id, limit, cursor)
        keys = {Key(Ingredient.KIND, (movement.ingredient_id,)) for movement in page.items}
        rows = await self._reader.rows(keys)
        base_units = {row.id: row.base_unit for row in rows.values() if isinstance(row, Ingredient)}
        return At(Ledger(page, base_units), index)

    async def _own(self, caller: Caller, ingredient_id: str, intent: ReadIntent) -> Ingredient:
        ingredient = await self._reader.row(Ingredient, (ingredient_id,), intent)
        if ingredient is None or not await self._bars.is_staff(caller, ingredient.bar_id, intent):
            raise _ingredient_not_found()
        return ingredient


def _ingredient_not_found() -> Denied:
    return Denied("ingredient_not_found", "This ingredient does not exist.")


def _threshold_mismatch(unit: str) -> Denied:
    return Denied(
        "unit_mismatch",
        f"The threshold does not convert to {find_unit(unit).code}, which the ingredient is"
        " kept in.",
    )


def _ingredient(ingredient: Ingredient | None) -> Ingredient:
    assert ingredient is not None, "commands on ingredients answer with an ingredient"
    return ingredient


def _movement_hash(account_id: str, bar_id: str, movement: NewMovement) -> str:
    """Names the request, so that a key that comes again with another one is noticed."""
    return hashlib.sha256(msgspec.json.encode((account_id, bar_id, movement))).hexdigest()
