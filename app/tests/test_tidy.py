"""The style rules that a linter does not know, as a test over every file of the repository."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

FUNCTION_LINES_MAX = 70
"""One screen. A docstring does not count: it is read, not executed."""

FILE_LINES_MAX = 500

BANNED_MODULE_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "base"}

MARKERS = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")


def tracked(*suffixes: str) -> Iterator[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for line in listed.splitlines():
        path = ROOT / line
        if path.suffix in suffixes and path.is_file() and ".gen." not in path.name:
            yield path


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def code_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    assert function.end_lineno is not None
    lines = function.end_lineno - function.lineno + 1
    if ast.get_docstring(function) is not None:
        docstring = function.body[0]
        assert docstring.end_lineno is not None
        lines -= docstring.end_lineno - docstring.lineno + 1
    nested = [f for child in function.body for f in functions(child)]
    # A function that only wraps another one is judged by the inner one.
    return lines - sum(code_lines(f) for f in nested if f in function.body)


def test_functions_fit_on_a_screen() -> None:
    too_long: list[str] = []
    for path in tracked(".py"):
        for function in functions(ast.parse(path.read_text())):
            key = f"{name_of(path)}:{function.name}"
            if (lines := code_lines(function)) > FUNCTION_LINES_MAX:
                too_long.append(f"{key} has {lines} lines, at most {FUNCTION_LINES_MAX}")
    assert not too_long, "\n".join(too_long)


def test_files_hold_one_idea() -> None:
    too_long = [
        f"{name_of(path)} has {lines} lines, at most {FILE_LINES_MAX}"
        for path in tracked(".py", ".ts", ".tsx")
        if (lines := len(path.read_text().splitlines())) > FILE_LINES_MAX
    ]
    assert not too_long, "\n".join(too_long)


def test_no_module_is_a_drawer_for_everything() -> None:
    drawers = [name_of(path) for path in tracked(".py", ".ts") if path.stem in BANNED_MODULE_NAMES]
    assert not drawers


def test_containers_are_not_packages() -> None:
    """A package named `operator` would hide the standard library's."""
    packages = [f for f in ("app", "operator", "e2e") if (ROOT / f / "__init__.py").exists()]
    assert not packages


def test_test_files_have_names_of_their_own() -> None:
    """pytest imports test files by base name."""
    seen: dict[str, Path] = {}
    twice: list[str] = []
    for path in tracked(".py"):
        if "tests" in path.parts and path.name != "conftest.py":
            if path.name in seen:
                twice.append(f"{name_of(path)} and {name_of(seen[path.name])}")
            seen[path.name] = path
    assert not twice


def test_nothing_is_left_for_later_in_a_comment() -> None:
    marked = [
        f"{name_of(path)}:{number}"
        for path in tracked(".py", ".ts", ".tsx", ".sql", ".css")
        if path != Path(__file__).resolve()
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if MARKERS.search(line)
    ]
    assert not marked


def test_no_blanket_except_without_a_reason() -> None:
    """Only an outermost loop may catch everything, and says why beside it."""
    bare: list[str] = []
    for path in tracked(".py"):
        lines = path.read_text().splitlines()
        for node in ast.walk(ast.parse("\n".join(lines))):
            if not isinstance(node, ast.ExceptHandler):
                continue
            caught = node.type.id if isinstance(node.type, ast.Name) else None
            is_blanket = node.type is None or caught in {"Exception", "BaseException"}
            reraises = any(isinstance(child, ast.Raise) for child in ast.walk(node))
            if is_blanket and not reraises and "BLE001  " not in lines[node.lineno - 1]:
                bare.append(f"{name_of(path)}:{node.lineno}")
    assert not bare


def test_the_project_names_no_machine_and_no_registry() -> None:
    """A clone stands alone, whichever mirror its packages come from."""
    pattern = re.compile(r"(?:^|[\s\"'(=])/(?:home|work|root)/\w|pythonhosted|registry\.npmjs")
    named = [
        f"{name_of(path)}:{number}"
        for path in tracked(".py", ".toml", ".json", ".md", ".ts", ".tsx", ".lock", ".sql", "")
        if path != Path(__file__).resolve()
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if pattern.search(line)
    ]
    assert not named
