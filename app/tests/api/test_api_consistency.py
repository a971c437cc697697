"""Reads promise what they say: by header, by cookie, and by asking."""

import asyncpg
import httpx
import pytest
from api_scene import PASSWORD, BarScene, Http, sign_up

from bitebyte.api.cookies import index_cookie, index_of_cookie
from bitebyte.repository.embedded import EmbeddedPostgres

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("consistency", ["linearizable", "session", "stale"])
async def test_every_list_can_be_read_at_every_consistency(
    consistency: str, scene: BarScene
) -> None:
    for path in (
        "/bars", "/me", "/me/orders", f"/bars/{scene.bar.slug}/menu",
        f"/bars/{scene.bar.slug}/orders", f"/ingredients/{scene.bar.gin}",
    ):  # fmt: skip
        answer = await scene.merchant.send("GET", f"{path}?consistency={consistency}")
        assert answer.status_code == 200, answer.text
        assert int(answer.headers["BiteByte-Index"]) > 0


async def test_a_list_holds_what_was_just_written_without_being_asked_to(http: Http) -> None:
    merchant = await sign_up(http, "merchant")
    for number in range(10):
        bar = await merchant.post(
            "/bars",
            {
                "name": f"Bar {number}",
                "slug": f"own-{merchant.account['id'][-12:]}-{number}",
                "currency": "EUR",
                "timezone": "UTC",
            },
        )
        assert bar["id"] in [own["id"] for own in (await merchant.get("/me"))["bars"]]


async def test_an_index_that_was_seen_is_waited_for_and_a_far_one_is_503(scene: BarScene) -> None:
    seen = (await scene.customer.send("GET", "/me")).headers["BiteByte-Index"]
    answer = await scene.customer.send("GET", "/me/orders", headers={"BiteByte-Min-Index": seen})
    assert answer.status_code == 200
    assert int(answer.headers["BiteByte-Index"]) >= int(seen)
    far = await scene.customer.send(
        "GET", "/me/orders", headers={"BiteByte-Min-Index": str(int(seen) + 1_000_000)}
    )
    assert (far.status_code, far.json()["code"]) == (503, "node_behind")
    assert far.headers["Retry-After"] == "1"


async def test_a_browser_carries_the_index_of_its_newest_write(base_url: str, http: Http) -> None:
    customer = await sign_up(http, "customer")
    async with httpx.AsyncClient(base_url=base_url, timeout=15) as browser:
        await browser.post(
            "/api/v1/session", json={"email": customer.account["email"], "password": PASSWORD}
        )
        answer = await browser.patch("/api/v1/me", json={"units": "oz"})
        index = answer.headers["BiteByte-Index"]
        assert browser.cookies["bitebyte_index"].endswith(f".{index}")
        read = await browser.get("/api/v1/me")
        assert int(read.headers["BiteByte-Index"]) >= int(index)


async def test_the_index_of_another_cluster_is_no_reason_to_wait() -> None:
    cookie = index_cookie(4242, 17, age_s_max=60, is_secure=True)
    value = cookie.partition(";")[0].partition("=")[2]
    assert index_of_cookie(value, 4242) == 17
    assert index_of_cookie(value, 4243) == 0
    for broken in ("", "x", "1092.", "1092.-5", "1092.x", "1092." + "9" * 30, "17"):
        assert index_of_cookie(broken, 4242) == 0


async def test_a_database_that_does_not_answer_is_503_and_nothing_breaks(
    scene: BarScene, postgres_server: EmbeddedPostgres
) -> None:
    connection = await asyncpg.connect(postgres_server.dsn_of("api_tests"))
    try:
        async with connection.transaction():
            await connection.execute("LOCK TABLE alerts IN ACCESS EXCLUSIVE MODE")
            answer = await scene.merchant.send(
                "GET", f"/bars/{scene.bar.slug}/alerts?consistency=stale"
            )
            assert answer.status_code == 503
            assert answer.json()["code"] == "database_unavailable"
            assert answer.headers["Retry-After"] == "1"
    finally:
        await connection.close()
    answer = await scene.merchant.send("GET", f"/bars/{scene.bar.slug}/alerts?consistency=stale")
    assert answer.status_code == 200
