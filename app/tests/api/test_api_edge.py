"""What is true of every answer: headers, methods, addresses, the site and the health."""

from typing import Any

import pytest
from api_scene import BarScene, Http
from starlette.types import Receive, Scope, Send

from bitebyte.api.edge import Edge
from bitebyte.api.headers import common_headers
from bitebyte.main import OpenMember

pytestmark = pytest.mark.anyio

SECURITY = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
}


@pytest.mark.parametrize(
    "path",
    ["/", "/livez", "/readyz", "/api/v1/bars", "/api/v1/nowhere", "/api/v1/openapi.json",
     "/assets/page-1a2b3c.js", "/assets/gone.js", "/orders/some/page", "/%00"],
)  # fmt: skip
async def test_every_answer_carries_the_security_headers_and_an_id(path: str, http: Http) -> None:
    answer = await http.client.get(path)
    for name, value in SECURITY.items():
        assert answer.headers[name] == value
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "server" not in answer.headers
    assert "access-control-allow-origin" not in answer.headers
    assert len(answer.headers.get_list("x-request-id")) == 1
    if path.startswith("/api"):
        assert len(answer.headers.get_list("bitebyte-index")) == 1
        assert answer.headers["cache-control"] in {"no-store", "no-cache"}


async def test_https_is_insisted_on_where_browsers_come_by_it() -> None:
    assert any(name == b"strict-transport-security" for name, _ in common_headers(is_secure=True))
    names = {name for name, _ in common_headers(is_secure=False)}
    assert b"strict-transport-security" not in names


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("DELETE", "/api/v1/bars", "GET, HEAD, POST"),
        ("GET", "/api/v1/accounts", "POST"),
        ("HEAD", "/api/v1/accounts", "POST"),
        ("PUT", "/api/v1/me", "GET, HEAD, PATCH"),
        ("OPTIONS", "/api/v1/session", "DELETE, POST"),
        ("TRACE", "/api/v1/cluster", "GET, HEAD"),
        ("PROPFIND", "/api/v1/cluster", "GET, HEAD"),
        ("POST", "/", "GET, HEAD"),
        ("POST", "/livez", "GET, HEAD"),
    ],
)
async def test_other_methods_are_refused_with_those_that_work(
    method: str, path: str, allow: str, http: Http
) -> None:
    answer = await http.client.request(method, path)
    assert (answer.status_code, answer.headers["Allow"]) == (405, allow)
    if method != "HEAD":
        assert answer.json()["code"] == "method_not_allowed"


@pytest.mark.parametrize(
    "path", ["/docs", "/redoc", "/openapi.json", "/metrics", "/debug", "/raft", "/admin"]
)
async def test_nothing_else_is_served_under_the_api(path: str, http: Http) -> None:
    answer = await http.client.get(f"/api{path}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    # Outside it such a path is a page of the site, which says that it has none.
    page = await http.client.get(path)
    assert page.headers["content-type"].startswith("text/html")


async def test_head_answers_like_get_without_a_body(scene: BarScene) -> None:
    for path in ("/bars", "/me", f"/bars/{scene.bar.slug}/menu", "/nowhere"):
        get = await scene.merchant.send("GET", path)
        head = await scene.merchant.send("HEAD", path)
        assert (head.status_code, head.content) == (get.status_code, b"")
        assert head.headers.get("etag") == get.headers.get("etag")
        assert head.headers["content-length"] == get.headers["content-length"]


async def test_reading_everything_changes_nothing(scene: BarScene, member: OpenMember) -> None:
    paths = ["/bars", "/me", "/me/orders", "/cluster", "/openapi.json"]
    paths += [
        f"/bars/{scene.bar.slug}{rest}"
        for rest in ("", "/menu", "/menu?q=a", "/orders", "/alerts", "/ingredients", "/products",
                     "/stock-movements", "/menu-export")
    ]  # fmt: skip
    paths += [f"/ingredients/{scene.bar.gin}", f"/products/{scene.bar.martini}"]
    before = member.node.status()
    for path in paths:
        assert (await scene.merchant.send("GET", path)).status_code == 200, path
    after = member.node.status()
    assert (after.state_hash, after.last_index) == (before.state_hash, before.last_index)


async def test_the_site_finds_its_own_way_and_its_files_are_kept(http: Http) -> None:
    for path in ("/", "/index.html", "/bars/night-owl/menu"):
        page = await http.client.get(path)
        assert page.status_code == 200
        assert page.headers["cache-control"] == "no-cache"
        assert "<title>BiteByte</title>" in page.text
        same = await http.client.get(path, headers={"If-None-Match": page.headers["etag"]})
        assert (same.status_code, same.content) == (304, b"")
    script = await http.client.get("/assets/page-1a2b3c.js")
    assert script.headers["content-type"] == "text/javascript; charset=utf-8"
    assert script.headers["content-encoding"] == "gzip"
    assert "immutable" in script.headers["cache-control"]
    plain = await http.client.get("/assets/page-1a2b3c.js", headers={"Accept-Encoding": "identity"})
    assert plain.text == script.text
    assert "content-encoding" not in plain.headers
    assert (await http.client.get("/assets/gone.js")).status_code == 404


async def test_no_path_leads_out_of_the_site(http: Http) -> None:
    for path in ("/..%2f..%2fetc/passwd", "/assets/..%2fdsn", "/%2e%2e/dsn", "/assets//etc/passwd"):
        answer = await http.client.get(path)
        assert "postgres" not in answer.text
        assert "root:" not in answer.text


async def test_a_leading_member_lives_and_is_ready(http: Http) -> None:
    assert (await http.client.get("/livez")).json() == {"status": "live"}
    ready = await http.client.get("/readyz")
    assert (ready.status_code, ready.json()["status"]) == (200, "ready")


async def test_an_exception_that_nobody_foresaw_tells_only_its_request_id() -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        raise KeyError("SELECT secret FROM /etc/passwd")

    async def receive() -> Any:
        return {"type": "http.disconnect"}

    sent = list[Any]()

    async def send(message: Any) -> None:
        sent.append(message)

    edge = Edge(broken, common_headers=(), applied_index=lambda: 7)
    scope = {"type": "http", "method": "GET", "path": "/api/v1/x", "raw_path": b"/api/v1/x",
             "query_string": b"", "headers": []}  # fmt: skip
    await edge(scope, receive, send)
    assert sent[0]["status"] == 500
    headers = dict(sent[0]["headers"])
    assert headers[b"content-type"] == b"application/problem+json"
    assert headers[b"x-request-id"] in sent[1]["body"]
    assert b"secret" not in sent[1]["body"]


async def test_the_cluster_tells_who_leads_and_the_hash_of_any_recent_index(http: Http) -> None:
    cluster = await http.get("/cluster")
    assert (cluster["cluster_id"], cluster["leader_id"]) == ("4242", "17")
    (member,) = cluster["members"]
    assert (member["id"], member["name"], member["role"]) == ("17", "node-1", "leader")
    assert (member["voter"], member["healthy"], member["lag"]) == (True, True, 0)
    index = cluster["state"]["index"]
    assert len(cluster["state"]["hash"]) == 64
    assert (await http.get(f"/cluster?at={index}"))["state"] == cluster["state"]
    earlier = await http.get(f"/cluster?at={index - 1}")
    assert earlier["state"]["hash"] != cluster["state"]["hash"]
