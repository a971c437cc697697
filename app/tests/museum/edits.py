"""How a bug is planted: a few characters in the source of one function are replaced.

So a mutant reads like the diff that would have caused it, and one that no longer fits the product
says so. The function object stays the same and gets other code, so that whoever has imported it
runs the mutant too.
"""

import contextlib
import inspect
import textwrap
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from types import CodeType, FunctionType
from typing import Any, NamedTuple

from bitebyte.simulation.museum import Mutant


class Edit(NamedTuple):
    """In the source of `function`, `old` (which occurs exactly once) becomes `new`."""

    function: Callable[..., Any] | property
    old: str
    new: str

    @property
    def target(self) -> FunctionType:
        """What a decorator or a property has wrapped."""
        outer = self.function.fget if isinstance(self.function, property) else self.function
        assert outer is not None
        function = inspect.unwrap(outer)
        assert isinstance(function, FunctionType)
        return function


def planted(*edits: Edit) -> Callable[[], AbstractContextManager[None]]:
    """A patch that makes all edits, and takes them back."""

    @contextlib.contextmanager
    def patch() -> Iterator[None]:
        saved: list[tuple[FunctionType, CodeType]] = []
        try:
            saved += [(edit.target, edit.target.__code__) for edit in edits]
            for function, code in mutated_code(edits).items():
                function.__code__ = code
            yield
        finally:
            for function, code in saved:
                function.__code__ = code

    return patch


def mutated_code(edits: tuple[Edit, ...]) -> dict[FunctionType, CodeType]:
    """The code of each edited function. AssertionError if an edit does not fit its source."""
    sources: dict[FunctionType, str] = {}
    for edit in edits:
        function = edit.target
        source = sources.get(function) or textwrap.dedent(inspect.getsource(function))
        count = source.count(edit.old)
        assert count == 1, f"{edit.old!r} occurs {count} times in {function.__qualname__}"
        sources[function] = source.replace(edit.old, edit.new)
    return {function: _compiled(function, source) for function, source in sources.items()}


def _compiled(function: FunctionType, source: str) -> CodeType:
    # A decorator has done its work already; only the function beneath it is replaced.
    lines = source.splitlines()
    while lines[0].startswith("@"):
        lines.pop(0)
    namespace = dict(function.__globals__)
    exec(compile("\n".join(lines), f"<mutant of {function.__qualname__}>", "exec"), namespace)
    code = namespace[function.__name__].__code__
    assert code.co_freevars == function.__code__.co_freevars, "a mutant may not need a closure"
    return code


def mutant(name: str, source: str, *edits: Edit, **more: Any) -> Mutant:
    """A mutant made of edits."""
    return Mutant(name=name, source=source, patch=planted(*edits), **more)
