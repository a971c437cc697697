"""A member with state worth copying, and the way of a snapshot from one member to another."""

import hashlib
from collections.abc import Sequence

import msgspec
from repository_examples import ONE_OF_EACH, build_movement, numbered_id

from bitebyte.domain.entities import AnyEntity
from bitebyte.domain.results import Event
from bitebyte.raft.messages import StorageAppend
from bitebyte.raft.types import ConfState, Entry, HardState
from bitebyte.repository.database import Database
from bitebyte.repository.types import AppliedEntry, FlushBatch, SnapshotMeta

SNAPSHOT_INDEX = 6
SNAPSHOT_TERM = 3
LOG_TIME_MS = 1_700_000_200_000
CONF = ConfState((11, 12), learners=(13,))
STATE_HASH = b"\x07" * 32
MOVEMENTS = 1500
"""Enough rows for more than one piece."""
EVENT = Event("order.placed", numbered_id(1), "", False, {"number": 17})


def many_rows() -> tuple[AnyEntity, ...]:
    """One of each kind, and a table that needs several pieces."""
    movements = [
        msgspec.structs.replace(build_movement(numbered_id(n)), reason="reason " * 50)
        for n in range(1000, 1000 + MOVEMENTS)
    ]
    return (*ONE_OF_EACH, *movements)


async def fill(database: Database, rows: Sequence[AnyEntity]) -> None:
    """A log of 7 entries, of which 6 are applied, their effect being `rows`."""
    entries = tuple(Entry(1 if i < 5 else SNAPSHOT_TERM, i, b"command") for i in range(1, 8))
    hard_state = HardState(SNAPSHOT_TERM, 11, SNAPSHOT_INDEX)
    await database.log.append([StorageAppend(entries, hard_state, ())])
    applied = tuple(AppliedEntry(i, STATE_HASH, (EVENT,)) for i in range(1, SNAPSHOT_INDEX + 1))
    await database.state.flush(
        FlushBatch(tuple(rows), applied, SNAPSHOT_INDEX, STATE_HASH, LOG_TIME_MS, CONF)
    )


async def export(database: Database) -> tuple[SnapshotMeta, list[bytes]]:
    """A whole snapshot in memory."""
    reader = await database.snapshots.open_snapshot()
    pieces = [piece async for piece in reader.chunks()]
    await reader.close()
    return reader.meta, pieces


def sha256_of(pieces: Sequence[bytes]) -> bytes:
    """What the sender tells at the end."""
    return hashlib.sha256(b"".join(pieces)).digest()


async def stage(database: Database, meta: SnapshotMeta, pieces: Sequence[bytes]) -> None:
    """Takes a whole snapshot in, short of installing it."""
    staged = await database.snapshots.stage(meta)
    for piece in pieces:
        await staged.write(piece)
    await staged.finish(sha256_of(pieces))


async def all_rows(database: Database) -> list[AnyEntity]:
    """The whole state."""
    return [row async for row in database.state.all_rows()]
