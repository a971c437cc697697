"""The menu as guests see it: what there is, for how much, and whether it can be had."""

import unicodedata
from collections import OrderedDict
from hashlib import blake2b
from typing import Final

import msgspec

from bitebyte.domain.entities import Bar, Ingredient, Product, Tracking
from bitebyte.repository.queries import Queries
from bitebyte.service.bars import Bars
from bitebyte.service.reading import At, Reader, ReadIntent

MENUS_CACHED_MAX: Final = 64
"""Menus kept ready. One of 100 products takes about 100 KiB."""


class MenuProduct(msgspec.Struct, frozen=True):
    """A product, and how many servings the stock still gives; None: it is not counted."""

    product: Product
    ingredient_names: tuple[str, ...]
    servings_left: int | None
    is_available: bool
    search_text: str


class MenuSection(msgspec.Struct, frozen=True):
    """A section in the order of the menu."""

    name: str
    products: tuple[MenuProduct, ...]


class Menu(msgspec.Struct, frozen=True):
    """What can be ordered. `etag` changes when anything in it does."""

    bar: Bar
    sections: tuple[MenuSection, ...]
    etag: str


class Menus:
    """Builds menus, and keeps those of the current state ready."""

    def __init__(self, *, bars: Bars, reader: Reader, queries: Queries) -> None:
        self._bars = bars
        self._reader = reader
        self._queries = queries
        self._built: OrderedDict[str, tuple[int, tuple[MenuSection, ...]]] = OrderedDict()

    async def menu(
        self, bar_ref: str, intent: ReadIntent, *, search: str | None, section: str | None
    ) -> At[Menu]:
        """The menu, or what a search leaves of it. Raises Denied `bar_not_found`."""
        bar = (await self._bars.find(bar_ref, intent)).value
        index = await self._reader.settle_flushed(intent)
        sections = await self._sections(bar.id, index)
        if section is not None:
            wanted = fold_for_search(section)
            sections = tuple(s for s in sections if fold_for_search(s.name) == wanted)
        if search is not None:
            sections = _search(sections, search)
        return At(Menu(bar, sections, _etag(bar, sections)), index)

    async def _sections(self, bar_id: str, index: int) -> tuple[MenuSection, ...]:
        found = self._built.get(bar_id)
        if found is not None and found[0] == index:
            self._built.move_to_end(bar_id)
            return found[1]
        products = await self._queries.products(bar_id, include_hidden=False)
        ingredients = await self._queries.ingredients_all(bar_id)
        sections = build_sections(products, ingredients)
        # The database may have moved on between `index` and the queries, never back, so what is
        # kept for `index` is at least as new.
        self._built[bar_id] = (index, sections)
        self._built.move_to_end(bar_id)
        while len(self._built) > MENUS_CACHED_MAX:
            self._built.popitem(last=False)
        return sections


def build_sections(
    products: tuple[Product, ...], ingredients: tuple[Ingredient, ...]
) -> tuple[MenuSection, ...]:
    """The menu of these products, which are in its order already."""
    by_id = {ingredient.id: ingredient for ingredient in ingredients}
    grouped: dict[str, list[MenuProduct]] = {}
    for product in products:
        grouped.setdefault(product.section, []).append(_menu_product(product, by_id))
    return tuple(MenuSection(name, tuple(items)) for name, items in grouped.items())


def fold_for_search(text: str) -> str:
    """Without case and accents: `Caña` is found by `cana`."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(c for c in decomposed if not unicodedata.combining(c)).split())


def _menu_product(product: Product, by_id: dict[str, Ingredient]) -> MenuProduct:
    needs: dict[str, int] = {}
    for line in product.recipe:
        if not line.is_optional:
            needs[line.ingredient_id] = needs.get(line.ingredient_id, 0) + line.quantity_base
    servings_left: int | None = None
    is_available = True
    for ingredient_id, needed in needs.items():
        ingredient = by_id.get(ingredient_id)
        if ingredient is None:
            # Written in the same flush as the recipe that names it, so only a query that ran
            # between two flushes can miss it: not to be had until the next look.
            is_available = False
        elif ingredient.tracking == Tracking.EXACT:
            servings = max(ingredient.available, 0) // needed
            servings_left = servings if servings_left is None else min(servings_left, servings)
        elif ingredient.is_out:
            is_available = False
    names = dict.fromkeys(
        by_id[line.ingredient_id].name for line in product.recipe if line.ingredient_id in by_id
    )
    return MenuProduct(
        product=product,
        ingredient_names=tuple(names),
        servings_left=servings_left,
        is_available=is_available and servings_left != 0,
        search_text=fold_for_search(" ".join((product.name, product.description, *names))),
    )


def _search(sections: tuple[MenuSection, ...], search: str) -> tuple[MenuSection, ...]:
    words = fold_for_search(search).split()
    found = list[MenuSection]()
    for section in sections:
        products = tuple(
            product
            for product in section.products
            if all(word in product.search_text for word in words)
        )
        if products:
            found.append(MenuSection(section.name, products))
    return tuple(found)


def _etag(bar: Bar, sections: tuple[MenuSection, ...]) -> str:
    """A strong tag over what a guest sees, and over nothing else: the count of the day's orders,
    which is in the row of the bar, changes no menu."""
    seen = msgspec.msgpack.encode(
        (
            (bar.id, bar.slug, bar.name, bar.currency, bar.timezone, bar.menu_version),
            sections,
        )
    )
    return f'"{blake2b(seen, digest_size=16).hexdigest()}"'
