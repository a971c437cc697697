"""Starts the alternative: three PostgreSQL servers and uvicorn, and fills the bar."""

import asyncio
import hashlib
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import asyncpg
import httpx

from bench.load import Shop
from bench.menu import BAR_INGREDIENTS, BAR_PRODUCTS
from bitebyte.repository.postgres_launch import Launch, find_launch
from bitebyte_e2e.ports import free_ports
from bitebyte_e2e.waiting import wait_until

T = TypeVar("T")

SETTINGS = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "wal_level": "replica",
    "max_wal_senders": "6",
    "max_connections": "100",
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
POOL_BY_WORKERS = {1: 24, 2: 12}
"""Connections a worker: more only wait for the same rows."""


class Alternative:
    """The running system. Made by `start`; `close` ends all that was started."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._launch: Launch
        self._processes: list[subprocess.Popen[bytes]] = []
        self.urls: dict[int, str] = {}
        """Where uvicorn answers, by its number of workers."""

    @property
    def dsn(self) -> str:
        return f"postgresql://bench@/postgres?host={quote(str(self._socket('primary')))}"

    def _socket(self, name: str) -> Path:
        return self._folder / f"{name}-socket"

    def start(self, *, workers: Sequence[int] = (1, 2)) -> None:
        """Primary, standbys (both streaming, one of them synchronous), and the servers."""
        self._folder.mkdir(parents=True)
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
        for count in workers:
            self.urls[count] = self._start_uvicorn(count)
        for url in self.urls.values():
            wait_until(lambda url=url: _answers(url), what=f"{url} answers", timeout_s=20)

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
        self._spawn(command, name)

    def _spawn(self, command: list[str], name: str, **environment: str) -> None:
        with (self._folder / f"{name}.log").open("ab") as log:
            self._processes.append(
                subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd=Path(__file__).parents[2],
                    env={**os.environ, **environment},
                    process_group=0,
                )
            )

    def _start_uvicorn(self, workers: int) -> str:
        [port] = free_ports(1)
        command = [sys.executable, "-m", "uvicorn", "bench.alternative.app:create_app", "--factory"]
        command += ["--port", str(port), "--loop", "uvloop", "--http", "httptools"]
        command += ["--workers", str(workers), "--no-access-log", "--log-level", "warning"]
        path = str(Path(__file__).parents[2])
        pool = str(POOL_BY_WORKERS[workers])
        self._spawn(
            command,
            f"uvicorn-{workers}",
            BENCH_DSN=self.dsn,
            BENCH_POOL=pool,
            PYTHONPATH=path,
        )
        return f"http://127.0.0.1:{port}"

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

        self._on_primary(demand)
        wait_until(
            lambda: self._synchronous_standbys() == len(STANDBYS),
            what="both standbys stream and count for commits",
            timeout_s=20,
        )

    def _synchronous_standbys(self) -> int:
        return self._on_primary(
            lambda connection: connection.fetchval(
                "SELECT count(*) FROM pg_stat_replication"
                " WHERE sync_state = 'quorum' AND state = 'streaming'"
            )
        )

    def fill(self, *, bars: int, accounts: int) -> list[Shop]:
        """Bars with menu and stock, and `accounts` signed-in customers."""
        schema = (Path(__file__).parent / "schema.sql").read_text()

        async def fill(connection: Any) -> list[Shop]:
            await connection.execute(schema)
            shops = [await _open_bar(connection, n, accounts // bars) for n in range(bars)]
            await connection.execute("ANALYZE")
            return shops

        return self._on_primary(fill)

    def orders_count(self) -> int:
        """Of all orders that are committed."""
        return self._on_primary(
            lambda connection: connection.fetchval("SELECT count(*) FROM customer_order")
        )

    def _on_primary(self, job: Callable[[Any], Awaitable[T]]) -> T:
        async def connected() -> T:
            connection = await asyncpg.connect(self.dsn)
            try:
                return await job(connection)
            finally:
                await connection.close()

        return asyncio.run(connected())

    def close(self) -> None:
        """Servers first, then standbys and primary; each by its own pid."""
        for process in reversed(self._processes):
            if process.poll() is None:
                process.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown, uvicorn's Ctrl-C
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/openapi.json").status_code == 200
    except httpx.TransportError:
        return False


async def _open_bar(connection: Any, bar: int, accounts: int) -> Shop:
    bar_id = uuid.uuid4()
    await connection.execute(
        "INSERT INTO bar (id, slug, currency, timezone) VALUES ($1, $2, 'EUR', 'UTC')",
        bar_id,
        f"bench-{bar}",
    )
    ingredients = {plan.name: uuid.uuid4() for plan in BAR_INGREDIENTS}
    for plan in BAR_INGREDIENTS:
        await connection.execute(
            "INSERT INTO ingredient (id, bar_id, name, is_exact, on_hand, threshold)"
            " VALUES ($1, $2, $3, $4, $5, $6)",
            ingredients[plan.name],
            bar_id,
            plan.name,
            plan.tracking == "exact",
            plan.initial_base,
            int(plan.threshold) * 1000,
        )
    products = {plan.name: uuid.uuid4() for plan in BAR_PRODUCTS}
    for plan in BAR_PRODUCTS:
        await connection.execute(
            "INSERT INTO product (id, bar_id, name, price_minor, status)"
            " VALUES ($1, $2, $3, $4, 'active')",
            products[plan.name],
            bar_id,
            plan.name,
            plan.price_minor,
        )
        await connection.executemany(
            "INSERT INTO recipe_line (product_id, ingredient_id, quantity) VALUES ($1, $2, $3)",
            [
                (products[plan.name], ingredients[name], int(Decimal(amount) * 1000))
                for name, amount in plan.recipe.items()
            ],
        )
    tokens: list[str] = []
    for number in range(accounts):
        token = hashlib.sha256(os.urandom(32)).hexdigest()
        account_id = uuid.uuid4()
        await connection.execute(
            "INSERT INTO account VALUES ($1, $2, $3)",
            account_id,
            f"guest-{number}@bench-{bar}.example",
            f"Guest {number}",
        )
        await connection.execute(
            "INSERT INTO session VALUES ($1, $2, now() + interval '1 day')",
            hashlib.sha256(token.encode()).digest(),
            account_id,
        )
        tokens.append(token)
    return Shop(str(bar_id), {name: str(products[name]) for name in products}, tokens)
