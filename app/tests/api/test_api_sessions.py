"""Signing in and out: cookies, bearers, requests from other sites, and guessing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from api_scene import PASSWORD, BarScene, Http, new_number, sign_up

from bitebyte.domain.entities import Account, Key, Session
from bitebyte.main import OpenMember
from bitebyte.service.tokens import token_hash

pytestmark = pytest.mark.anyio

OWN = {"Sec-Fetch-Site": "same-origin"}


@asynccontextmanager
async def _browser(base_url: str, email: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client that is signed in by cookie."""
    async with httpx.AsyncClient(base_url=base_url, timeout=15) as client:
        answer = await client.post("/api/v1/session", json={"email": email, "password": PASSWORD})
        assert answer.status_code == 201
        yield client


async def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(http: Http) -> None:
    customer = await sign_up(http, "customer")
    answer = await http.send(
        "POST", "/session", {"email": customer.account["email"], "password": PASSWORD}
    )
    cookies = answer.headers.get_list("set-cookie")
    session = next(cookie for cookie in cookies if cookie.startswith("bitebyte_session="))
    assert {part.strip() for part in session.split(";")[1:]} == {
        "Path=/", "Max-Age=43200", "HttpOnly", "SameSite=Lax",
    }  # fmt: skip
    assert any(cookie.startswith("bitebyte_index=") for cookie in cookies)


async def test_a_cookie_alone_signs_in_and_signing_out_takes_it_back(
    base_url: str, http: Http
) -> None:
    customer = await sign_up(http, "customer")
    async with _browser(base_url, customer.account["email"]) as browser:
        token = browser.cookies["bitebyte_session"]
        assert (await browser.get("/api/v1/me")).json()["id"] == customer.account["id"]
        answer = await browser.delete("/api/v1/session", headers=OWN)
        assert answer.status_code == 204
        assert "bitebyte_session" not in browser.cookies
        replayed = await browser.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"})
        assert (replayed.status_code, replayed.json()["code"]) == (401, "not_authenticated")
        assert replayed.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://HOST.evil.example"}, 403),
        ({"Origin": "http://HOST"}, 200),
        ({}, 200),
    ],
)
async def test_only_our_own_pages_may_use_a_cookie_to_change_something(
    headers: dict[str, str], status: int, base_url: str, http: Http
) -> None:
    customer = await sign_up(http, "customer")
    host = base_url.removeprefix("http://")
    sent = {name: value.replace("HOST", host) for name, value in headers.items()}
    async with _browser(base_url, customer.account["email"]) as browser:
        answer = await browser.patch("/api/v1/me", json={"locale": "en"}, headers=sent)
        assert answer.status_code == status, answer.text
        # Reading is nobody's danger: another site's script cannot see the answer.
        assert (await browser.get("/api/v1/me", headers=sent)).status_code == 200


async def test_ordering_by_cookie_from_another_site_is_refused(
    base_url: str, scene: BarScene
) -> None:
    email = scene.customer.account["email"]
    async with _browser(base_url, email) as browser:
        answer = await browser.post(
            f"/api/v1/bars/{scene.bar.slug}/orders",
            json={"lines": [{"product_id": scene.bar.martini, "quantity": 1}]},
            headers={"Idempotency-Key": "cross", "Sec-Fetch-Site": "cross-site"},
        )
        assert (answer.status_code, answer.json()["code"]) == (403, "cross_site_request")


@pytest.mark.parametrize("token", ["x", "a" * 43, "a" * 44, "a\u00e9", "../../etc", "a b"])
async def test_made_up_tokens_are_nobody(token: str, http: Http) -> None:
    answer = await http.client.get(
        "/api/v1/me", headers=[(b"authorization", f"Bearer {token}".encode())]
    )
    assert answer.status_code == 401


async def test_a_wrong_password_and_an_unknown_address_look_alike(http: Http) -> None:
    customer = await sign_up(http, "customer")
    answers = [
        await http.send("POST", "/session", {"email": email, "password": "not the right one"})
        for email in (customer.account["email"], f"nobody-{new_number()}@example.org")
    ]
    assert [answer.status_code for answer in answers] == [401, 401]
    one, other = ({**answer.json(), "request_id": ""} for answer in answers)
    assert one == other
    assert one["code"] == "invalid_credentials"


async def test_guessing_is_stopped_after_ten_tries_and_says_for_how_long(http: Http) -> None:
    customer = await sign_up(http, "customer")
    guess = {"email": customer.account["email"], "password": "not the right one"}
    for _ in range(10):
        assert (await http.send("POST", "/session", guess)).status_code == 401
    stopped = await http.send("POST", "/session", {**guess, "password": PASSWORD})
    assert (stopped.status_code, stopped.json()["code"]) == (429, "too_many_attempts")
    assert 0 < int(stopped.headers["Retry-After"]) <= 601


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("7 chars", "at least 8 characters"),
        ("a" * 129, "at most 128 characters"),
        ("Password123", "most common"),
        ("bitebyte2026", "most common"),
        ("someone@example.org", "your e-mail address"),
        ("with a \x00 inside", "control characters"),
    ],
)
async def test_passwords_that_would_be_guessed_are_refused(
    password: str, reason: str, http: Http
) -> None:
    body = {"email": "someone@example.org", "display_name": "S", "role": "customer"}
    answer = await http.send("POST", "/accounts", {**body, "password": password})
    assert answer.status_code == 422
    fault = answer.json()["errors"][0]
    assert fault["pointer"] == "/password"
    assert reason in fault["message"]
    assert password not in answer.text


@pytest.mark.parametrize(
    "password", ["eight ch", "  spaces count  ", "🍸🍸🍸🍸🍸🍸🍸🍸", "a" * 128]
)
async def test_long_and_odd_passwords_work_to_the_last_character(password: str, http: Http) -> None:
    email = f"odd-{new_number()}@example.org"
    await http.post(
        "/accounts",
        {"email": email, "password": password, "display_name": "O", "role": "customer"},
    )
    await http.post("/session", {"email": email, "password": password})
    for wrong in (password[:-1], password.strip() + "!", password.swapcase() + " "):
        answer = await http.send("POST", "/session", {"email": email, "password": wrong})
        # One of them is longer than any password can be.
        assert answer.status_code == (401 if len(wrong) <= 128 else 422)


async def test_neither_token_nor_password_is_in_the_state(http: Http, member: OpenMember) -> None:
    customer = await sign_up(http, "customer")
    assert customer.token is not None
    session_key = Key(Session.KIND, (token_hash(customer.token),))
    account_key = Key(Account.KIND, (customer.account["id"],))
    rows = await member.node.rows((session_key, account_key))
    assert set(rows) == {session_key, account_key}
    assert customer.token not in repr(rows)
    assert PASSWORD not in repr(rows)
    account = rows[account_key]
    assert isinstance(account, Account)
    assert account.password_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
