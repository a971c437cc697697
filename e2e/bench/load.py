"""Load from wrk: orders at a fixed number of connections, and what came back."""

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench.menu import OrderLines

_SCRIPT = Path(__file__).with_name("order.lua")
_TIMEOUT_S = 10
"""wrk counts a request as timed out after this long."""


REQUESTS = 4096
"""Different requests that wrk walks through again and again, each time with a new key."""


class LoadFailed(Exception):
    """The run does not count: something other than a confirmed order came back."""


@dataclass(frozen=True)
class Target:
    """Where the orders go, and the file of requests that wrk reads."""

    url: str
    load_file: Path


@dataclass(frozen=True)
class Shop:
    """A bar as one of the systems knows it, and the customers who order there."""

    bar_id: str
    products: dict[str, str]
    """Product id by name."""
    tokens: list[str]


@dataclass(frozen=True)
class Measured:
    """One run. Rates are confirmed orders."""

    connections: int
    duration_s: float
    orders: int
    orders_per_s: float
    p50_ms: float
    p90_ms: float
    p99_ms: float
    max_ms: float


def require_wrk() -> str:
    """The path of wrk; LoadFailed with what to do when it is not installed."""
    found = shutil.which("wrk")
    if found is None:
        raise LoadFailed("wrk is not installed: `apt-get install wrk` (or your system's way)")
    return found


def write_load_file(path: Path, *, shops: list[Shop], mix: list[OrderLines]) -> None:
    """One request a line: token, path and body, with tabs between. Shops and their customers
    take turns."""
    lines: list[str] = []
    for number in range(REQUESTS):
        shop = shops[number % len(shops)]
        token = shop.tokens[number // len(shops) % len(shop.tokens)]
        body = {
            "lines": [
                {"product_id": shop.products[name], "quantity": quantity, "note": ""}
                for name, quantity in mix[number % len(mix)]
            ]
        }
        lines.append(f"{token}\t/api/v1/bars/{shop.bar_id}/orders\t{json.dumps(body)}")
    path.write_text("\n".join(lines) + "\n")


def run_load(target: Target, *, connections: int, duration_s: int, run_id: str) -> Measured:
    """Orders for `duration_s`; `run_id` makes the keys of this run unlike all others.

    Raises LoadFailed if any answer was not a success, or any request failed.
    """
    command = [require_wrk(), "-t1", f"-c{connections}", f"-d{duration_s}s"]
    command += [f"--timeout={_TIMEOUT_S}s", "-s", str(_SCRIPT), target.url]
    command += ["--", str(target.load_file), run_id]
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=duration_s + 60
    )
    results = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    if done.returncode != 0 or not results:
        raise LoadFailed(f"wrk: {done.stdout}\n{done.stderr}")
    result = json.loads(results[0].removeprefix("RESULT "))
    bad = {name: count for name, count in result.items() if _is_error(name) and count}
    if bad or result["requests"] == 0:
        raise LoadFailed(f"{target.url} at {connections} connections: {bad or 'no answer at all'}")
    duration = result["duration_us"] / 1e6
    return Measured(
        connections=connections,
        duration_s=duration,
        orders=result["requests"],
        orders_per_s=result["requests"] / duration,
        p50_ms=result["p50_us"] / 1e3,
        p90_ms=result["p90_us"] / 1e3,
        p99_ms=result["p99_us"] / 1e3,
        max_ms=result["max_us"] / 1e3,
    )


def _is_error(name: str) -> bool:
    return name.endswith("_errors") or name == "timeouts"
