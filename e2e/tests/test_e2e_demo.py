"""The demo, as a newcomer meets it: it opens, it sells, it heals, it stops, it remembers."""

import contextlib
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from bitebyte_e2e.client import Client, Json
from bitebyte_e2e.demo_process import DemoProcess
from bitebyte_e2e.ports import free_port_block
from bitebyte_e2e.waiting import wait_until

HEAL_TIMEOUT_S = 45.0


@contextmanager
def demo(folder: Path, ports: tuple[int, int, int], start: int) -> Iterator[DemoProcess]:
    """A start of the demo for the length of a `with`."""
    running = DemoProcess(
        data_dir=folder / "data",
        http_port=ports[0],
        peer_port=ports[1],
        admin_port=ports[2],
        output=folder / f"demo-{start}.out",
    )
    try:
        yield running
    finally:
        running.close()


@pytest.fixture
def ports() -> tuple[int, int, int]:
    return free_port_block(3), free_port_block(3), free_port_block(3)


def sign_in(client: Client, running: DemoProcess, role: str) -> None:
    account = running.account(role)
    client.sign_in(email=account.email, password=account.password)


def the_bar(client: Client) -> Json:
    [bar] = list(client.every("/bars"))
    return bar


def order_first_available(client: Client, bar: Json, key: str) -> Json:
    menu = client.expect(200, "GET", f"/bars/{bar['id']}/menu")
    drinks = [drink for section in menu["sections"] for drink in section["products"]]
    assert len(drinks) >= 50, f"only {len(drinks)} drinks on the demo's menu"
    assert len(menu["sections"]) >= 5
    drink = next(drink for drink in drinks if drink["available"])
    body = {"lines": [{"product_id": drink["id"], "quantity": 1, "note": "no straw"}]}
    answer = client.place_order(bar["id"], body, key=key)
    assert answer.status == 201, answer.content
    return answer.body


def is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=2).status_code == 200
    except httpx.TransportError:
        return False


def kill_node_and_see_it_heal(running: DemoProcess) -> None:
    [first] = running.node_pids("node-2")
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: not is_ready(running.urls[1]), what="node-2 is gone", timeout_s=10)
    wait_until(lambda: is_ready(running.urls[1]), what="node-2 is back", timeout_s=HEAL_TIMEOUT_S)
    pids = wait_until(
        lambda: running.node_pids("node-2")[1:], what="its new process is shown", timeout_s=10
    )
    assert first not in pids
    assert "node-2 was ended by signal 9" in running.output


@pytest.mark.timeout(300)
def test_demo_sells_heals_stops_and_remembers(tmp_path: Path, ports: tuple[int, int, int]) -> None:
    with demo(tmp_path, ports, 1) as running:
        running.wait_open()
        assert all(url in running.output for url in running.urls)
        with Client(running.urls[0]) as guest, Client(running.urls[1]) as merchant:
            sign_in(guest, running, "guest")
            order = order_first_available(guest, the_bar(guest), "first-night")
            sign_in(merchant, running, "merchant")
            merchant.min_index = max(merchant.min_index, guest.min_index)
            queue = merchant.every(f"/bars/{order['bar_id']}/orders", status="placed")
            assert order["id"] in [queued["id"] for queued in queue]
            kill_node_and_see_it_heal(running)
        assert running.interrupt() == 0, running.output
        assert not any(is_ready(url) for url in running.urls)

    with demo(tmp_path, ports, 2) as running:
        running.wait_open()
        with Client(running.urls[2]) as guest:
            sign_in(guest, running, "guest")
            again = guest.expect(200, "GET", f"/orders/{order['id']}")
            assert again["lines"] == order["lines"]
            assert len(list(guest.every("/bars"))) == 1, "the bar was loaded a second time"
        assert running.interrupt() == 0, running.output


@pytest.mark.parametrize("taken", ["http", "peer"])
def test_a_taken_port_is_named_before_anything_starts(
    tmp_path: Path, ports: tuple[int, int, int], taken: str
) -> None:
    port = ports[0] + 1 if taken == "http" else ports[1] + 2
    squatter = socket.create_server(("127.0.0.1", port))
    with contextlib.closing(squatter), demo(tmp_path, ports, 1) as running:
        assert running.wait_exit(30) == 1
        assert str(port) in running.output
        assert "Traceback" not in running.output
    assert not list(tmp_path.glob("data/node-*/postgres")), "a database was made all the same"
