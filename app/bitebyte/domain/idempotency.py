"""Exactly once: a request that comes again gets the first answer and does nothing.

(account, key) → hash of the request and its answer is replicated state, so a repeat is recognised
at any node and across leader changes.
"""

from collections.abc import Callable
from typing import TypeVar

import msgspec

from bitebyte.domain.changeset import refuse
from bitebyte.domain.commands import PlaceOrder, RecordStockMovement
from bitebyte.domain.entities import IdempotencyRecord, Key
from bitebyte.domain.limits import IDEMPOTENCY_WINDOW_MS
from bitebyte.domain.results import Applied, decode_result, encode_result
from bitebyte.domain.view import View

C = TypeVar("C", PlaceOrder, RecordStockMovement)


def apply_once(view: View, command: C, run: Callable[[View, C], Applied]) -> Applied:
    """Runs the command the first time, and keeps its answer, be it accepted or refused.

    A record older than the window counts as absent and is replaced. A key that came with another
    request is refused and changes nothing.
    """
    key = Key("idempotency", (command.actor_id, command.idempotency_key))
    record = view.get(key)
    assert record is None or isinstance(record, IdempotencyRecord)
    if record is not None and command.at_ms - record.created_at_ms <= IDEMPOTENCY_WINDOW_MS:
        if record.request_hash != command.request_hash:
            return refuse(
                "idempotency_key_reused",
                "This Idempotency-Key was used with another request. Use a new key.",
            )
        return Applied(msgspec.structs.replace(decode_result(record.answer), is_replay=True))
    applied = run(view, command)
    kept = IdempotencyRecord(
        command.actor_id,
        command.idempotency_key,
        command.request_hash,
        encode_result(applied.result),
        command.at_ms,
    )
    return Applied(applied.result, (*applied.changes, kept), applied.events)
