"""The demo's menu and stock fit together, so that every drink can be ordered at once."""

import csv
import io
from collections import defaultdict
from decimal import Decimal

from bitebyte.demo.bar_loader import CURRENCY
from bitebyte.demo.stock_file import StockItem, menu_csv, parse_stock, stock_csv
from bitebyte.domain.menu_csv import parse_csv
from bitebyte.domain.units import parse_quantity

SERVINGS_MIN = 20


def menu_rows() -> list[dict[str, str]]:
    """The recipe lines, each with the product it belongs to."""
    rows: list[dict[str, str]] = []
    product, section = "", ""
    for row in csv.DictReader(io.StringIO(menu_csv().decode("utf-8"))):
        product, section = row["product"] or product, row["section"] or section
        rows.append({**row, "product": product, "section": section})
    return rows


def stock_by_name() -> dict[str, StockItem]:
    return {item.ingredient: item for item in parse_stock(stock_csv())}


def test_the_upload_endpoint_finds_nothing_wrong_with_the_menu() -> None:
    parsed = parse_csv(menu_csv(), currency=CURRENCY)
    assert parsed.error_count == 0, parsed.errors
    assert len(parsed.products) == len({row["product"] for row in menu_rows()})
    assert sum(len(product.lines) for product in parsed.products) == len(menu_rows())
    optional = [line for product in parsed.products for line in product.lines if line.is_optional]
    assert len(optional) == sum(row["optional"] == "yes" for row in menu_rows()) > 0


def test_the_menu_is_an_evenings_choice_with_drinks_without_alcohol() -> None:
    products = {row["product"] for row in menu_rows()}
    sections = {row["section"] for row in menu_rows()}
    dry = {row["product"] for row in menu_rows() if row["section"] == "Without Alcohol"}
    assert 55 <= len(products) <= 75
    assert 6 <= len(sections) <= 8
    assert len(dry) >= 5


def test_every_product_is_described_once_in_one_sentence_of_its_own_and_priced() -> None:
    heads = [
        row for row in csv.DictReader(io.StringIO(menu_csv().decode("utf-8"))) if row["product"]
    ]
    names = [head["product"] for head in heads]
    assert len(set(names)) == len(names)
    assert len({head["description"] for head in heads}) == len(heads)
    for head in heads:
        assert 20 <= len(head["description"]) <= 120, head["product"]
        assert head["description"].endswith("."), head["product"]
        price = Decimal(head["price"])
        assert Decimal(5) <= price <= Decimal(15), head["product"]
        assert price.as_tuple().exponent == -2, head["product"]


def test_no_product_names_an_ingredient_twice_or_only_optional_ones() -> None:
    lines: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in menu_rows():
        lines[row["product"]].append(row)
    for product, rows in lines.items():
        names = [row["ingredient"] for row in rows]
        assert len(set(names)) == len(names), product
        assert any(row["optional"] == "" for row in rows), product
        assert {row["optional"] for row in rows} <= {"", "yes"}, product


def test_exactly_the_ingredients_of_the_menu_are_stocked() -> None:
    used = {row["ingredient"] for row in menu_rows()}
    items = parse_stock(stock_csv())
    assert {item.ingredient for item in items} == used
    assert len(items) == len(used)


def test_recipes_and_stock_measure_an_ingredient_in_the_same_dimension() -> None:
    stock = stock_by_name()
    for row in menu_rows():
        needed = parse_quantity(row["amount"], row["unit"])
        kept = parse_quantity("1", stock[row["ingredient"]].unit)
        assert needed.base_unit == kept.base_unit, f"{row['product']}: {row['ingredient']}"


def test_the_stock_serves_every_drink_twenty_times() -> None:
    stock = stock_by_name()
    for row in menu_rows():
        item = stock[row["ingredient"]]
        if item.tracking != "exact":
            continue
        needed = parse_quantity(row["amount"], row["unit"]).base * SERVINGS_MIN
        assert parse_quantity(item.stock, item.unit).base >= needed, (
            f"{row['product']}: {row['ingredient']}"
        )


def test_only_exact_ingredients_have_a_stock_and_they_open_above_their_threshold() -> None:
    for item in parse_stock(stock_csv()):
        if item.tracking == "exact":
            stock, threshold = (
                parse_quantity(item.stock, item.unit),
                parse_quantity(item.threshold, item.unit),
            )
            assert 0 < threshold.base < stock.base, item.ingredient
        else:
            assert item.tracking in ("ample", "binary"), item.ingredient
            assert (item.stock, item.threshold) == ("", ""), item.ingredient


def test_a_few_bellinis_are_enough_to_see_a_low_stock_alert() -> None:
    peach = stock_by_name()["White peach purée"]
    above = parse_quantity(peach.stock, "ml").base - parse_quantity(peach.threshold, "ml").base
    assert above <= 2 * parse_quantity("50", "ml").base
