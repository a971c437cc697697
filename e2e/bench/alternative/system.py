"""An alternative as it is run: its database on the shared primary, and uvicorn."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from bench.alternative.bars import open_bar
from bench.alternative.replicated import ReplicatedPostgres, end, spawn
from bench.load import Shop
from bench.menu import BAR_INGREDIENTS
from bitebyte_e2e.bar import IngredientPlan
from bitebyte_e2e.ports import free_ports
from bitebyte_e2e.waiting import wait_until

POOL_BY_WORKERS = {1: 24, 2: 12}
"""Connections a worker: more only wait for the same rows."""

_HERE = Path(__file__).parent


class Alternative:
    """`obvious` or `tuned`, with a database of that name. `close` ends the servers that `serve`
    has started; the primary belongs to the caller."""

    def __init__(self, name: str, postgres: ReplicatedPostgres, folder: Path) -> None:
        self.name = name
        self._postgres = postgres
        self._folder = folder
        self._processes: list[subprocess.Popen[bytes]] = []
        self.urls: dict[int, str] = {}
        """Where uvicorn answers, by its number of workers."""

    def fill(
        self,
        *,
        bars: int,
        accounts: int,
        ingredients: Sequence[IngredientPlan] = BAR_INGREDIENTS,
    ) -> list[Shop]:
        """Creates the database: bars with menu and stock, and `accounts` signed-in customers."""
        schema = [_HERE / "menu.sql", _HERE / self.name / "orders.sql"]

        async def fill(connection: Any) -> list[Shop]:
            for path in schema:
                await connection.execute(path.read_text())
            shops = [
                await open_bar(
                    connection, number=number, accounts=accounts // bars, ingredients=ingredients
                )
                for number in range(bars)
            ]
            await connection.execute("ANALYZE")
            return shops

        self._postgres.run(lambda connection: connection.execute(f"CREATE DATABASE {self.name}"))
        return self._postgres.run(fill, database=self.name)

    def serve(self, *, workers: Sequence[int]) -> None:
        """One uvicorn for each number of workers, until all answer."""
        for count in workers:
            self.urls[count] = self._start_uvicorn(count)
        for url in self.urls.values():
            wait_until(lambda url=url: _answers(url), what=f"{url} answers", timeout_s=30)

    def _start_uvicorn(self, workers: int) -> str:
        [port] = free_ports(1)
        app = f"bench.alternative.{self.name}.app:create_app"
        command = [sys.executable, "-m", "uvicorn", app, "--factory", "--port", str(port)]
        command += ["--loop", "uvloop", "--http", "httptools", "--workers", str(workers)]
        command += ["--no-access-log", "--log-level", "warning"]
        self._processes.append(
            spawn(
                command,
                self._folder / f"{self.name}-{workers}.log",
                BENCH_DSN=self._postgres.dsn(self.name),
                BENCH_POOL=str(POOL_BY_WORKERS[workers]),
                PYTHONPATH=str(_HERE.parents[1]),
            )
        )
        return f"http://127.0.0.1:{port}"

    def orders_count(self) -> int:
        """Of all orders that are committed."""
        return self.query("SELECT count(*) FROM customer_order")

    def query(self, sql: str, *arguments: Any) -> Any:
        """The single value that `sql` gives."""
        return self._postgres.run(
            lambda connection: connection.fetchval(sql, *arguments), database=self.name
        )

    def close(self) -> None:
        """Ends its servers."""
        end(self._processes)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/openapi.json").status_code == 200
    except httpx.TransportError:
        return False
