"""Server-sent events (WHATWG HTML §9.2): what happens, as it happens, resumable on any node.

A stream begins with `hello`, which carries the position to resume from and as what its viewer
watches (`staff`, `guest`, or `owner` of an account). Each later event has
`data: {"kind", "index", ...}`; the last event of an index carries it as `id`. A position that is
no longer kept is answered with `reset`: fetch the state anew and go on from there.
"""

from typing import Annotated, Final

from fastapi import APIRouter, Header, Query, Response

from bitebyte.api.bars import BarRef
from bitebyte.api.deps import MaybeSignedIn, PublicRead, SignedIn, WithState
from bitebyte.api.event_stream import EventStream, guest_view, staff_view
from bitebyte.api.responses import INDEX_HEADER_DOC, answers
from bitebyte.api.route import BASE_PATH, StrictRoute
from bitebyte.domain.results import FieldError
from bitebyte.service.errors import Denied

router = APIRouter(prefix=BASE_PATH, tags=["events"], route_class=StrictRoute)

POSITION_DIGITS_MAX: Final = 18

LastEventIdHeader = Annotated[
    str | None, Header(alias="Last-Event-ID", description="Go on after this position.")
]
LastEventIdQuery = Annotated[
    str | None,
    Query(
        alias="last_event_id",
        max_length=20,
        description="The same, for clients that cannot set headers.",
    ),
]

_STREAM = {
    "description": "The stream. `retry: 1000`; a comment every 10 seconds",
    "headers": INDEX_HEADER_DOC,
    "content": {"text/event-stream": {"schema": {"type": "string"}}},
}


@router.get(
    "/bars/{bar}/events",
    operation_id="stream_bar_events",
    summary="What happens at a bar",
    response_class=Response,
    responses={**answers(401, 404), 200: _STREAM},
)
async def stream_bar_events(
    bar: BarRef,
    caller: MaybeSignedIn,
    intent: PublicRead,
    state: WithState,
    last_event_id: LastEventIdHeader = None,
    last_event_id_query: LastEventIdQuery = None,
) -> Response:
    """All events for those who work there: `order.*`, `stock.*`, `menu.*`,
    `notification.created`. Guests get `menu.published` and, at most once a second,
    `menu.availability_changed`."""
    services = state.services
    found = await services.bars.find(bar, intent)
    bar_id = found.value.id
    after_index = _position(last_event_id, last_event_id_query)
    is_staff = caller is not None and await services.events.is_staff(caller, bar_id)

    async def is_allowed() -> bool:
        if caller is None:
            return True
        await services.sessions.check(caller)
        return not is_staff or await services.events.is_staff(caller, bar_id)

    view = staff_view(bar_id) if is_staff else guest_view(bar_id)
    return EventStream(
        services.events,
        view,
        viewer="staff" if is_staff else "guest",
        streams=state.streams,
        is_allowed=is_allowed,
        after_index=after_index,
    )


@router.get(
    "/me/events",
    operation_id="stream_my_events",
    summary="What happens to you",
    response_class=Response,
    responses={**answers(401), 200: _STREAM},
)
async def stream_my_events(
    caller: SignedIn,
    state: WithState,
    last_event_id: LastEventIdHeader = None,
    last_event_id_query: LastEventIdQuery = None,
) -> Response:
    """Your own orders as they move, and the notifications of the bars where you work."""
    services = state.services
    after_index = _position(last_event_id, last_event_id_query)
    is_merchant = await services.events.is_merchant(caller)
    view = services.events.personal_view(caller, is_merchant=is_merchant)

    async def is_allowed() -> bool:
        await services.sessions.check(caller)
        return True

    return EventStream(
        services.events,
        view.seen,
        viewer="owner",
        streams=state.streams,
        is_allowed=is_allowed,
        after_index=after_index,
    )


def _position(header: str | None, parameter: str | None) -> int | None:
    """Where to go on; None: from now. The header is what browsers send by themselves."""
    text = header or parameter
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= POSITION_DIGITS_MAX):
        raise Denied(
            "validation_failed",
            "The position to resume from cannot be used.",
            errors=(FieldError(pointer="/last_event_id", message="must be the `id` of an event"),),
        )
    return int(text)
