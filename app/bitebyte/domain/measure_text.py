"""The text of a measure as people write it, in one spelling and cut into tokens.

Recipes say the same in many characters: `1½`, `1 1/2`, `1 1⁄2`; `2–3`, `2-3`; `2×25`, `2 x 25`.
After folding there is one form of each, so that the grammar knows only that.
"""

import re
import unicodedata
from typing import Final

import msgspec

from bitebyte.domain.names import fold

LENGTH_MAX: Final = 200
"""Characters of one measure. The longest in real collections are sentences of about eighty."""

_DASHES: Final = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe63"), "-")
_SIGNS: Final = {
    ord("\u2044"): "/",
    ord("\u2215"): "/",
    ord("\u00d7"): " x ",
    ord("\u2019"): "'",
    ord("\u2248"): "~",
}
_PLURAL_IN_BRACKETS: Final = re.compile(r"(?<=[^\W\d_])\((s|es|n|en)\)")
_TOKEN: Final = re.compile(
    r"(?P<number>[0-9]+(?:[.,][0-9]+)*|(?<![0-9])[.,][0-9]+)"
    r"|(?P<word>[^\W\d_]+(?:'[^\W\d_]+)*)"
    r"|(?P<sign>\S)"
)
_SPOON_LETTER: Final = re.compile(r"(?<=[0-9\s])[Tt](?=\.?(?:\s|$))")
"""A lone `T` is a tablespoon and a lone `t` a teaspoon: the one thing that case decides."""


class Token(msgspec.Struct, frozen=True, gc=False):
    """A number, a word in lower case, or a sign."""

    kind: str
    """`number`, `word` or `sign`."""
    text: str


def tokenize(text: str) -> list[Token]:
    """The tokens of a measure. Total: every character that is no space ends up in one."""
    spelled = _SPOON_LETTER.sub(lambda match: "tbsp" if match[0] == "T" else "tsp", f" {text}")
    spelled = "".join(map(_expand, spelled)).translate(_DASHES).translate(_SIGNS)
    spelled = _PLURAL_IN_BRACKETS.sub(r"\1", fold(unicodedata.normalize("NFKC", spelled)))
    return [
        Token(str(match.lastgroup), match[0].replace("'", "") if match["word"] else match[0])
        for match in _TOKEN.finditer(spelled)
    ]


def _expand(character: str) -> str:
    """`½` as ` 1/2 `: with a space before it, as it may follow a whole number."""
    if character.isascii() or not unicodedata.decomposition(character).startswith("<fraction>"):
        return character
    parts = unicodedata.normalize("NFKC", character).replace("\u2044", "/")
    return f" {parts}" if parts.endswith("/") else f" {parts} "


def words(text: str) -> frozenset[str]:
    """The words of a list that is written with spaces, for tables."""
    return frozenset(text.split())


def same_thing(left: str, right: str) -> bool:
    """Whether two words are the same up to the plural: lime and limes, cherry and cherries."""
    return bool(_stems(left) & _stems(right))


def _stems(word: str) -> set[str]:
    stems = {word}
    for ending, stem in (("ies", "y"), ("ves", "f"), ("es", ""), ("s", ""), ("n", ""), ("en", "")):
        if word.endswith(ending) and len(word) > len(ending) + 2:
            stems.add(word.removesuffix(ending) + stem)
    return stems
