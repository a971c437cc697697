"""Commands for tests of the node: what they do matters little there."""

import uuid

from bitebyte.domain.commands import RegisterAccount


def register(email: str) -> RegisterAccount:
    """A new customer."""
    return RegisterAccount(
        id=str(uuid.uuid4()),
        at_ms=1_800_000_000_000,
        email=email,
        display_name="Ada",
        role="customer",
        password_hash="not a hash",
    )
