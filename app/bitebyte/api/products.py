"""Products and their recipes; for those who work at the bar."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Response
from pydantic import Field
from typing_extensions import TypedDict

from bitebyte.api.answers import JsonAnswer, etag_of_version
from bitebyte.api.bars import BarRef
from bitebyte.api.deps import OwnRead, SignedIn, WithServices
from bitebyte.api.fields import (
    Amount,
    Description,
    Id,
    Name,
    PriceMinor,
    RequestModel,
    Section,
    UnitName,
)
from bitebyte.api.if_match import parse_if_match
from bitebyte.api.ingredients import OptionalIfMatch
from bitebyte.api.quantities import time_answer
from bitebyte.api.responses import UNSAFE, answers
from bitebyte.api.route import BASE_PATH, StrictRoute
from bitebyte.domain.entities import Product, RecipeLine
from bitebyte.domain.limits import RECIPE_LINES_MAX
from bitebyte.domain.units import UNITS
from bitebyte.service.products import ProductUpdate, RecipeEntry, SoldProduct

router = APIRouter(prefix=BASE_PATH, tags=["menu"], route_class=StrictRoute)

StatusName = Literal["active", "hidden", "archived"]
ProductId = Annotated[Id, Path(description="Id of the product.")]


class RecipeLineRequest(RequestModel):
    """What one serving takes of one ingredient. Optional ones are not reserved."""

    ingredient_id: Id
    amount: Amount
    unit: UnitName
    optional: bool = False


Recipe = Annotated[list[RecipeLineRequest], Field(max_length=RECIPE_LINES_MAX)]


class ProductRequest(RequestModel):
    """A new product, at the end of its section."""

    name: Name
    section: Section
    description: Description = ""
    price_minor: PriceMinor
    recipe: Recipe = Field(default_factory=list[RecipeLineRequest])


class ProductPatch(RequestModel):
    """What is left out stays as it is. A recipe is replaced whole."""

    name: Name | None = None
    section: Section | None = None
    description: Description | None = None
    price_minor: PriceMinor | None = None
    status: StatusName | None = None
    recipe: Recipe | None = None


class RecipeLineAnswer(TypedDict):
    """A line as typed, and exactly."""

    ingredient_id: str
    amount: str
    unit: str
    base: int
    base_unit: str
    optional: bool


class ProductAnswer(TypedDict):
    """A product with its recipe."""

    id: str
    bar_id: str
    name: str
    section: str
    description: str
    price_minor: int
    currency: str
    status: StatusName
    recipe: list[RecipeLineAnswer]
    recipe_version: int
    version: int
    created_at: str


class ProductList(TypedDict):
    """All products of a bar, hidden ones included, in the order of the menu."""

    items: list[ProductAnswer]
    next_cursor: str | None


@router.post(
    "/bars/{bar}/products",
    operation_id="create_product",
    summary="Add a product",
    status_code=201,
    response_model=ProductAnswer,
    responses=answers(*UNSAFE, 404, 409, ok=201, text="The new product", etag=True),
)
async def create_product(
    bar: BarRef, body: ProductRequest, caller: SignedIn, intent: OwnRead, services: WithServices
) -> Response:
    """409 `name_taken`; 422 `unit_mismatch` if an ingredient is not measured that way."""
    created = await services.products.create(
        caller,
        bar,
        intent,
        name=body.name,
        section=body.section,
        description=body.description,
        price_minor=body.price_minor,
        recipe=_entries(body.recipe),
    )
    return JsonAnswer(
        product_answer(created.value),
        index=created.index,
        status=201,
        headers={
            "Location": f"/api/v1/products/{created.value.product.id}",
            "ETag": etag_of_version(created.value.product.version),
        },
        is_write=True,
    )


@router.get(
    "/bars/{bar}/products",
    operation_id="list_products",
    summary="All products",
    response_model=ProductList,
    responses=answers(401, 404, text="All products; `next_cursor` is always null"),
)
async def list_products(
    bar: BarRef, caller: SignedIn, intent: OwnRead, services: WithServices
) -> Response:
    """With recipes, hidden and archived ones included. A menu is bounded, so it is one page."""
    found = await services.products.all_of_bar(caller, bar, intent)
    return JsonAnswer(
        ProductList(items=[product_answer(sold) for sold in found.value], next_cursor=None),
        index=found.index,
    )


@router.get(
    "/products/{product_id}",
    operation_id="get_product",
    summary="One product",
    response_model=ProductAnswer,
    responses=answers(401, 404, text="The product", etag=True),
)
async def get_product(
    product_id: ProductId, caller: SignedIn, intent: OwnRead, services: WithServices
) -> Response:
    """With its recipe. Guests see products in the menu."""
    found = await services.products.one(caller, product_id, intent)
    return JsonAnswer(
        product_answer(found.value),
        index=found.index,
        headers={"ETag": etag_of_version(found.value.product.version)},
    )


@router.patch(
    "/products/{product_id}",
    operation_id="update_product",
    summary="Change a product",
    response_model=ProductAnswer,
    responses=answers(*UNSAFE, 404, 409, 412, text="The product as it is now", etag=True),
)
async def update_product(
    product_id: ProductId,
    body: ProductPatch,
    caller: SignedIn,
    intent: OwnRead,
    services: WithServices,
    if_match: OptionalIfMatch = None,
) -> Response:
    """Orders that were placed before keep what they were placed with."""
    updated = await services.products.update(
        caller,
        product_id,
        intent,
        ProductUpdate(
            expected_version=parse_if_match(if_match),
            name=body.name,
            section=body.section,
            description=body.description,
            price_minor=body.price_minor,
            status=body.status,
            recipe=None if body.recipe is None else _entries(body.recipe),
        ),
    )
    return JsonAnswer(
        product_answer(updated.value),
        index=updated.index,
        headers={"ETag": etag_of_version(updated.value.product.version)},
        is_write=True,
    )


def product_answer(sold: SoldProduct) -> ProductAnswer:
    """With the currency of its bar."""
    product = sold.product
    return {
        "id": product.id,
        "bar_id": product.bar_id,
        "name": product.name,
        "section": product.section,
        "description": product.description,
        "price_minor": product.price_minor,
        "currency": sold.currency,
        "status": _status(product),
        "recipe": [_recipe_line_answer(line) for line in product.recipe],
        "recipe_version": product.recipe_version,
        "version": product.version,
        "created_at": time_answer(product.created_at_ms),
    }


def _entries(recipe: list[RecipeLineRequest]) -> tuple[RecipeEntry, ...]:
    return tuple(
        RecipeEntry(line.ingredient_id, line.amount, line.unit, line.optional) for line in recipe
    )


def _status(product: Product) -> StatusName:
    if product.status == "hidden":
        return "hidden"
    return "archived" if product.status == "archived" else "active"


def _recipe_line_answer(line: RecipeLine) -> RecipeLineAnswer:
    return {
        "ingredient_id": line.ingredient_id,
        "amount": line.amount,
        "unit": line.unit,
        "base": line.quantity_base,
        "base_unit": UNITS[line.unit].base_unit,
        "optional": line.is_optional,
    }
