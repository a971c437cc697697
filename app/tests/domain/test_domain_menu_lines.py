"""Messy recipe collections as menu files: every line is read or refused, nothing in silence."""

import csv
import io
import json
from typing import Any

from bar_scene import BarScene, contents, take_over
from hypothesis import given, settings
from hypothesis import strategies as st
from measure_corpus import READ, REFUSED, REFUSED_OTHERWISE, spellings

from bitebyte.domain import commands as c
from bitebyte.domain.entities import MenuImport
from bitebyte.domain.measures import parse_stated_sizes
from bitebyte.domain.menu_csv import COLUMNS, parse_csv, to_csv
from bitebyte.domain.menu_diff import diff_menu
from bitebyte.domain.menu_json import parse_json, to_json
from bitebyte.domain.menu_lines import LineReading, ReadOptions
from bitebyte.domain.menu_reader import ParsedMenu
from bitebyte.domain.rows import menu_import_key

HEADER = ",".join(COLUMNS) + "\n"


def read(rows: str, **options: Any) -> ParsedMenu:
    text = (HEADER + rows).encode()
    return parse_csv(text, currency="EUR", options=ReadOptions(**options))


def amounts(lines: tuple[LineReading, ...]) -> list[tuple[str, int] | str]:
    return [
        line.reason if line.quantity is None else (line.typed, line.quantity.base) for line in lines
    ]


def test_a_measure_may_stand_in_either_column_or_across_both() -> None:
    parsed = read(
        "Sours,Daiquiri,,9,White rum,1 1/2,oz,\n"
        ",,,,Lime juice,Juice of 1/2,,\n"
        ",,,,Sugar syrup,,1-2 tsp,\n"
        ",,,,Bitters,dash,,\n"
        ',,,,Soda,"0,5",cl,\n'
        ",,,,Lime,1 wedge for garnish,,\n"
    )
    assert parsed.errors == ()
    assert amounts(parsed.lines) == [
        ("1 1/2 oz", 45_000),
        ("Juice of 1/2", 15_000),
        ("1-2 tsp", 10_000),
        ("dash", 900),
        ("0,5 cl", 5_000),
        ("1 wedge for garnish", 1_000),
    ]
    (product,) = parsed.products
    assert [(line.amount, line.unit, line.is_optional) for line in product.lines] == [
        ("1.5", "oz", False),
        ("15", "ml", False),
        ("2", "tsp", False),
        ("1", "dash", False),
        ("0.5", "cl", False),
        ("1", "wedge", True),
    ]
    assert [line.row for line in parsed.lines] == [2, 3, 4, 5, 6, 7]
    assert {line.product for line in parsed.lines} == {"Daiquiri"}


def test_an_amount_as_the_format_wants_it_stays_as_it_was_typed() -> None:
    parsed = read("A,B,,1,Gin,45.50,ML,\n")
    assert parsed.products[0].lines[0].amount == "45.50"
    assert parsed.lines[0].notes == ()


def test_a_refused_line_says_in_which_row_and_column_and_why() -> None:
    parsed = read(
        "A,B,,1,Gin,2,shots,\n,,,,Tonic,,top up,\n,,,,Lime,1 oz + 1 slice,,\n,,,,Ice,,,\n"
    )
    assert [(error.row, error.column) for error in parsed.errors] == [
        (2, "unit"),
        (3, "unit"),
        (4, "amount"),
        (5, "amount"),
    ]
    reasons = [error.message for error in parsed.errors]
    assert reasons == [line.reason for line in parsed.lines]
    assert reasons[0].startswith("`2 shots`: a shot has no fixed size.")
    assert "do not add up" in reasons[2]
    assert reasons[3].startswith("no amount is given.")
    assert parsed.unsized == (("shot", 1), ("top", 1))


def test_a_bar_states_the_size_of_its_shot() -> None:
    rows = "A,B,,1,Gin,2,shots,\n,,,,Tonic,,top up,\n"
    parsed = read(rows, sizes=parse_stated_sizes("shot:4 cl; top:100 ml"))
    assert parsed.errors == ()
    assert amounts(parsed.lines) == [("2 shots", 80_000), ("top up", 100_000)]
    assert parsed.lines[0].notes == ("shot: 4 cl, as this upload says",)


# One dimension for each ingredient


def test_an_ingredient_is_measured_as_most_of_its_lines_are() -> None:
    parsed = read(
        "A,One,,1,Mint,1,sprig,\nA,Two,,1,Mint,6,leaves,\nA,Three,,1,Mint,5,g,\nA,Four,,1,mint,1,,\n"
    )
    assert [(error.row, error.column) for error in parsed.errors] == [(4, "unit")]
    assert "'Mint' is measured in g (mass) here, but in sprig (count) in row 2" in (
        parsed.errors[0].message
    )
    assert "give this a name of its own" in parsed.errors[0].message


def test_what_the_bar_keeps_decides_before_the_file() -> None:
    rows = "A,One,,1,Lime,1,oz,\nA,Two,,1,Lime,1,oz,\nA,Three,,1,Lime,1/2,,\n"
    parsed = read(rows, kept_units={"lime": "piece"})
    assert [error.row for error in parsed.errors] == [2, 3]
    assert "at this bar" in parsed.errors[0].message


def test_a_part_that_counts_as_a_whole_piece_is_said() -> None:
    (line,) = read("A,One,,1,Lime,1,wedge,\n", kept_units={"lime": "piece"}).lines
    assert line.notes == (
        "one wedge counts as one piece, in which 'Lime' is counted at this bar: write a part,"
        " such as 0.125, if that is meant",
    )
    (line,) = read("A,One,,1,Lime wedge,1,wedge,\n", kept_units={"lime wedge": "wedge"}).lines
    assert line.notes == ()


def test_a_described_ingredient_has_to_fit_the_bar() -> None:
    document = {
        "format": "bitebyte-menu",
        "version": 1,
        "currency": "EUR",
        "ingredients": [{"name": "Gin", "unit": "ml"}],
        "sections": [{"name": "A", "products": [{"name": "B", "price_minor": 1}]}],
    }
    options = ReadOptions(kept_units={"gin": "g"})
    parsed = parse_json(json.dumps(document).encode(), currency="EUR", options=options)
    assert [error.column for error in parsed.errors] == ["/ingredients/0/unit"]
    assert "in which the bar keeps 'Gin'" in parsed.errors[0].message


# Leaving out what is at fault

MIXED = (
    "A,Good,,1,Gin,1 1/2,oz,\n"
    "A,Bad line,,1,Gin,1,glug,\n"
    ",,,,Tonic,100,ml,\n"
    "A,Bad price,,€5,Gin,1,oz,\n"
    "A,Surplus,,1,Gin,1,oz,,more\n"
    "A,Also good,,1,Gin,2,cl,\n"
    "A,Good,,1,Gin,2,cl,\n"
)


def test_a_faulty_row_holds_up_its_product_only_if_that_is_asked_for() -> None:
    strict = read(MIXED)
    assert strict.error_count == 4
    assert strict.left_out == ()
    parsed = read(MIXED, leaves_out_faulty=True)
    assert [product.name for product in parsed.products] == ["Good", "Also good"]
    assert (parsed.errors, parsed.error_count) == ((), 0)
    assert parsed.products_left_out == ("Bad line", "Bad price", "Surplus", "Good")
    assert [(error.row, error.column) for error in parsed.left_out] == [
        (3, "unit"),
        (5, "price"),
        (6, ""),
        (8, "product"),
    ]


def test_what_concerns_the_whole_file_is_never_left_out() -> None:
    parsed = read("A,Good,,1,Gin,1,oz,\n" + 'A,"Bad', leaves_out_faulty=True)
    assert [(error.row, error.column) for error in parsed.errors] == [(3, "")]
    orphan = read(",,,,Gin,1,oz,\nA,Good,,1,Gin,1,oz,\n", leaves_out_faulty=True)
    assert [(error.row, error.column) for error in orphan.errors] == [(2, "product")]


def test_a_file_of_nothing_but_faults_is_no_menu() -> None:
    parsed = read("A,Bad,,1,Gin,1,glug,\n", leaves_out_faulty=True)
    assert [error.message for error in parsed.errors] == ["no product of the file can be read"]
    assert len(parsed.left_out) == 1


def test_a_document_leaves_out_whole_products_too() -> None:
    good = {"ingredient": "Gin", "amount": "1 1/2", "unit": "oz"}
    bad = {"ingredient": "Gin", "amount": "some", "unit": ""}
    products = [
        {"name": "Good", "price_minor": 1, "recipe": [good]},
        {"name": "Bad", "price_minor": 1, "recipe": [good, bad]},
        {"name": "No price", "recipe": []},
        "nothing",
    ]
    document = {
        "format": "bitebyte-menu",
        "version": 1,
        "currency": "EUR",
        "sections": [{"name": "A", "products": products}],
    }
    data = json.dumps(document).encode()
    strict = parse_json(data, currency="EUR")
    assert [error.column for error in strict.errors] == [
        "/sections/0/products/1/recipe/1/amount",
        "/sections/0/products/2/price_minor",
        "/sections/0/products/3/",
    ]
    parsed = parse_json(data, currency="EUR", options=ReadOptions(leaves_out_faulty=True))
    assert parsed.errors == ()
    assert [product.name for product in parsed.products] == ["Good"]
    assert [error.row for error in parsed.left_out] == [2, 3, 4]


# A whole collection


def collection() -> str:
    """Every spelling of the corpus in a drink of its own, with the ingredient of the corpus or one
    of its own, so that dimensions do not meet."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    groups = (*READ.values(), *REFUSED.values(), *REFUSED_OTHERWISE.values())
    for number, (typed, ingredient) in enumerate(
        entry for group in groups for entry in spellings(group)
    ):
        typed = f"'{typed}" if typed[:1] in "=+-@" and typed else typed
        name = f"{ingredient} {number}" if ingredient else f"Thing {number}"
        writer.writerow(["Collection", f"Drink {number}", "", "7.00", name, typed, "", ""])
    return file.getvalue()


def test_a_collection_is_read_taken_over_and_exported_the_same_again() -> None:
    parsed = parse_csv(
        collection().encode(), currency="EUR", options=ReadOptions(leaves_out_faulty=True)
    )
    read_lines = [line for line in parsed.lines if line.quantity is not None]
    assert len(read_lines) / len(parsed.lines) > 0.7
    assert all(line.quantity is not None or line.reason for line in parsed.lines)
    assert parsed.error_count == 0
    scene = BarScene()
    take_over(scene, parsed)
    for write, parse in ((to_csv, parse_csv), (to_json, parse_json)):
        exported = write(*contents(scene))
        other = BarScene()
        again = parse(exported.encode(), currency="EUR")
        assert again.errors == ()
        assert all(line.notes == () for line in again.lines)
        take_over(other, again)
        assert write(*contents(other)) == exported
        bar, products, ingredients = contents(scene)
        upload = scene.say(
            c.CreateMenuImport,
            bar_id=scene.bar_id,
            products=again.products,
            ingredients=again.ingredients,
            errors=(),
        )
        scene.accepted(upload)
        menu_import = scene.state.rows[menu_import_key(upload.id)]
        assert isinstance(menu_import, MenuImport)
        changes = diff_menu(menu_import, products, ingredients, bar.currency)
        assert {change.kind for change in changes} == {"unchanged"}


# Whatever is uploaded

cells = st.one_of(
    st.sampled_from(
        ["", "A", "Gin", "Lime", "1", "1 1/2", "oz", "shots", "yes", "9.50", "€5", "glug", "'=1"]
    ),
    st.text(max_size=8),
)
tables = st.lists(st.lists(cells, max_size=9), max_size=8)


def outcome_is_whole(parsed: ParsedMenu, *, leaves_out: bool) -> None:
    """Nothing is lost: every line is read or has a reason, every fault is counted and fit to
    store."""
    assert len(parsed.errors) <= parsed.error_count
    for error in (*parsed.errors, *parsed.left_out):
        assert error.message.isprintable()
        assert error.row >= 1
        error.message.encode()
    for line in parsed.lines:
        assert (line.quantity is None) == bool(line.reason)
        assert line.typed.isprintable()
        assert f"{line.product}{line.ingredient}{line.reason}".encode()
    assert parsed.products or parsed.errors
    assert not (parsed.left_out and not leaves_out)


@settings(deadline=None)
@given(tables, st.sampled_from(",;\t"), st.booleans())
def test_any_table_is_read_or_refused_row_by_row(
    table: list[list[str]], delimiter: str, leaves_out: bool
) -> None:
    file = io.StringIO()
    writer = csv.writer(file, delimiter=delimiter, escapechar="\\")
    writer.writerows([COLUMNS, *table])
    data = file.getvalue().encode("utf-8", "surrogatepass")
    options = ReadOptions(leaves_out_faulty=leaves_out)
    outcome_is_whole(parse_csv(data, currency="EUR", options=options), leaves_out=leaves_out)


@settings(deadline=None)
@given(st.one_of(st.binary(max_size=200), st.binary(max_size=100).map(HEADER.encode().__add__)))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    outcome_is_whole(parse_csv(data, currency="EUR"), leaves_out=False)
    outcome_is_whole(parse_json(data, currency="EUR"), leaves_out=False)


values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-5, 2000),
        st.floats(),
        st.sampled_from(["Gin", "1 1/2", "oz", "", "bitebyte-menu", "EUR", "top up"]),
        st.text(max_size=5),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                ["name", "price_minor", "recipe", "ingredient", "amount", "unit", "optional",
                 "products", "description", "tracking", "low_stock_threshold", "x"]
            ),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=12,
)  # fmt: skip


@settings(deadline=None)
@given(st.lists(values, max_size=3), st.lists(values, max_size=2), st.booleans())
def test_any_document_is_read_or_refused(
    products: list[Any], ingredients: list[Any], leaves_out: bool
) -> None:
    document = {
        "format": "bitebyte-menu",
        "version": 1,
        "currency": "EUR",
        "ingredients": ingredients,
        "sections": [{"name": "A", "products": products}],
    }
    options = ReadOptions(leaves_out_faulty=leaves_out)
    parsed = parse_json(json.dumps(document).encode(), currency="EUR", options=options)
    outcome_is_whole(parsed, leaves_out=leaves_out)
