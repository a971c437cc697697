"""All that a member does with snapshots: sends them, takes them in, and installs them."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from bitebyte.node.applier import Applier
from bitebyte.node.log_keeper import LogKeeper
from bitebyte.node.ports import Links, SnapshotStore
from bitebyte.node.seen_keys import SeenKeys
from bitebyte.node.snapshots import SnapshotReceiver, SnapshotSender
from bitebyte.raft.messages import LocalMessage, PeerMessage, SnapshotRequest
from bitebyte.raft.rawnode import RawNode
from bitebyte.raft.types import HardState, Snapshot
from bitebyte.repository.types import SnapshotMeta

log = structlog.get_logger()


class SnapshotTraffic:
    """For the node's event loop. `on_installing()` is called before the state is replaced and
    `on_installed(meta)` when it was, before anything else is applied."""

    def __init__(
        self,
        store: SnapshotStore | None,
        *,
        raw: RawNode,
        applier: Applier,
        keeper: LogKeeper,
        load_seen_keys: Callable[[], Awaitable[SeenKeys]] | None,
        wait_flushed: Callable[[int, float], Awaitable[None]],
        deliver: Callable[[PeerMessage | LocalMessage], None],
        on_installing: Callable[[], None],
        on_installed: Callable[[SnapshotMeta], None],
    ) -> None:
        self._store = store
        self._raw = raw
        self._applier = applier
        self._keeper = keeper
        self._load_seen_keys = load_seen_keys
        self._on_installing = on_installing
        self._on_installed = on_installed
        self.sender = SnapshotSender(
            store,
            own_id=raw.id,
            wait_flushed=wait_flushed,
            on_ended=deliver,
        )
        self.receiver = SnapshotReceiver(
            store,
            own_id=raw.id,
            commit_index=lambda: raw.commit_index,
            leader=lambda: (raw.leader_id, raw.term),
            is_waiting=lambda: raw.core.waiting_snapshot is not None,
            deliver=deliver,
        )

    def send(self, request: SnapshotRequest, links: Links | None) -> None:
        """A peer needs one."""
        assert links is not None, "a member that runs has links"
        self.sender.start(request, links)

    def keep_log_short(self, flushed_index: int) -> None:
        """Compacts the log if it is worth it. Without snapshots nobody could catch up then."""
        if self._store is not None:
            self._keeper.look(self._raw, flushed_index, self.sender.held_from)

    async def install(self, snapshot: Snapshot, hard_state: HardState) -> None:
        """The log writer has come to a snapshot: nothing is written to the log meanwhile."""
        assert self._store is not None, "only a member with a store takes snapshots"
        meta = self.receiver.take_staged(snapshot)
        self._on_installing()
        await self._keeper.stop()
        await self._applier.quiesce()
        await self._store.install(meta, hard_state)
        seen_keys = None if self._load_seen_keys is None else await self._load_seen_keys()
        self.receiver.note_installed()
        self._on_installed(meta)
        self._applier.restart(meta, seen_keys)
        log.info("snapshot.installed", index=meta.index)

    async def stop(self) -> None:
        """Gives up what is under way."""
        await asyncio.gather(self.sender.stop(), self.receiver.stop(), self._keeper.stop())
