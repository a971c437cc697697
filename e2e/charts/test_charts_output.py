"""The charts' whole output at their defaults, to be read in a review, and what a user is told."""

import os
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from bitebyte_e2e.charts.helm import CHARTS, Helm

GOLDEN = Path(__file__).parent / "golden"
RELEASES = {"bitebyte-operator": "bitebyte-operator", "bitebyte": "night-owl"}
FILES = {"crds": {"create": False}, "admissionPolicy": {"create": False}}
"""The definition and the policy are files of the chart, word for word; no second copy of them."""

Json = dict[str, Any]


def values_of(chart: str) -> Json:
    return FILES if chart == "bitebyte-operator" else {}


def is_as_kept(name: str, text: str) -> bool:
    """Compares with the kept output. `BITEBYTE_GOLDEN=write` keeps what there is now."""
    path = GOLDEN / name
    if os.environ.get("BITEBYTE_GOLDEN") == "write":
        path.write_text(text)
    return path.read_text() == text


@pytest.mark.parametrize("chart", RELEASES)
def test_the_default_output_is_as_kept(helm: Helm, chart: str) -> None:
    text = helm.text(chart, values_of(chart), release=RELEASES[chart])
    # Empty lines differ between Helm 3 and 4.
    text = "".join(f"{line}\n" for line in text.splitlines() if line)
    assert is_as_kept(f"{chart}.yaml", text), text


@pytest.mark.parametrize("chart", RELEASES)
def test_the_default_notes_are_as_kept(helm4: Helm, chart: str) -> None:
    text = helm4.notes(chart, values_of(chart), release=RELEASES[chart])
    assert is_as_kept(f"{chart}-notes.txt", text), text


@pytest.mark.parametrize("chart", RELEASES)
def test_rendering_twice_gives_the_same_text(helm: Helm, chart: str) -> None:
    """Else every `helm upgrade` would restart pods for nothing."""
    values = {"podLabels": {f"label-{i}": "x" for i in range(9)}} if "operator" in chart else {}
    first = helm.text(chart, values, release=RELEASES[chart])
    assert all(helm.text(chart, values, release=RELEASES[chart]) == first for _ in range(3))


def test_notes_follow_the_values(helm4: Helm) -> None:
    reached = helm4.notes("bitebyte", {"ingress": {"host": "bar.example.com"}})
    assert "http://bar.example.com" in reached
    assert "ingress.tlsSecretName" in reached
    secured = {"ingress": {"host": "bar.example.com", "tlsSecretName": "tls"}}
    assert "https://bar.example.com" in helm4.notes("bitebyte", secured)
    assert "port-forward" not in reached
    assert "port-forward pod/night-owl-0" in helm4.notes("bitebyte")
    assert "kubectl --namespace bar scale" in helm4.notes("bitebyte", {"replicas": None})
    assert "One member" in helm4.notes("bitebyte", {"replicas": 1})
    assert "deletes every order" in helm4.notes("bitebyte", {"deletionPolicy": "Delete"})
    assert "paused is true" in helm4.notes("bitebyte", {"paused": True})


def test_notes_of_the_operator_say_whom_it_serves(helm4: Helm) -> None:
    def notes(values: Json) -> str:
        return helm4.notes("bitebyte-operator", FILES | values, release="bitebyte-operator")

    assert "serves the BarClusters of bar." in notes({})
    assert "serves the BarClusters of east, west." in notes({"watchNamespaces": ["west", "east"]})
    assert "of every namespace" in notes({"clusterWide": True})
    assert "get lease bitebyte-operator" in notes({})
    assert "Lease" not in notes({"replicas": 1})
    assert "crds.create is false" in notes({})


@pytest.mark.parametrize("chart", RELEASES)
def test_commands_in_the_notes_name_what_is_rendered(helm4: Helm, chart: str) -> None:
    notes = helm4.notes(chart, values_of(chart), release=RELEASES[chart])
    commands = re.findall(r"^  ((?:kubectl|helm) .*)$", notes, re.MULTILINE)
    assert len(commands) >= 3
    for command in commands:
        words = shlex.split(command)
        for word in words:
            if word.startswith("charts/"):
                assert (CHARTS.parent / word / "Chart.yaml").exists(), command
        assert "bar" in words or words[1] in {"explain", "get"}, command
