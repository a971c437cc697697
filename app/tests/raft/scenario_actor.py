"""A member of a scenario, with everything that waits between it and its disk and peers."""

from random import Random

from conf_text import show_conf_state
from memory_disk import MemoryDisk
from scenario_text import show_entries, show_message, show_ready, show_snapshot

from bitebyte.raft import Entry, RaftConfig, RawNode
from bitebyte.raft.messages import (
    MsgSnap,
    PeerMessage,
    SnapshotRequest,
    SnapshotStatus,
    StorageAppendResp,
    StorageApplyResp,
    StorageFetch,
    StorageFetchResp,
)


class Actor:
    """Each `process_*` does one piece of work and returns its output; none if there is none."""

    def __init__(self, config: RaftConfig, disk: MemoryDisk, network: list[PeerMessage]) -> None:
        self.config = config
        self.disk = disk
        self._network = network
        self._applies: list[tuple[Entry, ...]] = []
        self._fetches: list[StorageFetch] = []
        self._snapshots: list[SnapshotRequest] = []
        self.snapshot_statuses: list[SnapshotStatus] = []
        """How snapshots that left here have ended, not yet told to the core."""
        self.restart()

    def restart(self) -> None:
        """Starts from the disk; what is not durable is gone."""
        self.disk.crash()
        self._applies.clear()
        self._fetches.clear()
        self._snapshots.clear()
        self.snapshot_statuses.clear()
        self.node: RawNode = self.disk.start(self.config, random=Random(self.config.id))

    def send_snapshot(self, peer_id: int) -> str:
        """Puts a snapshot of the applied state on the way, asked for or not."""
        snapshot = self.disk.snapshot()
        own_id = self.node.id
        self._network.append(
            MsgSnap(to=peer_id, sender=own_id, term=self.node.term, snapshot=snapshot)
        )
        return f"send to {peer_id}: {show_snapshot(snapshot)}"

    def end_snapshot(self, message: MsgSnap, *, is_failed: bool) -> None:
        """The snapshot has arrived or was lost; the core will be told."""
        own_id = self.node.id
        self.snapshot_statuses.append(
            SnapshotStatus(
                to=own_id,
                sender=own_id,
                peer_id=message.to,
                index=message.snapshot.index,
                is_failed=is_failed,
            )
        )

    def process_ready(self) -> list[str]:
        if not self.node.has_ready():
            return []
        ready = self.node.ready()
        self._network.extend(ready.messages)
        if ready.append is not None:
            self.disk.submit(ready.append)
        if ready.apply is not None:
            self._applies.append(ready.apply.entries)
        self._fetches.extend(ready.fetches)
        self._snapshots.extend(ready.snapshots)
        return show_ready(ready)

    def process_append(self) -> list[str]:
        if not self.disk.pending:
            return []
        lines: list[str] = []
        for response in self.disk.finish_write():
            lines.append(show_message(response))
            if response.to == self.node.id:
                self.node.step(response)
            else:
                assert not isinstance(response, StorageAppendResp)
                self._network.append(response)
        return lines or ["durable"]

    def process_apply(self) -> list[str]:
        if not self._applies:
            return []
        batch = self._applies.pop(0)
        before = self.disk.conf_state
        self.disk.apply(batch)
        own_id = self.node.id
        self.node.step(StorageApplyResp(to=own_id, sender=own_id, index=batch[-1].index))
        assert self.node.conf_state == self.disk.conf_state, "core and driver disagree on members"
        changed = self.disk.conf_state != before
        return [
            f"applied {show_entries(batch)}",
            *[show_conf_state(self.disk.conf_state)] * changed,
        ]

    def process_fetch(self) -> list[str]:
        if not self._fetches:
            return []
        fetch = self._fetches.pop(0)
        entries = self.disk.read(fetch)
        own_id = self.node.id
        self.node.step(
            StorageFetchResp(
                to=own_id, sender=own_id, peer_id=fetch.peer_id, low=fetch.low, entries=entries
            )
        )
        return [f"found {show_entries(entries)}"]

    def process_snapshot(self) -> list[str]:
        if not self._snapshots:
            return []
        request = self._snapshots.pop(0)
        assert self.disk.applied_index >= request.index_min, "a snapshot older than asked for"
        return [self.send_snapshot(request.peer_id)]

    def process_snapshot_status(self) -> list[str]:
        if not self.snapshot_statuses:
            return []
        status = self.snapshot_statuses.pop(0)
        self.node.step(status)
        end = "failed" if status.is_failed else f"index={status.index}"
        return [f"told of {status.peer_id}: {end}"]
