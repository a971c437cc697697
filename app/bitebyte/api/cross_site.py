"""Requests that another site makes a browser send are refused (OWASP: CSRF prevention).

Only cookies travel by themselves, so only requests that carry our cookie are looked at. A
browser says where a request comes from in `Sec-Fetch-Site`, or at least in `Origin`; a program
that sends neither is not a browser.
"""

from collections.abc import Iterable
from urllib.parse import urlsplit

from bitebyte.api.cookies import SESSION_COOKIES
from bitebyte.service.errors import Denied


def refuse_cross_site(headers: Iterable[tuple[bytes, bytes]]) -> None:
    """Raises Denied `cross_site_request` for an unsafe request with a cookie from elsewhere.

    The scheme is left out of the comparison: an ingress ends TLS before us.
    """
    named = dict(headers)
    if b"authorization" in named or not has_session_cookie(named.get(b"cookie", b"")):
        return
    site = named.get(b"sec-fetch-site")
    if site is not None:
        is_own = site in {b"same-origin", b"none"}
    elif (origin := named.get(b"origin")) is not None:
        is_own = _host_of(origin) == named.get(b"host", b"").decode("latin-1").lower()
    else:
        is_own = True
    if not is_own:
        raise Denied(
            "cross_site_request", "Another site asked for this with your sign-in. It was refused."
        )


def has_session_cookie(cookie_header: bytes) -> bool:
    """Whether the header might carry a session."""
    return any(name.encode("ascii") in cookie_header for name in SESSION_COOKIES)


def _host_of(origin: bytes) -> str:
    try:
        return urlsplit(origin.decode("latin-1")).netloc.lower()
    except ValueError:
        return ""
