"""`If-Match`: only if the version still is the one that the client knows (RFC 9110 §13.1.1)."""

import re
from typing import Final

from bitebyte.service.errors import Denied

_ETAG: Final = re.compile(r'(?:W/)?"([^"]*)"')
_VERSION: Final = re.compile(r"[1-9][0-9]{0,17}")
NEVER: Final = 0
"""Versions begin at 1, so a tag that is not one of ours matches nothing."""


def parse_if_match(header: str | None) -> int | None:
    """The version that is expected; None without the header.

    One entity tag, as an answer gave it. A weak one is taken for its version: proxies that
    compress make tags weak, and a version says the same however it is encoded. Raises Denied
    `if_match_invalid`.
    """
    if header is None:
        return None
    match = _ETAG.fullmatch(header.strip())
    if match is None:
        raise Denied(
            "if_match_invalid",
            'If-Match must be one ETag as an answer gave it, for example "3" with its quotes.',
        )
    return int(match[1]) if _VERSION.fullmatch(match[1]) else NEVER
