"""The admin API of one node: three outcomes, and no browsers."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from bitebyte.api.admin.app import create_admin_app
from bitebyte.api.admin.listener import serving_admin
from bitebyte.main import OpenMember

pytestmark = pytest.mark.anyio

STRANGER = {"id": "99", "name": "node-9", "peer_address": "127.0.0.1:1"}


@pytest.fixture(scope="session")
async def admin_url(member: OpenMember) -> AsyncIterator[str]:
    app = create_admin_app(member.node, member.database.log, is_tls=False)
    async with serving_admin(app, host="127.0.0.1", port=0, tls=None) as port:
        yield f"http://127.0.0.1:{port}/admin/v1"


@pytest.fixture
async def admin(admin_url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=admin_url, timeout=15) as client:
        yield client


async def test_a_node_says_who_it_is_and_that_it_is_ready(admin: httpx.AsyncClient) -> None:
    said = (await admin.get("/identity")).json()
    assert (said["cluster_id"], said["id"], said["name"]) == ("4242", "17", "node-1")
    assert said["state"] == "voter"
    assert (await admin.get("/readyz")).status_code == 200


async def test_the_only_voter_cannot_be_removed_or_demoted(admin: httpx.AsyncClient) -> None:
    for answer in (await admin.delete("/members/17"), await admin.post("/members/17/demote")):
        assert answer.status_code == 409
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] == "last_voter"


async def test_a_learner_comes_and_goes_and_its_id_never_comes_back(
    admin: httpx.AsyncClient,
) -> None:
    for _ in range(2):
        added = await admin.post("/members", json={**STRANGER, "wants_vote": False})
        assert added.status_code == 200, added.text
        rows = {row["id"]: row for row in added.json()["members"]}
        assert rows["99"]["state"] == "learner"
        assert rows["99"]["peer_address"] == "127.0.0.1:1"
        assert not rows["99"]["healthy"]
    for _ in range(2):
        removed = await admin.delete("/members/99")
        assert removed.status_code == 200, removed.text
        assert [row["id"] for row in removed.json()["members"]] == ["17"]
    again = await admin.post("/members", json=STRANGER)
    assert (again.status_code, again.json()["code"]) == (409, "member_retired")
    assert "empty database" in again.json()["detail"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/members", {**STRANGER, "id": 5}, 422),
        ("POST", "/members", {**STRANGER, "id": "0"}, 422),
        ("POST", "/members", {**STRANGER, "id": str(2**63)}, 422),
        ("POST", "/members", {**STRANGER, "rank": "admiral"}, 422),
        ("POST", "/members", {**STRANGER, "id": "5", "peer_address": "nowhere"}, 409),
        ("POST", "/members/x/promote", None, 422),
        ("POST", "/members/5/promote", None, 404),
        ("POST", "/members/5/replace", {**STRANGER, "id": "6"}, 404),
        ("POST", "/leader/transfer", {"to": "5"}, 409),
        ("POST", "/leader/transfer?timeout_s=0", {"to": "5"}, 422),
        ("GET", "/log?limit=501", None, 422),
        ("GET", "/log?from=0", None, 422),
        ("GET", "/verify/0", None, 422),
        ("GET", "/nothing", None, 404),
        ("PUT", "/members", None, 405),
    ],
)
async def test_what_makes_no_sense_is_a_problem_and_never_a_500(
    admin: httpx.AsyncClient, method: str, path: str, body: object, status: int
) -> None:
    answer = await admin.request(method, path, json=body)
    assert answer.status_code == status, answer.text
    assert answer.json()["detail"]


async def test_the_log_comes_in_pages(admin: httpx.AsyncClient) -> None:
    newest = (await admin.get("/log", params={"limit": 1})).json()
    low = newest["first_index"]
    first = (await admin.get("/log", params={"from": low, "limit": 1})).json()
    assert [entry["index"] for entry in first["entries"]] == [low]
    assert first["next"] == low + 1
    older = await admin.get("/log", params={"from": low - 1})
    assert (older.status_code, older.json()["code"]) == (404, "index_not_kept")
    assert newest["entries"][-1]["index"] == newest["last_index"]
    assert newest["next"] is None
    assert (await admin.get("/snapshots")).json() == {"outgoing": [], "incoming": None}


@pytest.mark.parametrize(
    "header",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "same-origin"},
        {"Host": "evil.example:9080"},
    ],
)
async def test_a_page_in_a_browser_gets_nothing(
    admin: httpx.AsyncClient, header: dict[str, str]
) -> None:
    for method, path in (("GET", "/members"), ("DELETE", "/members/17")):
        answer = await admin.request(method, path, headers=header)
        assert (answer.status_code, answer.json()["code"]) == (403, "cross_site_request")


async def test_an_address_that_is_taken_is_an_os_error(admin_url: str, member: OpenMember) -> None:
    app = create_admin_app(member.node, member.database.log, is_tls=False)
    port = httpx.URL(admin_url).port
    assert port is not None
    with pytest.raises(OSError, match="in use"):
        async with asyncio.timeout(5), serving_admin(app, host="127.0.0.1", port=port, tls=None):
            pass
