"""Numbers as recipes write them: `2`, `1/2`, `1 1/2`, `1-1/2`, `.75`, `0,5`, `half a`,
`anderthalb`; and ranges of them: `1-2`, `2 to 3`, `2 oder 3`.

All values are fractions, so nothing is rounded before the base unit.
"""

from fractions import Fraction
from typing import Final

import msgspec

from bitebyte.domain.measure_text import Token, words

DIGITS_MAX: Final = 13
DECIMALS_MAX: Final = 6
DENOMINATOR_MAX: Final = 32
"""Of a fraction that people measure by: thirty-seconds of an ounce."""

_SPELLED_DENOMINATOR_MAX: Final = 16
"""Up to here a fraction is easier to read than its decimals."""

_WORDS: Final[dict[str, Fraction]] = {
    word: Fraction(value)
    for value, spelled in {
        "1": "a an one ein eine einen einer einem eines",
        "2": "two couple double zwei",
        "3": "three drei",
        "4": "four vier", "5": "five fünf", "6": "six sechs", "7": "seven sieben",
        "8": "eight acht", "9": "nine neun", "10": "ten zehn",
        "12": "twelve dozen doz zwölf dutzend",
        "1/2": "half halb halbe halber halbes halben halves",
        "1/3": "third thirds drittel", "1/4": "quarter quarters viertel",
        "1/8": "eighth eighths achtel", "3/4": "dreiviertel", "3/2": "anderthalb eineinhalb",
    }.items()
    for word in spelled.split()
}  # fmt: skip
ARTICLES: Final = words("a an ein eine einen einer einem eines")
_DOZENS: Final = words("couple double dozen doz dutzend")
_SUMS: Final = words("and und & plus +")
_BETWEEN: Final = words("between zwischen")
RANGES: Final = words("- to bis or oder")


class NumberError(ValueError):
    """A number that could mean two things, or none. The message says what to write."""


class Number(msgspec.Struct, frozen=True, gc=False):
    """A number or a range that was read, and where the text goes on."""

    value: Fraction
    """Of a range, the upper end."""
    end: int
    note: str = ""
    is_word: bool = False


def starts_number(token: Token) -> bool:
    """Whether a number begins with this token. Articles count as one only before a measure, which
    the caller has to see to."""
    return token.kind == "number" or token.text in _WORDS


def read_number(tokens: list[Token], start: int) -> Number | None:
    """The number or range at `start`; None if there is none. Raises NumberError."""
    first = _read_value(tokens, start)
    if first is None:
        return None
    joints = RANGES | _SUMS if start and tokens[start - 1].text in _BETWEEN else RANGES
    if first.end + 1 < len(tokens) and tokens[first.end].text in joints:
        last = _read_value(tokens, first.end + 1)
        if last is not None and not (last.is_word and tokens[last.end - 1].text in ARTICLES):
            return _range(first, last)
    return first


def _range(first: Number, last: Number) -> Number:
    typed = f"{spell(first.value)} to {spell(last.value)}"
    if not 0 < first.value < last.value:
        raise NumberError(f"the range {typed} does not rise: write one number")
    return Number(last.value, last.end, f"of {typed} the upper end is taken", last.is_word)


def _read_value(tokens: list[Token], start: int) -> Number | None:
    if start >= len(tokens):
        return None
    token = tokens[start]
    if token.kind == "number":
        return _read_digits(tokens, start)
    value = _WORDS.get(token.text)
    if value is None:
        return None
    following = tokens[start + 1].text if start + 1 < len(tokens) else ""
    more = _WORDS.get(following)
    if more is not None and (more < 1 <= value or following in _DOZENS):
        return Number(value * more, start + 2, is_word=True)  # three quarters, a couple
    if value < 1 and following in ARTICLES:  # half a
        return Number(value, start + 2, is_word=True)
    if following == "-" and start + 2 < len(tokens):
        more = _WORDS.get(tokens[start + 2].text)
        if more is not None and more < 1 <= value:  # one-half, three-quarters
            return Number(value * more, start + 3, is_word=True)
    elif value >= 1 and token.text not in ARTICLES:
        mixed = _mixed(tokens, start + 1, value)  # two and a half
        if mixed is not None:
            return mixed
    return Number(value, start + 1, is_word=True)


def _read_digits(tokens: list[Token], start: int) -> Number:
    whole = _fraction_at(tokens, start)
    if whole is not None:
        return whole
    value = parse_decimal(tokens[start].text)
    end = start + 1
    if value.denominator == 1:
        mixed = _mixed(tokens, end, value)
        if mixed is not None:
            return mixed
        if end < len(tokens) and tokens[end].text in _WORDS:
            part = _WORDS[tokens[end].text]
            if part < 1 or tokens[end].text in _DOZENS - {"double"}:  # 3 quarters, 2 dozen
                return Number(value * part, end + 1, is_word=True)
    return Number(value, end)


def _mixed(tokens: list[Token], end: int, whole: Fraction) -> Number | None:
    """`1 1/2`, `1-1/2`, `1 and 1/2`, `1 and a half`: a whole number and a fraction below one."""
    joined = end
    note = ""
    if joined < len(tokens) and (tokens[joined].text in _SUMS or tokens[joined].text == "-"):
        note = "-" if tokens[joined].text == "-" else ""
        joined += 1
        if joined < len(tokens) and tokens[joined].text in ARTICLES:
            joined += 1
        if joined < len(tokens) and tokens[joined].kind == "word":
            part = _WORDS.get(tokens[joined].text)
            if part is not None and part < 1:
                return Number(whole + part, joined + 1)
    if joined >= len(tokens) or tokens[joined].kind != "number":
        return None
    part = _fraction_at(tokens, joined)
    if part is None or not 0 < part.value < 1 or (note and whole == 0):
        return None
    value = whole + part.value
    read = f"{spell(whole)}-{spell(part.value)} is read as {spell(value)}" if note else ""
    return Number(value, part.end, read)


def _fraction_at(tokens: list[Token], start: int) -> Number | None:
    if start + 2 >= len(tokens) or tokens[start + 1].text != "/":
        return None
    over, under = tokens[start], tokens[start + 2]
    if not (over.kind == under.kind == "number" and over.text.isdigit() and under.text.isdigit()):
        return None
    denominator = int(under.text[:DIGITS_MAX])
    if not 1 <= denominator <= DENOMINATOR_MAX or max(len(over.text), len(under.text)) > 3:
        # 45/50 is a choice of two amounts rather than nine tenths.
        raise NumberError(f"{over.text[:20]}/{under.text[:20]} is no fraction: write one number")
    return Number(Fraction(int(over.text), denominator), start + 3)


def parse_decimal(text: str) -> Fraction:
    """The value of digits with at most one point or comma. Raises NumberError."""
    parts = text.replace(",", ".").split(".")
    if len(parts) > 2:
        raise NumberError(f"{text[:20]} has more than one point or comma: write digits only")
    whole, decimals = parts[0], parts[1] if len(parts) == 2 else ""
    if "," in text and len(decimals) == 3 and whole.strip("0"):
        raise NumberError(
            f"{text[:20]} could be {whole}.{decimals} or {whole}{decimals}:"
            " write it without a comma"
        )
    if len(whole) > DIGITS_MAX or len(decimals) > DECIMALS_MAX:
        raise NumberError(
            f"{text[:20]} has more than {DIGITS_MAX} digits or {DECIMALS_MAX} decimals"
        )
    return Fraction(int(whole + decimals), 10 ** len(decimals))


def spell(value: Fraction) -> str:
    """The value as people write it: `2`, `1/2`, `1 1/2`, `2.35`; to six decimals."""
    whole, rest = divmod(value.numerator, value.denominator)
    if rest == 0:
        return str(whole)
    if value.denominator <= _SPELLED_DENOMINATOR_MAX:
        part = f"{rest}/{value.denominator}"
        return f"{whole} {part}" if whole else part
    scaled = (2 * value.numerator * 10**DECIMALS_MAX + value.denominator) // (2 * value.denominator)
    whole, decimals = divmod(scaled, 10**DECIMALS_MAX)
    return f"{whole}.{decimals:0{DECIMALS_MAX}}".rstrip("0").rstrip(".")
