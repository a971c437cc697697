"""`bitebyte node` that is killed right after the database holds the new cluster, before anybody is
answered."""

import os
import signal

from bitebyte.cli import app
from bitebyte.repository.database import Database

found = Database.found


async def found_and_die(self: Database) -> bool:
    assert await found(self)
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("killed")


Database.found = found_and_die  # pyright: ignore - what a power cut would do

app()
