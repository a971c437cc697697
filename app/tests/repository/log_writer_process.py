"""Appends batches until it is killed; prints the last index of each when it is durable.

The vote of each batch is its last index, so that a reader can tell whether entries and hard
state are of the same write.
"""

import asyncio
import itertools
import sys

from bitebyte.raft.messages import StorageAppend
from bitebyte.raft.types import Entry, HardState
from bitebyte.repository.database import Database


async def write_until_killed(dsn: str) -> None:
    database = await Database.open(dsn)
    last = (await database.log.load()).last_index
    for size in itertools.cycle((1, 7, 31)):
        batch = tuple(Entry(1, last + n, b"x" * 300) for n in range(1, size + 1))
        last += size
        await database.log.append(
            [StorageAppend(entries=batch, hard_state=HardState(1, last, 0), responses=())]
        )
        print(last, flush=True)


asyncio.run(write_until_killed(sys.argv[1]))
