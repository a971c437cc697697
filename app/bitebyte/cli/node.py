"""`bitebyte node`: runs one member until it is told to stop."""

from pathlib import Path
from typing import Annotated

import typer

from bitebyte.config import ConfigProblems, load_node_config

EXIT_BAD_CONFIG = 2

AdminListen = Annotated[
    str | None,
    typer.Option(help="Admin API for operators, such as 127.0.0.1:9080.  [default: none]"),
]
AdminCaFile = Annotated[
    Path | None, typer.Option(help="CA whose certificates may use the admin API (mTLS).")
]
AdminCertificateFile = Annotated[
    Path | None, typer.Option(help="Certificate of the admin API, with its host in the SAN.")
]
AdminKeyFile = Annotated[Path | None, typer.Option(help="That certificate's key.")]

PeerCaFile = Annotated[Path | None, typer.Option(help="CA of the peers (mTLS).")]
PeerCertificateFile = Annotated[
    Path | None, typer.Option(help="This member's certificate, with its name as DNS SAN.")
]
PeerKeyFile = Annotated[Path | None, typer.Option(help="The certificate's key.")]
SiteDir = Annotated[Path | None, typer.Option(help="The built site (web/dist).")]
LogFormat = Annotated[str | None, typer.Option(help="console or json.  [default: json]")]


def register(app: typer.Typer) -> None:
    """Adds the command to the program."""

    @app.command()
    def node(
        *,
        name: Annotated[
            str | None, typer.Option(help="This member's name, such as node-1.")
        ] = None,
        cluster_id: Annotated[
            int | None, typer.Option(help="Number that says which cluster this is.")
        ] = None,
        member: Annotated[
            list[str] | None,
            typer.Option(help="A member as name=id@host:port; once for each, this one too."),
        ] = None,
        bootstrap: Annotated[
            bool | None,
            typer.Option(
                "--bootstrap",
                help="Create a new cluster in an empty database. Once, never to repair.",
            ),
        ] = None,
        join: Annotated[
            bool | None,
            typer.Option("--join", help="Enter a cluster with an empty database, under a new id."),
        ] = None,
        data_dir: Annotated[
            Path | None, typer.Option(help="Folder of the embedded PostgreSQL.")
        ] = None,
        database_dsn_file: Annotated[
            Path | None, typer.Option(help="Instead: a file with the DSN of this node's database.")
        ] = None,
        http_listen: Annotated[
            str | None, typer.Option(help="Site and API.  [default: 127.0.0.1:8080]")
        ] = None,
        peer_listen: Annotated[
            str | None, typer.Option(help="Other members.  [default: 127.0.0.1:7080]")
        ] = None,
        peer_advertise: Annotated[
            str | None, typer.Option(help="Where other members reach it, if not at peer-listen.")
        ] = None,
        peer_ca_file: PeerCaFile = None,
        peer_certificate_file: PeerCertificateFile = None,
        peer_key_file: PeerKeyFile = None,
        admin_listen: AdminListen = None,
        admin_ca_file: AdminCaFile = None,
        admin_certificate_file: AdminCertificateFile = None,
        admin_key_file: AdminKeyFile = None,
        log_entries_kept: Annotated[
            int | None, typer.Option(help="Log entries kept for lagging members.  [default: 10000]")
        ] = None,
        site_dir: SiteDir = None,
        insecure_cookie: Annotated[
            bool | None,
            typer.Option("--insecure-cookie", help="Cookies for plain HTTP on one machine."),
        ] = None,
        log_format: LogFormat = None,
    ) -> None:
        """Run one member of a cluster.

        Each option can also be given in the environment: --http-listen is BITEBYTE_HTTP_LISTEN.

        Exit codes: 0 stopped as told, 2 bad configuration, 3 the database refuses or belongs to
        somebody else, 4 the member failed while running (restart it).
        """
        options: dict[str, object] = {
            "name": name,
            "cluster_id": cluster_id,
            "member": member or None,
            "bootstrap": bootstrap,
            "join": join,
            "data_dir": data_dir,
            "database_dsn_file": database_dsn_file,
            "http_listen": http_listen,
            "peer_listen": peer_listen,
            "peer_advertise": peer_advertise,
            "log_entries_kept": log_entries_kept,
            "peer_ca_file": peer_ca_file,
            "peer_certificate_file": peer_certificate_file,
            "peer_key_file": peer_key_file,
            "admin_listen": admin_listen,
            "admin_ca_file": admin_ca_file,
            "admin_certificate_file": admin_certificate_file,
            "admin_key_file": admin_key_file,
            "site_dir": site_dir,
            "insecure_cookie": insecure_cookie,
            "log_format": log_format,
        }
        try:
            config = load_node_config(**options)
        except ConfigProblems as problems:
            typer.echo(f"bitebyte node: the configuration cannot be used:\n{problems}", err=True)
            raise typer.Exit(EXIT_BAD_CONFIG) from None
        # The whole server hangs on this import; other commands must not wait seconds for it.
        from bitebyte.main import run

        raise typer.Exit(run(config))
