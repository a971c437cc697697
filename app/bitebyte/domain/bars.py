"""Bars, and who works there."""

from bitebyte.domain import rows
from bitebyte.domain.changeset import Changeset, refuse
from bitebyte.domain.commands import CreateBar
from bitebyte.domain.currencies import is_currency
from bitebyte.domain.entities import Bar, BarMember, NameClaim, Role
from bitebyte.domain.names import fold
from bitebyte.domain.results import Accepted, Applied, FieldError
from bitebyte.domain.view import View

SLUG_SCOPE = "slug"
OWNER = "owner"


def create_bar(view: View, command: CreateBar) -> Applied:
    """A new bar that the actor owns, unless the slug is taken."""
    account = rows.account(view, command.actor_id)
    if account is None or account.role != Role.MERCHANT.value:
        return refuse("merchant_required", "Only a merchant's account can open a bar.")
    if not is_currency(command.currency):
        return refuse(
            "invalid_bar",
            "The currency is unknown.",
            errors=(FieldError("/currency", "must be an ISO 4217 code, for example `EUR`"),),
        )
    folded_slug = fold(command.slug)
    if rows.name_holder_id(view, SLUG_SCOPE, folded_slug):
        return refuse(
            "slug_taken",
            "Another bar has this slug.",
            errors=(FieldError("/slug", "is taken"),),
        )
    changes = Changeset(view, command.id)
    bar = Bar(
        id=command.id,
        slug=command.slug,
        name=command.name,
        currency=command.currency,
        timezone=command.timezone,
        owner_id=account.id,
        created_at_ms=command.at_ms,
    )
    changes.put(bar)
    changes.put(NameClaim(SLUG_SCOPE, folded_slug, bar.id))
    changes.put(BarMember(bar.id, account.id, OWNER))
    return changes.close(Accepted(bar=bar))


def bar_not_found() -> Applied:
    """The refusal for a bar that is not there, or that the actor has no business with."""
    return refuse("bar_not_found", "This bar does not exist.")
