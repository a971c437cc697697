"""Measures of real recipes: each is read to one base quantity, or refused for a reason."""

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from measure_corpus import OPTIONAL, READ, REFUSED, REFUSED_OTHERWISE, spellings

from bitebyte.domain.limits import QUANTITY_BASE_MAX
from bitebyte.domain.measure_numbers import parse_decimal, spell
from bitebyte.domain.measure_table import MEASURES, UNSIZED_NAMES, Measure
from bitebyte.domain.measure_term import MeasureRefused
from bitebyte.domain.measure_text import LENGTH_MAX, tokenize
from bitebyte.domain.measures import (
    Reading,
    describe_quantity,
    is_size_name,
    read_measure,
    suggested_size,
)
from bitebyte.domain.units import UNITS, parse_quantity

BOUNDED_LENGTH = 600
"""Characters of a reason or of all notes together: a person has to read them."""


def entries(groups: dict[str, str]) -> list[tuple[str, str, str]]:
    return [
        (typed, ingredient, expected.strip())
        for expected, group in groups.items()
        for typed, ingredient in spellings(group)
    ]


@pytest.mark.parametrize(("typed", "ingredient", "expected"), entries(READ))
def test_it_is_read(typed: str, ingredient: str, expected: str) -> None:
    reading = read_measure(typed, ingredient=ingredient)
    assert f"{reading.quantity.base} {reading.quantity.base_unit}" == expected


@pytest.mark.parametrize(("typed", "ingredient"), spellings(OPTIONAL))
def test_a_garnish_is_optional(typed: str, ingredient: str) -> None:
    assert read_measure(typed, ingredient=ingredient).is_optional


def test_other_measures_are_not() -> None:
    assert not any(
        read_measure(typed, ingredient=ingredient).is_optional
        for typed, ingredient, _ in entries(READ)
        if "rim" not in typed
    )


@pytest.mark.parametrize("typed", ["", "  ", "\n", ";", "—", "1 " * 101])
def test_nothing_and_too_much_are_refused(typed: str) -> None:
    with pytest.raises(MeasureRefused, match=r"no amount is given|at most 200 characters"):
        read_measure(typed)


@pytest.mark.parametrize(("typed", "ingredient", "unsized"), entries(REFUSED))
def test_what_has_no_size_is_asked_for(typed: str, ingredient: str, unsized: str) -> None:
    with pytest.raises(MeasureRefused, match="say at the upload how much") as raised:
        read_measure(typed, ingredient=ingredient)
    assert raised.value.unsized == unsized
    sizes = {unsized: parse_quantity("2", "cl")}
    reading = read_measure(typed, ingredient=ingredient, sizes=sizes)
    assert reading.quantity.base_unit == "ul"
    assert any("as this upload says" in note for note in reading.notes)


@pytest.mark.parametrize(("typed", "ingredient", "reason"), entries(REFUSED_OTHERWISE))
def test_it_is_refused_with_a_reason(typed: str, ingredient: str, reason: str) -> None:
    with pytest.raises(MeasureRefused) as raised:
        read_measure(typed, ingredient=ingredient)
    assert reason in str(raised.value)
    assert raised.value.unsized == ""


def test_the_corpus_is_as_varied_as_a_real_collection() -> None:
    read, refused = len(entries(READ)), len(entries(REFUSED)) + len(entries(REFUSED_OTHERWISE))
    assert read > 600
    assert refused > 200


@pytest.mark.parametrize(
    ("typed", "ingredient", "note"),
    [
        ("1-2 oz", "", "of 1 to 2 the upper end is taken"),
        ("1 oz - 2 oz", "", "of 1 oz to 2 oz the upper end is taken"),
        ("1-1/2 oz", "", "1-1/2 is read as 1 1/2"),
        ("about 2 oz", "", "taken as exact, though it says about"),
        ("at least 2 oz", "", "the least amount is taken"),
        ("70ml/2fl oz", "", "said twice: 70 ml is taken, not 2 oz"),
        ("1 oz + 1 tsp", "", "1 oz and 1 tsp are added"),
        ("1 pint", "", "a US pint is 16 oz; an imperial one is 568 ml"),
        ("1 splash", "", "a splash is read as 5 ml; bars pour from 2 to 15"),
        ("dash", "", "no number, so one is taken"),
        ("2", "Lime", "no unit, so pieces are counted"),
        ("1 oz white", "Rum", "not read: white"),
        ("Juice of 1/2", "Lime", "the juice of 1/2 is taken as 1/2 piece"),
        ("Juice of 1/2", "Lime juice", "one lime gives 30 ml of juice"),
        ("1 slice for garnish", "", "a garnish, so optional"),
        ("2 (12 oz) cans", "", "2 of 12 oz"),
        ("1 lb", "", "rounded to 453,592 mg"),
    ],
)
def test_what_might_have_been_meant_otherwise_is_said(
    typed: str, ingredient: str, note: str
) -> None:
    assert note in read_measure(typed, ingredient=ingredient).notes


@pytest.mark.parametrize(
    "typed", ["45 ml", "1 1/2 oz", "2 dashes", "½ oz", "1,5 cl", "2 TL", "1 l"]
)
def test_what_says_it_plainly_needs_no_note(typed: str) -> None:
    assert read_measure(typed).notes == ()


def test_an_amount_is_shown_in_its_unit_in_a_known_one_and_exactly() -> None:
    assert describe_quantity(read_measure("1 1/2 oz").quantity) == "1.5 oz = 45 ml (45,000 µl)"
    assert describe_quantity(read_measure("45 ml").quantity) == "45 ml (45,000 µl)"
    third = read_measure("1/3", ingredient="Cucumber")
    assert describe_quantity(third.quantity) == "0.333333 piece (333 thousandths of a piece)"


def test_a_mistyped_measure_gets_a_suggestion() -> None:
    with pytest.raises(MeasureRefused, match="Did you mean `teaspoon`"):
        read_measure("1 teapsoon")


def test_a_bar_states_sizes_and_a_size_in_the_row_goes_first() -> None:
    sizes = {"can": parse_quantity("330", "ml"), "part": parse_quantity("1", "oz")}
    assert read_measure("2 cans", sizes=sizes).quantity.base == 660_000
    assert read_measure("1/2 part", sizes=sizes).quantity.base == 15_000
    assert read_measure("1 can (12 oz)", sizes=sizes).quantity.base == 360_000
    mint = {"handful": parse_quantity("10", "leaf")}
    assert read_measure("1 handful", sizes=mint).quantity.base == 10_000
    assert read_measure("garnish", sizes={"garnish": parse_quantity("1", "piece")}).is_optional


# The table


@pytest.mark.parametrize("spelling", MEASURES)
def test_every_spelling_of_the_table_can_be_written(spelling: str) -> None:
    assert " ".join(token.text for token in tokenize(spelling)) == spelling


def test_every_measure_is_sized_in_a_unit_that_the_bar_has() -> None:
    for measure in MEASURES.values():
        if isinstance(measure, Measure):
            assert measure.unit in UNITS
            assert measure.factor > 0
    for name in UNSIZED_NAMES:
        assert is_size_name(name)
        size = suggested_size(name)
        assert size is None or parse_quantity(*size).base > 0


def test_the_page_on_menu_files_names_every_measure_that_a_bar_may_size() -> None:
    page = (Path(__file__).parents[3] / "docs" / "menu-files.md").read_text(encoding="utf-8")
    assert [name for name in UNSIZED_NAMES if f"`{name}`" not in page] == []


# Whatever is typed

words = st.sampled_from(
    [*MEASURES, "of", "a", "to", "or", "and", "plus", "x", "juice of", "half", "about", "fresh"]
)
numbers = st.sampled_from(
    [
        "1",
        "2",
        "1/2",
        "1 1/2",
        "½",
        "0.5",
        ".5",
        "0,5",
        "1-2",
        "1-1/2",
        "12",
        "1/0",
        "999999999",
        "0",
    ]
)
signs = st.sampled_from(["-", "/", "(", ")", "+", ",", ".", "~", "=", "%", "x", "&", "'"])
messy = st.lists(st.one_of(numbers, words, signs, st.text(max_size=3)), max_size=12).map(" ".join)
ingredients = st.sampled_from(["", "Gin", "Lime", "Lime juice", "Egg white", "Ice cube"])


def read_or_reason(typed: str, ingredient: str) -> Reading | None:
    reason = ""
    try:
        reading = read_measure(typed, ingredient=ingredient)
    except MeasureRefused as refused:
        reason, reading = str(refused), None
    if reading is None:
        assert 0 < len(reason) <= BOUNDED_LENGTH
        return None
    assert 1 <= reading.quantity.base <= QUANTITY_BASE_MAX
    assert len("; ".join(reading.notes)) <= BOUNDED_LENGTH
    return reading


@given(st.one_of(messy, st.text(max_size=300)), ingredients)
def test_anything_is_read_or_refused_and_its_own_words_are_read_the_same(
    typed: str, ingredient: str
) -> None:
    reading = read_or_reason(typed, ingredient)
    if reading is None:
        return
    quantity = reading.quantity
    assert parse_quantity(quantity.amount, quantity.unit) == quantity
    again = read_measure(f"{quantity.amount} {quantity.unit}")
    assert again.quantity == quantity
    assert not again.is_optional
    assert all(note.startswith("rounded to") for note in again.notes)


@given(st.integers(0, 30), st.integers(1, 31), st.integers(2, 32), st.sampled_from(sorted(UNITS)))
def test_mixed_numbers_are_exact_to_half_a_base_unit(
    whole: int, over: int, under: int, unit: str
) -> None:
    if over >= under:
        return
    exact = (whole + Fraction(over, under)) * UNITS[unit].base_units
    try:
        base = read_measure(f"{whole} {over}/{under} {unit}").quantity.base
    except MeasureRefused:
        assert exact < Fraction(1, 2)
    else:
        assert abs(base - exact) <= Fraction(1, 2)


@given(st.fractions(0, 1000, max_denominator=64))
def test_a_number_that_is_spelled_reads_back(value: Fraction) -> None:
    spelled = spell(value)
    if "/" not in spelled and value > 0:
        assert abs(parse_decimal(spelled) - value) <= Fraction(1, 10**6)


def test_the_longest_text_takes_no_longer_than_any() -> None:
    """No pattern makes the grammar look at the same words again and again, or too deep."""
    for pattern in ("1 ", "1 can ", "1 (", "1/", "a ", "1 oz or ", "dash + 1 ", "1-2 ", "x 1 x "):
        typed = (pattern * LENGTH_MAX)[:LENGTH_MAX]
        read_or_reason(typed, "Lime")
