"""`Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header)."""

import re
from typing import Final

from bitebyte.service.errors import Denied

IDEMPOTENCY_KEY: Final = re.compile(r"[\x21-\x7e]{1,128}")
"""1 to 128 visible ASCII characters. The draft quotes the key; quotes, when sent, are part of
ours, which makes no difference to equality."""


def parse_idempotency_key(header: str | None) -> str:
    """The key. Raises Denied `idempotency_key_required` or `idempotency_key_invalid`."""
    if header is None or header == "":
        raise Denied(
            "idempotency_key_required",
            "Send an Idempotency-Key header: any text that is new for each order and the same"
            " for each repeat of it.",
        )
    if IDEMPOTENCY_KEY.fullmatch(header) is None:
        raise Denied(
            "idempotency_key_invalid",
            "Idempotency-Key must be 1 to 128 visible ASCII characters.",
        )
    return header
