"""The terminal: messages that stay, and below them status lines that are kept up to date."""

from collections.abc import Callable, Sequence
from typing import TextIO

from bitebyte.demo.wording import StatusLine

ERASE_LINE = "\x1b[2K"
UP = "\x1b[{}F"


class Screen:
    """Writes to a terminal or to anything else.

    On a terminal the status lines are redrawn in place. Elsewhere a status line is printed
    only when its gist changes, so that a log stays readable.
    """

    def __init__(self, out: TextIO, *, is_terminal: bool, columns: Callable[[], int]) -> None:
        self._out = out
        self._is_terminal = is_terminal
        self._columns = columns
        self._shown: tuple[StatusLine, ...] = ()

    def say(self, text: str) -> None:
        """Prints text that stays, above the status lines."""
        self._erase_status()
        self._out.write(text + "\n")
        self._draw_status()
        self._out.flush()

    def show(self, lines: Sequence[StatusLine]) -> None:
        """Replaces the status lines: as many as before, in the same order."""
        if self._is_terminal:
            self._erase_status()
            self._shown = tuple(lines)
            self._draw_status()
        else:
            known = {line.gist for line in self._shown}
            for line in lines:
                if line.gist not in known:
                    self._out.write(line.text + "\n")
            self._shown = tuple(lines)
        self._out.flush()

    def _erase_status(self) -> None:
        if self._is_terminal and self._shown:
            self._out.write(UP.format(len(self._shown)))
            self._out.write(f"{ERASE_LINE}\n" * len(self._shown))
            self._out.write(UP.format(len(self._shown)))

    def _draw_status(self) -> None:
        if self._is_terminal:
            # A line that wrapped would take two rows, and the next redraw would miss one.
            width = max(20, self._columns() - 1)
            self._out.writelines(f"{line.text[:width]}\n" for line in self._shown)
