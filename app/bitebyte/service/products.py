"""Products and their recipes, for those who keep the menu."""

import msgspec

from bitebyte.domain.commands import CreateProduct, RecipeLineInput, UpdateProduct
from bitebyte.domain.entities import Bar, Product
from bitebyte.repository.queries import Queries
from bitebyte.service.bars import Bars
from bitebyte.service.clock import Clock
from bitebyte.service.errors import Denied
from bitebyte.service.ids import IdSource
from bitebyte.service.proposing import Proposer
from bitebyte.service.quantities import TypedQuantity, convert
from bitebyte.service.reading import At, Reader, ReadIntent
from bitebyte.service.sessions import Caller


class RecipeEntry(msgspec.Struct, frozen=True, gc=False):
    """A recipe line as typed."""

    ingredient_id: str
    amount: str
    unit: str
    is_optional: bool


class ProductUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """What changes; None leaves a field as it is."""

    expected_version: int | None
    name: str | None
    section: str | None
    description: str | None
    price_minor: int | None
    status: str | None
    recipe: tuple[RecipeEntry, ...] | None


class SoldProduct(msgspec.Struct, frozen=True):
    """A product, and the currency that its price is in."""

    product: Product
    currency: str


class Products:
    """What a bar sells."""

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

    async def create(
        self,
        caller: Caller,
        bar_ref: str,
        intent: ReadIntent,
        *,
        name: str,
        section: str,
        description: str,
        price_minor: int,
        recipe: tuple[RecipeEntry, ...],
    ) -> At[SoldProduct]:
        """A product at the end of its section.

        Raises Denied `bar_not_found`, `name_taken`, `ingredient_not_found`, `unit_mismatch` or
        `validation_failed`.
        """
        lines = _recipe_lines(recipe)
        bar = await self._bars.find_as_staff(caller, bar_ref, intent)
        now_ms = self._clock.now_ms()
        created = await self._proposer.propose(
            CreateProduct(
                id=self._ids.new_id(now_ms),
                at_ms=now_ms,
                actor_id=caller.account_id,
                bar_id=bar.value.id,
                name=name,
                section=section,
                description=description,
                price_minor=price_minor,
                recipe=lines,
            )
        )
        product = _product(created.value.product)
        return At(SoldProduct(product, bar.value.currency), created.index)

    async def update(
        self, caller: Caller, product_id: str, intent: ReadIntent, update: ProductUpdate
    ) -> At[SoldProduct]:
        """The product as it is now.

        Raises Denied `product_not_found`, `name_taken`, `stale_version`, `ingredient_not_found`,
        `unit_mismatch` or `validation_failed`.
        """
        recipe = None if update.recipe is None else _recipe_lines(update.recipe)
        before = await self._own(caller, product_id, intent)
        now_ms = self._clock.now_ms()
        updated = await self._proposer.propose(
            UpdateProduct(
                id=self._ids.new_id(now_ms),
                at_ms=now_ms,
                actor_id=caller.account_id,
                product_id=product_id,
                expected_version=update.expected_version,
                name=update.name,
                section=update.section,
                description=update.description,
                price_minor=update.price_minor,
                status=update.status,
                recipe=recipe,
            )
        )
        product = _product(updated.value.product)
        return At(SoldProduct(product, before.currency), updated.index)

    async def one(self, caller: Caller, product_id: str, intent: ReadIntent) -> At[SoldProduct]:
        """A product of a bar where the caller works. Raises Denied `product_not_found`."""
        index = await self._reader.settle(intent)
        return At(await self._own(caller, product_id, intent), index)

    async def all_of_bar(
        self, caller: Caller, bar_ref: str, intent: ReadIntent
    ) -> At[tuple[SoldProduct, ...]]:
        """All products, hidden ones too, in the order of the menu. Raises Denied
        `bar_not_found`."""
        bar = await self._bars.find_as_staff(caller, bar_ref, intent)
        index = await self._reader.settle_flushed(intent)
        products = await self._queries.products(bar.value.id, include_hidden=True)
        return At(tuple(SoldProduct(product, bar.value.currency) for product in products), index)

    async def _own(self, caller: Caller, product_id: str, intent: ReadIntent) -> SoldProduct:
        product = await self._reader.row(Product, (product_id,), intent)
        if product is None or not await self._bars.is_staff(caller, product.bar_id, intent):
            raise Denied("product_not_found", "This product does not exist.")
        bar = await self._reader.row(Bar, (product.bar_id,), intent)
        assert bar is not None, "a product belongs to a bar"
        return SoldProduct(product, bar.currency)


def _recipe_lines(recipe: tuple[RecipeEntry, ...]) -> tuple[RecipeLineInput, ...]:
    lines = list[RecipeLineInput]()
    for number, entry in enumerate(recipe):
        quantity = convert(TypedQuantity(entry.amount, entry.unit), pointer=f"/recipe/{number}")
        lines.append(
            RecipeLineInput(
                ingredient_id=entry.ingredient_id,
                amount=quantity.amount,
                unit=quantity.unit,
                base_unit=quantity.base_unit,
                quantity_base=quantity.base,
                is_optional=entry.is_optional,
            )
        )
    return tuple(lines)


def _product(product: Product | None) -> Product:
    assert product is not None, "commands on products answer with a product"
    return product
