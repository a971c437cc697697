"""Ids, business days, menus: what the use cases compute before and after the state machine."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from bitebyte.domain.commands import OrderLineInput
from bitebyte.domain.entities import Ingredient, Product, RecipeLine
from bitebyte.service.ids import Uuid7Source
from bitebyte.service.menu import build_sections, fold_for_search
from bitebyte.service.ordering import business_day, request_hash

NOON_UTC_MS = 1_800_014_400_000  # 2027-01-15 12:00


def test_ids_are_version_7_carry_the_time_and_sort_as_they_were_made() -> None:
    source = Uuid7Source()
    made = [source.new_id(NOON_UTC_MS) for _ in range(10_000)]
    made += [source.new_id(NOON_UTC_MS - 5_000), source.new_id(NOON_UTC_MS + 5_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)
    first = UUID(made[0])
    assert (first.version, first.variant) == (7, "specified in RFC 4122")
    assert first.int >> 80 == NOON_UTC_MS
    assert made[0] == str(first)


def test_the_business_day_is_that_of_the_bars_own_clock() -> None:
    eleven_pm_utc = NOON_UTC_MS + 11 * 3_600_000
    assert business_day(eleven_pm_utc, "UTC") == "2027-01-15"
    assert business_day(eleven_pm_utc, "Europe/Paris") == "2027-01-16"
    assert business_day(eleven_pm_utc, "America/New_York") == "2027-01-15"


@given(st.lists(st.tuples(st.text(), st.integers(1, 100), st.text()), min_size=1))
def test_the_hash_of_a_request_is_that_of_its_meaning(lines: list[tuple[str, int, str]]) -> None:
    order = tuple(OrderLineInput(*line) for line in lines)
    assert request_hash("a", "b", order) == request_hash("a", "b", order)
    others = {
        request_hash("x", "b", order),
        request_hash("a", "x", order),
        request_hash("a", "b", (*order, OrderLineInput("p", 1, ""))),
    }
    assert request_hash("a", "b", order) not in others


def _ingredient(ingredient_id: str, *, on_hand: int, tracking: str = "exact") -> Ingredient:
    return Ingredient(
        ingredient_id, "bar", f"The {ingredient_id}", "ml", "ul", tracking, on_hand, 0,
        None, None, None, False, None, 0,
    )  # fmt: skip


def _product(*needs: tuple[str, int, bool]) -> Product:
    recipe = tuple(RecipeLine(i, "1", "ml", base, optional) for i, base, optional in needs)
    return Product("p", "bar", "P", "S", 1, "", 100, recipe, 1, "active", 0)


def _left(product: Product, *ingredients: Ingredient) -> tuple[bool, int | None]:
    (section,) = build_sections((product,), ingredients)
    (item,) = section.products
    return item.is_available, item.servings_left


def test_an_ingredient_that_a_recipe_takes_twice_is_summed() -> None:
    twice = _product(("gin", 30, False), ("gin", 20, False))
    assert _left(twice, _ingredient("gin", on_hand=149)) == (True, 2)


def test_optional_and_uncounted_ingredients_limit_nothing() -> None:
    product = _product(("gin", 50, True), ("ice", 50, False))
    ice = _ingredient("ice", on_hand=0, tracking="ample")
    assert _left(product, _ingredient("gin", on_hand=0), ice) == (True, None)


def test_what_ran_out_is_not_available_whether_counted_or_not() -> None:
    assert _left(_product(("gin", 50, False)), _ingredient("gin", on_hand=49)) == (False, 0)
    assert _left(_product(("gin", 50, False))) == (False, None)


def test_search_folds_case_accents_and_spaces() -> None:
    assert fold_for_search("  Caïpirinha  DE\tlimão ") == "caipirinha de limao"
    assert fold_for_search("ﬁzz") == "fizz"
