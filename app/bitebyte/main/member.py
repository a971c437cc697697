"""Puts one member together and takes it apart.

Nothing below this package reads the configuration, the clock's zero or the environment; they get
what they need from here.
"""

import contextlib
import random
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path

import structlog

from bitebyte import __version__
from bitebyte.api.app import App, create_app
from bitebyte.api.settings import ApiSettings
from bitebyte.config import NodeConfig
from bitebyte.node.applier import HASH_HISTORY_ENTRIES
from bitebyte.node.membership import MembershipView
from bitebyte.node.node import Node
from bitebyte.node.seen_keys import SeenKeys
from bitebyte.node.types import NodeOptions
from bitebyte.raft.rawnode import RawNode
from bitebyte.raft.types import ConfState
from bitebyte.repository.database import Database
from bitebyte.repository.embedded import EmbeddedPostgres
from bitebyte.repository.errors import ForeignDatabase, RepositoryError
from bitebyte.repository.types import Identity, StoredLog
from bitebyte.transport import Hello, PeerAddress, PeerLinks, PeerTls
from bitebyte.transport.frames import PROTOCOL_VERSION

log = structlog.get_logger()


@dataclass(frozen=True)
class OpenMember:
    """A member that takes part in its cluster, without HTTP around it."""

    node: Node
    database: Database
    app: App


@contextlib.asynccontextmanager
async def open_member(
    config: NodeConfig,
    options: NodeOptions | None = None,
    *,
    dsn: str | None = None,
    founds: bool = False,
) -> AsyncGenerator[OpenMember]:
    """Opens the database, joins the peers and yields the running member; closes in reverse.

    `dsn`: of a server that runs already; without it the configuration's server is started, and
    stopped in the end. `founds`: if the member waits to be added and nothing ever happened to it,
    it becomes the only voter of a new cluster first.

    Raises RepositoryError (the database refuses, or is somebody else's), TlsConfigError, or
    OSError if the peer address is taken.
    """
    async with contextlib.AsyncExitStack() as stack:
        if dsn is None:
            dsn = await stack.enter_async_context(database_server(config))
        # Who joins has drawn its id itself: only the listed ones can be told apart.
        own = config.own if not config.join else None
        expected = None if own is None else Identity(config.cluster_id, own.id, config.name)
        database = await Database.open(dsn, expect=expected)
        stack.push_async_callback(database.close)
        if config.join and await database.is_retired():
            await database.close()
            await _set_aside(dsn)
            database = await Database.open(dsn)
            stack.push_async_callback(database.close)
        identity = await _own_identity(config, database)
        if founds and await database.found():
            log.info("node.founded", cluster_id=str(identity.cluster_id), voters=1)
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


@contextlib.asynccontextmanager
async def database_server(config: NodeConfig) -> AsyncGenerator[str]:
    """The DSN of this member's database; an embedded server runs for the length of the context.

    Raises RepositoryError.
    """
    if config.data_dir is None:
        assert config.database_dsn_file is not None, "the configuration was checked"
        yield _read_secret(config.database_dsn_file)
        return
    server = await EmbeddedPostgres.start(config.data_dir)
    try:
        yield server.dsn
    finally:
        await server.stop()


async def _set_aside(dsn: str) -> None:
    aside = await Database.set_aside(dsn)
    log.warning(
        "node.database_set_aside",
        reason="the cluster has removed this member, and an id never comes back",
        member_id=str(aside.member_id),
        schema=aside.schema,
        dropped=list(aside.dropped),
    )


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
        options.raft_config(identity.member_id),
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
