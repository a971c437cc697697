"""`bitebyte node`: runs one member until it is told to stop."""

from pathlib import Path
from typing import Annotated

import typer

from bitebyte.config import ConfigProblems, load_node_config

EXIT_BAD_CONFIG = 2

Name = Annotated[str | None, typer.Option(help="This member's name, such as node-1.")]
ClusterId = Annotated[int | None, typer.Option(help="Number that says which cluster this is.")]
Members = Annotated[
    list[str] | None,
    typer.Option(help="A member as name=id@host:port; once for each, this one too."),
]
Bootstrap = Annotated[
    bool | None,
    typer.Option(
        "--bootstrap", help="Create a new cluster in an empty database. Once, never to repair."
    ),
]
Join = Annotated[
    bool | None,
    typer.Option("--join", help="Enter a cluster with an empty database, under a new id."),
]
DataDir = Annotated[Path | None, typer.Option(help="Folder of the embedded PostgreSQL.")]
DatabaseDsnFile = Annotated[
    Path | None, typer.Option(help="Instead: a file with the DSN of this node's database.")
]
HttpListen = Annotated[str | None, typer.Option(help="Site and API.  [default: 127.0.0.1:8080]")]
PeerListen = Annotated[str | None, typer.Option(help="Other members.  [default: 127.0.0.1:7080]")]
PeerAdvertise = Annotated[
    str | None, typer.Option(help="Where other members reach it, if not at peer-listen.")
]
PeerCaFile = Annotated[Path | None, typer.Option(help="CA of the peers (mTLS).")]
PeerCertificateFile = Annotated[
    Path | None,
    typer.Option(help="This member's certificate, with its name as DNS SAN."),
]
PeerKeyFile = Annotated[Path | None, typer.Option(help="The certificate's key.")]
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
LeaderEndpointSlice = Annotated[
    str | None,
    typer.Option(
        help="On Kubernetes: the EndpointSlice (NAMESPACE/NAME) that the leader points at itself."
    ),
]
PodIp = Annotated[str | None, typer.Option(help="The address that it writes there.")]
ServiceAccountDir = Annotated[
    Path | None,
    typer.Option(help="Token and CA for the API server.  [default: where Kubernetes mounts them]"),
]
ShutdownDelayS = Annotated[
    float | None,
    typer.Option(help="Seconds to go on serving, not ready, when told to stop.  [default: 0]"),
]
LogEntriesKept = Annotated[
    int | None, typer.Option(help="Log entries kept for lagging members.  [default: 10000]")
]
SiteDir = Annotated[Path | None, typer.Option(help="The built site (web/dist).")]
InsecureCookie = Annotated[
    bool | None, typer.Option("--insecure-cookie", help="Cookies for plain HTTP on one machine.")
]
LogFormat = Annotated[str | None, typer.Option(help="console or json.  [default: json]")]


def register(app: typer.Typer) -> None:
    """Adds the command to the program."""

    @app.command()
    def node(
        *,
        name: Name = None,
        cluster_id: ClusterId = None,
        member: Members = None,
        bootstrap: Bootstrap = None,
        join: Join = None,
        data_dir: DataDir = None,
        database_dsn_file: DatabaseDsnFile = None,
        http_listen: HttpListen = None,
        peer_listen: PeerListen = None,
        peer_advertise: PeerAdvertise = None,
        peer_ca_file: PeerCaFile = None,
        peer_certificate_file: PeerCertificateFile = None,
        peer_key_file: PeerKeyFile = None,
        admin_listen: AdminListen = None,
        admin_ca_file: AdminCaFile = None,
        admin_certificate_file: AdminCertificateFile = None,
        admin_key_file: AdminKeyFile = None,
        leader_endpointslice: LeaderEndpointSlice = None,
        pod_ip: PodIp = None,
        service_account_dir: ServiceAccountDir = None,
        shutdown_delay_s: ShutdownDelayS = None,
        log_entries_kept: LogEntriesKept = None,
        site_dir: SiteDir = None,
        insecure_cookie: InsecureCookie = None,
        log_format: LogFormat = None,
    ) -> None:
        """Run one member of a cluster.

        Each option can also be given in the environment: --http-listen is BITEBYTE_HTTP_LISTEN.

        Exit codes: 0 stopped as told, 2 bad configuration, 3 the database refuses or belongs to
        somebody else, 4 the member failed while running (restart it), 5 stopped as told, and it is
        no member any more: starting it again is of no use.
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
            "peer_ca_file": peer_ca_file,
            "peer_certificate_file": peer_certificate_file,
            "peer_key_file": peer_key_file,
            "admin_listen": admin_listen,
            "admin_ca_file": admin_ca_file,
            "admin_certificate_file": admin_certificate_file,
            "admin_key_file": admin_key_file,
            "leader_endpointslice": leader_endpointslice,
            "pod_ip": pod_ip,
            "service_account_dir": service_account_dir,
            "shutdown_delay_s": shutdown_delay_s,
            "log_entries_kept": log_entries_kept,
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
