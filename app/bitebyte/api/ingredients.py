"""Ingredients and their stock; for those who work at the bar."""

from typing import Annotated, Literal

from fastapi import APIRouter, Header, Path, Response
from typing_extensions import TypedDict

from bitebyte.api.answers import JsonAnswer, etag_of_version
from bitebyte.api.bars import BarRef
from bitebyte.api.deps import OwnRead, Paging, SignedIn, WithServices
from bitebyte.api.fields import Amount, Id, Name, RequestModel, UnitName
from bitebyte.api.if_match import parse_if_match
from bitebyte.api.quantities import QuantityAnswer, quantity_answer, time_answer
from bitebyte.api.responses import UNSAFE, answers
from bitebyte.api.route import BASE_PATH, StrictRoute
from bitebyte.domain.entities import Ingredient
from bitebyte.service.inventory import IngredientUpdate
from bitebyte.service.quantities import TypedQuantity

router = APIRouter(prefix=BASE_PATH, tags=["stock"], route_class=StrictRoute)

TrackingName = Literal["exact", "ample", "binary"]
IngredientId = Annotated[Id, Path(description="Id of the ingredient.")]
OptionalIfMatch = Annotated[
    str | None, Header(alias="If-Match", description="Only if the version still is this one.")
]


class QuantityRequest(RequestModel):
    """An amount as people say it."""

    amount: Amount
    unit: UnitName

    def typed(self) -> TypedQuantity:
        """For the use cases."""
        return TypedQuantity(self.amount, self.unit)


class IngredientRequest(RequestModel):
    """A new ingredient, with nothing on hand. `unit` is the one that people use for it."""

    name: Name
    unit: UnitName
    tracking: TrackingName = "exact"
    low_stock_threshold: QuantityRequest | None = None


class IngredientPatch(RequestModel):
    """What is left out stays as it is. A threshold of null removes it. `is_out` is for those
    that are not counted."""

    name: Name | None = None
    unit: UnitName | None = None
    tracking: TrackingName | None = None
    is_out: bool | None = None
    low_stock_threshold: QuantityRequest | None = None


class StockAnswer(TypedDict):
    """What there is. available = on_hand - reserved."""

    on_hand: QuantityAnswer
    reserved: QuantityAnswer
    available: QuantityAnswer


class IngredientAnswer(TypedDict):
    """An ingredient and its stock."""

    id: str
    bar_id: str
    name: str
    unit: str
    tracking: TrackingName
    is_out: bool
    is_low: bool
    low_stock_threshold: QuantityAnswer | None
    stock: StockAnswer
    open_alert_id: str | None
    version: int
    created_at: str


class IngredientPage(TypedDict):
    """Ingredients by name."""

    items: list[IngredientAnswer]
    next_cursor: str | None


@router.post(
    "/bars/{bar}/ingredients",
    operation_id="create_ingredient",
    summary="Add an ingredient",
    status_code=201,
    response_model=IngredientAnswer,
    responses=answers(*UNSAFE, 404, 409, ok=201, text="The new ingredient", etag=True),
)
async def create_ingredient(
    bar: BarRef, body: IngredientRequest, caller: SignedIn, intent: OwnRead, services: WithServices
) -> Response:
    """409 `name_taken`; names are compared without case."""
    threshold = body.low_stock_threshold
    created = await services.inventory.create_ingredient(
        caller,
        bar,
        intent,
        name=body.name,
        unit=body.unit,
        tracking=body.tracking,
        threshold=None if threshold is None else threshold.typed(),
    )
    return JsonAnswer(
        ingredient_answer(created.value),
        index=created.index,
        status=201,
        headers={
            "Location": f"/api/v1/ingredients/{created.value.id}",
            "ETag": etag_of_version(created.value.version),
        },
        is_write=True,
    )


@router.get(
    "/bars/{bar}/ingredients",
    operation_id="list_ingredients",
    summary="Ingredients and stock",
    response_model=IngredientPage,
    responses=answers(401, 404, text="A page of ingredients, by name"),
)
async def list_ingredients(
    bar: BarRef, caller: SignedIn, intent: OwnRead, page: Paging, services: WithServices
) -> Response:
    """What the bar has, by name."""
    found = await services.inventory.ingredients(
        caller, bar, intent, limit=page.limit, cursor=page.cursor
    )
    return JsonAnswer(
        IngredientPage(
            items=[ingredient_answer(ingredient) for ingredient in found.value.items],
            next_cursor=found.value.next_cursor,
        ),
        index=found.index,
    )


@router.get(
    "/ingredients/{ingredient_id}",
    operation_id="get_ingredient",
    summary="One ingredient",
    response_model=IngredientAnswer,
    responses=answers(401, 404, text="The ingredient", etag=True),
)
async def get_ingredient(
    ingredient_id: IngredientId, caller: SignedIn, intent: OwnRead, services: WithServices
) -> Response:
    """The ingredient and its stock."""
    found = await services.inventory.ingredient(caller, ingredient_id, intent)
    return JsonAnswer(
        ingredient_answer(found.value),
        index=found.index,
        headers={"ETag": etag_of_version(found.value.version)},
    )


@router.patch(
    "/ingredients/{ingredient_id}",
    operation_id="update_ingredient",
    summary="Change an ingredient",
    response_model=IngredientAnswer,
    responses=answers(*UNSAFE, 404, 409, 412, text="The ingredient as it is now", etag=True),
)
async def update_ingredient(
    ingredient_id: IngredientId,
    body: IngredientPatch,
    caller: SignedIn,
    intent: OwnRead,
    services: WithServices,
    if_match: OptionalIfMatch = None,
) -> Response:
    """Stock itself changes by movements only. 412 `stale_version` if `If-Match` is given."""
    threshold = body.low_stock_threshold
    updated = await services.inventory.update_ingredient(
        caller,
        ingredient_id,
        intent,
        IngredientUpdate(
            expected_version=parse_if_match(if_match),
            name=body.name,
            unit=body.unit,
            tracking=body.tracking,
            is_out=body.is_out,
            threshold=None if threshold is None else threshold.typed(),
            clears_threshold="low_stock_threshold" in body.model_fields_set and threshold is None,
        ),
    )
    return JsonAnswer(
        ingredient_answer(updated.value),
        index=updated.index,
        headers={"ETag": etag_of_version(updated.value.version)},
        is_write=True,
    )


def ingredient_answer(ingredient: Ingredient) -> IngredientAnswer:
    """With quantities in the ingredient's own unit."""
    base_unit, unit = ingredient.base_unit, ingredient.unit
    threshold = ingredient.threshold_base
    return {
        "id": ingredient.id,
        "bar_id": ingredient.bar_id,
        "name": ingredient.name,
        "unit": unit,
        "tracking": _tracking(ingredient.tracking),
        "is_out": ingredient.is_out,
        "is_low": threshold is not None and ingredient.available <= threshold,
        "low_stock_threshold": None
        if threshold is None
        else quantity_answer(threshold, base_unit, ingredient.threshold_unit or unit),
        "stock": {
            "on_hand": quantity_answer(ingredient.on_hand, base_unit, unit),
            "reserved": quantity_answer(ingredient.reserved, base_unit, unit),
            "available": quantity_answer(ingredient.available, base_unit, unit),
        },
        "open_alert_id": ingredient.open_alert_id,
        "version": ingredient.version,
        "created_at": time_answer(ingredient.created_at_ms),
    }


def _tracking(name: str) -> TrackingName:
    if name == "ample":
        return "ample"
    return "binary" if name == "binary" else "exact"
