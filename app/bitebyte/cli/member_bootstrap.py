"""`bitebyte member bootstrap`: a node that waits to be added begins a cluster instead."""

from typing import Annotated

import msgspec
import typer

from bitebyte.cli.admin_client import AdminCa, AdminCert, AdminKey, AsJson, check_url, open_client
from bitebyte.cli.member import CHANGE_TIMEOUT_S, member
from bitebyte.cli.outcome import tell_json, telling_outcome


class Waiting(msgspec.Struct, frozen=True):
    """What the node says of itself."""

    cluster_id: str
    id: str
    name: str


def register(app: typer.Typer) -> None:
    """Adds the command to those of `bitebyte member`, which are added to the program elsewhere."""
    del app
    member.command("bootstrap")(bootstrap)


def bootstrap(
    node: Annotated[
        str,
        typer.Argument(metavar="URL", help="Admin address of the node that shall begin a cluster."),
    ],
    as_json: AsJson = False,
    timeout_s: Annotated[
        float, typer.Option("--timeout", min=1.0, max=600.0, help="Seconds to keep trying.")
    ] = CHANGE_TIMEOUT_S,
    ca: AdminCa = None,
    cert: AdminCert = None,
    key: AdminKey = None,
) -> None:
    """Begin a cluster with a node that was started with `--join` and an empty database.

    It becomes the only voter, in the same process; others are added to it with `member add`. Once
    in the life of a cluster, and never to repair one: a node that belongs to a cluster refuses.

    Exit codes: 0 done, also if it was already; 1 refused, and nothing was changed; 2 wrong options;
    3 not known: the same command again tells, and is safe.
    """
    check_url(node, "URL")
    client = open_client([node], ca, cert, key, timeout_s=timeout_s)
    with telling_outcome(as_json=as_json) as say:
        said = msgspec.convert(client.ask_node(node, "/admin/v1/identity").body, type=Waiting)
        order = {"cluster_id": said.cluster_id, "member_id": said.id}
        body = client.request("POST", "/admin/v1/bootstrap", order).body
        say(f"{said.name} ({said.id}) is the only voter of cluster {said.cluster_id}")
        if as_json:
            tell_json(body)
