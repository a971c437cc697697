"""What the node refuses, as problem documents with a text that an operator can act on."""

from http import HTTPStatus
from typing import Final

from fastapi import FastAPI, Request, Response

from bitebyte.api.answers import ProblemResponse
from bitebyte.api.errors import Problem, problem
from bitebyte.api.problems import add_exception_handlers, request_id_of
from bitebyte.node.types import (
    MembershipRefused,
    NodeError,
    NodeStopped,
    NoLeader,
    NotYetSupported,
    OutcomeUnknown,
    Overloaded,
    TooFarBehind,
)

RETRY: Final = ((b"retry-after", b"1"),)

_TEXTS: Final[dict[type[NodeError], tuple[str, str]]] = {
    NoLeader: (
        "no_leader",
        "No leader was found in time, so nothing was changed. `bitebyte status` shows who can be"
        " reached; a majority of the voters is needed.",
    ),
    NodeStopped: ("no_leader", "This node is stopping. Nothing was changed. Ask another one."),
    Overloaded: ("overloaded", "Too much is waiting here. Nothing was changed. Try again."),
    TooFarBehind: (
        "node_behind",
        "This node has not caught up in time, so it cannot tell what is so. Nothing was changed."
        " Try again, or ask another node.",
    ),
    OutcomeUnknown: (
        "outcome_unknown",
        "It is not known whether this happened, or will. Repeat it: what is already so stays so.",
    ),
}


def add_admin_exception_handlers(api: FastAPI) -> None:
    """As for the public API, in the words of operators."""
    add_exception_handlers(api)
    api.add_exception_handler(NodeError, _on_node_error)


async def _on_node_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, NodeError), "registered for NodeError"
    return ProblemResponse(problem_of(error, request_id_of(request)))


def problem_of(error: NodeError, request_id: str) -> Problem:
    """409 with the rule for what is refused, 503 for what this moment does not allow."""
    if isinstance(error, MembershipRefused):
        return problem(error.code, _sentence(str(error)), request_id=request_id)
    if isinstance(error, NotYetSupported):
        return problem("not_yet_supported", _sentence(str(error)), request_id=request_id)
    code, text = _TEXTS[type(error)]
    answer = problem(code, text, request_id=request_id, headers=RETRY)
    assert answer.status == HTTPStatus.SERVICE_UNAVAILABLE, "none of these is anybody's fault"
    return answer


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."
