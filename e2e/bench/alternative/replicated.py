"""Three PostgreSQL servers: a primary whose commits wait for one of two standbys (ANY 1)."""

import asyncio
import signal
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import asyncpg

from bitebyte.repository.postgres_launch import Launch, find_launch
from bitebyte_e2e.environment import child_environment
from bitebyte_e2e.waiting import wait_until

T = TypeVar("T")

SETTINGS = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "wal_level": "replica",
    "max_wal_senders": "6",
    # Both alternatives' pools stay connected, also while the other one is measured.
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "jit": "off",
    "listen_addresses": "",
    "autovacuum_naptime": "10s",
    "log_min_messages": "fatal",
    "wal_sender_timeout": "0",
    "wal_receiver_timeout": "0",
}
"""More memory and rarer checkpoints than BiteByte gives its own servers."""

STANDBYS = ("s1", "s2")


class ReplicatedPostgres:
    """The running servers. Made by `start`; `close` ends all that was started."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._launch: Launch
        self._processes: list[subprocess.Popen[bytes]] = []

    def dsn(self, database: str = "postgres") -> str:
        return f"postgresql://bench@/{database}?host={quote(str(self._socket('primary')))}"

    def _socket(self, name: str) -> Path:
        return self._folder / f"{name}-socket"

    def start(self) -> None:
        """Primary and standbys, until both stream and commits wait for one of them."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._launch = find_launch(self._folder)
        self._launch.hand_over(self._folder)
        data = self._folder / "primary"
        arguments = ("--username=bench", "--auth=trust", "--data-checksums", "--locale=C")
        self._run("initdb", f"--pgdata={data}", *arguments, "--encoding=UTF8")
        self._serve("primary")
        self._wait_connectable()
        for name in STANDBYS:
            copy = self._folder / name
            source = f"host={self._socket('primary')} user=bench application_name={name}"
            self._run("pg_basebackup", f"--pgdata={copy}", f"--dbname={source}", "-R", "-cfast")
            self._serve(name)
        self._demand_synchronous()

    def _run(self, program: str, *arguments: str) -> None:
        command = self._launch.command(program, *arguments)
        done = subprocess.run(command, check=False, capture_output=True, cwd="/", timeout=60)
        if done.returncode != 0:
            raise AssertionError(f"{program}: {done.stderr.decode(errors='replace')}")

    def _serve(self, name: str) -> None:
        socket = self._socket(name)
        socket.mkdir(mode=0o700)
        self._launch.hand_over(socket)
        settings = SETTINGS | {"unix_socket_directories": str(socket)}
        flags = [part for key in settings for part in ("-c", f"{key}={settings[key]}")]
        data = self._folder / name
        command = self._launch.command_bound_to_parent("postgres", "-D", str(data), *flags)
        self._processes.append(spawn(command, self._folder / f"{name}.log"))

    def _wait_connectable(self) -> None:
        def up() -> bool:
            socket = self._socket("primary") / ".s.PGSQL.5432"
            return socket.exists() and self._is_ready()

        wait_until(up, what="the primary accepts connections", timeout_s=30)

    def _is_ready(self) -> bool:
        command = self._launch.command("pg_isready", "-h", str(self._socket("primary")), "-q")
        return subprocess.run(command, check=False, cwd="/").returncode == 0

    def _demand_synchronous(self) -> None:
        """Only now is it demanded, so that setting up could not wait for a missing standby."""
        names = f"ANY 1 ({', '.join(STANDBYS)})"

        async def demand(connection: Any) -> None:
            await connection.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{names}'")
            await connection.execute("SELECT pg_reload_conf()")

        self.run(demand)
        wait_until(
            lambda: self._synchronous_standbys() == len(STANDBYS),
            what="both standbys stream and count for commits",
            timeout_s=20,
        )

    def _synchronous_standbys(self) -> int:
        return self.run(
            lambda connection: connection.fetchval(
                "SELECT count(*) FROM pg_stat_replication"
                " WHERE sync_state = 'quorum' AND state = 'streaming'"
            )
        )

    def run(self, job: Callable[[Any], Awaitable[T]], *, database: str = "postgres") -> T:
        """What `job` returns, given a connection of its own to the primary."""

        async def connected() -> T:
            connection = await asyncpg.connect(self.dsn(database))
            try:
                return await job(connection)
            finally:
                await connection.close()

        return asyncio.run(connected())

    def close(self) -> None:
        """Standbys, then primary."""
        end(self._processes)


def spawn(command: list[str], log_path: Path, **environment: str) -> subprocess.Popen[bytes]:
    """Starts a server in the `e2e` folder with its output in `log_path`."""
    with log_path.open("ab") as log:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=Path(__file__).parents[2],
            env=child_environment() | environment,
            process_group=0,
        )


def end(processes: list[subprocess.Popen[bytes]]) -> None:
    """The last started first, each by its own pid; kill -9 after a deadline."""
    for process in reversed(processes):
        if process.poll() is None:
            process.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown, uvicorn's Ctrl-C
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
