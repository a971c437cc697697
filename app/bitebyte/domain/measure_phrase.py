"""The tokens of a measure with what the table knows at each place of them."""

from bitebyte.domain.measure_numbers import ARTICLES, starts_number
from bitebyte.domain.measure_table import MEASURES, WORDS_MAX, Measure, Unsized
from bitebyte.domain.measure_text import Token


class Phrase:
    """Read-only; places beyond the end are empty, so that the grammar may look ahead."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens

    def text(self, position: int) -> str:
        """The token there; empty beyond the end."""
        return self.tokens[position].text if position < len(self.tokens) else ""

    def kind(self, position: int) -> str:
        """Of the token there; empty beyond the end."""
        return self.tokens[position].kind if position < len(self.tokens) else ""

    def first_number(self) -> int | None:
        """Where the first number begins: digits or a word; an article only if nothing else does."""
        positions = range(len(self.tokens))
        for position in positions:
            if starts_number(self.tokens[position]) and not self._is_article(position):
                return position
        for position in positions:
            if self._is_article(position) and position + 1 < len(self.tokens):
                found, end = self.look_up(position)
                if found is None or end == position + 1:
                    return position
        return None

    def _is_article(self, position: int) -> bool:
        return self.tokens[position].text in ARTICLES and self.tokens[position].text != "one"

    def look_up(self, start: int, end: int | None = None) -> tuple[Measure | Unsized | None, int]:
        """The longest spelling of a measure that begins exactly here."""
        spelled: list[str] = []
        found: tuple[Measure | Unsized | None, int] = (None, start)
        position = start
        limit = len(self.tokens) if end is None else end
        while position < limit and len(spelled) < WORDS_MAX:
            token = self.tokens[position]
            position += 1
            if token.kind == "sign" and token.text in ".-" and spelled:
                continue
            if token.kind != "word":
                break
            spelled.append(token.text)
            measure = MEASURES.get(" ".join(spelled))
            if measure is not None:
                found = (measure, position)
        return found
