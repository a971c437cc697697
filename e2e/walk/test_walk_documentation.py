"""Whoever types what `docs/kubernetes.md` and the README say, from top to bottom, gets what they
promise. The README is walked second, with Helm 3, on what the page has left behind."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from bitebyte_e2e.waiting import wait_until
from bitebyte_e2e.walkthrough import REPOSITORY, Command, commands, run_command
from bitebyte_k8s.steps import say, step

PAGE = REPOSITORY / "docs" / "kubernetes.md"
README = REPOSITORY / "README.md"
HOST = "bar.example.com"
WALK_TIMEOUT_S = 1800

EXPECTED = {
    "get barcluster night-owl": ["AllReady", "night-owl-"],
    "describe barcluster": ["Initialized", "ClusterFormed", "Events:"],
    "get bitebyte": ["night-owl"],
    "explain barcluster.spec": ["replicas", "DESCRIPTION"],
    "get persistentvolumeclaims": ["data-night-owl-0", "data-night-owl-2"],
    "rollout status": ["successfully rolled out"],
}
"""What a command whose output is meant to be read must show, by a part of its text."""


def walk(section_commands: list[Command], environment: dict[str, str], address: str) -> None:
    for command in section_commands:
        with step(f"{command.section}: {command.text}"):
            shown = run_command(command, environment=environment)
        for part, words in EXPECTED.items():
            if part in command.text:
                missing = [word for word in words if word not in shown]
                assert not missing, f"{command.text} shows no {missing}:\n{shown}"
        if "--for=condition=Ready" in command.text:
            wait_until(lambda: answers(address), what=f"{HOST} answers", timeout_s=60)
            say(f"http://{HOST} shows the site")


def answers(address: str) -> bool:
    """The site and its API, through the ingress, as a browser asks for them."""
    try:
        site = httpx.get(f"http://{address}/", headers={"Host": HOST}, timeout=10)
        api = httpx.get(f"http://{address}/api/v1/cluster", headers={"Host": HOST}, timeout=10)
    except httpx.HTTPError:
        return False
    return site.status_code == 200 and "<html" in site.text and api.status_code == 200


def kubernetes_section(page: Path) -> list[Command]:
    found = [command for command in commands(page) if command.section == "On Kubernetes"]
    assert len(found) == 3
    return found


@pytest.mark.timeout(WALK_TIMEOUT_S)
def test_the_page_works_from_top_to_bottom(fresh_cluster: Any, ingress_address: str) -> None:
    walk(commands(PAGE), fresh_cluster.environment("4"), ingress_address)


@pytest.mark.timeout(WALK_TIMEOUT_S)
def test_three_commands_of_the_readme_open_a_bar(fresh_cluster: Any, ingress_address: str) -> None:
    walk(kubernetes_section(README), fresh_cluster.environment("3"), ingress_address)
