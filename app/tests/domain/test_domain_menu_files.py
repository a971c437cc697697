"""Menu files: everything that is wrong is named, and what is written reads back."""

import json
import unicodedata
from typing import Any

import pytest
from bar_scene import BarScene, contents, take_over, takes
from hypothesis import given, settings
from hypothesis import strategies as st

from bitebyte.domain import commands as c
from bitebyte.domain.entities import ImportProduct
from bitebyte.domain.limits import MENU_FILE_BYTES_MAX
from bitebyte.domain.menu_csv import parse_csv, to_csv
from bitebyte.domain.menu_json import parse_json, to_json
from bitebyte.domain.menu_layout import menu_sections
from bitebyte.domain.menu_reader import ParsedMenu
from bitebyte.domain.names import fold
from bitebyte.domain.units import UNITS

HEADER = "section,product,description,price,ingredient,amount,unit,optional\n"


def read(text: str | bytes, currency: str = "EUR") -> ParsedMenu:
    return parse_csv(text if isinstance(text, bytes) else text.encode(), currency=currency)


def faults(parsed: ParsedMenu) -> list[tuple[int, str]]:
    return [(error.row, error.column) for error in parsed.errors]


# CSV


def test_rows_below_the_first_of_a_product_add_to_its_recipe() -> None:
    parsed = read(
        HEADER
        + 'Sours,Daiquiri,"Rum, lime",9.50,White rum,60,ml,\n'
        + ",,,,Lime juice,1,oz,\n"
        + ",,,,Lime,1,slice,yes\n"
        + "Long,Water,,0,,,,\n"
    )
    assert parsed.errors == ()
    daiquiri, water = parsed.products
    assert (daiquiri.section, daiquiri.description, daiquiri.price_minor) == (
        "Sours",
        "Rum, lime",
        950,
    )
    assert [(line.ingredient, line.quantity_base, line.is_optional) for line in daiquiri.lines] == [
        ("White rum", 60_000, False),
        ("Lime juice", 30_000, False),
        ("Lime", 1_000, True),
    ]
    assert (water.lines, water.price_minor) == ((), 0)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("prefix", ["", "\ufeff", "\n\n"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_spreadsheets_write_it_in_their_own_ways(delimiter: str, prefix: str, newline: str) -> None:
    rows = [HEADER.strip().upper(), "Sours,Daiquiri,,9.50,Rum,60,ml,", ",,,,Lime juice,30,ml,"]
    text = prefix + newline.join(rows).replace(",", delimiter) + newline
    parsed = read(text)
    assert parsed.errors == ()
    assert len(parsed.products[0].lines) == 2


def test_where_the_comma_does_not_separate_it_may_be_the_decimal_point() -> None:
    parsed = read(HEADER.replace(",", ";") + "Sours;Daiquiri;;9,50;Rum;22,5;ml;\n")
    assert parsed.errors == ()
    assert parsed.products[0].price_minor == 950
    assert parsed.products[0].lines[0].amount == "22.5"


def test_product_cells_may_repeat_but_not_differ() -> None:
    first = "Sours,Daiquiri,,9.50,Rum,60,ml,\n"
    again = "Sours,daiquiri,,9.50,Lime,30,ml,\n"
    assert len(read(HEADER + first + again).products[0].lines) == 2
    other = "Sours,Daiquiri,,8.50,Lime,30,ml,\n"
    assert faults(read(HEADER + first + other)) == [(3, "price")]


def test_every_fault_is_listed_with_its_row_and_column() -> None:
    parsed = read(
        HEADER
        + ",,,,Gin,60,ml,\n"
        + "Sours,Margarita,,€10,Tequila,-5,ml,\n"
        + ",,,,Lime,1,furlong,maybe\n"
        + "\n"
        + ",Gimlet,,9,Gin,60,ml,\n"
        + "Sours,margarita,,0.001,Gin,sixty,ml,\n"
        + ",,,,,60,ml,\n"
        + "Sours,One,,1,Gin,60,ml,,surplus\n"
        + "Sours,Two\x00,,1,Gin,60,g,\n"
    )
    assert faults(parsed) == [
        (2, "product"),
        (3, "price"),
        (3, "amount"),
        (4, "optional"),
        (4, "unit"),
        (6, "section"),
        (7, "price"),
        (7, "product"),
        (7, "amount"),
        (8, "ingredient"),
        (9, ""),
        (10, "product"),
        (10, "unit"),
    ]
    assert parsed.error_count == 13
    messages = {(error.row, error.column): error.message for error in parsed.errors}
    assert "row 3" in messages[7, "product"]
    assert "volume" in messages[10, "unit"]
    assert "mass" in messages[10, "unit"]


def test_missing_unknown_and_repeated_columns_are_named() -> None:
    assert faults(read("section,product,price,amount,unit\nA,B,1,,\n")) == [(1, "ingredient")]
    assert (1, "colour") in faults(read(HEADER.strip() + ",colour\n"))
    assert (1, "unit") in faults(read(HEADER.strip() + ",unit\n"))
    assert read("section,product,price,ingredient,amount,unit\nA,B,1,,,\n").errors == ()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty"),
        (b"\n \n", "empty"),
        (HEADER.encode(), "no products"),
        (b"\xff\xfe", "not UTF-8"),
        (HEADER.encode() + b"A,B\xe4r,,1,,,,\n", "not UTF-8"),
        (HEADER.encode() + b'A,"B,,1,,,,\n', "not readable"),
        (HEADER.encode() + b'A,"B"x,,1,,,,\n', "not readable"),
        (HEADER.encode() + b"A," + b"x" * 200_000 + b",,1,,,,\n", "not readable"),
        (b"x" * (MENU_FILE_BYTES_MAX + 1), "larger than 2 MiB"),
        (HEADER.encode() + b"A,B,,1,Gin,1,ml,\n" + b",,,,Gin,1,ml,\n" * 5_000, "more than 5000"),
        (b"\x89PNG\r\n\x1a\n", "not UTF-8"),
        (b"{}", "missing"),
    ],
)
def test_what_is_no_menu_is_refused(data: bytes, message: str) -> None:
    parsed = read(data)
    assert parsed.error_count >= 1
    assert any(message in error.message for error in parsed.errors)


def test_at_most_five_thousand_faults_are_listed_and_all_are_counted() -> None:
    drinks = "".join(f"A,{number},,x,Gin,x,ml,\n" for number in range(3_000))
    parsed = read(HEADER + drinks)
    assert (len(parsed.errors), parsed.error_count) == (5_000, 6_000)


def test_formulas_are_disarmed_and_read_back() -> None:
    scene = BarScene()
    names = ["=1+1", "+x", "-x", "@x", "'=x", "''-x", "'x", "x=1"]
    for name in names:
        scene.product(name=name)
    text = to_csv(*contents(scene))
    for cell in text.replace("\r\n", ",").split(","):
        assert not cell.startswith(("=", "+", "-", "@"))
    assert [product.name for product in read(text).products] == names


# JSON


def document(**changes: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "format": "bitebyte-menu",
        "version": 1,
        "currency": "EUR",
        "ingredients": [
            {
                "name": "Gin",
                "unit": "ml",
                "tracking": "exact",
                "low_stock_threshold": {"amount": "100", "unit": "ml"},
            },
            {"name": "Ice", "unit": "cube", "tracking": "ample", "low_stock_threshold": None},
        ],
        "sections": [
            {
                "name": "Sours",
                "products": [
                    {
                        "name": "Gimlet",
                        "description": "",
                        "price_minor": 950,
                        "recipe": [
                            {"ingredient": "Gin", "amount": "60", "unit": "ml", "optional": False}
                        ],
                    }
                ],
            }
        ],
    }
    return fields | changes


def with_product(**changes: Any) -> dict[str, Any]:
    fields = document()
    fields["sections"][0]["products"][0] |= changes
    return fields


def read_json(value: Any) -> ParsedMenu:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return parse_json(data, currency="EUR")


def test_a_document_describes_ingredients_and_products() -> None:
    parsed = read_json(document())
    assert parsed.errors == ()
    gin, ice = parsed.ingredients
    assert (gin.threshold_base, gin.threshold_amount, gin.threshold_unit) == (100_000, "100", "ml")
    assert (ice.tracking, ice.base_unit, ice.threshold_base) == ("ample", "mpc", None)
    assert parsed.products[0].lines[0].quantity_base == 60_000


@pytest.mark.parametrize(
    ("value", "column"),
    [
        ([], "/"),
        (document(format="menu"), "/format"),
        (document(version=2), "/version"),
        (document(version=True), "/version"),
        (document(currency="USD"), "/currency"),
        (document(sections={}), "/sections"),
        (document(colour="red"), "/colour"),
        (document(sections=[{"name": "A"}]), "/sections/0/products"),
        (document(sections=[{"name": 1, "products": []}]), "/sections/0/name"),
        (document(sections=[5]), "/sections/0/"),
        (document(ingredients=[{"name": "Gin", "unit": "shot"}]), "/ingredients/0/unit"),
        (
            document(ingredients=[{"name": "Gin", "unit": "ml", "tracking": []}]),
            "/ingredients/0/tracking",
        ),
        (
            document(
                ingredients=[
                    {
                        "name": "Gin",
                        "unit": "ml",
                        "low_stock_threshold": {"amount": "1", "unit": "g"},
                    }
                ]
            ),
            "/ingredients/0/low_stock_threshold/unit",
        ),
        (
            document(ingredients=[{"name": "Gin", "unit": "ml"}, {"name": "gin", "unit": "ml"}]),
            "/ingredients/1/name",
        ),
        (with_product(price_minor=-1), "/sections/0/products/0/price_minor"),
        (with_product(price_minor=9.5), "/sections/0/products/0/price_minor"),
        (with_product(price_minor=1e30), "/sections/0/products/0/price_minor"),
        (with_product(price_minor=10**30), "/sections/0/products/0/price_minor"),
        (with_product(price_minor="950"), "/sections/0/products/0/price_minor"),
        (with_product(price_minor=True), "/sections/0/products/0/price_minor"),
        (with_product(name="\ud800"), "/sections/0/products/0/name"),
        (with_product(name=None), "/sections/0/products/0/name"),
        (with_product(description="\x00"), "/sections/0/products/0/description"),
        (with_product(recipe="gin"), "/sections/0/products/0/recipe"),
        (
            with_product(recipe=[{"ingredient": "Gin", "amount": 60, "unit": "ml"}]),
            "/sections/0/products/0/recipe/0/amount",
        ),
        (
            with_product(recipe=[{"ingredient": "Gin", "amount": "1", "unit": "g"}]),
            "/sections/0/products/0/recipe/0/unit",
        ),
        (
            with_product(
                recipe=[{"ingredient": "G", "amount": "1", "unit": "ml", "optional": "no"}]
            ),
            "/sections/0/products/0/recipe/0/optional",
        ),
    ],
)
def test_a_fault_in_a_document_is_pointed_at(value: Any, column: str) -> None:
    assert [error.column for error in read_json(value).errors] == [column]


def test_every_fault_of_a_document_is_listed() -> None:
    fields = with_product(price_minor=9.5)
    fields["sections"][0]["products"].append({"name": "Gimlet", "price_minor": -1})
    fields["sections"].append({"name": "", "products": [{"name": "X", "price_minor": 1}]})
    assert [(error.row, error.column) for error in read_json(fields).errors] == [
        (1, "/sections/0/products/0/price_minor"),
        (2, "/sections/0/products/1/name"),
        (2, "/sections/0/products/1/price_minor"),
        (2, "/sections/1/name"),
    ]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"null", "no products"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": -Infinity}', "Infinity"),
        (b'{"a": 1, "a": 2}', "more than once"),
        (b"[" * 100_000, "too deeply"),
        (b'{"a":' * 100_000, "too deeply"),
        (b"\xff", "not UTF-8"),
        (b"1" * 100_000, "object"),
        (b'"' + b"x" * MENU_FILE_BYTES_MAX + b'"', "larger than"),
    ],
)
def test_what_is_no_document_is_refused(data: bytes, message: str) -> None:
    parsed = read_json(data)
    assert any(message in error.message for error in parsed.errors)


def test_what_a_fault_quotes_is_fit_to_store() -> None:
    parsed = read_json(document(**{"\ud800\x00" + "x" * 1_000: 1}))
    (error,) = parsed.errors
    assert error.column.isprintable()
    assert len(error.column) <= 300


# Both ways

names = (
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cn", "Zl", "Zp", "Cf"]))
    .map(lambda text: unicodedata.normalize("NFC", " ".join(text.split())))
    .filter(lambda text: 0 < len(text) <= 40)
)
amounts = st.integers(1, 999_999).map(lambda n: f"{n}" if n % 3 else f"{n // 10}.{n % 10}1")
recipe_lines = st.tuples(
    st.integers(0, 4), amounts, st.sampled_from(["ml", "oz", "dash"]), st.booleans()
)
drinks = st.tuples(
    st.integers(0, 2),
    names,
    st.text("ab ,;\"'\n=-é", max_size=20),
    st.integers(0, 10**6),
    st.lists(recipe_lines, max_size=4),
)
menus = st.tuples(
    st.lists(names, min_size=5, max_size=5, unique_by=fold),
    st.lists(names, min_size=3, max_size=3, unique_by=fold),
    st.lists(drinks, min_size=1, max_size=6, unique_by=lambda drink: fold(drink[1])),
)


def as_seen(scene: BarScene) -> list[tuple[str, list[Any]]]:
    """The menu without ids: sections, products and recipes in order."""
    _, products, ingredients = contents(scene)
    by_id = {ingredient.id: ingredient.name for ingredient in ingredients}
    return [
        (
            section,
            [
                (
                    product.name,
                    product.description,
                    product.price_minor,
                    [
                        (by_id[line.ingredient_id], line.amount, line.unit, line.is_optional)
                        for line in product.recipe
                    ],
                )
                for product in listed
            ],
        )
        for section, listed in menu_sections(products)
    ]


@settings(max_examples=60, deadline=None)
@given(menus)
def test_what_is_exported_reads_back_as_the_same_menu(menu: Any) -> None:
    ingredient_names, sections, drinks = menu
    scene = BarScene()
    ids = [scene.ingredient(name) for name in ingredient_names]
    for section, name, description, price_minor, recipe in drinks:
        scene.accepted(
            scene.say(
                c.CreateProduct,
                bar_id=scene.bar_id,
                name=name,
                section=sections[section],
                description=description.strip(),
                price_minor=price_minor,
                recipe=tuple(takes(ids[i], a, u, is_optional=o) for i, a, u, o in recipe),
            )
        )
    exports = (
        parse_csv(to_csv(*contents(scene)).encode(), currency="EUR"),
        parse_json(to_json(*contents(scene)).encode(), currency="EUR"),
    )
    for parsed in exports:
        assert parsed.errors == ()
        elsewhere = BarScene()
        take_over(elsewhere, parsed)
        assert as_seen(elsewhere) == as_seen(scene)
        before = as_seen(scene)
        take_over(scene, parsed)
        assert as_seen(scene) == before


@settings(deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda t: t.encode("utf-8", "replace")))
def test_no_bytes_at_all_make_a_reader_fail(data: bytes) -> None:
    for parsed in (
        parse_csv(data, currency="EUR"),
        parse_csv(HEADER.encode() + data, currency="EUR"),
        parse_json(data, currency="EUR"),
    ):
        assert parsed.products or parsed.error_count
        assert all(isinstance(product, ImportProduct) for product in parsed.products)


def test_an_export_leaves_out_what_is_not_on_the_menu_and_keeps_what_is_in_stock_secret() -> None:
    scene = BarScene()
    scene.ingredient("Gin", "700", threshold="100")
    hidden = scene.product(name="Secret")
    scene.product(name="Gimlet")
    scene.accepted(scene.say(c.UpdateProduct, product_id=hidden, status="hidden"))
    text = to_json(*contents(scene))
    assert "Secret" not in text
    assert "700" not in text
    assert json.loads(text)["ingredients"] == [
        {
            "name": "Gin",
            "unit": "ml",
            "tracking": "exact",
            "low_stock_threshold": {"amount": "100", "unit": "ml"},
        }
    ]


def test_all_units_can_be_imported() -> None:
    rows = "".join(f"A,{unit},,1,{unit} of it,1,{unit},\n" for unit in UNITS)
    assert read(HEADER + rows).errors == ()
