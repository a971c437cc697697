"""Accounts, sessions and the own profile."""

from typing import Annotated, Literal

from fastapi import APIRouter, Request, Response
from pydantic import Field
from typing_extensions import TypedDict

from bitebyte.api.answers import JsonAnswer
from bitebyte.api.cookies import session_cookie
from bitebyte.api.deps import OwnRead, SignedIn, WithServices, WithState
from bitebyte.api.fields import Email, Name, Password, PasswordAttempt, RequestModel
from bitebyte.api.quantities import time_answer
from bitebyte.api.responses import BODY, UNSAFE, answers
from bitebyte.api.route import BASE_PATH, StrictRoute
from bitebyte.domain.entities import Account
from bitebyte.service.accounts import Membership
from bitebyte.service.sessions import SESSION_LIFETIME_MS

router = APIRouter(prefix=BASE_PATH, tags=["accounts"], route_class=StrictRoute)

RoleName = Literal["customer", "merchant"]
Locale = Literal["en", "zh-CN"]
UnitSystem = Literal["ml", "oz"]


class RegisterRequest(RequestModel):
    """A new account. Any password of 8 to 128 characters that is not among the first guessed."""

    email: Email
    password: Password
    display_name: Name
    role: RoleName


class SignInRequest(RequestModel):
    """Who signs in."""

    email: Annotated[str, Field(max_length=254)]
    password: PasswordAttempt


class ProfileUpdate(RequestModel):
    """What is left out stays as it is."""

    display_name: Name | None = None
    locale: Locale | None = None
    units: UnitSystem | None = None


class AccountAnswer(TypedDict):
    """An account, as its owner sees it."""

    id: str
    email: str
    display_name: str
    role: RoleName
    locale: str
    units: str
    created_at: str


class MembershipAnswer(TypedDict):
    """A bar that you work at."""

    id: str
    slug: str
    name: str
    currency: str
    timezone: str
    role: str


class ProfileAnswer(AccountAnswer):
    """Your account and the bars that you work at."""

    bars: list[MembershipAnswer]


class SessionAnswer(TypedDict):
    """A new session. `token` is shown this once."""

    token: str
    expires_at: str
    account: AccountAnswer


@router.post(
    "/accounts",
    operation_id="register_account",
    summary="Register",
    status_code=201,
    response_model=AccountAnswer,
    responses=answers(*BODY, 409, ok=201, text="Registered"),
)
async def register(body: RegisterRequest, services: WithServices) -> Response:
    """Makes an account; signing in is the next step. 409 `email_taken`."""
    registered = await services.accounts.register(
        email=body.email,
        password=body.password,
        display_name=body.display_name,
        role=body.role,
    )
    return JsonAnswer(
        account_answer(registered.value),
        index=registered.index,
        status=201,
        headers={"Location": "/api/v1/me"},
        is_write=True,
    )


@router.post(
    "/session",
    operation_id="sign_in",
    summary="Sign in",
    status_code=201,
    response_model=SessionAnswer,
    responses=answers(*BODY, 401, 429, ok=201, text="Signed in; sets the session cookie"),
)
async def sign_in(body: SignInRequest, request: Request, state: WithState) -> Response:
    """A session of 12 hours, as a token for programs and a cookie for browsers."""
    address = request.client.host if request.client else ""
    signed_in = await state.services.sessions.sign_in(body.email, body.password, address=address)
    session = signed_in.value.session
    answer = JsonAnswer(
        SessionAnswer(
            token=signed_in.value.token,
            expires_at=time_answer(session.expires_at_ms),
            account=account_answer(signed_in.value.account),
        ),
        index=signed_in.index,
        status=201,
        is_write=True,
    )
    answer.headers.append(
        "Set-Cookie",
        session_cookie(
            signed_in.value.token,
            age_s_max=SESSION_LIFETIME_MS // 1000,
            is_secure=state.settings.cookie_secure,
        ),
    )
    return answer


@router.delete(
    "/session",
    operation_id="sign_out",
    summary="Sign out",
    status_code=204,
    responses=answers(*UNSAFE, ok=204, text="The token is dead on every node"),
)
async def sign_out(caller: SignedIn, state: WithState) -> Response:
    """Ends the session that this request carries."""
    index = await state.services.sessions.sign_out(caller)
    answer = Response(status_code=204, headers={"BiteByte-Index": str(index)})
    answer.headers.append(
        "Set-Cookie", session_cookie("", age_s_max=0, is_secure=state.settings.cookie_secure)
    )
    return answer


@router.get(
    "/me",
    operation_id="get_profile",
    summary="Your profile",
    response_model=ProfileAnswer,
    responses=answers(401, text="Your profile"),
)
async def get_profile(caller: SignedIn, intent: OwnRead, services: WithServices) -> Response:
    """Your account and the bars that you work at."""
    profile = await services.accounts.profile(caller, intent)
    return JsonAnswer(
        ProfileAnswer(
            **account_answer(profile.value.account),
            bars=[_membership_answer(membership) for membership in profile.value.memberships],
        ),
        index=profile.index,
    )


@router.patch(
    "/me",
    operation_id="update_profile",
    summary="Change your profile",
    response_model=AccountAnswer,
    responses=answers(*UNSAFE, text="Your account as it is now"),
)
async def update_profile(body: ProfileUpdate, caller: SignedIn, services: WithServices) -> Response:
    """Changes what the body names."""
    updated = await services.accounts.update_profile(
        caller, display_name=body.display_name, locale=body.locale, units=body.units
    )
    return JsonAnswer(account_answer(updated.value), index=updated.index, is_write=True)


def account_answer(account: Account) -> AccountAnswer:
    """Never with the password hash."""
    return {
        "id": account.id,
        "email": account.email,
        "display_name": account.display_name,
        "role": "merchant" if account.role == "merchant" else "customer",
        "locale": account.locale,
        "units": account.units,
        "created_at": time_answer(account.created_at_ms),
    }


def _membership_answer(membership: Membership) -> MembershipAnswer:
    bar = membership.bar
    return {
        "id": bar.id,
        "slug": bar.slug,
        "name": bar.name,
        "currency": bar.currency,
        "timezone": bar.timezone,
        "role": membership.role,
    }
