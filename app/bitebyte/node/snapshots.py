"""Snapshots on their way: out to peers that need entries which are compacted, and in."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable

import structlog

from bitebyte.node.ports import Links, SnapshotIntake, SnapshotStage, SnapshotStore
from bitebyte.raft.messages import MsgSnap, SnapshotRequest, SnapshotStatus
from bitebyte.raft.types import Snapshot
from bitebyte.repository.types import SnapshotMeta
from bitebyte.transport.frames import SnapshotBegin

log = structlog.get_logger()

SNAPSHOTS_OUT_MAX = 1
"""Streams at once. Each keeps the database from clearing away old rows, and shares the disk with
the log; one after the other they are all done sooner."""

RETRY_DELAY_S = 1.0
"""After a failure the core is told so late, since it asks again as soon as it hears of it."""

FLUSH_WAIT_S = 30.0
"""How long a snapshot waits for the state that it has to reach to be flushed."""


class Outgoing:
    """One snapshot on its way out."""

    def __init__(self, peer_id: int) -> None:
        self.peer_id = peer_id
        self.index: int | None = None
        """What it reaches; None while it waits for its turn."""
        self.sent_bytes = 0


class SnapshotSender:
    """Streams snapshots of the flushed state. `on_ended` gets the status of each, exactly once."""

    def __init__(
        self,
        store: SnapshotStore | None,
        *,
        own_id: int,
        wait_flushed: Callable[[int, float], Awaitable[None]],
        on_ended: Callable[[SnapshotStatus], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._store = store
        self._own_id = own_id
        self._wait_flushed = wait_flushed
        self._on_ended = on_ended
        self._turns = asyncio.Semaphore(SNAPSHOTS_OUT_MAX)
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self.outgoing: dict[int, Outgoing] = {}
        """By peer: those under way and those that wait for their turn."""

    def start(self, request: SnapshotRequest, links: Links) -> None:
        """Begins to send. One that is still under way to the same peer is given up."""
        earlier = self._tasks.pop(request.peer_id, None)
        if earlier is not None:
            earlier.cancel()
        outgoing = Outgoing(request.peer_id)
        self.outgoing[request.peer_id] = outgoing
        task = self._loop.create_task(self._run(request, links, outgoing))
        self._tasks[request.peer_id] = task

    @property
    def held_from(self) -> tuple[int, ...]:
        """The indexes from which the log has to be kept for those that travel."""
        return tuple(
            outgoing.index + 1 for outgoing in self.outgoing.values() if outgoing.index is not None
        )

    async def stop(self) -> None:
        """Gives up what is under way."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _run(self, request: SnapshotRequest, links: Links, outgoing: Outgoing) -> None:
        peer_id = request.peer_id
        reached: int | None = None
        try:
            async with self._turns:
                reached = await self._stream(request, links, outgoing)
            log.info("snapshot.sent", peer=f"{peer_id:x}", index=reached, bytes=outgoing.sent_bytes)
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001  whatever went wrong, the core asks again
            reason = str(error) or type(error).__name__
            log.warning("snapshot.not_sent", peer=f"{peer_id:x}", reason=reason)
            await asyncio.sleep(RETRY_DELAY_S)
        finally:
            if self.outgoing.get(peer_id) is outgoing:
                del self.outgoing[peer_id]
                self._tasks.pop(peer_id, None)
        self._on_ended(
            SnapshotStatus(
                to=self._own_id,
                sender=self._own_id,
                peer_id=peer_id,
                index=reached or 0,
                is_failed=reached is None,
            )
        )

    async def _stream(self, request: SnapshotRequest, links: Links, outgoing: Outgoing) -> int:
        if self._store is None:
            raise RuntimeError("this member keeps no snapshots")
        await self._wait_flushed(request.index_min, FLUSH_WAIT_S)
        reader = await self._store.open_snapshot()
        try:
            meta = reader.meta
            outgoing.index = meta.index
            begin = SnapshotBegin(
                term=request.term,
                index=meta.index,
                entry_term=meta.term,
                conf_state=meta.conf_state,
                state_hash=meta.state_hash,
                log_time_ms=meta.log_time_ms,
                format_version=meta.format_version,
            )
            log.info("snapshot.sending", peer=f"{request.peer_id:x}", index=meta.index)
            sink = await links.open_snapshot(request.peer_id, begin)
            try:
                digest = hashlib.sha256()
                async for chunk in reader.chunks():
                    digest.update(chunk)
                    await sink.send(chunk)
                    outgoing.sent_bytes += len(chunk)
                await sink.finish(digest.digest())
            finally:
                await sink.close()
            return meta.index
        finally:
            await reader.close()


class SnapshotReceiver:
    """Stages what arrives, one at a time. `deliver(message)` steps the core when it is complete;
    what the core then wants installed is asked for with `take_staged`. `leader()` is (id, term);
    `is_waiting()` says whether the core still has a snapshot to hand out."""

    def __init__(
        self,
        store: SnapshotStore | None,
        *,
        own_id: int,
        commit_index: Callable[[], int],
        leader: Callable[[], tuple[int, int]],
        is_waiting: Callable[[], bool],
        deliver: Callable[[MsgSnap], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._store = store
        self._own_id = own_id
        self._commit_index = commit_index
        self._leader = leader
        self._is_waiting = is_waiting
        self._deliver = deliver
        self._staged: SnapshotMeta | None = None
        self._is_installing = False
        self._task: asyncio.Task[None] | None = None
        self.incoming: tuple[int, int, int] | None = None
        """(sender, index, bytes so far) of the one that is arriving."""

    def start(self, sender_id: int, intake: SnapshotIntake) -> None:
        """A peer wants to send one."""
        if self._task is not None or self._is_installing or self._is_waiting():
            intake.refuse("another snapshot is arriving, or waits to be installed")
            return
        self._task = self._loop.create_task(self._run(sender_id, intake))

    def take_staged(self, snapshot: Snapshot) -> SnapshotMeta:
        """What the core wants installed is what was staged last: nothing else was delivered."""
        meta = self._staged
        assert meta is not None, "the core installs what is staged"
        assert (meta.index, meta.term) == (snapshot.index, snapshot.term), "and nothing else"
        return meta

    def note_install_begins(self) -> None:
        """The core has handed the snapshot out: from now on the stage must not change."""
        self._is_installing = True

    def note_installed(self) -> None:
        """The stage is empty again."""
        self._staged = None
        self._is_installing = False

    async def stop(self) -> None:
        """Gives up what is arriving."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self, sender_id: int, intake: SnapshotIntake) -> None:
        reason = ""
        try:
            await self._take(sender_id, intake)
        except Exception as error:  # noqa: BLE001  whatever went wrong, the leader sends another
            reason = str(error) or type(error).__name__
            log.warning("snapshot.not_taken", sender=f"{sender_id:x}", reason=reason)
        finally:
            self.incoming = None
            self._task = None
            if reason:
                intake.refuse(reason)

    async def _take(self, sender_id: int, intake: SnapshotIntake) -> None:
        begin = intake.begin
        if begin.index > self._commit_index():
            await self._stage(sender_id, intake)
        # A newer leader is as good as the one that sent it: what is in a snapshot is committed.
        leader_id, term = self._leader()
        if not leader_id or term < begin.term:
            leader_id, term = sender_id, begin.term
        snapshot = Snapshot(begin.index, begin.entry_term, begin.conf_state)
        self._deliver(MsgSnap(to=self._own_id, sender=leader_id, term=term, snapshot=snapshot))
        intake.accept()

    async def _stage(self, sender_id: int, intake: SnapshotIntake) -> None:
        if self._store is None:
            raise RuntimeError("this member takes no snapshots")
        begin = intake.begin
        meta = SnapshotMeta(
            index=begin.index,
            term=begin.entry_term,
            conf_state=begin.conf_state,
            state_hash=begin.state_hash,
            log_time_ms=begin.log_time_ms,
            format_version=begin.format_version,
        )
        log.info("snapshot.arriving", sender=f"{sender_id:x}", index=meta.index)
        self._staged = None
        stage = await self._store.stage(meta)
        try:
            await self._write_all(sender_id, intake, stage)
        except BaseException:
            await stage.abort()
            raise
        self._staged = meta

    async def _write_all(
        self, sender_id: int, intake: SnapshotIntake, stage: SnapshotStage
    ) -> None:
        index, received_bytes = intake.begin.index, 0
        async for chunk in intake.chunks():
            await stage.write(chunk)
            received_bytes += len(chunk)
            self.incoming = (sender_id, index, received_bytes)
        await stage.finish(intake.sha256)
