"""What protects sign-in: throttling, password rules, hashing that never blocks."""

import asyncio

import pytest

from bitebyte.service.errors import Busy, Denied
from bitebyte.service.passwords import QUEUE_MAX, Passwords, check_password
from bitebyte.service.throttle import (
    FAILURES_PER_ACCOUNT_MAX,
    FAILURES_PER_ADDRESS_MAX,
    TRACKED_MAX,
    WINDOW_S,
    SignInThrottle,
)


def test_an_account_is_closed_to_an_address_after_ten_failures() -> None:
    throttle = SignInThrottle()
    for n in range(FAILURES_PER_ACCOUNT_MAX):
        assert throttle.retry_after_s("a@b.c", "10.0.0.1", float(n)) is None
        throttle.record_failure("a@b.c", "10.0.0.1", float(n))
    assert throttle.retry_after_s("a@b.c", "10.0.0.1", 10.0) == WINDOW_S - 10 + 1
    # Its owner, who is somewhere else, is not locked out.
    assert throttle.retry_after_s("a@b.c", "10.0.0.2", 10.0) is None
    assert throttle.retry_after_s("other@b.c", "10.0.0.1", 10.0) is None


def test_the_window_slides() -> None:
    throttle = SignInThrottle()
    for n in range(FAILURES_PER_ACCOUNT_MAX):
        throttle.record_failure("a@b.c", "10.0.0.1", n * 10.0)
    assert throttle.retry_after_s("a@b.c", "10.0.0.1", 100.0) is not None
    assert throttle.retry_after_s("a@b.c", "10.0.0.1", WINDOW_S) is None
    throttle.record_failure("a@b.c", "10.0.0.1", WINDOW_S)
    assert throttle.retry_after_s("a@b.c", "10.0.0.1", WINDOW_S + 1) == 10


def test_an_address_is_closed_after_fifty_failures_on_any_accounts() -> None:
    throttle = SignInThrottle()
    for n in range(FAILURES_PER_ADDRESS_MAX):
        throttle.record_failure(f"{n}@b.c", "10.0.0.1", 0.0)
    assert throttle.retry_after_s("new@b.c", "10.0.0.1", 1.0) is not None
    assert throttle.retry_after_s("new@b.c", "10.0.0.2", 1.0) is None


def test_success_forgives_the_account_and_not_the_address() -> None:
    throttle = SignInThrottle()
    for _ in range(FAILURES_PER_ADDRESS_MAX):
        throttle.record_failure("a@b.c", "10.0.0.1", 0.0)
    throttle.record_success("a@b.c", "10.0.0.1")
    assert throttle.retry_after_s("a@b.c", "10.0.0.1", 1.0) is not None


def test_memory_stays_bounded_whoever_tries() -> None:
    throttle = SignInThrottle()
    for n in range(TRACKED_MAX):
        throttle.record_failure(f"{n}@b.c", f"10.0.{n // 250}.{n % 250}", 0.0)
    assert len(throttle._failures) <= TRACKED_MAX  # pyright: ignore - the bound is the point


@pytest.mark.parametrize(
    "password", ["short", "a" * 129, "password123", "PASSWORD123", "ada@example.org"]
)
def test_passwords_that_would_be_guessed_are_refused(password: str) -> None:
    with pytest.raises(Denied, match="validation_failed"):
        check_password(password, email="ada@example.org")


@pytest.mark.anyio
async def test_a_password_matches_its_own_hash_and_an_unknown_account_matches_nothing() -> None:
    passwords = Passwords()
    hashed = await passwords.hash("right horse")
    assert hashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await passwords.verify("right horse", hashed)
    assert not await passwords.verify("wrong horse", hashed)
    assert not await passwords.verify("nobody has this password", None)
    assert not await passwords.verify("right horse", "$not$a$hash")
    passwords.close()


@pytest.mark.anyio
async def test_more_sign_ins_than_the_queue_holds_are_refused_at_once() -> None:
    passwords = Passwords()
    tries = [
        asyncio.create_task(passwords.verify("x", "$not$a$hash")) for _ in range(QUEUE_MAX + 20)
    ]
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(outcome, Busy) for outcome in outcomes) == 20
    assert await passwords.verify("x", "$not$a$hash") is False
    passwords.close()
