"""Data directories that begin with a database cluster already made, and nothing in it.

initdb takes a second of computing and always makes the same; tests start dozens of databases. So
it is made once a run and copied: a node that starts finds what its own initdb would have made.
"""

import asyncio
import atexit
import functools
import shutil
import tempfile
import threading
from pathlib import Path

from bitebyte.repository.embedded import EmbeddedPostgres

CLUSTER_NAME = "postgres"
"""Of the folder in a data directory that initdb makes."""
MAKING_S_MAX = 120.0


def make_data_dir(data_dir: Path) -> None:
    """The directory with a database cluster in it. To be called before anybody uses it."""
    data_dir.mkdir(parents=True)
    shutil.copytree(_original() / CLUSTER_NAME, data_dir / CLUSTER_NAME)


@functools.cache
def _original() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="bitebyte-made-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    # In a thread: whoever asks may be on an event loop that is running.
    maker = threading.Thread(target=lambda: asyncio.run(_make(folder)))
    maker.start()
    maker.join(MAKING_S_MAX)
    assert (folder / CLUSTER_NAME / "PG_VERSION").exists(), "initdb has failed: see above"
    assert not maker.is_alive()
    return folder


async def _make(folder: Path) -> None:
    """Started and stopped once, so that a copy is of a server that shut down cleanly."""
    server = await EmbeddedPostgres.start(folder)
    await server.stop()
