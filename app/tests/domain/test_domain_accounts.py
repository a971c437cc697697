"""Accounts, sign-ins and bars."""

import pytest
from bar_scene import BarScene

from bitebyte.domain import commands as c
from bitebyte.domain.rows import bar_member_key, session_key

TOKEN_HASH = "a" * 64


@pytest.fixture
def scene() -> BarScene:
    return BarScene()


def test_an_account_is_registered_once_for_each_address(scene: BarScene) -> None:
    command = scene.say(
        c.RegisterAccount, email="guest@example.org", display_name="Imposter", role="customer",
        password_hash="h",
    )  # fmt: skip
    refused = scene.refused(command)
    assert (refused.code, refused.errors[0].pointer) == ("email_taken", "/email")


def test_an_account_is_a_customers_or_a_merchants(scene: BarScene) -> None:
    command = scene.say(
        c.RegisterAccount, email="x@example.org", display_name="X", role="root", password_hash="h"
    )
    assert scene.refused(command).code == "invalid_account"


def test_a_profile_changes_where_it_is_asked_to(scene: BarScene) -> None:
    update = scene.say(c.UpdateProfile, actor_id=scene.guest_id, units="oz")
    account = scene.accepted(update).account
    assert account is not None
    assert (account.units, account.display_name, account.version) == ("oz", "Guest", 2)
    again = scene.do(scene.say(c.UpdateProfile, actor_id=scene.guest_id, units="oz"))
    assert again.changes == ()
    nobody = scene.say(c.UpdateProfile, actor_id=scene.new_id(), units="oz")
    assert scene.refused(nobody).code == "account_not_found"


def sign_in(scene: BarScene, **fields: str) -> c.OpenSession:
    wanted = {"actor_id": scene.guest_id, "verified_password_hash": "$argon2id$"} | fields
    command: c.OpenSession = scene.say(
        c.OpenSession, token_hash=TOKEN_HASH, expires_at_ms=scene.at_ms + 1, **wanted
    )
    return command


def test_signing_in_and_out(scene: BarScene) -> None:
    session = scene.accepted(sign_in(scene)).session
    assert session is not None
    assert (session.account_id, session.ended_at_ms) == (scene.guest_id, None)
    ended = scene.accepted(scene.say(c.EndSession, token_hash=TOKEN_HASH)).session
    assert ended is not None
    assert ended.ended_at_ms == scene.at_ms
    again = scene.do(scene.say(c.EndSession, token_hash=TOKEN_HASH))
    assert again.changes == ()
    assert scene.state.rows[session_key(TOKEN_HASH)] == ended
    assert scene.do(scene.say(c.EndSession, token_hash="b" * 64)).changes == ()


def test_a_password_that_changed_meanwhile_opens_nothing(scene: BarScene) -> None:
    stale = sign_in(scene, verified_password_hash="$argon2id$old")
    assert scene.refused(stale).code == "invalid_credentials"
    nobody = sign_in(scene, actor_id=scene.new_id())
    assert scene.refused(nobody).code == "invalid_credentials"


def test_a_merchant_owns_the_bar_that_they_open(scene: BarScene) -> None:
    owner = scene.state.rows[bar_member_key(scene.bar_id, scene.merchant_id)]
    assert owner.role == "owner"
    assert bar_member_key(scene.bar_id, scene.guest_id) not in scene.state.rows


@pytest.mark.parametrize(
    ("who", "slug", "currency", "code"),
    [
        ("guest_id", "new", "EUR", "merchant_required"),
        ("merchant_id", "night-owl", "EUR", "slug_taken"),
        ("merchant_id", "new", "EURO", "invalid_bar"),
        ("merchant_id", "new", "eur", "invalid_bar"),
    ],
)
def test_a_bar_is_refused(scene: BarScene, who: str, slug: str, currency: str, code: str) -> None:
    command = scene.say(
        c.CreateBar, actor_id=getattr(scene, who), name="New", slug=slug, currency=currency,
        timezone="UTC",
    )  # fmt: skip
    assert scene.refused(command).code == code
