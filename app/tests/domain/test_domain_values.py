"""Units, prices, names and ids: exact, bounded, and said back as they were meant."""

import unicodedata
import uuid
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitebyte.domain.currencies import (
    EXPONENTS,
    PriceError,
    UnknownCurrency,
    exponent,
    format_price,
    parse_price,
)
from bitebyte.domain.ids import derive_id, is_id
from bitebyte.domain.limits import PRICE_MINOR_MAX, QUANTITY_BASE_MAX
from bitebyte.domain.names import TextError, clean_email, clean_slug, clean_text, fold
from bitebyte.domain.units import (
    UNITS,
    QuantityError,
    find_unit,
    format_amount,
    parse_quantity,
)

# Units


@pytest.mark.parametrize(
    ("amount", "unit", "base", "base_unit"),
    [
        ("45", "ml", 45_000, "ul"),
        ("22.5", "ml", 22_500, "ul"),
        ("1.5", "oz", 45_000, "ul"),
        ("2", "dashes", 1_800, "ul"),
        ("1", "Barspoon", 5_000, "ul"),
        ("0.7", "l", 700_000, "ul"),
        ("3", "leaves", 3_000, "mpc"),
        ("0.5", "piece", 500, "mpc"),
        ("1", "pcs", 1_000, "mpc"),
        ("10", "g", 10_000, "mg"),
        ("0.0005", "ml", 1, "ul"),
        ("0.0015", "ml", 2, "ul"),
        ("0.333333", "ml", 333, "ul"),
        (" 45 ", "ml", 45_000, "ul"),
        ("1000", "l", 1_000_000_000, "ul"),
    ],
)
def test_an_amount_becomes_base_units_exactly_or_rounded_half_up(
    amount: str, unit: str, base: int, base_unit: str
) -> None:
    quantity = parse_quantity(amount, unit)
    assert (quantity.base, quantity.base_unit) == (base, base_unit)
    assert quantity.amount == amount.strip()
    assert quantity.unit in UNITS


@pytest.mark.parametrize(
    "amount",
    ["", " ", "NaN", "inf", "1e3", "+1", "1,5", ".5", "5.", "1 000", "0x10", "١", "1_0", "--1",
     "1.0000001", "12345678901234", "½", "1\x00"],
)  # fmt: skip
def test_what_is_no_decimal_number_is_refused_with_what_is(amount: str) -> None:
    with pytest.raises(QuantityError, match="decimal number") as raised:
        parse_quantity(amount, "ml")
    assert raised.value.field == "amount"


def test_bounds_and_signs_are_refused_with_what_is_allowed() -> None:
    refused = {
        "-1": "not be negative",
        "0": "at least 0.001 ml",
        "0.0004": "at least",
        "1000000001": "at most 1000000000 ml",
    }
    for amount, allowed in refused.items():
        with pytest.raises(QuantityError, match=allowed):
            parse_quantity(amount, "ml")
    assert parse_quantity("0", "ml", allows_zero=True).base == 0
    assert parse_quantity("-1", "ml", allows_negative=True).base == -1_000
    with pytest.raises(QuantityError, match="at least"):
        parse_quantity("0.0004", "ml", allows_zero=True)


@pytest.mark.parametrize(
    ("unit", "hint"),
    [("shot", "no fixed size"), ("Bottles", "give the content"), ("part", "ml or oz"),
     ("", "one of ml"), ("furlong", "one of ml"), ("ML\x00", "one of ml")],
)  # fmt: skip
def test_an_unknown_unit_is_refused_with_a_hint(unit: str, hint: str) -> None:
    with pytest.raises(QuantityError, match=hint) as raised:
        parse_quantity("1", unit)
    assert raised.value.field == "unit"


def test_every_unit_is_found_in_any_case_and_in_the_plural() -> None:
    for code, unit in UNITS.items():
        assert find_unit(f" {code.upper()} ") is unit
    plurals = "dashes drops barspoons pieces slices wedges leaves sprigs twists pinches grams oz"
    for plural in plurals.split():
        find_unit(plural)


@given(st.integers(1, QUANTITY_BASE_MAX), st.sampled_from(["ml", "cl", "dl", "l", "mg", "g", "kg"]))
def test_what_is_formatted_in_a_decimal_unit_reads_back_exactly(base: int, unit: str) -> None:
    assert parse_quantity(format_amount(base, unit), unit).base == base


@given(st.integers(1, QUANTITY_BASE_MAX), st.sampled_from(sorted(UNITS)))
def test_what_is_formatted_in_any_unit_reads_back_within_its_last_decimal(
    base: int, unit: str
) -> None:
    text = format_amount(base, unit)
    last_decimal = UNITS[unit].base_units / 10**6
    if text != "0":
        read = parse_quantity(text, unit, allows_zero=True).base
        assert abs(read - base) <= max(0.5, last_decimal)
    assert format_amount(-base, unit) == (f"-{text}" if text != "0" else "0")


@given(st.text(max_size=20), st.text(max_size=10))
def test_whatever_is_typed_is_a_quantity_within_bounds_or_a_named_error(
    amount: str, unit: str
) -> None:
    for unit_or_ml in (unit, "ml"):
        try:
            quantity = parse_quantity(amount, unit_or_ml)
        except QuantityError:
            continue
        assert 1 <= quantity.base <= QUANTITY_BASE_MAX


@given(st.decimals(min_value=0, max_value=10**6, places=6), st.sampled_from(sorted(UNITS)))
def test_conversion_is_monotonic_and_half_a_base_unit_off_at_most(
    amount: Decimal, unit: str
) -> None:
    exact = Fraction(f"{amount:f}") * UNITS[unit].base_units
    try:
        base = parse_quantity(f"{amount:f}", unit, allows_zero=True).base
    except QuantityError:
        assert exact < Fraction(1, 2) or exact > QUANTITY_BASE_MAX
    else:
        assert abs(base - exact) <= Fraction(1, 2)


# Prices


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [("12.50", "EUR", 1250), ("12.5", "EUR", 1250), ("12", "EUR", 1200), ("0", "EUR", 0),
     ("1200", "JPY", 1200), ("1.234", "KWD", 1234), (" 9.99 ", "USD", 999)],
)  # fmt: skip
def test_a_price_becomes_minor_units_of_its_currency(text: str, currency: str, minor: int) -> None:
    assert parse_price(text, currency) == minor


@pytest.mark.parametrize(
    ("text", "currency", "message"),
    [("€5", "EUR", "no sign or symbol"), ("-1", "EUR", "no sign"), ("0.001", "EUR", "2 digits"),
     ("1.5", "JPY", "0 digits"), ("1,5", "EUR", "digits and a point"), ("", "EUR", "price"),
     ("NaN", "EUR", "price"), ("1e3", "EUR", "price"), ("10000000.01", "EUR", "at most"),
     ("٣", "EUR", "price")],
)  # fmt: skip
def test_what_is_no_price_is_refused_with_what_is(text: str, currency: str, message: str) -> None:
    with pytest.raises(PriceError, match=message):
        parse_price(text, currency)


@given(st.integers(0, PRICE_MINOR_MAX), st.sampled_from(sorted(EXPONENTS)))
def test_every_price_reads_back(minor: int, currency: str) -> None:
    assert parse_price(format_price(minor, currency), currency) == minor


def test_currencies_are_those_in_use() -> None:
    assert (exponent("EUR"), exponent("JPY"), exponent("BHD")) == (2, 0, 3)
    assert all(len(code) == 3 and code.isupper() for code in EXPONENTS)
    for unknown in ("", "eur", "XAU", "DEM", "EURO"):
        with pytest.raises(UnknownCurrency):
            exponent(unknown)


# Names


def test_names_are_the_same_however_they_are_written() -> None:
    assert fold(" Crème  de\tMENTHE ") == fold("cre\u0300me de menthe")
    assert fold("STRASSE") == fold("Straße")
    assert fold("Gin") != fold("Rum")


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "empty"), ("   ", "empty"), ("\u200b", "empty"), ("a\x00b", "U\\+0000"),
     ("a\nb", "control"), ("a\ud800", "surrogate"), ("abc\u202edef", "direction"),
     ("a\u2028b", "line separator"), ("x" * 21, "at most 20"), ("\x7f", "control"),
     ("a\U000e0fffb", "not assigned")],
)  # fmt: skip
def test_text_that_cannot_be_shown_is_refused(text: str, message: str) -> None:
    with pytest.raises(TextError, match=message):
        clean_text(text, length_max=20)


def test_text_is_normalised_and_trimmed_and_may_have_lines_where_that_is_wanted() -> None:
    assert clean_text("  Pin\u0303a  ", length_max=4) == "Piña"
    assert clean_text("a\r\nb\tc", length_max=9, allows_newlines=True) == "a\nb\tc"
    assert clean_text(" ", length_max=1, is_empty_allowed=True) == ""
    assert clean_text("👩‍🍳 シェフ", length_max=10) == "👩‍🍳 シェフ"


@given(st.text(max_size=30))
def test_clean_text_is_clean_and_stays_so(text: str) -> None:
    try:
        cleaned = clean_text(text, length_max=20)
    except TextError:
        return
    assert cleaned
    assert len(cleaned) <= 20
    assert unicodedata.is_normalized("NFC", cleaned)
    assert clean_text(cleaned, length_max=20) == cleaned
    assert cleaned.encode()


def test_slugs_and_addresses() -> None:
    assert clean_slug("night-owl-2") == "night-owl-2"
    for wrong in ("ab", "Night", "a b", "-ab", "ab-", "a--b", "x" * 41, "", "näh",
                  "0199c82c-c000-7000-8000-000000000001"):  # fmt: skip
        with pytest.raises(TextError):
            clean_slug(wrong)
    assert clean_email(" Ada@Example.ORG ") == "ada@example.org"
    for wrong in ("", "ada", "@x.org", "a@", "a@b@c", "a b@c.org", "a@.org", "a@b..c", "a@b\x00",
                  "x" * 65 + "@example.org", "a@" + "x" * 260):  # fmt: skip
        with pytest.raises(TextError):
            clean_email(wrong)


# Ids


@given(st.uuids(version=4), st.integers(0, 10_000))
def test_derived_ids_are_uuids_of_version_7_with_the_time_of_the_command(
    command_uuid: uuid.UUID, n: int
) -> None:
    command_id = str(command_uuid)
    derived = uuid.UUID(derive_id(command_id, n))
    assert derived.version == 7
    assert derived.variant == uuid.RFC_4122
    assert str(derived) == derive_id(command_id, n)
    assert str(derived)[:13] == command_id[:13]
    assert is_id(str(derived))


def test_derived_ids_differ_by_command_and_number() -> None:
    ids = {derive_id(f"0199c82c-c000-7000-8000-{c:012x}", n) for c in range(50) for n in range(50)}
    assert len(ids) == 2_500


@pytest.mark.parametrize(
    "text",
    ["", "x", "0199C82C-C000-7000-8000-000000000001", "0199c82cc00070008000000000000001",
     "0199c82c-c000-7000-8000-00000000000g", "0199c82c-c000-7000-8000-000000000001\n"],
)  # fmt: skip
def test_what_is_not_written_as_an_id_is_none(text: str) -> None:
    assert not is_id(text)
