"""A PostgreSQL server of our own for one machine: no root, no Docker, no TCP port.

Below the data directory:

    node.lock          held for as long as a process uses the directory
    postgres/          the cluster, made once by initdb, with data checksums
    postgres-socket/   the Unix socket, mode 0700 (elsewhere if the path would be too long)
    postgres.log       what the server says, at most LOG_BYTES_MAX and one older copy

The server ends with the process that started it, however that ends: it asks the kernel for
SIGINT (fast shutdown) at the death of its parent. A later start waits until it is gone.
"""

import asyncio
import contextlib
import fcntl
import hashlib
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final
from urllib.parse import quote

import asyncpg

from bitebyte.repository.errors import EmbeddedPostgresError
from bitebyte.repository.postgres_launch import Launch, find_launch
from bitebyte.repository.postgres_settings import HBA, build_postgresql_conf

MAJOR_VERSION: Final = "18"
LOG_BYTES_MAX: Final = 4 * 1024 * 1024
"""Of postgres.log; checked every LOG_CHECK_INTERVAL_S, then moved to postgres.log.1."""
LOG_CHECK_INTERVAL_S: Final = 30.0

_USER: Final = "bitebyte"
_DATABASE: Final = "postgres"
_SOCKET_NAME: Final = ".s.PGSQL.5432"
_SOCKET_PATH_BYTES_MAX: Final = 107  # sockaddr_un.sun_path less its final NUL, unix(7)
_INITDB_TIMEOUT_S: Final = 60.0
_POLL_INTERVAL_S: Final = 0.02
_LOG_TAIL_BYTES: Final = 2000


class EmbeddedPostgres:
    """A running server. Make it with `start`; call `stop` before the event loop ends."""

    def __init__(
        self, process: subprocess.Popen[bytes], socket_dir: Path, log_path: Path, lock_fd: int
    ) -> None:
        self._process = process
        self._socket_dir = socket_dir
        self._log_path = log_path
        self._lock_fd: int | None = lock_fd
        self._log_bound = asyncio.create_task(_keep_log_bounded(log_path))

    @property
    def dsn(self) -> str:
        """Where clients on this machine connect; holds no secret."""
        return self.dsn_of(_DATABASE)

    def dsn_of(self, database: str) -> str:
        """The DSN of another database of this server."""
        return f"postgresql://{_USER}@/{quote(database)}?host={quote(str(self._socket_dir))}"

    @property
    def pid(self) -> int:
        """Of the postmaster."""
        return self._process.pid

    @classmethod
    async def start(
        cls, data_dir: Path, *, takeover_timeout_s: float = 60.0, ready_timeout_s: float = 60.0
    ) -> "EmbeddedPostgres":
        """Starts the server on `data_dir`, which is made if needed, and waits until it answers.

        Call it from the thread that lives as long as the server shall (the main thread): its
        end is what stops the server. A server left by a killed process is waited for up to
        `takeover_timeout_s`; recovery after a crash may take up to `ready_timeout_s`.
        Raises EmbeddedPostgresError with what to do.
        """
        data_dir, lock_fd = _lock_data_dir(data_dir)
        try:
            launch = find_launch(data_dir)
            pg_data = data_dir / "postgres"
            await _wait_for_former_server(pg_data, takeover_timeout_s)
            if not pg_data.exists():
                _make_cluster(launch, data_dir, pg_data)
            _check_major_version(pg_data)
            launch.hand_over(pg_data)
            socket_dir = _prepare_socket_dir(launch, data_dir)
            _write_settings(pg_data, socket_dir)
            log_path = data_dir / "postgres.log"
            process = _spawn(launch, pg_data, log_path)
        except BaseException:
            os.close(lock_fd)
            raise
        server = cls(process, socket_dir, log_path, lock_fd)
        try:
            await server._wait_until_ready(ready_timeout_s)
        except BaseException:
            await server.stop(timeout_s=5.0)
            raise
        return server

    async def stop(self, *, timeout_s: float = 30.0) -> None:
        """Shuts the server down: open transactions are rolled back, clients disconnected.

        After `timeout_s` the server is told to quit at once and recovers at its next start.
        Calling it again does nothing.
        """
        self._log_bound.cancel()
        for sign, patience_s in ((signal.SIGINT, timeout_s), (signal.SIGQUIT, 5.0)):
            if self._process.poll() is None:
                self._process.send_signal(sign)
                await self._wait_for_exit(patience_s)
        if self._process.poll() is None:
            self._process.kill()
            await self._wait_for_exit(timeout_s)
        if self._lock_fd is not None:
            os.close(self._lock_fd)
            self._lock_fd = None

    async def _wait_for_exit(self, timeout_s: float) -> None:
        # Polled, because the server belongs to no event loop (see _spawn).
        deadline = time.monotonic() + timeout_s
        while self._process.poll() is None:
            if time.monotonic() > deadline:
                return
            await asyncio.sleep(_POLL_INTERVAL_S)

    async def _wait_until_ready(self, timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        while True:
            if self._process.poll() is not None:
                raise EmbeddedPostgresError(
                    f"PostgreSQL ended with status {self._process.returncode} while starting:"
                    f" {_tail(self._log_path)}"
                )
            try:
                connection = await asyncpg.connect(self.dsn, timeout=5)
            except (OSError, asyncpg.CannotConnectNowError, TimeoutError) as error:
                if time.monotonic() > deadline:
                    raise EmbeddedPostgresError(
                        f"PostgreSQL does not answer after {timeout_s:.0f} s ({error}):"
                        f" {_tail(self._log_path)}"
                    ) from error
                await asyncio.sleep(_POLL_INTERVAL_S)
            else:
                await connection.close()
                return


def _lock_data_dir(data_dir: Path) -> tuple[Path, int]:
    """The directory, absolute and ours alone, and the lock that keeps it so."""
    data_dir = data_dir.absolute()
    try:
        data_dir.mkdir(mode=0o755, parents=True, exist_ok=True)
        # Not inherited by the server: the lock ends with this process.
        lock_fd = os.open(data_dir / "node.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise EmbeddedPostgresError(
            f"the data directory {data_dir} cannot be written: {error.strerror}"
        ) from error
    try:
        fcntl.flock(lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(lock_fd)
        raise EmbeddedPostgresError(
            f"another running node uses the data directory {data_dir}: stop it, or give this"
            " node a directory of its own"
        ) from error
    return data_dir, lock_fd


async def _wait_for_former_server(pg_data: Path, timeout_s: float) -> None:
    """Waits until no process of an earlier server works on `pg_data`, then clears its pid file
    if another program has inherited the pid, which PostgreSQL would take for a live server."""
    pid_file = pg_data / "postmaster.pid"
    deadline = time.monotonic() + timeout_s
    while (pids := _processes_in(pg_data)) and pid_file.exists():
        if time.monotonic() > deadline:
            raise EmbeddedPostgresError(
                f"an earlier PostgreSQL (process {min(pids)}) still runs on {pg_data} after"
                f" {timeout_s:.0f} s: end it with `kill -INT {min(pids)}` and start again"
            )
        await asyncio.sleep(_POLL_INTERVAL_S)
    if sys.platform == "linux":  # elsewhere we can't tell, and PostgreSQL judges by the pid
        pid_file.unlink(missing_ok=True)


def _processes_in(directory: Path) -> list[int]:
    """PostgreSQL processes that work on the cluster `directory`, which they have for their
    working directory."""
    found: list[int] = []
    real = directory.resolve()
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it ended meanwhile, or belongs to somebody else
            works_here = (process / "cwd").readlink() == real
            if works_here and (process / "exe").readlink().name.startswith("postgres"):
                found.append(int(process.name))
    return found


def _make_cluster(launch: Launch, data_dir: Path, pg_data: Path) -> None:
    """initdb beside the final place, then one rename: a half-made cluster is never used."""
    for leftover in data_dir.glob("postgres.new-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    fresh = Path(tempfile.mkdtemp(prefix="postgres.new-", dir=data_dir))
    launch.hand_over(fresh)
    command = launch.command(
        "initdb",
        f"--pgdata={fresh}",
        f"--username={_USER}",
        "--auth=trust",
        "--data-checksums",
        "--encoding=UTF8",
        "--locale=C",
        "--no-instructions",
    )
    try:
        done = subprocess.run(
            command, check=False, capture_output=True, timeout=_INITDB_TIMEOUT_S, cwd="/"
        )
    except subprocess.TimeoutExpired as error:
        raise EmbeddedPostgresError(
            f"initdb did not finish within {_INITDB_TIMEOUT_S:.0f} s: is the disk of {data_dir}"
            " very slow?"
        ) from error
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip()
        raise EmbeddedPostgresError(f"initdb could not make {pg_data}: {said}")
    fresh.rename(pg_data)
    directory_fd = os.open(data_dir, os.O_RDONLY)
    try:
        os.fsync(directory_fd)
    finally:
        os.close(directory_fd)


def _check_major_version(pg_data: Path) -> None:
    try:
        found = (pg_data / "PG_VERSION").read_text().strip()
    except OSError as error:
        raise EmbeddedPostgresError(
            f"{pg_data} is not a PostgreSQL cluster ({error.strerror}): restore it from a backup,"
            " or give the node an empty data directory"
        ) from error
    if found != MAJOR_VERSION:
        raise EmbeddedPostgresError(
            f"{pg_data} was made by PostgreSQL {found}, this program brings {MAJOR_VERSION}:"
            " use the program version that made it, or let the node join anew with an empty"
            " data directory"
        )


def _prepare_socket_dir(launch: Launch, data_dir: Path) -> Path:
    """The socket's directory, mode 0700 and the server's alone."""
    owner_uid = os.geteuid() if launch.owner is None else launch.owner[0]
    socket_dir = data_dir / "postgres-socket"
    if len(os.fsencode(socket_dir / _SOCKET_NAME)) > _SOCKET_PATH_BYTES_MAX:
        digest = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
        socket_dir = Path(tempfile.gettempdir()) / f"bitebyte-{owner_uid}-{digest}"
    elif socket_dir.exists():
        shutil.rmtree(socket_dir, ignore_errors=True)  # an earlier start's, perhaps another owner's
    try:
        socket_dir.mkdir(mode=0o700)
        launch.hand_over(socket_dir)
    except FileExistsError:
        # In the system's temporary directory anybody may have been there first.
        found = socket_dir.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner_uid:
            raise EmbeddedPostgresError(
                f"{socket_dir} belongs to somebody else: remove it, or use a data directory"
                " with a shorter path"
            ) from None
        socket_dir.chmod(0o700)
    except OSError as error:
        raise EmbeddedPostgresError(
            f"no place for the socket of PostgreSQL: {socket_dir}: {error.strerror}"
        ) from error
    return socket_dir


def _write_settings(pg_data: Path, socket_dir: Path) -> None:
    try:
        (pg_data / "postgresql.conf").write_text(build_postgresql_conf(socket_dir))
        (pg_data / "pg_hba.conf").write_text(HBA)
    except OSError as error:
        raise EmbeddedPostgresError(
            f"the settings in {pg_data} cannot be written: {error.strerror}"
        ) from error


def _spawn(launch: Launch, pg_data: Path, log_path: Path) -> subprocess.Popen[bytes]:
    """Forks from the calling thread, as the parent-death signal needs; asyncio is not involved,
    so the server may outlive the event loop that started it."""
    _bound_log(log_path)
    command = launch.command_bound_to_parent("postgres", "-D", str(pg_data))
    with log_path.open("ab") as log:
        # A group of its own: Ctrl-C in the terminal is for the node, which stops us in order.
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            process_group=0,
        )


async def _keep_log_bounded(log_path: Path) -> None:
    while True:
        await asyncio.sleep(LOG_CHECK_INTERVAL_S)
        _bound_log(log_path)


def _bound_log(log_path: Path) -> None:
    """Copies and truncates: the server keeps its file open for append, so a rename would not
    free it. Lines written between the two are lost, which a bound is worth."""
    with contextlib.suppress(OSError):
        if log_path.stat().st_size > LOG_BYTES_MAX:
            shutil.copyfile(log_path, log_path.with_suffix(".log.1"))
            os.truncate(log_path, 0)


def _tail(log_path: Path) -> str:
    try:
        said = log_path.read_bytes()[-_LOG_TAIL_BYTES:].decode(errors="replace").strip()
    except OSError:
        said = ""
    return f"{said or 'it said nothing'} (see {log_path})"
