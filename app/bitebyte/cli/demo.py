"""`bitebyte demo`: three nodes and a stocked bar on this machine."""

import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from bitebyte.cli.errors import USAGE, fail
from bitebyte.demo.cluster_file import NODES_COUNT
from bitebyte.demo.errors import DemoError
from bitebyte.demo.plan import (
    ADMIN_PORT_DEFAULT,
    HTTP_PORT_DEFAULT,
    PEER_PORT_DEFAULT,
    PORT_MAX,
    DemoOptions,
    overlapping_ports,
)
from bitebyte.demo.run import run_demo
from bitebyte.demo.screen import Screen

PORT_BASE_MAX = PORT_MAX - NODES_COUNT + 1


def register(app: typer.Typer) -> None:
    """Adds the command to the program."""
    app.command("demo")(demo)


def demo(
    data: Annotated[
        Path, typer.Option(help="Folder that keeps the nodes' databases between two starts.")
    ] = Path("data/demo"),
    http_port: Annotated[
        int,
        typer.Option(
            min=1, max=PORT_BASE_MAX, help="Site and API of node-1; the others take the next two."
        ),
    ] = HTTP_PORT_DEFAULT,
    peer_port: Annotated[
        int,
        typer.Option(
            min=1,
            max=PORT_BASE_MAX,
            help="Peer link of node-1; the others take the next two.",
        ),
    ] = PEER_PORT_DEFAULT,
    admin_port: Annotated[
        int,
        typer.Option(
            min=1,
            max=PORT_BASE_MAX,
            help="Admin API of node-1; the others take the next two.",
        ),
    ] = ADMIN_PORT_DEFAULT,
    site_dir: Annotated[
        Path, typer.Option(help="The built site. Without it the nodes serve the API only.")
    ] = Path("web/dist"),
) -> None:
    """Run three nodes with a stocked demo bar on this machine.

    Everything listens on 127.0.0.1 only. The first start makes three databases and loads the
    menu; later starts find them again. A node that dies is started again after a few seconds.
    Ctrl-C stops everything.

    Exit codes: 0 stopped on request; 1 could not run, the reason is on stderr; 2 wrong options.
    """
    if overlapping_ports(http_port, peer_port, admin_port):
        fail("--http-port, --peer-port and --admin-port must lie at least 3 apart", exit_code=USAGE)
    options = DemoOptions(
        data_dir=data.resolve(),
        http_port=http_port,
        peer_port=peer_port,
        admin_port=admin_port,
        site_dir=site_dir.resolve() if (site_dir / "index.html").is_file() else None,
    )
    screen = Screen(
        sys.stdout,
        is_terminal=sys.stdout.isatty(),
        columns=lambda: shutil.get_terminal_size().columns,
    )
    try:
        run_demo(options, screen)
    except DemoError as error:
        fail(str(error))
