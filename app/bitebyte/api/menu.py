"""The menu, as guests see it."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Response
from typing_extensions import TypedDict

from bitebyte.api.answers import JsonAnswer
from bitebyte.api.bars import BarAnswer, BarRef, bar_answer
from bitebyte.api.deps import PublicRead, WithServices
from bitebyte.api.responses import ETAG_DOC, answers
from bitebyte.api.route import BASE_PATH, StrictRoute
from bitebyte.service.menu import Menu, MenuProduct

router = APIRouter(prefix=BASE_PATH, tags=["menu"], route_class=StrictRoute)


class MenuProductAnswer(TypedDict):
    """A product on the menu. `servings_left` is null when nothing that it needs is counted;
    `ingredients` are names only: what is in stock is not for guests."""

    id: str
    name: str
    description: str
    price_minor: int
    currency: str
    available: bool
    servings_left: int | None
    ingredients: list[str]


class MenuSectionAnswer(TypedDict):
    """A section, in the order of the menu."""

    name: str
    products: list[MenuProductAnswer]


class MenuAnswer(TypedDict):
    """What can be ordered."""

    bar: BarAnswer
    sections: list[MenuSectionAnswer]


@router.get(
    "/bars/{bar}/menu",
    operation_id="get_menu",
    summary="The menu",
    response_model=MenuAnswer,
    responses={
        **answers(404, text="The menu", etag=True),
        304: {"description": "Not changed since that ETag", "headers": ETAG_DOC},
    },
)
async def get_menu(
    bar: BarRef,
    intent: PublicRead,
    services: WithServices,
    q: Annotated[
        str | None,
        Query(
            max_length=100,
            description="Words that all must occur in the name, the description or the"
            " ingredients; case and accents make no difference.",
        ),
    ] = None,
    section: Annotated[str | None, Query(max_length=120, description="Only this section.")] = None,
    if_none_match: Annotated[str | None, Header(alias="If-None-Match")] = None,
) -> Response:
    """Public. Search goes over names, descriptions and ingredients."""
    found = await services.menus.menu(bar, intent, search=q, section=section)
    menu = found.value
    headers = {"ETag": menu.etag, "Cache-Control": "no-cache"}
    if if_none_match is not None and _matches(if_none_match, menu.etag):
        return Response(status_code=304, headers={"BiteByte-Index": str(found.index), **headers})
    return JsonAnswer(menu_answer(menu), index=found.index, headers=headers)


def menu_answer(menu: Menu) -> MenuAnswer:
    """The menu as JSON."""
    currency = menu.bar.currency
    return {
        "bar": bar_answer(menu.bar),
        "sections": [
            {
                "name": section.name,
                "products": [_product_answer(product, currency) for product in section.products],
            }
            for section in menu.sections
        ],
    }


def _product_answer(item: MenuProduct, currency: str) -> MenuProductAnswer:
    return {
        "id": item.product.id,
        "name": item.product.name,
        "description": item.product.description,
        "price_minor": item.product.price_minor,
        "currency": currency,
        "available": item.is_available,
        "servings_left": item.servings_left,
        "ingredients": list(item.ingredient_names),
    }


def _matches(if_none_match: str, etag: str) -> bool:
    """Weak comparison (RFC 9110 §13.1.2)."""
    tags = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return "*" in tags or etag.removeprefix("W/") in tags
