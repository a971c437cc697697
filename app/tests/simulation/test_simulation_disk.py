"""Simulated databases: what a crash leaves, what a stall and a failed commit mean."""

import asyncio
from collections.abc import Awaitable, Callable
from hashlib import sha256
from random import Random

import pytest

from bitebyte.raft.messages import StorageAppend
from bitebyte.raft.types import ConfState, Entry, HardState, TermRun
from bitebyte.repository.types import FlushBatch, SnapshotMeta
from bitebyte.simulation.disk import Disk
from bitebyte.simulation.disk_session import DiskFaults, DiskSession, SimulatedDiskError
from bitebyte.simulation.loop import Scheduler, SimulatedLoop
from bitebyte.simulation.plan import DiskOptions
from bitebyte.simulation.snapshot_store import SnapshotArchive, meta_of

VOTERS = ConfState(voters=(1, 2, 3))
HARD_STATE = HardState(term=4, vote=2, commit=1)


class Unwatched:
    """Nobody looks at what takes effect."""

    def before_log_write(self, disk: Disk, append: StorageAppend, /) -> None: ...
    def before_install(self, disk: Disk, meta: SnapshotMeta, hard: HardState, /) -> None: ...
    def on_flushed(self, batch: FlushBatch, /) -> None: ...


class Scene:
    """A disk and one process that uses it."""

    def __init__(self, seed: int = 1, archive: SnapshotArchive | None = None) -> None:
        self.scheduler = Scheduler()
        self.world = SimulatedLoop(self.scheduler, "world")
        self.loop = SimulatedLoop(self.scheduler, "member")
        self.disk = Disk(VOTERS)
        self.faults = DiskFaults()
        self.session = DiskSession(
            self.disk,
            loop=self.loop,
            world=self.world,
            options=DiskOptions(),
            faults=self.faults,
            random=Random(seed),
            archive=archive or SnapshotArchive(),
            watch=Unwatched(),
        )
        self.tasks: list[asyncio.Task[None]] = []

    def begin(self, work: Callable[[], Awaitable[object]]) -> None:
        async def run() -> None:
            await work()

        self.loop.call_soon(lambda: self.tasks.append(self.loop.create_task(run())))

    def run(self, for_s: float = 1.0) -> None:
        self.scheduler.run_until(self.scheduler.now_s + for_s, lambda: False)


def _append(*entries: Entry, hard_state: HardState | None = None) -> StorageAppend:
    return StorageAppend(entries, hard_state, ())


def test_a_new_database_begins_behind_the_first_configuration() -> None:
    stored = Disk(VOTERS).load()
    assert (stored.first_index, stored.last_index, stored.applied_index) == (2, 1, 1)
    assert stored.term_runs == (TermRun(1, 1),)
    assert stored.conf_state == VOTERS
    empty = Disk().load()
    assert (empty.first_index, empty.last_index, empty.conf_state.voters) == (1, 0, ())


def test_an_append_takes_effect_as_a_whole_and_replaces_what_conflicts() -> None:
    scene = Scene()
    first = _append(Entry(1, 2, b"a"), Entry(1, 3, b"b"), Entry(1, 4, b"c"))
    second = _append(Entry(2, 3, b"d"), hard_state=HARD_STATE)
    scene.begin(lambda: scene.session.append((first, second)))
    scene.run(0.0001)
    assert scene.disk.entries == []
    scene.run()
    assert [entry.data for entry in scene.disk.entries] == [b"a", b"d"]
    assert scene.disk.hard_state == HARD_STATE
    assert scene.tasks[0].done()


def test_a_crash_keeps_a_transaction_under_way_or_loses_all_of_it() -> None:
    outcomes: set[int] = set()
    for seed in range(20):
        scene = Scene(seed)
        append = _append(Entry(1, 2), Entry(1, 3), hard_state=HARD_STATE)
        scene.begin(lambda s=scene, a=append: s.session.append((a,)))
        scene.run(0.0001)
        scene.loop.is_dead = True
        scene.session.crash()
        scene.run()
        outcomes.add(len(scene.disk.entries))
        assert (scene.disk.hard_state == HARD_STATE) == bool(scene.disk.entries)
        assert not scene.tasks[0].done()
        scene.tasks[0].get_coro().close()
    assert outcomes == {0, 2}


def test_a_stalled_disk_answers_when_the_stall_is_over() -> None:
    scene = Scene()
    scene.faults.stalled_until_s = 3.0
    scene.begin(lambda: scene.session.append((_append(Entry(1, 2)),)))
    scene.run(2.9)
    assert not scene.tasks[0].done()
    scene.run(0.2)
    assert scene.tasks[0].done()


def test_after_a_failed_commit_nobody_knows_what_is_there() -> None:
    outcomes: set[int] = set()
    for seed in range(20):
        scene = Scene(seed)
        scene.faults.writes_that_fail = 1
        scene.begin(lambda s=scene: s.session.append((_append(Entry(1, 2)),)))
        scene.run()
        with pytest.raises(SimulatedDiskError):
            scene.tasks[0].result()
        outcomes.add(len(scene.disk.entries))
    assert outcomes == {0, 1}


def test_compaction_keeps_the_term_of_the_boundary() -> None:
    disk = Disk(VOTERS)
    disk.write_log(_append(Entry(1, 2), Entry(3, 3), Entry(3, 4)))
    disk.applied_index = 4
    disk.compact(3)
    stored = disk.load()
    assert (stored.first_index, stored.last_index) == (4, 4)
    assert stored.term_runs == (TermRun(3, 3),)
    assert disk.has(3, 3)


def test_a_snapshot_moves_the_state_and_resets_the_log() -> None:
    archive = SnapshotArchive()
    source, target = Scene(archive=archive), Scene(archive=archive)
    source.disk.write_log(_append(Entry(2, 2), Entry(2, 3)))
    source.disk.applied_index = 3
    source.disk.state_hash = b"hash"
    target.disk.write_log(_append(Entry(1, 2)))
    pieces: list[bytes] = []

    async def read() -> None:
        reader = await source.session.open_snapshot()
        pieces.extend([piece async for piece in reader.chunks()])

    async def install() -> None:
        stage = await target.session.stage(meta_of(source.disk))
        for piece in pieces:
            await stage.write(piece)
        await stage.finish(sha256(b"".join(pieces)).digest())
        await target.session.install(meta_of(source.disk), HARD_STATE)

    source.begin(read)
    source.run()
    target.begin(install)
    target.run()
    target.tasks[0].result()
    stored = target.disk.load()
    assert (stored.first_index, stored.last_index, stored.applied_index) == (4, 3, 3)
    assert (stored.state_hash, stored.term_runs) == (b"hash", (TermRun(3, 2),))
    assert stored.hard_state.vote == 2
