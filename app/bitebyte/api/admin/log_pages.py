"""The log as this node stores it, page by page."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Response
from typing_extensions import TypedDict

from bitebyte.api.admin.log_words import EntryAnswer, describe_entry
from bitebyte.api.admin.state import WithAdmin
from bitebyte.api.answers import JsonAnswer
from bitebyte.api.route import StrictRoute
from bitebyte.service.errors import Denied

router = APIRouter(route_class=StrictRoute)

PAGE_ENTRIES_MAX: Final = 500
PAGE_ENTRIES_DEFAULT: Final = 50
PAGE_BYTES_MAX: Final = 1024 * 1024
"""Of stored data; a page holds at least one entry, however large."""

INDEX_MAX: Final = 2**63 - 1


class LogAnswer(TypedDict):
    """`next`: the index that the next page begins with; null at the end of the log."""

    member_id: str
    first_index: int
    last_index: int
    commit_index: int
    entries: list[EntryAnswer]
    next: int | None


@router.get("/log")
async def get_log(
    admin: WithAdmin,
    first: Annotated[
        int | None,
        Query(ge=1, le=INDEX_MAX, alias="from", description="Default: the newest entries."),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_ENTRIES_MAX)] = PAGE_ENTRIES_DEFAULT,
    personal: Annotated[
        bool, Query(description="With e-mail addresses, names and texts of people.")
    ] = False,
) -> Response:
    """404 `index_not_kept` for what is compacted. Entries above `commit_index` may still vanish."""
    stored = admin.entries
    first_index, last_index = stored.first_index, stored.last_index
    low = max(first_index, last_index - limit + 1) if first is None else first
    entries = await stored.fetch(low, low + limit, PAGE_BYTES_MAX)
    if low < stored.first_index and not entries:
        raise Denied(
            "index_not_kept",
            f"This node keeps its log from index {stored.first_index} on; what is older is in its"
            " state.",
        )
    commit_index = admin.node.status().commit_index
    following = entries[-1].index + 1 if entries else low
    answer: LogAnswer = {
        "member_id": str(admin.node.identity.member_id),
        "first_index": first_index,
        "last_index": last_index,
        "commit_index": commit_index,
        "entries": [
            describe_entry(entry, commit_index=commit_index, with_personal=personal)
            for entry in entries
        ],
        "next": following if following <= stored.last_index else None,
    }
    return JsonAnswer(answer, index=admin.node.applied_index)
