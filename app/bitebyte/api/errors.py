"""The one map from codes to statuses, and what an error looks like (RFC 9457).

Every code that can leave the server stands in PROBLEMS: status and title. A test holds the
codes of the domain against it.
"""

from http import HTTPStatus
from typing import Any, Final

import msgspec

from bitebyte.api.quantities import quantity_answer
from bitebyte.domain.results import Shortage
from bitebyte.node.types import (
    NodeError,
    NodeStopped,
    NoLeader,
    NotYetSupported,
    OutcomeUnknown,
    Overloaded,
    TooFarBehind,
)
from bitebyte.repository.errors import DatabaseUnavailable, InvalidCursor
from bitebyte.service.errors import Busy, Denied

PROBLEM_TYPE: Final = b"application/problem+json"

PROBLEMS: Final[dict[str, tuple[int, str]]] = {
    # The request itself.
    "body_required": (400, "A body is required"),
    "invalid_json": (400, "Not JSON"),
    "json_too_deep": (400, "JSON nested too deeply"),
    "idempotency_key_required": (400, "Idempotency-Key is missing"),
    "idempotency_key_invalid": (400, "Idempotency-Key is not usable"),
    "if_match_invalid": (400, "If-Match is not usable"),
    "min_index_invalid": (400, "BiteByte-Min-Index is not usable"),
    "not_authenticated": (401, "Not signed in"),
    "invalid_credentials": (401, "Wrong e-mail address or password"),
    "forbidden": (403, "Not allowed"),
    "merchant_required": (403, "Only merchants may do this"),
    "cross_site_request": (403, "Request from another site"),
    "not_found": (404, "Not found"),
    "method_not_allowed": (405, "Method not allowed"),
    "body_timeout": (408, "Body took too long"),
    "body_too_large": (413, "Body too large"),
    "path_too_long": (414, "Address too long"),
    "unsupported_media_type": (415, "Content type not supported"),
    "validation_failed": (422, "Fields at fault"),
    "if_match_required": (428, "If-Match is missing"),
    "too_many_attempts": (429, "Too many attempts"),
    # Things that are not there, or not for this caller to know of.
    "account_not_found": (404, "No such account"),
    "alert_not_found": (404, "No such alert"),
    "bar_not_found": (404, "No such bar"),
    "import_not_found": (404, "No such import"),
    "index_not_kept": (404, "Index no longer kept"),
    "ingredient_not_found": (404, "No such ingredient"),
    "member_not_found": (404, "No such member"),
    "order_not_found": (404, "No such order"),
    "product_not_found": (404, "No such product"),
    # What the state of things does not allow.
    "email_taken": (409, "E-mail address taken"),
    "already_member": (409, "Belongs to a cluster already"),
    "import_has_errors": (409, "Import has errors"),
    "insufficient_stock": (409, "Not enough in stock"),
    "invalid_transition": (409, "Order cannot go there"),
    "name_taken": (409, "Name taken"),
    "not_a_configuration_change": (409, "Members change with the configuration only"),
    "not_tracked": (409, "Ingredient is not counted"),
    "product_not_available": (409, "Product not available"),
    "slug_taken": (409, "Slug taken"),
    "stock_below_reserved": (409, "Stock below what is reserved"),
    "stock_limit_exceeded": (409, "More than can be kept count of"),
    "wrong_member": (409, "Another member or cluster"),
    "stale_version": (412, "Version is stale"),
    # Well-formed requests that make no sense.
    "disposition_required": (422, "Disposition is missing"),
    "idempotency_key_reused": (422, "Idempotency-Key used for another request"),
    "invalid_account": (422, "Account not usable"),
    "invalid_bar": (422, "Bar not usable"),
    "invalid_ingredient": (422, "Ingredient not usable"),
    "invalid_movement": (422, "Movement not usable"),
    "invalid_product": (422, "Product not usable"),
    "invalid_order": (422, "Order not usable"),
    "unit_mismatch": (422, "Units do not match"),
    # Nothing to do with the request.
    "internal_error": (500, "Internal error"),
    "no_leader": (503, "No leader"),
    "not_yet_supported": (503, "An upgrade is under way"),
    "node_starting": (503, "Node is starting"),
    "node_behind": (503, "Node is behind"),
    "outcome_unknown": (503, "Outcome unknown"),
    "overloaded": (503, "Overloaded"),
    "database_unavailable": (503, "Database not available"),
}

UNLISTED_STATUS: Final = 409
"""For a refusal that a newer leader knows and this node does not (rolling upgrades)."""


class Problem(msgspec.Struct, frozen=True):
    """An error as it leaves: status, headers, body."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


def problem(
    code: str,
    detail: str,
    *,
    request_id: str,
    headers: tuple[tuple[bytes, bytes], ...] = (),
    **members: Any,
) -> Problem:
    """The answer for `code`. `members` are added to the body."""
    status, title = PROBLEMS.get(code, (UNLISTED_STATUS, HTTPStatus(UNLISTED_STATUS).phrase))
    body = {
        "type": f"urn:bitebyte:problem:{code.replace('_', '-')}",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": request_id,
        **members,
    }
    return Problem(
        status,
        (
            (b"content-type", PROBLEM_TYPE),
            (b"cache-control", b"no-store"),
            *headers,
        ),
        msgspec.json.encode(body),
    )


def problem_of_denied(denied: Denied, request_id: str) -> Problem:
    """A refusal of a use case."""
    members: dict[str, Any] = {}
    headers: list[tuple[bytes, bytes]] = []
    if denied.errors:
        members["errors"] = [
            {"pointer": fault.pointer, "message": fault.message} for fault in denied.errors
        ]
    if denied.shortages:
        members["shortages"] = [_shortage(shortage) for shortage in denied.shortages]
    if denied.current_version is not None:
        members["current_version"] = denied.current_version
        headers.append((b"etag", b'"%d"' % denied.current_version))
    if denied.is_replay:
        headers.append((b"idempotent-replayed", b"true"))
    if denied.index is not None:
        headers.append((b"bitebyte-index", b"%d" % denied.index))
    if denied.retry_after_s is not None:
        headers.append((b"retry-after", b"%d" % denied.retry_after_s))
    if PROBLEMS.get(denied.code, (0, ""))[0] == HTTPStatus.UNAUTHORIZED:
        headers.append((b"www-authenticate", b'Bearer realm="bitebyte"'))
    return problem(
        denied.code, denied.detail, request_id=request_id, headers=tuple(headers), **members
    )


def problem_of_node_error(error: NodeError | Busy, request_id: str) -> Problem:
    """What the node could not do. `Retry-After` where nothing was written."""
    retry = ((b"retry-after", b"1"),)
    if isinstance(error, OutcomeUnknown):
        return problem(
            "outcome_unknown",
            "It is not known whether this happened. Repeating it with the same Idempotency-Key"
            " is safe, at any node.",
            request_id=request_id,
            headers=retry,
        )
    if isinstance(error, TooFarBehind):
        return problem(
            "node_behind",
            "This node has not caught up with what you have already seen. Nothing was written."
            " Try again, or another node.",
            request_id=request_id,
            headers=retry,
        )
    if isinstance(error, (Overloaded, Busy)):
        return problem(
            "overloaded",
            "Too much is waiting here. Nothing was written. Try again in a second.",
            request_id=request_id,
            headers=retry,
        )
    if isinstance(error, NotYetSupported):
        return problem(
            "not_yet_supported",
            "Not all members of the cluster know this yet: an upgrade is under way. Nothing was"
            " written. Try again when it is finished.",
            request_id=request_id,
            headers=retry,
        )
    assert isinstance(error, (NoLeader, NodeStopped)), f"unmapped: {type(error).__name__}"
    return problem(
        "no_leader",
        "There is no leader at this moment. Nothing was written. Try again in a second.",
        request_id=request_id,
        headers=retry,
    )


def problem_of_database(error: DatabaseUnavailable, request_id: str) -> Problem:
    """A read that this node's database did not answer; what was wrong is for the log."""
    del error
    return problem(
        "database_unavailable",
        "The database of this node does not answer. Nothing was written. Try again, or another"
        " node.",
        request_id=request_id,
        headers=((b"retry-after", b"1"),),
    )


def problem_of_unforeseen(request_id: str) -> Problem:
    """Our own bug. It tells nothing but where to look."""
    return problem(
        "internal_error",
        "Something went wrong here. It was noted under the request id.",
        request_id=request_id,
    )


def problem_of_invalid_cursor(error: InvalidCursor, request_id: str) -> Problem:
    """A page cursor that was not made by this list."""
    del error
    return problem(
        "validation_failed",
        "The cursor was not made by this list.",
        request_id=request_id,
        errors=[
            {
                "pointer": "/cursor",
                "in": "query",
                "message": "must be the `next_cursor` of an earlier page of this list",
            }
        ],
    )


def _shortage(shortage: Shortage) -> dict[str, Any]:
    return {
        "ingredient_id": shortage.ingredient_id,
        "name": shortage.name,
        "needed": quantity_answer(shortage.needed, shortage.base_unit),
        "available": quantity_answer(shortage.available, shortage.base_unit),
    }
