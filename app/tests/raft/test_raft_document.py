"""docs/raft.md names code; what it names exists."""

import importlib
import re
from pathlib import Path

import pytest

DOCUMENT = Path(__file__).parents[3] / "docs" / "raft.md"
CLASSES = {
    "Core": "core",
    "RawNode": "rawnode",
    "RaftLog": "log",
    "Quorum": "quorum",
    "ReadRounds": "read_index",
}


def named() -> list[str]:
    table = DOCUMENT.read_text("utf-8").split("## Where each rule lives")[1].split("\n## ")[0]
    return sorted(set(re.findall(r"`([A-Za-z_]+\.[A-Za-z_]+)`", table)))


@pytest.mark.parametrize("name", named())
def test_the_code_that_a_rule_is_said_to_live_in_exists(name: str) -> None:
    owner, member = name.split(".")
    module = importlib.import_module(f"bitebyte.raft.{CLASSES.get(owner, owner)}")
    place = getattr(module, owner) if owner in CLASSES else module
    assert hasattr(place, member), name


def test_the_table_names_code_at_all() -> None:
    assert len(named()) > 25
