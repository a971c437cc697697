"""Menu upload in two steps, and export; for those who work at the bar."""

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import AfterValidator, StringConstraints

from bitebyte.api.answers import JsonAnswer
from bitebyte.api.bars import BarRef
from bitebyte.api.deps import OwnRead, SignedIn, WithServices
from bitebyte.api.fields import Id
from bitebyte.api.menu_import_answers import ImportAnswer, import_answer
from bitebyte.api.responses import INDEX_HEADER_DOC, UNSAFE, answers
from bitebyte.api.route import BASE_PATH, UploadRoute, media_type_of
from bitebyte.domain.measures import parse_stated_sizes

router = APIRouter(prefix=BASE_PATH, tags=["menu"], route_class=UploadRoute)

ImportId = Annotated[Id, Path(description="Id of the import.")]

SIZES_LENGTH_MAX: Final = 1_000
"""Characters of what an upload states; all measures without a size take half as many."""


def _check_sizes(text: str) -> str:
    parse_stated_sizes(text)
    return text


StatedSizes = Annotated[
    str, StringConstraints(max_length=SIZES_LENGTH_MAX), AfterValidator(_check_sizes)
]

_CSV_EXAMPLE: Final = """\
section,product,description,price,ingredient,amount,unit,optional
Sours,Daiquiri,"Rum, lime, sugar",9.50,White rum,60,ml,
,,,,Lime juice,Juice of 1/2,,
,,,,Sugar syrup,1-2,tsp,
,,,,Lime wheel,1,,yes
"""

_JSON_EXAMPLE: Final = {
    "format": "bitebyte-menu",
    "version": 1,
    "currency": "EUR",
    "sections": [
        {
            "name": "Sours",
            "products": [
                {
                    "name": "Daiquiri",
                    "price_minor": 950,
                    "recipe": [{"ingredient": "White rum", "amount": "2", "unit": "oz"}],
                }
            ],
        }
    ],
}

_FILE_DOC = {
    "requestBody": {
        "required": True,
        "description": "At most 2 MiB and 5,000 rows.",
        "content": {
            "text/csv": {
                "schema": {
                    "type": "string",
                    "description": "One row per recipe line, with the columns"
                    " section,product,description,price,ingredient,amount,unit,optional."
                    " The product columns may stay empty after a product's first row."
                    " `amount` and `unit` may hold measures as recipes spell them, such as"
                    " `1 1/2` `oz` or `Juice of 1/2`.",
                },
                "example": _CSV_EXAMPLE,
            },
            "application/json": {
                "schema": {"type": "object", "description": "What the JSON export gives."},
                "example": _JSON_EXAMPLE,
            },
        },
    }
}


@router.post(
    "/bars/{bar}/menu-imports",
    operation_id="upload_menu",
    summary="Upload a menu",
    status_code=201,
    response_model=ImportAnswer,
    responses=answers(*UNSAFE, 404, ok=201, text="What the file holds. Nothing changed yet"),
    openapi_extra=_FILE_DOC,
)
async def upload_menu(
    bar: BarRef,
    request: Request,
    caller: SignedIn,
    intent: OwnRead,
    services: WithServices,
    sizes: Annotated[
        StatedSizes,
        Query(
            description="What measures without a size of their own hold at this bar.",
            examples=["shot:4 cl; part:1 oz"],
        ),
    ] = "",
    faulty: Annotated[
        Literal["refuse", "leave_out"],
        Query(description="Whether a bad row holds up the whole file, or only its product."),
    ] = "refuse",
) -> Response:
    """A preview: how every recipe line was read or why it was refused, and what would change.

    Lists every bad row (the first 5,000). A file that is no menu at all is 422.
    """
    content = await request.body()
    uploaded = await services.menu_imports.upload(
        caller,
        bar,
        intent,
        content=content,
        is_csv=media_type_of(request) == "text/csv",
        sizes=parse_stated_sizes(sizes),
        leaves_out_faulty=faulty == "leave_out",
    )
    return JsonAnswer(
        import_answer(uploaded.value),
        index=uploaded.index,
        status=201,
        headers={
            "Location": f"/api/v1/bars/{uploaded.value.menu_import.bar_id}"
            f"/menu-imports/{uploaded.value.menu_import.id}"
        },
        is_write=True,
    )


@router.get(
    "/bars/{bar}/menu-imports/{import_id}",
    operation_id="get_menu_import",
    summary="An uploaded menu",
    response_model=ImportAnswer,
    responses=answers(401, 404, text="The import"),
)
async def get_menu_import(
    bar: BarRef, import_id: ImportId, caller: SignedIn, intent: OwnRead, services: WithServices
) -> Response:
    """What the file holds, and whether it was committed."""
    found = await services.menu_imports.one(caller, bar, import_id, intent)
    return JsonAnswer(import_answer(found.value), index=found.index)


@router.post(
    "/bars/{bar}/menu-imports/{import_id}/commit",
    operation_id="commit_menu_import",
    summary="Make it the menu",
    response_model=ImportAnswer,
    responses=answers(*UNSAFE, 404, 409, text="The menu is what the file says"),
)
async def commit_menu_import(
    bar: BarRef, import_id: ImportId, caller: SignedIn, intent: OwnRead, services: WithServices
) -> Response:
    """All or nothing. 409 `import_has_errors`. Committing twice is one commit."""
    committed = await services.menu_imports.commit(caller, bar, import_id, intent)
    return JsonAnswer(import_answer(committed.value), index=committed.index, is_write=True)


@router.get(
    "/bars/{bar}/menu-export",
    operation_id="export_menu",
    summary="The menu as a file",
    response_class=Response,
    responses={
        **answers(401, 404, text="The file"),
        200: {
            "description": "The file; uploading it gives the same menu",
            "headers": INDEX_HEADER_DOC,
            "content": {
                "application/json": {"schema": {"type": "object"}},
                "text/csv": {"schema": {"type": "string"}},
            },
        },
    },
)
async def export_menu(
    bar: BarRef,
    caller: SignedIn,
    intent: OwnRead,
    services: WithServices,
    format: Annotated[Literal["json", "csv"], Query()] = "json",
) -> Response:
    """Re-imports to the same menu."""
    exported = await services.menu_imports.export(caller, bar, intent, is_csv=format == "csv")
    media_type = "text/csv; charset=utf-8" if format == "csv" else "application/json"
    file_name = f"{exported.value.bar.slug}-menu.{format}"
    return Response(
        exported.value.content,
        media_type=media_type,
        headers={
            "BiteByte-Index": str(exported.index),
            "Cache-Control": "no-store",
            "Content-Disposition": f'attachment; filename="{file_name}"',
        },
    )
