"""The two cookies: the session, and the newest log index that this browser has written.

A `__Host-` name binds a cookie to this host and to HTTPS (RFC 6265bis §4.1.3). The demo on plain
HTTP has another name, so that neither is ever taken for the other.
"""

from typing import Final

SECURE_SESSION_COOKIE: Final = "__Host-bitebyte_session"
PLAIN_SESSION_COOKIE: Final = "bitebyte_session"
SESSION_COOKIES: Final = (SECURE_SESSION_COOKIE, PLAIN_SESSION_COOKIE)
INDEX_COOKIE: Final = "bitebyte_index"

INDEX_MAX: Final = 2**62


def session_cookie_name(*, is_secure: bool) -> str:
    """Which of the two this node uses."""
    return SECURE_SESSION_COOKIE if is_secure else PLAIN_SESSION_COOKIE


def session_cookie(token: str, *, age_s_max: int, is_secure: bool) -> str:
    """The Set-Cookie value that signs a browser in; an age of 0 signs it out."""
    return _cookie(session_cookie_name(is_secure=is_secure), token, age_s_max, is_secure)


def index_cookie(cluster_id: int, index: int, *, age_s_max: int, is_secure: bool) -> str:
    """The Set-Cookie value by which a browser reads its own writes at any node.

    It names the cluster, because an index of another one (a demo that was set up anew) means
    nothing here and must not make this browser wait for ever.
    """
    return _cookie(INDEX_COOKIE, f"{cluster_id:x}.{index}", age_s_max, is_secure)


def index_of_cookie(value: str, cluster_id: int) -> int:
    """The index in the cookie; 0 if it is not of this cluster."""
    cluster, _, digits = value.partition(".")
    if cluster != f"{cluster_id:x}" or not (digits.isascii() and digits.isdigit()):
        return 0
    index = int(digits[:20])
    return index if index <= INDEX_MAX else 0


def cookie_value(cookie_header: str, name: str) -> str | None:
    """The value of that cookie, if the header has it; the first one counts."""
    for pair in cookie_header.split(";"):
        found, separator, value = pair.strip().partition("=")
        if separator and found == name:
            return value
    return None


def _cookie(name: str, value: str, age_s_max: int, is_secure: bool) -> str:
    secure = "; Secure" if is_secure else ""
    return f"{name}={value}; Path=/; Max-Age={age_s_max}; HttpOnly; SameSite=Lax{secure}"
