"""Headers of every answer. Sources: OWASP Secure Headers, ASVS 5.0 V3."""

from typing import Final

Header = tuple[bytes, bytes]

CONTENT_SECURITY_POLICY: Final = (
    b"default-src 'self'; img-src 'self' data:; style-src 'self'; connect-src 'self';"
    b" object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)

SECURITY_HEADERS: Final[tuple[Header, ...]] = (
    (b"content-security-policy", CONTENT_SECURITY_POLICY),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)

HSTS: Final[Header] = (
    b"strict-transport-security",
    b"max-age=31536000; includeSubDomains",
)


def common_headers(*, is_secure: bool) -> tuple[Header, ...]:
    """What every answer carries; HSTS only where browsers come by HTTPS."""
    return (*SECURITY_HEADERS, HSTS) if is_secure else SECURITY_HEADERS
