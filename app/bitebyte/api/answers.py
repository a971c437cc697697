"""Answers going out, and the schemas that all of them share."""

from collections.abc import Mapping
from typing import Any, Final, Literal, NotRequired

import msgspec
from starlette.responses import Response
from typing_extensions import TypedDict

from bitebyte.api.errors import Problem
from bitebyte.api.quantities import QuantityAnswer

INDEX_HEADER: Final = "BiteByte-Index"
INDEX_COOKIE: Final = "bitebyte_index"


FaultAnswer = TypedDict(
    "FaultAnswer",
    {"pointer": str, "message": str, "in": NotRequired[Literal["path", "query", "header"]]},
)
"""A field at fault, by JSON pointer (RFC 6901). `in` is absent for the body."""


class ShortageAnswer(TypedDict):
    """An ingredient that there is too little of."""

    ingredient_id: str
    name: str
    needed: QuantityAnswer
    available: QuantityAnswer


class ProblemAnswer(TypedDict):
    """RFC 9457. `code` is stable; `detail` is for people."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: NotRequired[list[FaultAnswer]]
    shortages: NotRequired[list[ShortageAnswer]]
    current_version: NotRequired[int]


class JsonAnswer(Response):
    """A JSON body with the log index that it reflects.

    `is_write` marks answers of commands, whose index the client's browser is to remember.
    """

    media_type = "application/json"

    def __init__(
        self,
        content: Any,
        *,
        index: int,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        is_write: bool = False,
    ) -> None:
        super().__init__(
            msgspec.json.encode(content),
            status_code=status,
            headers={INDEX_HEADER: str(index), "Cache-Control": "no-store", **(headers or {})},
        )
        self.written_index = index if is_write else None


class ProblemResponse(Response):
    """An error as a Starlette response."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.body, status_code=problem.status)
        # As raw pairs: the problem says all headers itself, the content type among them.
        self.raw_headers = [
            (b"content-length", b"%d" % len(problem.body)),
            *problem.headers,
        ]


def etag_of_version(version: int) -> str:
    """A strong entity tag (RFC 9110 §8.8.3)."""
    return f'"{version}"'
