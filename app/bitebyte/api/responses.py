"""What routes say about their answers in the OpenAPI document."""

from typing import Any, Final

PROBLEM_REF: Final = {"$ref": "#/components/schemas/ProblemAnswer"}

INDEX_HEADER_DOC: Final[dict[str, Any]] = {
    "BiteByte-Index": {
        "description": "Log index of the state that this answer reflects.",
        "schema": {"type": "integer", "format": "int64"},
    },
    "X-Request-Id": {"description": "Names this answer in the logs.", "schema": {"type": "string"}},
}

ETAG_DOC: Final[dict[str, Any]] = {
    "ETag": {"description": "The version, for `If-Match`.", "schema": {"type": "string"}}
}

_TEXTS: Final = {
    400: "The request could not be read, or a header is missing",
    401: "Not signed in",
    403: "Not allowed",
    404: "No such thing, or none that you may know of",
    408: "The body took too long",
    409: "The state of things does not allow it",
    412: "The version is stale",
    413: "The body is too large",
    415: "The content type is not supported",
    422: "Fields at fault",
    428: "If-Match is missing",
    429: "Too many attempts",
    503: "No leader, overloaded, behind, outcome unknown, or the database does not answer",
}


def answers(
    *problems: int, ok: int = 200, text: str = "Done", etag: bool = False, **members: Any
) -> dict[int | str, dict[str, Any]]:
    """The documented answers of a route: the good one, and these problems with those that every
    route has. `members` are added to the good one."""
    headers = INDEX_HEADER_DOC | (ETAG_DOC if etag else {})
    documented: dict[int | str, dict[str, Any]] = {
        ok: {"description": text, "headers": headers, **members}
    }
    for status in sorted({*problems, 422, 503}):
        documented[status] = {
            "description": _TEXTS[status],
            "headers": INDEX_HEADER_DOC,
            "content": {"application/problem+json": {"schema": PROBLEM_REF}},
        }
    return documented


BODY: Final = (400, 408, 413, 415)
"""Problems of every route that takes a body."""

UNSAFE: Final = (401, 403, *BODY)
"""Problems of every command of somebody who is signed in."""
