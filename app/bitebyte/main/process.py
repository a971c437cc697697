"""One node process: serves its member until it is told to stop, or the member fails.

A member is replaced by the next one in the same process when it founds a cluster, or was removed
before it started and is to join anew: the database and the addresses stay.
"""

import asyncio
import contextlib
import enum
import gc
import signal
import socket
from typing import Any, Final

import structlog
import uvloop

from bitebyte import __version__
from bitebyte.api.admin.app import create_admin_app
from bitebyte.config import NodeConfig
from bitebyte.main.founding import Founding
from bitebyte.main.leader_endpoint import Keeping, NotOnKubernetes, leader_endpoints
from bitebyte.main.listeners import CurrentApp, HttpServer, admin_listener, listen
from bitebyte.main.member import OpenMember, database_server, open_member
from bitebyte.repository.errors import DatabaseUnavailable, RepositoryError
from bitebyte.telemetry import configure_logging
from bitebyte.transport import TlsConfigError

EXIT_STOPPED: Final = 0
EXIT_BAD_CONFIG: Final = 2
EXIT_DATABASE_REFUSES: Final = 3
EXIT_FAILED: Final = 4
EXIT_REMOVED: Final = 5

GC_THRESHOLDS: Final = (50_000, 20, 100)
"""The default collector took a fifth of the time and paused for 75 to 90 ms under load. What
is alive after the start is frozen, and young objects are looked at in larger batches."""

NOTE_AGAIN_S: Final = 1.0
"""Between two attempts to write down that the member was removed."""

log = structlog.get_logger()


class Ending(enum.Enum):
    """Why a member does not go on."""

    TOLD = "the process was told to stop"
    FAILED = "the member failed"
    FOUNDS = "it becomes the first of a new cluster"
    REMOVED = "the process was told to stop, and its member had been removed from the cluster"
    JOINS_ANEW = "it was removed before it started, and a new member takes its place"

    @property
    def has_next(self) -> bool:
        """Whether another member follows in this process."""
        return self in (Ending.FOUNDS, Ending.JOINS_ANEW)


EXIT_CODES: Final = {
    Ending.TOLD: EXIT_STOPPED,
    Ending.FAILED: EXIT_FAILED,
    Ending.REMOVED: EXIT_REMOVED,
}


class NodeProcess:
    """Runs members of one configuration, one after the other. `stop` ends the process."""

    def __init__(self, config: NodeConfig, stop: asyncio.Event) -> None:
        self._config = config
        self._stop = stop
        self._founding = Founding()
        self._admin_app = CurrentApp()

    async def run(self) -> int:
        """Until told to stop, or until a member fails; returns the exit code. Raises as
        `open_member`, NotOnKubernetes, and OSError if an address is taken."""
        config = self._config
        async with contextlib.AsyncExitStack() as stack:
            http = stack.enter_context(listen(config.http_listen))
            keeping = await stack.enter_async_context(leader_endpoints(config))
            dsn = await stack.enter_async_context(database_server(config))
            await stack.enter_async_context(admin_listener(config, self._admin_app))
            stack.callback(self._founding.end)
            ending: Ending | None = None
            while ending is None or ending.has_next:
                founds = ending is Ending.FOUNDS
                async with open_member(config, dsn=dsn, founds=founds) as member:
                    ending = await self._serve(member, http, keeping)
                    if ending is Ending.TOLD and member.node.status().is_removed:
                        ending = Ending.REMOVED
        exit_code = EXIT_CODES[ending]
        log.info("node.stopped", exit_code=exit_code)
        return exit_code

    async def _serve(self, member: OpenMember, http: socket.socket, keeping: Keeping) -> Ending:
        """From the first request to the last one that this member answers."""
        self._answer_operators(member)
        _settle_memory()
        server = HttpServer(member.app)
        # uvicorn closes what it is given, and the next member listens there too.
        serving = asyncio.create_task(server.serve(sockets=[http.dup()]))
        log.info("node.started", http=f"http://{self._config.http_listen}", version=__version__)
        try:
            async with keeping(member.node):
                ending = await self._wait_for_end(member)
                await self._withdraw(member, ending)
            if not ending.has_next:
                # What waits in its queue would be refused without an answer.
                http.close()
            await server.last_call()
        finally:
            server.should_exit = True
            member.app.close_streams()
            await serving
        return ending

    def _answer_operators(self, member: OpenMember) -> None:
        self._admin_app.show(
            create_admin_app(
                member.node,
                member.database.log,
                is_tls=self._config.admin_ca_file is not None,
                found=self._founding.found,
            )
        )
        self._founding.present(member.node)

    async def _withdraw(self, member: OpenMember, ending: Ending) -> None:
        """First another one leads, then those who send requests here hear of it, and then this one
        stops answering: nobody waits for an election, and no request meets a closed door."""
        if ending.has_next:
            self._admin_app.hide()
            return
        loop = asyncio.get_running_loop()
        until_s = loop.time() + self._config.shutdown_delay_s
        member.node.leave()
        await member.node.hand_over()
        if ending is Ending.TOLD and loop.time() < until_s:
            log.info("node.withdraws", shutdown_delay_s=self._config.shutdown_delay_s)
            await asyncio.wait({member.node.failed}, timeout=until_s - loop.time())

    async def _wait_for_end(self, member: OpenMember) -> Ending:
        loop = asyncio.get_running_loop()
        told = loop.create_task(self._stop.wait())
        founds = loop.create_task(self._founding.given.wait())
        joins_anew = loop.create_task(self._is_to_join_anew(member))
        tasks: list[asyncio.Task[Any]] = [told, founds, joins_anew]
        try:
            await asyncio.wait({*tasks, member.node.failed}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if member.node.failed.done():
            return Ending.FAILED
        if self._stop.is_set():
            return Ending.TOLD
        return Ending.FOUNDS if self._founding.given.is_set() else Ending.JOINS_ANEW

    async def _is_to_join_anew(self, member: OpenMember) -> None:
        """Returns when this member was removed before this process knew a leader, and a new one
        shall take its place. One that is removed while it runs stays and says so, until its
        process is started again: whoever removed it may be about to take it away."""
        node = member.node
        await node.keeper.removed.wait()
        await _note_retired(member)
        if node.has_had_leader or not self._config.join:
            await asyncio.Event().wait()


async def _note_retired(member: OpenMember) -> None:
    while True:
        try:
            await member.database.note_retired(member.node.identity.member_id)
        except DatabaseUnavailable as error:
            # The log will meet the same, and end the member. If not, it is tried again.
            log.warning("node.removal_not_noted", reason=str(error))
            await asyncio.sleep(NOTE_AGAIN_S)
        else:
            return


def _settle_memory() -> None:
    gc.unfreeze()  # a former member's, too, may be forgotten now
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)


async def serve(config: NodeConfig) -> int:
    """Runs the member until SIGTERM, SIGINT or a failure; returns the exit code."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, stop.set)
    try:
        return await NodeProcess(config, stop).run()
    except NotOnKubernetes as error:
        log.error("node.refused", reason=str(error), kind=type(error).__name__)
        return EXIT_BAD_CONFIG
    except (RepositoryError, TlsConfigError) as error:
        log.error("node.refused", reason=str(error), kind=type(error).__name__)
        return EXIT_DATABASE_REFUSES
    except OSError as error:
        log.error(
            "node.address_taken",
            reason=str(error),
            http_listen=str(config.http_listen),
            peer_listen=str(config.peer_listen),
            admin_listen=str(config.admin_listen),
        )
        return EXIT_BAD_CONFIG


def run(config: NodeConfig) -> int:
    """Runs the member in this process; returns the exit code."""
    configure_logging(log_format=config.log_format, node_name=config.name)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(serve(config))
