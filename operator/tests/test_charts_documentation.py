"""`docs/kubernetes.md` says what the code does: every reason of a condition, and every command."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bitebyte_e2e.walkthrough import blocks, commands
from bitebyte_operator.decide.conditions import REASON_OF_OPERATION
from bitebyte_operator.model.status import CONDITION_TYPES

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "kubernetes.md"
DECIDE = ROOT / "operator" / "bitebyte_operator" / "decide"

READ_ONLY = {"kubectl --namespace bar port-forward pod/night-owl-0 8080:8080"}
"""Commands in blocks that are not run: this one ends only when it is interrupted."""


def reasons_in_the_code() -> set[str]:
    """Of conditions: `Finding(status, reason, ..)`, and `reason=` of whatever becomes one."""
    found = set(REASON_OF_OPERATION.values())
    for path in DECIDE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                found.update(reasons_of(node))
    return found


def reasons_of(call: ast.Call) -> Iterator[str]:
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    if name == "Finding":
        yield from literals(call.args[1])
    for keyword in call.keywords:
        if keyword.arg == "reason" and name in {"Degradation", "Refusal"}:
            yield from literals(keyword.value)


def literals(value: ast.expr) -> Iterator[str]:
    """A reason that is computed is made of literals that are found where they stand."""
    for node in ast.walk(value):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def rows_of_the_page() -> list[tuple[str, set[str], str]]:
    """Condition, reasons and the rest of each row of the table of conditions."""
    _, _, section = PAGE.read_text().partition("## What it says of itself")
    table = section.partition("\n## ")[0]
    rows: list[tuple[str, set[str], str]] = []
    condition = ""
    for line in table.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and "`" in cells[1]:
            condition = cells[0].strip("`") or condition
            rows.append((condition, set(re.findall(r"`(\w+)`", cells[1])), cells[2]))
    return rows


def test_the_page_has_every_reason_that_a_condition_can_have_and_no_other() -> None:
    written = {reason for _, reasons, _ in rows_of_the_page() for reason in reasons}
    assert written == reasons_in_the_code()


def test_the_page_has_every_condition() -> None:
    assert {condition for condition, _, _ in rows_of_the_page()} == {*CONDITION_TYPES, "all"}


def test_every_row_says_what_it_means() -> None:
    assert all(meaning for _, _, meaning in rows_of_the_page())


def test_every_command_is_in_a_block_that_is_run() -> None:
    """`e2e` runs them from top to bottom on a cluster."""
    assert {block.language for block in blocks(PAGE)} <= {"sh", "text", ""}
    shown = {
        line
        for block in blocks(PAGE)
        if block.language != "sh"
        for _, line in block.lines
        if line.startswith(("kubectl ", "helm ", "make "))
    }
    assert shown == READ_ONLY
    assert len(commands(PAGE)) > 20


@pytest.mark.parametrize("page", [PAGE, ROOT / "README.md"], ids=lambda page: page.name)
def test_what_commands_name_is_there(page: Path) -> None:
    for command in commands(page):
        for word in command.words:
            if word.startswith("charts/"):
                assert (ROOT / word / "Chart.yaml").exists(), command


@pytest.mark.parametrize(
    "page",
    [PAGE, *sorted((ROOT / "charts").glob("*/README.md"))],
    ids=lambda page: page.relative_to(ROOT).as_posix(),
)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), target
