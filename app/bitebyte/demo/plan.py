"""What to start: addresses, folders and command lines of the demo's nodes. Pure."""

import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path

from bitebyte.demo.cluster_file import NODES_COUNT, ClusterFile
from bitebyte.demo.errors import DatabaseVanished

HOST = "127.0.0.1"
"""Nothing of the demo is reachable from another machine."""
HTTP_PORT_DEFAULT = 8080
PEER_PORT_DEFAULT = 7080
ADMIN_PORT_DEFAULT = 9080
PORT_MAX = 65_535


@dataclasses.dataclass(frozen=True, slots=True)
class DemoOptions:
    """What the person at the terminal asked for.

    Node n listens on `http_port + n - 1` for browsers, on `peer_port + n - 1` for its peers and on
    `admin_port + n - 1` for operators.
    """

    data_dir: Path
    http_port: int = HTTP_PORT_DEFAULT
    peer_port: int = PEER_PORT_DEFAULT
    admin_port: int = ADMIN_PORT_DEFAULT
    site_dir: Path | None = None
    """The built site; None: the nodes serve the API only."""


@dataclasses.dataclass(frozen=True, slots=True)
class NodePlan:
    """One node: who it is, where it listens and where it keeps its things."""

    name: str
    member_id: int
    http_port: int
    peer_port: int
    data_dir: Path
    admin_port: int = ADMIN_PORT_DEFAULT

    @property
    def url(self) -> str:
        """Where a browser finds the node."""
        return f"http://{HOST}:{self.http_port}"

    @property
    def log_path(self) -> Path:
        """Where the node's output goes."""
        return self.data_dir / "node.log"

    @property
    def database_marker_path(self) -> Path:
        """A file that PostgreSQL keeps in every data directory it has initialised."""
        return self.data_dir / "postgres" / "PG_VERSION"


def overlapping_ports(*first_ports: int) -> bool:
    """Whether two of the port ranges share a port."""
    ordered = sorted(first_ports)
    return any(after - before < NODES_COUNT for before, after in itertools.pairwise(ordered))


def plan_nodes(options: DemoOptions, cluster: ClusterFile) -> tuple[NodePlan, ...]:
    """The nodes in port order, which is the order of their names."""
    return tuple(
        NodePlan(
            name=member.name,
            member_id=member.id,
            http_port=options.http_port + offset,
            peer_port=options.peer_port + offset,
            admin_port=options.admin_port + offset,
            data_dir=options.data_dir / member.name,
        )
        for offset, member in enumerate(cluster.members)
    )


def decide_bootstrap(plan: NodePlan, cluster: ClusterFile, *, has_database: bool) -> bool:
    """Whether this start may write the cluster's first configuration into the node's database.

    Only for a node that was never seen running. Raises DatabaseVanished for one that was and
    whose database is gone: it may have voted and confirmed orders that it no longer knows of,
    and an empty one in its place could help to elect a leader that lacks them.
    """
    if plan.name not in cluster.bootstrapped:
        return True
    if has_database:
        return False
    raise DatabaseVanished(
        f"{plan.name} took part in this cluster before, but its database in "
        f"{plan.data_dir} is gone. Starting it empty could lose confirmed orders, so it is "
        f"not started. Put the folder back, or delete the whole data folder "
        f"{plan.data_dir.parent} to begin anew with an empty cluster."
    )


def node_command(
    plan: NodePlan,
    plans: Sequence[NodePlan],
    *,
    python: str,
    cluster_id: int,
    site_dir: Path | None,
    is_bootstrap: bool,
) -> tuple[str, ...]:
    """The command line of one node. It holds no secret: anyone on the machine can read it."""
    command = [
        *(python, "-m", "bitebyte", "node"),
        *("--name", plan.name),
        *("--data-dir", str(plan.data_dir)),
        *("--http-listen", f"{HOST}:{plan.http_port}"),
        *("--peer-listen", f"{HOST}:{plan.peer_port}"),
        *("--admin-listen", f"{HOST}:{plan.admin_port}"),
        *("--cluster-id", str(cluster_id)),
    ]
    for member in plans:
        command += ["--member", f"{member.name}={member.member_id}@{HOST}:{member.peer_port}"]
    if is_bootstrap:
        command.append("--bootstrap")
    if site_dir is not None:
        command += ["--site-dir", str(site_dir)]
    # The demo speaks plain HTTP on loopback, where a Secure cookie would never come back.
    command += ["--insecure-cookie", "--log-format", "console"]
    return tuple(command)


def node_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The demo's environment without BITEBYTE_*: a node also reads its options from there, and
    one meant for another node must not reach these."""
    return {name: value for name, value in environment.items() if not name.startswith("BITEBYTE_")}


def restart_delay_s(failures_in_a_row: int) -> float:
    """Seconds to wait before a node is started again: 3, 6, 12, 24, then 30.

    Long enough that a person sees the cluster serve without the node, and that a node which
    cannot start does not keep the machine busy.
    """
    assert failures_in_a_row >= 1
    return min(30.0, 3.0 * 2.0 ** min(failures_in_a_row - 1, 10))
