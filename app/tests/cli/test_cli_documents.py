"""What the documents tell a newcomer to do exists."""

import re
from pathlib import Path

import pytest
import typer

from bitebyte.cli import app
from bitebyte.demo.bar_loader import GUEST, MERCHANT
from bitebyte.demo.plan import HTTP_PORT_DEFAULT

ROOT = Path(__file__).parents[3]
DOCUMENTS = sorted(
    [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        ROOT / "CHANGELOG.md",
        *ROOT.glob("docs/**/*.md"),
    ]
)
DECISIONS = sorted(ROOT.glob("docs/decisions/[0-9]*.md"))
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.fixture(params=DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def document(request: pytest.FixtureRequest) -> Path:
    path = request.param
    assert isinstance(path, Path)
    return path


def test_make_targets_that_a_document_names_exist(document: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z][a-z0-9-]*):", makefile, re.MULTILINE))
    named = set(
        re.findall(r"(?:^|`)make ([a-z][a-z0-9-]*)", document.read_text("utf-8"), re.MULTILINE)
    )
    assert named <= targets


def test_commands_that_a_document_names_exist(document: Path) -> None:
    commands = set(typer.main.get_command(app).commands)  # pyright: ignore
    named = set(re.findall(r"\bbitebyte ([a-z]+)[`\s]", document.read_text("utf-8")))
    assert named <= commands


def test_links_between_documents_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text("utf-8")):
        assert (document.parent / target).exists(), target


def test_the_readme_is_short_and_has_the_demos_addresses_and_sign_ins() -> None:
    assert len(README.splitlines()) <= 200
    for account in (GUEST, MERCHANT):
        assert re.search(rf"{re.escape(account.email)}\s+{re.escape(account.password)}\n", README)
    for number in range(3):
        assert f"http://127.0.0.1:{HTTP_PORT_DEFAULT + number}" in README


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_says_why_what_follows_and_what_was_turned_down(decision: Path) -> None:
    text = decision.read_text(encoding="utf-8")
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert headings == ["Context", "Decision", "Consequences", "Alternatives"]
    assert text.startswith(f"# {decision.name[:4]} ")
    assert len(text.splitlines()) <= 60
    index = (decision.parent / "README.md").read_text(encoding="utf-8")
    assert f"({decision.name})" in index


def test_decisions_are_numbered_without_gaps() -> None:
    assert [int(path.name[:4]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))


def test_files_that_a_document_names_exist(document: Path) -> None:
    named = re.findall(
        r"`([\w./-]+/[\w./-]*\.(?:py|md|sql|lock|json))`", document.read_text("utf-8")
    )
    for name in named:
        assert (ROOT / name).exists() or (ROOT / "app/bitebyte" / name).exists(), name
