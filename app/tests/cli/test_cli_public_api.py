"""Calls to a cluster of which any node may be gone."""

import socket
import threading

import pytest
from cluster_double import Heard, serve

from bitebyte.demo.public_api import PublicApi, Unreachable, call

PROBLEM = {"code": "no_leader", "detail": "an election is under way", "status": 503}


def api(*urls: str, deadline_s: float = 10.0, stopping: threading.Event | None = None) -> PublicApi:
    return PublicApi(urls, deadline_s=deadline_s, stopping=stopping or threading.Event())


def test_a_call_goes_on_to_the_next_node_when_one_has_no_leader_or_is_gone() -> None:
    with socket.socket() as reserved, serve(PROBLEM, status=503) as busy, serve({"ok": 1}) as good:
        reserved.bind(("127.0.0.1", 0))
        gone = f"http://127.0.0.1:{reserved.getsockname()[1]}"
        answer = api(busy, gone, good).request("GET", "/bars")
    assert (answer.status, answer.field("ok")) == (200, 1)


def test_a_refusal_is_an_answer_and_is_not_repeated() -> None:
    heard: list[Heard] = []
    with serve({"code": "slug_taken", "detail": "taken"}, status=409, heard=heard) as url:
        answer = api(url).request("POST", "/bars", json={"slug": "night-owl"})
    assert (answer.field("code"), answer.text) == ("slug_taken", "409 slug_taken: taken")
    assert len(heard) == 1


def test_a_repeated_call_is_the_same_call() -> None:
    refused: list[Heard] = []
    taken: list[Heard] = []
    with (
        serve(PROBLEM, status=503, heard=refused) as busy,
        serve({}, status=201, heard=taken) as good,
    ):
        client = api(busy, good)
        client.token = "a-token"
        client.request("POST", "/orders", json={"lines": []}, idempotency_key="key-1")
    [first], [second] = refused, taken
    assert first.body == second.body == b'{"lines":[]}'
    assert first.path == second.path == "/api/v1/orders"
    for request in (first, second):
        assert request.headers["Idempotency-Key"] == "key-1"
        assert request.headers["Authorization"] == "Bearer a-token"


def test_every_call_asks_for_what_was_seen_before() -> None:
    heard: list[Heard] = []
    with serve({}, heard=heard) as url:
        client = api(url)
        client.request("GET", "/bars")
        client.request("GET", "/bars")
    assert [one.headers["BiteByte-Min-Index"] for one in heard] == ["0", "1230"]


def test_after_the_deadline_the_last_problem_is_told() -> None:
    with (
        serve(PROBLEM, status=503) as url,
        pytest.raises(Unreachable, match="503 no_leader: an election is under way"),
    ):
        api(url, deadline_s=0.0).request("GET", "/bars")


def test_a_demo_that_is_stopped_waits_for_no_election() -> None:
    stopping = threading.Event()
    stopping.set()
    with serve(PROBLEM, status=503) as url, pytest.raises(Unreachable, match="being stopped"):
        api(url, deadline_s=60.0, stopping=stopping).request("GET", "/bars")


def test_what_is_not_json_is_shown_as_it_is() -> None:
    with serve({"a": 1}, content_type="text/html") as url:
        answer = call(url, "GET", "/", timeout_s=5.0)
    assert answer.body == '{"a": 1}'
    assert answer.field("a") is None
