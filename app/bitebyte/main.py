"""The composition root: puts one member together, runs it, takes it apart.

Nothing below this module reads the configuration, the clock's zero or the environment; they
get what they need from here.
"""

import asyncio
import contextlib
import gc
import random
import signal
from collections.abc import AsyncGenerator, Generator
from dataclasses import dataclass
from pathlib import Path

import structlog
import uvicorn
import uvloop

from bitebyte import __version__
from bitebyte.api.admin.app import create_admin_app
from bitebyte.api.admin.listener import serving_admin
from bitebyte.api.app import App, create_app
from bitebyte.api.settings import ApiSettings
from bitebyte.config import NodeConfig
from bitebyte.node.applier import HASH_HISTORY_ENTRIES
from bitebyte.node.membership import MembershipView
from bitebyte.node.node import Node
from bitebyte.node.seen_keys import SeenKeys
from bitebyte.node.types import NodeOptions
from bitebyte.raft.config import RaftConfig
from bitebyte.raft.rawnode import RawNode
from bitebyte.raft.types import ConfState
from bitebyte.repository.database import Database
from bitebyte.repository.embedded import EmbeddedPostgres
from bitebyte.repository.errors import ForeignDatabase, RepositoryError
from bitebyte.repository.types import Identity, StoredLog
from bitebyte.telemetry import configure_logging
from bitebyte.transport import Hello, PeerAddress, PeerLinks, PeerTls, TlsConfigError
from bitebyte.transport.frames import PROTOCOL_VERSION

EXIT_STOPPED = 0
EXIT_BAD_CONFIG = 2
EXIT_DATABASE_REFUSES = 3
EXIT_FAILED = 4

GC_THRESHOLDS = (50_000, 20, 100)
"""The default collector took a fifth of the time and paused for 75 to 90 ms under load. What
is alive after the start is frozen, and young objects are looked at in larger batches."""

HTTP_BACKLOG = 1024
HTTP_SHUTDOWN_S = 5
"""Time for answers under way when the node is told to stop. Streams end at once."""

log = structlog.get_logger()


@dataclass(frozen=True)
class OpenMember:
    """A member that takes part in its cluster, without HTTP around it."""

    node: Node
    database: Database
    app: App


@contextlib.asynccontextmanager
async def open_member(
    config: NodeConfig, options: NodeOptions | None = None
) -> AsyncGenerator[OpenMember]:
    """Opens the database, joins the peers and yields the running member; closes in reverse.

    Raises RepositoryError (the database refuses, or is somebody else's), TlsConfigError, or
    OSError if the peer address is taken.
    """
    async with contextlib.AsyncExitStack() as stack:
        database = await _open_database(config, stack)
        identity = await _own_identity(config, database)
        stored = await database.log.load()
        node = await _build_node(config, identity, stored, database, options or _options(config))
        links = _build_links(config, identity, node)
        await links.start()
        stack.push_async_callback(links.stop)
        node.start(links)
        stack.push_async_callback(node.stop)
        app = create_app(
            node=node,
            queries=database.queries,
            settings=ApiSettings(cookie_secure=not config.insecure_cookie),
            site_dir=config.site_dir,
        )
        yield OpenMember(node, database, app)


async def _open_database(config: NodeConfig, stack: contextlib.AsyncExitStack) -> Database:
    if config.data_dir is not None:
        server = await EmbeddedPostgres.start(config.data_dir)
        stack.push_async_callback(server.stop)
        dsn = server.dsn
    else:
        assert config.database_dsn_file is not None, "the configuration was checked"
        dsn = _read_secret(config.database_dsn_file)
    # Who joins has drawn its id itself: only the listed ones can be told apart.
    own = config.own if not config.join else None
    expected = None if own is None else Identity(config.cluster_id, own.id, config.name)
    database = await Database.open(dsn, expect=expected)
    stack.push_async_callback(database.close)
    return database


def _read_secret(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise RepositoryError(f"database_dsn_file {path} cannot be read: {error}") from None


def _options(config: NodeConfig) -> NodeOptions:
    return NodeOptions(kept_entries_max=config.log_entries_kept)


async def _own_identity(config: NodeConfig, database: Database) -> Identity:
    """Who this database says we are. An empty one becomes ours by an explicit order only."""
    identity = await database.identity()
    if identity is not None:
        if identity.cluster_id != config.cluster_id:
            raise ForeignDatabase(
                f"the database of {config.name} belongs to cluster {identity.cluster_id:x}, not"
                f" {config.cluster_id:x}: give every member its own database"
            )
        return identity
    if config.join:
        identity = await database.join(config.cluster_id, config.name)
        log.info("node.joins", member_id=str(identity.member_id))
        return identity
    if not config.bootstrap:
        raise ForeignDatabase(
            f"the database of {config.name} is empty, and an empty database never becomes a "
            "member by itself: it could vote twice. To create a new cluster start every member "
            "once with --bootstrap; to enter one start with --join and add the member"
        )
    assert config.own is not None, "the configuration was checked"
    identity = Identity(config.cluster_id, config.own.id, config.name)
    voters = tuple(sorted(member.id for member in config.member))
    await database.bootstrap(identity, ConfState(voters=voters))
    log.info("node.bootstrapped", cluster_id=f"{identity.cluster_id:x}", voters=len(voters))
    return identity


async def _build_node(
    config: NodeConfig,
    identity: Identity,
    stored: StoredLog,
    database: Database,
    options: NodeOptions,
) -> Node:

    async def load_seen_keys() -> SeenKeys:
        seen_keys = SeenKeys()
        async for parts in database.state.idempotency_keys():
            seen_keys.add(parts)
        return seen_keys

    source = random.SystemRandom()
    raw = RawNode(
        RaftConfig(
            id=identity.member_id,
            election_ticks=options.election_ticks,
            heartbeat_ticks=options.heartbeat_ticks,
            defers_commit_notices=True,
        ),
        hard_state=stored.hard_state,
        conf_state=stored.conf_state,
        term_runs=stored.term_runs,
        first_index=stored.first_index,
        last_index=stored.last_index,
        entries=stored.entries,
        applied_index=stored.applied_index,
        random=source,
    )
    return Node(
        identity=identity,
        options=options,
        raw=raw,
        stored=stored,
        hash_history=await database.state.hashes(HASH_HISTORY_ENTRIES),
        log_storage=database.log,
        state_storage=database.state,
        event_archive=database.state,
        membership=MembershipView(
            own_id=identity.member_id,
            members=_addresses(config),
            program_version=__version__,
            own_name=identity.name,
            own_address=config.advertised_peer_address,
        ),
        seen_keys=await load_seen_keys(),
        random_base=source.randrange(2**62),
        snapshot_store=database.snapshots,
        digests=database.state,
        load_seen_keys=load_seen_keys,
    )


def _build_links(config: NodeConfig, identity: Identity, node: Node) -> PeerLinks:
    tls = None
    if config.peer_ca_file is not None:
        assert config.peer_certificate_file is not None, "the configuration was checked"
        assert config.peer_key_file is not None, "the configuration was checked"
        tls = PeerTls(config.peer_ca_file, config.peer_certificate_file, config.peer_key_file)
    return PeerLinks(
        hello=Hello(
            protocol=PROTOCOL_VERSION,
            cluster_id=identity.cluster_id,
            member_id=identity.member_id,
            name=identity.name,
            program_version=__version__,
            peer_address=config.advertised_peer_address,
        ),
        listen_host=config.peer_listen.host,
        listen_port=config.peer_listen.port,
        peers=_addresses(config),
        tls=tls,
        on_messages=node.receive,
        on_status=node.receive_status,
        events=node.link_events,
    )


def _addresses(config: NodeConfig) -> list[PeerAddress]:
    return [PeerAddress(m.id, m.name, m.address.host, m.address.port) for m in config.member]


@contextlib.asynccontextmanager
async def _serving_admin(config: NodeConfig, member: OpenMember) -> AsyncGenerator[None]:
    """The admin API for the length of the context, if there shall be one."""
    listen = config.admin_listen
    if listen is None:
        yield
        return
    tls = None
    if config.admin_ca_file is not None:
        assert config.admin_certificate_file is not None, "the configuration was checked"
        assert config.admin_key_file is not None, "the configuration was checked"
        tls = PeerTls(config.admin_ca_file, config.admin_certificate_file, config.admin_key_file)
    app = create_admin_app(member.node, member.database.log, is_tls=tls is not None)
    async with serving_admin(app, host=listen.host, port=listen.port, tls=tls):
        yield


class _HttpServer(uvicorn.Server):
    """uvicorn without signal handlers: this module decides when the process ends."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


async def serve(config: NodeConfig) -> int:
    """Runs the member until SIGTERM, SIGINT or a failure; returns the exit code."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, stop.set)
    try:
        async with open_member(config) as member, _serving_admin(config, member):
            server = _HttpServer(
                uvicorn.Config(
                    member.app,
                    host=config.http_listen.host,
                    port=config.http_listen.port,
                    loop="none",
                    http=member.app.http_protocol,  # pyright: ignore[reportArgumentType]  any callable that makes a protocol
                    ws="none",
                    lifespan="off",
                    log_config=None,
                    access_log=False,
                    server_header=False,
                    date_header=True,
                    proxy_headers=False,
                    backlog=HTTP_BACKLOG,
                    timeout_graceful_shutdown=HTTP_SHUTDOWN_S,
                )
            )
            return await _serve_until_told(config, member, server, stop)
    except (RepositoryError, TlsConfigError) as error:
        log.error("node.refused", reason=str(error), kind=type(error).__name__)
        return EXIT_DATABASE_REFUSES
    except OSError as error:
        log.error(
            "node.address_taken",
            reason=str(error),
            peer_listen=str(config.peer_listen),
            admin_listen=str(config.admin_listen),
        )
        return EXIT_BAD_CONFIG


async def _serve_until_told(
    config: NodeConfig, member: OpenMember, server: uvicorn.Server, stop: asyncio.Event
) -> int:
    loop = asyncio.get_running_loop()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    http = loop.create_task(server.serve())
    told = loop.create_task(stop.wait())
    log.info(
        "node.started",
        http=f"http://{config.http_listen.host}:{config.http_listen.port}",
        version=__version__,
    )
    await asyncio.wait({http, told, member.node.failed}, return_when=asyncio.FIRST_COMPLETED)
    exit_code = EXIT_FAILED if member.node.failed.done() else EXIT_STOPPED
    if http.done():
        # uvicorn ends by itself only when it could not listen; it exits with SystemExit.
        exit_code = EXIT_BAD_CONFIG
        with contextlib.suppress(SystemExit):
            http.result()
    told.cancel()
    # First another one leads, then this one stops answering: nobody's order waits for an election.
    await member.node.hand_over()
    server.should_exit = True
    member.app.close_streams()
    if not http.done():
        await http
    log.info("node.stopped", exit_code=exit_code)
    return exit_code


def run(config: NodeConfig) -> int:
    """Runs the member in this process; returns the exit code."""
    configure_logging(log_format=config.log_format, node_name=config.name)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(serve(config))
