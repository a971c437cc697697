"""Ids: what they look like, and how one command names all that it creates.

Ids are UUIDv7 (RFC 9562 §5.7): 48 bits of Unix milliseconds, then version, variant and 74 free
bits. The state machine has no chance to draw from, so it derives ids from the command's own.
"""

import re
from hashlib import blake2b
from typing import Final

_ID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def is_id(text: str) -> bool:
    """Whether this is a UUID as we write it: lower case, with hyphens, of any version.

    Any version, so that a well-formed id that nobody has is 'unknown' and not 'malformed'.
    """
    return _ID.fullmatch(text) is not None


def derive_id(command_id: str, n: int) -> str:
    """The id of the n-th thing (from 0) that this command creates: the same on every replica.

    Keeps the time of `command_id`, so derived ids sort with it. Two pairs of command and number
    collide with a chance of 2^-74.
    """
    assert n >= 0, "things are counted from 0"
    digest = blake2b(f"{command_id}/{n}".encode(), digest_size=10).hexdigest()
    variant = "89ab"[int(digest[3], 16) & 3]
    return f"{command_id[:13]}-7{digest[:3]}-{variant}{digest[4:7]}-{digest[7:19]}"
