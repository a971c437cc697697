"""Bars."""

from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import AfterValidator
from typing_extensions import TypedDict

from bitebyte.api.answers import JsonAnswer
from bitebyte.api.deps import Paging, PublicRead, SignedIn, WithServices
from bitebyte.api.fields import Currency, Name, RequestModel, Slug, Timezone
from bitebyte.api.quantities import time_answer
from bitebyte.api.responses import UNSAFE, answers
from bitebyte.api.route import BASE_PATH, StrictRoute
from bitebyte.api.strict_json import is_clean_text
from bitebyte.domain.entities import Bar

router = APIRouter(prefix=BASE_PATH, tags=["bars"], route_class=StrictRoute)


def _bar_ref(text: str) -> str:
    if not is_clean_text(text) or any(character.isspace() for character in text):
        raise ValueError("must be the id or the slug of a bar")
    return text


BarRef = Annotated[
    str, Path(max_length=64, description="Id or slug of the bar."), AfterValidator(_bar_ref)
]


class BarRequest(RequestModel):
    """A new bar. `slug` is its name in addresses: 3 to 40 of a-z, 0-9 and single hyphens."""

    name: Name
    slug: Slug
    currency: Currency
    timezone: Timezone


class BarAnswer(TypedDict):
    """A bar, as everybody may see it."""

    id: str
    slug: str
    name: str
    currency: str
    timezone: str
    menu_version: int
    created_at: str


class BarPage(TypedDict):
    """Bars by name."""

    items: list[BarAnswer]
    next_cursor: str | None


@router.post(
    "/bars",
    operation_id="create_bar",
    summary="Open a bar",
    status_code=201,
    response_model=BarAnswer,
    responses=answers(*UNSAFE, 409, ok=201, text="The new bar"),
)
async def create_bar(body: BarRequest, caller: SignedIn, services: WithServices) -> Response:
    """For merchants. 409 `slug_taken`, 403 `merchant_required`."""
    created = await services.bars.create(
        caller,
        name=body.name,
        slug=body.slug,
        currency=body.currency,
        timezone=body.timezone,
    )
    return JsonAnswer(
        bar_answer(created.value),
        index=created.index,
        status=201,
        headers={"Location": f"/api/v1/bars/{created.value.id}"},
        is_write=True,
    )


@router.get(
    "/bars",
    operation_id="list_bars",
    summary="All bars",
    response_model=BarPage,
    responses=answers(text="A page of bars, by name"),
)
async def list_bars(intent: PublicRead, page: Paging, services: WithServices) -> Response:
    """Public."""
    found = await services.bars.page(intent, limit=page.limit, cursor=page.cursor)
    return JsonAnswer(
        BarPage(
            items=[bar_answer(bar) for bar in found.value.items],
            next_cursor=found.value.next_cursor,
        ),
        index=found.index,
    )


@router.get(
    "/bars/{bar}",
    operation_id="get_bar",
    summary="One bar",
    response_model=BarAnswer,
    responses=answers(404, text="The bar"),
)
async def get_bar(bar: BarRef, intent: PublicRead, services: WithServices) -> Response:
    """Public."""
    found = await services.bars.find(bar, intent)
    return JsonAnswer(bar_answer(found.value), index=found.index)


def bar_answer(bar: Bar) -> BarAnswer:
    """What everybody may see of a bar."""
    return {
        "id": bar.id,
        "slug": bar.slug,
        "name": bar.name,
        "currency": bar.currency,
        "timezone": bar.timezone,
        "menu_version": bar.menu_version,
        "created_at": time_answer(bar.created_at_ms),
    }
