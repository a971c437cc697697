"""The demo's data folder: one demo at a time, `cluster.json`, and logs of bounded size.

<data>/demo.lock        held while a demo runs
<data>/cluster.json     identities (cluster_file.py)
<data>/node-N/          what the node keeps: its PostgreSQL
<data>/node-N/node.log  what the node says
"""

import contextlib
import fcntl
import os
import secrets
import shutil
from collections.abc import Generator
from pathlib import Path

from bitebyte.demo import cluster_file
from bitebyte.demo.cluster_file import ClusterFile
from bitebyte.demo.errors import DataFolderBroken, DataFolderInUse

LOG_BYTES_MAX = 10 * 1024 * 1024
"""A log that has grown past this is moved aside at the next look."""
LOGS_KEPT_MAX = 5
"""Old logs kept beside the current one, so a node's logs take about 60 MiB at most."""


@contextlib.contextmanager
def hold(data_dir: Path) -> Generator[None]:
    """Keeps the folder for this process, and makes it if it is not there.

    The kernel gives the lock up when the process ends, however it ends. Raises
    DataFolderInUse or DataFolderBroken.
    """
    lock_path = data_dir / "demo.lock"
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        lock_file = lock_path.open("a+", encoding="ascii")
    except OSError as error:
        raise DataFolderBroken(
            f"the data folder {data_dir} cannot be used: {error.strerror}. "
            f"Choose another one with --data"
        ) from error
    with lock_file:
        try:
            fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock_file.seek(0)
            holder = lock_file.read(20).strip() or "unknown"
            raise DataFolderInUse(
                f"another demo (process {holder}) is running on {data_dir}. Stop it with "
                f"Ctrl-C in its terminal, or choose another folder with --data"
            ) from None
        lock_file.truncate(0)
        lock_file.write(f"{os.getpid()}\n")
        lock_file.flush()
        yield


def read_or_draw_cluster(data_dir: Path) -> ClusterFile:
    """The cluster of this folder; a new one, already written, if the folder holds none.

    Raises DataFolderBroken, also when there is a database but no cluster it belongs to.
    """
    path = data_dir / cluster_file.FILE_NAME
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        orphan = next(data_dir.glob("node-*/postgres"), None)
        if orphan is not None:
            raise DataFolderBroken(
                f"{orphan} holds a database, but {path} is missing, so nobody knows which "
                f"cluster it belongs to. Put the file back, or delete {data_dir} to begin anew"
            ) from None
        cluster = cluster_file.draw_cluster(secrets.randbits)
        write_cluster(data_dir, cluster)
        return cluster
    except OSError as error:
        raise DataFolderBroken(f"{path} cannot be read: {error.strerror}") from error
    return cluster_file.decode(content)


def write_cluster(data_dir: Path, cluster: ClusterFile) -> None:
    """Replaces `cluster.json` as a whole and durably. Raises DataFolderBroken."""
    path = data_dir / cluster_file.FILE_NAME
    new_path = path.with_suffix(".json.new")
    try:
        with new_path.open("wb") as file:
            file.write(cluster_file.encode(cluster))
            file.flush()
            os.fsync(file.fileno())
        new_path.replace(path)
        folder = os.open(data_dir, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise DataFolderBroken(f"{path} cannot be written: {error.strerror}") from error


def rotate_log(log_path: Path, *, bytes_max: int = LOG_BYTES_MAX) -> bool:
    """Moves a log that is too long aside as `node.log.1`, older ones one further.

    Copies and truncates instead of renaming, because a running node keeps its end of the file
    open (in append mode); lines written between the two steps are lost. True if it moved.
    """
    try:
        if log_path.stat().st_size <= bytes_max:
            return False
    except FileNotFoundError:
        return False
    for number in range(LOGS_KEPT_MAX - 1, 0, -1):
        older = log_path.with_name(f"{log_path.name}.{number}")
        if older.exists():
            older.replace(log_path.with_name(f"{log_path.name}.{number + 1}"))
    shutil.copyfile(log_path, log_path.with_name(f"{log_path.name}.1"))
    os.truncate(log_path, 0)
    return True


def last_lines(log_path: Path, *, lines_max: int = 12, bytes_max: int = 8_192) -> str:
    """The end of a log, for an error text. Empty if there is none."""
    try:
        with log_path.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - bytes_max))
            text = file.read().decode("utf-8", errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-lines_max:])
