"""Accounts and their sign-ins."""

import msgspec

from bitebyte.domain import rows
from bitebyte.domain.changeset import Changeset, accept, refuse
from bitebyte.domain.commands import EndSession, OpenSession, RegisterAccount, UpdateProfile
from bitebyte.domain.entities import Account, NameClaim, Role, Session
from bitebyte.domain.names import fold
from bitebyte.domain.results import Accepted, Applied, FieldError
from bitebyte.domain.view import View

EMAIL_SCOPE = "email"


def register_account(view: View, command: RegisterAccount) -> Applied:
    """A new account, unless the address is taken."""
    if command.role not in {Role.CUSTOMER.value, Role.MERCHANT.value}:
        return refuse(
            "invalid_account",
            "An account is a customer's or a merchant's.",
            errors=(FieldError("/role", "must be `customer` or `merchant`"),),
        )
    folded_email = fold(command.email)
    if rows.name_holder_id(view, EMAIL_SCOPE, folded_email):
        return refuse(
            "email_taken",
            "An account with this e-mail address exists. Sign in instead.",
            errors=(FieldError("/email", "is taken"),),
        )
    changes = Changeset(view, command.id)
    account = Account(
        id=command.id,
        email=command.email,
        display_name=command.display_name,
        role=command.role,
        password_hash=command.password_hash,
        locale=command.locale,
        units=command.units,
        created_at_ms=command.at_ms,
    )
    changes.put(account)
    changes.put(NameClaim(EMAIL_SCOPE, folded_email, account.id))
    return changes.close(Accepted(account=account))


def update_profile(view: View, command: UpdateProfile) -> Applied:
    """The actor's own profile, as asked. An update that changes nothing keeps the version."""
    account = rows.account(view, command.actor_id)
    if account is None:
        return refuse("account_not_found", "This account does not exist.")
    updated = msgspec.structs.replace(
        account,
        display_name=_or(command.display_name, account.display_name),
        locale=_or(command.locale, account.locale),
        units=_or(command.units, account.units),
    )
    if updated == account:
        return accept(Accepted(account=account))
    changes = Changeset(view, command.id)
    updated = msgspec.structs.replace(updated, version=account.version + 1)
    changes.put(updated)
    return changes.close(Accepted(account=updated))


def _or(value: str | None, otherwise: str) -> str:
    return otherwise if value is None else value


def open_session(view: View, command: OpenSession) -> Applied:
    """A sign-in, if the password that the service verified is still the account's."""
    account = rows.account(view, command.actor_id)
    if account is None or account.password_hash != command.verified_password_hash:
        return refuse("invalid_credentials", "The e-mail address or the password is wrong.")
    changes = Changeset(view, command.id)
    session = Session(command.token_hash, account.id, command.at_ms, command.expires_at_ms)
    changes.put(session)
    return changes.close(Accepted(session=session))


def end_session(view: View, command: EndSession) -> Applied:
    """The sign-in is over, whether it was or not: holding the token is the right to end it."""
    session = rows.session(view, command.token_hash)
    if session is None or session.ended_at_ms is not None:
        return accept(Accepted(session=session))
    changes = Changeset(view, command.id)
    ended = msgspec.structs.replace(session, ended_at_ms=command.at_ms)
    changes.put(ended)
    return changes.close(Accepted(session=ended))
