"""What an operator types: the commands of `bitebyte member`, run as processes of their own."""

import json
import subprocess
import sys
from typing import Any

from bitebyte_e2e.cluster import Cluster
from bitebyte_e2e.environment import child_environment
from bitebyte_e2e.node_process import NodeProcess

COMMAND_TIMEOUT_S = 90.0
"""A learner has to catch up before it votes, on a busy machine."""


class CommandFailed(AssertionError):
    """The command ended with another code than 0; the text holds what it said."""


def bitebyte(*arguments: str) -> Any:
    """Runs a command with `--json` and returns what it printed. Raises CommandFailed."""
    command = [sys.executable, "-m", "bitebyte", *arguments, "--json"]
    done = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        timeout=COMMAND_TIMEOUT_S,
        env=child_environment(),
    )
    if done.returncode != 0:
        raise CommandFailed(f"{arguments}: exit {done.returncode}\n{done.stdout}\n{done.stderr}")
    return json.loads(done.stdout)


def add_learner(cluster: Cluster, joiner: NodeProcess) -> None:
    """Makes a waiting node a copy without a vote; does not wait until it has caught up."""
    _member(cluster, "add", joiner.spec.admin_url, "--learner", "--no-wait")


def member(cluster: Cluster, name: str) -> Any:
    """What the cluster knows of that member."""
    answer = _member(cluster, "list")
    return next(member for member in answer["members"] if member["name"] == name)


def _member(cluster: Cluster, *arguments: str) -> Any:
    admins = [part for url in cluster.admin_urls.values() for part in ("--admin", url)]
    return bitebyte("member", *arguments, *admins)


def add(cluster: Cluster, joiner: NodeProcess) -> None:
    """Makes a waiting node a member, and waits until it votes."""
    _member(cluster, "add", joiner.spec.admin_url)
    cluster.admit(joiner)


def remove(cluster: Cluster, name: str) -> None:
    """Takes a member out of the configuration, then stops its process."""
    _member(cluster, "remove", name)
    cluster.dismiss(name)


def replace(cluster: Cluster, name: str, joiner: NodeProcess) -> None:
    """Puts a waiting node in a dead member's place, in one change; waits until it votes."""
    cluster.dismiss(name)
    _member(cluster, "replace", name, joiner.spec.admin_url)
    cluster.admit(joiner)


def transfer(cluster: Cluster, name: str) -> None:
    """Hands leadership over to that member."""
    _member(cluster, "transfer", name)


def voters(cluster: Cluster) -> set[str]:
    """The names of those who vote."""
    answer = _member(cluster, "list")
    return {member["name"] for member in answer["members"] if member["state"] == "voter"}


def verify(cluster: Cluster) -> Any:
    """Whether all members' databases hold the same; the answer of `bitebyte verify`."""
    admins = [part for url in cluster.admin_urls.values() for part in ("--admin", url)]
    return bitebyte("verify", *admins)
