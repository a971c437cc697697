"""The grammar of a measure: words that may lead, a number, a measure, and what may follow.

    around rim put 1 pinch          2 x 25 ml           1 1/2 oz + 1 dash
    juice of 1/2                    1 (12 oz) can       70 ml / 2 fl oz
    1-2 oz                          2 oz (60 ml)        1 oz - 2 oz

A line that says two different amounts, or a number without saying of what, is refused.
"""

import difflib
from collections.abc import Mapping
from fractions import Fraction
from typing import Final

from bitebyte.domain.measure_numbers import (
    ARTICLES,
    RANGES,
    Number,
    NumberError,
    read_number,
    spell,
    starts_number,
)
from bitebyte.domain.measure_phrase import Phrase
from bitebyte.domain.measure_table import MEASURES, Measure, Unsized, juice_ml
from bitebyte.domain.measure_term import MeasureRefused, Term, add, agree, upper_end
from bitebyte.domain.measure_text import Token, same_thing, words
from bitebyte.domain.measure_words import (
    AFTER_A_NAME,
    APPROXIMATE,
    DESCRIPTIONS,
    EXAMPLES,
    JUICE,
    LEAST,
    LENGTHS,
    NO_AMOUNT,
    NOT_COUNTED,
    PREPOSITIONS,
    SAME,
    SILENT,
    SUMS,
)
from bitebyte.domain.units import UNITS, Quantity

_BEFORE_A_SIZE: Final = words("( , . : = - of à je a")
_LOOK_AHEAD_WORDS: Final = 3
"""Words that may stand between a number and its measure: `2 large fresh mint leaves`."""


_CONTAINERS: Final = words("can bottle glass package")
"""Each of them holds what the brackets behind say: 2 cans (12 oz)."""

_AFTERTHOUGHTS: Final = _CONTAINERS | {"taste"}
"""Measures without a size that change nothing behind an amount: 12 oz can, 1 dash to taste."""


class Grammar:
    """Reads one measure. `read` once; then `notes` and `is_optional` tell what else to know."""

    def __init__(
        self, tokens: list[Token], ingredient: list[str], sizes: Mapping[str, Quantity]
    ) -> None:
        self._tokens = tokens
        self._phrase = Phrase(tokens)
        self._ingredient = ingredient
        self._sizes = sizes
        self._unread: list[str] = []
        self._is_juice = False
        self._has_no_unit = False
        self._last_value = Fraction(1)
        self.notes: list[str] = []
        self.is_optional = False

    def read(self) -> Term:
        """The amount. Raises MeasureRefused."""
        try:
            return self._read()
        except NumberError as error:
            raise MeasureRefused(str(error)) from None

    def _read(self) -> Term:
        for token in self._tokens:
            if token.text in NO_AMOUNT:
                raise MeasureRefused(f"`{token.text}` is not part of an amount. Write {EXAMPLES}.")
            if token.text in LENGTHS:
                raise MeasureRefused(f"a length is no amount. Write {EXAMPLES}.")
        start = self._phrase.first_number()
        if start == 1 and self._phrase.text(0) == "-":
            raise MeasureRefused("an amount must not be negative")
        if start is None:
            return self._bare()
        led_by = self._lead(start)
        term, end = self._quantity(start, led_by)
        term, end = self._more(term, end)
        self._rest(term, end)
        if self._unread:
            self.notes.append("not read: " + " ".join(self._unread))
        return term

    # What leads ------------------------------------------------------------------------------

    def _lead(self, end: int) -> Measure | None:
        """Takes notice of the words before the number; returns a measure among them, as in `twist
        of 1 lemon`."""
        led_by: Measure | None = None
        position = 0
        while position < end:
            found, after = self._phrase.look_up(position, end)
            if isinstance(found, Unsized):
                self._be_optional(found)
                position = after
            elif found is not None:
                led_by = found
                position = after
            else:
                self._take_word(position)
                position += 1
        return led_by

    def _take_word(self, position: int) -> None:
        token = self._tokens[position]
        if token.kind == "sign":
            if token.text == "~":
                self._say_once("taken as exact, though it says about")
            return
        if token.text in JUICE:
            self._is_juice = True
        if token.text in APPROXIMATE:
            self._say_once(f"taken as exact, though it says {token.text}")
        elif token.text == "optional":
            self.is_optional = True
        elif token.text in LEAST:
            self._say_once("the least amount is taken")
        elif not self._says_nothing(token.text):
            self._unread.append(token.text)

    def _say_once(self, note: str) -> None:
        if note and note not in self.notes:
            self.notes.append(note)

    def _be_optional(self, found: Unsized) -> None:
        if found.is_garnish:
            self.is_optional = True
            self._say_once("a garnish, so optional")

    def _says_nothing(self, word: str) -> bool:
        return word in SILENT | JUICE | ARTICLES | DESCRIPTIONS or self._is_ingredient(word)

    def _is_ingredient(self, word: str) -> bool:
        return any(same_thing(word, part) for part in self._ingredient)

    # The quantity ----------------------------------------------------------------------------

    def _quantity(self, start: int, led_by: Measure | None = None) -> tuple[Term, int]:
        """A number and its measure, and where the text goes on."""
        number = read_number(self._tokens, start)
        assert number is not None, "the caller has seen a number here"
        self._say_once(number.note)
        number = self._times(number)
        self._last_value = number.value
        position = number.end
        if self._phrase.text(position) == '"':
            raise MeasureRefused(f"a length is no amount. Write {EXAMPLES}.")
        if self._phrase.text(position) in {"-", "."} and self._phrase.kind(position + 1) == "word":
            position += 1
        packed = self._package(number, position)
        if packed is not None:
            return packed
        found, after = self._measure_at(position)
        if found is None and number.is_word and self._phrase.text(position) == "of":
            article = position + 1 + (self._phrase.text(position + 1) in ARTICLES)
            found, after = self._phrase.look_up(article)  # a third of an ounce
        if isinstance(found, Unsized):
            return self._sized_here(number.value, found, after)
        if found is not None:
            self._say_once(found.note)
            return Term(number.value * found.factor, found.unit), after
        return self._without_measure(number, position, led_by)

    def _times(self, number: Number) -> Number:
        if self._phrase.text(number.end) in {"x", "*"}:
            second = read_number(self._tokens, number.end + 1)
            if second is not None:
                return Number(number.value * second.value, second.end)
        return number

    def _package(self, number: Number, position: int) -> tuple[Term, int] | None:
        """`1 (12 oz) can`, `2 12 oz cans`, `1 12-oz. can`: so many of a stated size."""
        inside = position + (self._phrase.text(position) == "(")
        if self._phrase.kind(inside) != "number":
            return None
        size, after = self._quantity(inside)
        while self._phrase.text(after) in {")", ".", "-"}:
            after += 1
        container, end = self._measure_at(after)
        if not isinstance(container, Unsized) and inside == position:
            raise MeasureRefused(f"two numbers stand side by side. Write {EXAMPLES}.")
        self._say_once(f"{spell(number.value)} of {size}" if number.value != 1 else "")
        return Term(number.value * size.count, size.unit), (
            end if isinstance(container, Unsized) else after
        )

    def _measure_at(self, position: int) -> tuple[Measure | Unsized | None, int]:
        """The measure that begins here or a few words on, and where it ends."""
        for skipped in range(_LOOK_AHEAD_WORDS + 1):
            here = position + skipped
            if skipped and self._phrase.text(here) == ".":
                continue
            if self._phrase.kind(here) != "word":
                break
            found, after = self._phrase.look_up(here)
            if found is not None and (skipped == 0 or not _is_phrase(found)):
                for passed in range(position, here):
                    self._take_word(passed)
                return found, after
            if self._phrase.text(here) in PREPOSITIONS:
                break
        return None, position

    def _sized_here(self, count: Fraction, unsized: Unsized, after: int) -> tuple[Term, int]:
        """`1 can (12 oz)`, `1 bottle, 750 ml`: the size may follow; or the bar has stated it."""
        inside = after
        while self._phrase.text(inside) in _BEFORE_A_SIZE:
            inside += 1
        if self._phrase.kind(inside) == "number":
            size, end = self._quantity(inside)
            if size.unit != "piece":
                end += self._phrase.text(end) == ")"
                if unsized.name not in _CONTAINERS:  # 2 shots (90 ml): of both
                    return size, end
                self._say_once(f"{spell(count)} of {size}" if count != 1 else "")
                return Term(count * size.count, size.unit), end
        return self._by_size(count, unsized), after

    def _by_size(self, count: Fraction, unsized: Unsized) -> Term:
        size = self._sizes.get(unsized.name)
        if size is None:
            suggestion = (
                f"`{unsized.suggested_amount} {unsized.suggested_unit}`"
                if unsized.suggested_unit
                else "`45 ml`"
            )
            raise MeasureRefused(
                f"{unsized.reason}. Write an amount such as {suggestion}, or say at the upload how"
                f" much `{unsized.name}` is.",
                unsized=unsized.name,
            )
        self._say_once(f"{unsized.name}: {size.amount} {size.unit}, as this upload says")
        self._be_optional(unsized)
        return Term(count * Fraction(size.amount), size.unit)

    def _without_measure(
        self, number: Number, position: int, led_by: Measure | None
    ) -> tuple[Term, int]:
        """A number alone, or before the name of the thing: pieces, unless the thing is poured."""
        end = position
        named: list[str] = []
        ends = PREPOSITIONS | RANGES
        while self._phrase.kind(end) == "word" and self._phrase.text(end) not in ends:
            named.append(self._phrase.text(end))
            end += 1
        if not named and self._phrase.text(end) == "of":
            while self._phrase.kind(end) == "word":
                named.append(self._phrase.text(end))
                end += 1
        if self._is_juice or self._is_fruit_of_juice(named):
            return self._juice(number.value, named), end
        if led_by is not None:
            self._say_once(led_by.note)
            return Term(number.value * led_by.factor, led_by.unit), position
        unread = [word for word in named if not self._says_nothing(word)]
        if unread and not any(map(self._is_ingredient, named)):
            raise MeasureRefused(_unknown(unread))
        if self._is_poured() and not any(map(self._is_ingredient, named)):
            raise MeasureRefused(
                f"{spell(number.value)} of what is not said. Write the unit: {EXAMPLES}."
            )
        self._unread.extend(unread)
        self._has_no_unit = True
        self._say_once("no unit, so pieces are counted")
        return Term(number.value, "piece"), end

    def _is_poured(self) -> bool:
        """Whether nobody counts the ingredient: gin, but not a coffee bean."""
        named = set(self._ingredient)
        return bool(named & NOT_COUNTED) and not any(
            isinstance(MEASURES.get(word), Measure) for word in named
        )

    def _is_fruit_of_juice(self, named: list[str]) -> bool:
        return bool(JUICE & set(self._ingredient)) and _fruit(named) is not None

    def _juice(self, count: Fraction, named: list[str]) -> Term:
        """`juice of 1/2`: millilitres where the ingredient is a juice, else part of the fruit."""
        is_of_juice = any(word.endswith(("juice", "saft")) for word in self._ingredient)
        if not is_of_juice:
            self._say_once(f"the juice of {spell(count)} is taken as {spell(count)} piece")
            return Term(count, "piece")
        fruit = _fruit(named) or _fruit(self._ingredient)
        each_ml = juice_ml(fruit) if fruit else None
        if each_ml is None:
            raise MeasureRefused("how much juice one gives is not known. Write ml or oz.")
        self._say_once(f"one {fruit} gives {each_ml} ml of juice")
        return Term(count * each_ml, "ml")

    # What follows ----------------------------------------------------------------------------

    def _more(self, term: Term, position: int) -> tuple[Term, int]:
        """Sums, ranges with a unit at both ends, and the same amount said again."""
        while position < len(self._tokens):
            while self._phrase.text(position) in {")", "]", "."}:
                position += 1
            if self._phrase.text(position) == "," and self._phrase.text(position + 1) in SUMS:
                position += 1
            sign = self._phrase.text(position)
            following = position + 1
            while self._phrase.text(following) in {"(", "~", "=", "about", "ca", "."}:
                following += 1
            if following >= len(self._tokens) or not starts_number(self._tokens[following]):
                break
            if self._phrase.text(following) in ARTICLES and sign not in SUMS:
                break
            again = self._same_measure(term, following) if sign in RANGES else None
            if again is not None:
                second, position = again
                term, note = upper_end(term, second)
            elif sign in SUMS:
                second, position = self._quantity(following)
                term, note = add(term, second)
            elif sign in {"-", "to", "bis"}:
                second, position = self._quantity(following)
                term, note = upper_end(term, second)
            elif sign in SAME:
                second, position = self._quantity(following)
                term, note = agree(term, second)
            else:
                break
            self._say_once(note)
        return term, position

    def _same_measure(self, term: Term, position: int) -> tuple[Term, int] | None:
        """The other end of `1 dash or 2`: a number that ends the text."""
        number = read_number(self._tokens, position)
        if number is None or number.end < len(self._tokens) or not self._last_value:
            return None
        return Term(term.count * number.value / self._last_value, term.unit), number.end

    def _rest(self, term: Term, position: int) -> None:
        """What is left must not change the amount; what it says besides is noted."""
        while position < len(self._tokens):
            token = self._tokens[position]
            if token.kind == "number" and not self._is_of_a_name(position):
                raise MeasureRefused(f"there is more than one number. Write {EXAMPLES}.")
            found, after = self._phrase.look_up(position)
            if isinstance(found, Unsized) and (found.is_garnish or found.name in _AFTERTHOUGHTS):
                self._be_optional(found)
                position = after
                continue
            if found is not None and not self._is_ingredient(token.text):
                self._refuse_other_unit(term, found, token.text, is_last=after == len(self._tokens))
            self._take_word(position)
            position += 1

    def _refuse_other_unit(
        self, term: Term, found: Measure | Unsized, word: str, *, is_last: bool
    ) -> None:
        """A number without a unit and a unit further on, or two units, as in `1 oz` `ml`. Words in
        the middle may be part of a name that looks like a unit: 2 oz El Dorado."""
        if isinstance(found, Unsized) or UNITS[found.unit].base_unit == "mpc":
            return
        if self._has_no_unit:
            raise MeasureRefused(f"`{word}` stands apart from its number")
        if is_last and found.unit != term.unit:
            raise MeasureRefused(f"it says both {term.unit} and {word}. Write one of them.")

    def _is_of_a_name(self, position: int) -> bool:
        """Whether a number belongs to a brand: 151-proof, 12 year old, Licor 43."""
        if self._phrase.text(position) in self._ingredient:
            return True
        following = position + 1 + (self._phrase.text(position + 1) == "-")
        return self._phrase.text(following) in AFTER_A_NAME

    # No number at all ------------------------------------------------------------------------

    def _bare(self) -> Term:
        measures: list[Measure] = []
        unsized: list[Unsized] = []
        position = 0
        while position < len(self._tokens):
            found, after = self._phrase.look_up(position)
            if isinstance(found, Unsized):
                unsized.append(found)
            elif found is not None:
                measures.append(found)
            else:
                self._take_word(position)
            position = max(after, position + 1)
        if (
            len(measures) == 1
            and measures[0].stands_alone
            and all(garnish.is_garnish for garnish in unsized)
        ):
            for garnish in unsized:
                self._be_optional(garnish)
            self.notes.append("no number, so one is taken")
            self._say_once(measures[0].note)
            if self._unread:
                self.notes.append("not read: " + " ".join(self._unread))
            return Term(measures[0].factor, measures[0].unit)
        if unsized:
            return self._by_size(Fraction(1), unsized[0])
        if measures:
            raise MeasureRefused(f"how many is not said. Write {EXAMPLES}.")
        raise MeasureRefused(f"no amount is said. Write {EXAMPLES}.")


def _is_phrase(found: Measure | Unsized) -> bool:
    """Measures that are words of their own right only where they directly follow a number."""
    return isinstance(found, Unsized) and found.name in {"garnish", "taste", "some", "top", "fill"}


def _fruit(named: list[str]) -> str | None:
    for word in named:
        for stem in (word, word.removesuffix("s"), word.removesuffix("n")):
            if juice_ml(stem) is not None:
                return stem
    return None


def _unknown(unread: list[str]) -> str:
    word = " ".join(unread)[:40]
    mistyped = unread[0][:40]
    # Few candidates, as a file may hold thousands of unknown words.
    candidates = [
        spelling
        for spelling in MEASURES
        if spelling[0] == mistyped[0] and abs(len(spelling) - len(mistyped)) <= 2
    ]
    near = difflib.get_close_matches(mistyped, candidates, n=1, cutoff=0.8)
    hint = f" Did you mean `{near[0]}`?" if near and near[0] not in unread else ""
    return f"`{word}` is not a measure that is known.{hint} Write {EXAMPLES}."
