"""Session tokens: known to their holder only; the state keeps their SHA-256."""

import hashlib
import re
import secrets
from collections.abc import Callable
from typing import Final

TOKEN_BYTES: Final = 32
"""256 bits, so that guessing is hopeless and a plain hash of it needs no salt."""

_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{43}")

TokenSource = Callable[[], str]
"""Makes a new session token."""


def new_token() -> str:
    """43 URL-safe characters from the system's random source."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def is_token(text: str) -> bool:
    """Whether `text` has the form of a token. Costs nothing, so it comes before any look-up."""
    return _TOKEN.fullmatch(text) is not None


def token_hash(token: str) -> str:
    """What the state knows a token by: 64 hex digits."""
    return hashlib.sha256(token.encode("ascii")).hexdigest()
