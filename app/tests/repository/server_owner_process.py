"""Starts an embedded server, prints its pid, and lives until it is killed."""

import asyncio
import sys
from pathlib import Path

from bitebyte.repository.embedded import EmbeddedPostgres


async def hold_server(data_dir: Path) -> None:
    server = await EmbeddedPostgres.start(data_dir)
    print(server.pid, flush=True)
    await asyncio.Event().wait()


asyncio.run(hold_server(Path(sys.argv[1])))
