"""Sets up the demo bar through the public HTTP API, as any client would.

Every step finds out what is there already, so a load that was interrupted is finished by the
next start, and nothing is received into stock twice.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import msgspec

from bitebyte.demo.errors import BarNotLoaded
from bitebyte.demo.public_api import Answer, PublicApi
from bitebyte.demo.stock_file import StockItem

BAR_SLUG = "night-owl"
BAR_NAME = "The Night Owl"
CURRENCY = "EUR"
TIMEZONE = "Europe/Berlin"
CONCURRENT_MAX = 8
"""Requests under way at once while the stock is set up. Enough to share group commits, few
enough to leave a small machine responsive."""


class DemoAccount(msgspec.Struct, frozen=True):
    """A sign-in that the demo prints. Published on purpose: the demo listens on loopback only."""

    email: str
    password: str
    display_name: str
    role: str


MERCHANT = DemoAccount(
    email="merchant@demo.bitebyte",
    password="demo-merchant-2026",
    display_name="Mara behind the bar",
    role="merchant",
)
GUEST = DemoAccount(
    email="guest@demo.bitebyte",
    password="demo-guest-2026",
    display_name="Gus at the counter",
    role="customer",
)


class IngredientReport(msgspec.Struct, frozen=True):
    """The part of an ingredient that the loader reads."""

    class Stock(msgspec.Struct, frozen=True):
        class Quantity(msgspec.Struct, frozen=True):
            base: int

        on_hand: Quantity

    id: str
    name: str
    stock: Stock


class IngredientPage(msgspec.Struct, frozen=True):
    """A page of `GET /bars/{bar}/ingredients`."""

    items: tuple[IngredientReport, ...]
    next_cursor: str | None = None


def load_bar(api: PublicApi, *, menu: bytes, stock: Sequence[StockItem]) -> None:
    """Registers the two accounts, creates the bar, uploads its menu and fills its shelves.

    Raises BarNotLoaded with the server's own words, or Unreachable.
    """
    _register(api, GUEST)
    _register(api, MERCHANT)
    _sign_in(api, MERCHANT)
    _create_bar(api)
    if not _ingredients(api):
        _upload_menu(api, menu)
    ingredients = {ingredient.name: ingredient for ingredient in _ingredients(api)}
    missing = [item.ingredient for item in stock if item.ingredient not in ingredients]
    if missing:
        raise BarNotLoaded(f"the menu did not create these ingredients: {', '.join(missing)}")
    with ThreadPoolExecutor(max_workers=CONCURRENT_MAX) as pool:
        loads = [
            pool.submit(_stock_ingredient, api, ingredients[item.ingredient], item)
            for item in stock
        ]
        for load in loads:
            load.result()


def is_bar_there(api: PublicApi) -> bool:
    """Whether the bar exists, as the whole cluster knows it now."""
    answer = api.request("GET", f"/bars/{BAR_SLUG}?consistency=linearizable")
    if answer.status == 404:
        return False
    _expect(answer, 200, "look for the demo bar")
    return True


def _register(api: PublicApi, account: DemoAccount) -> None:
    answer = api.request(
        "POST",
        "/accounts",
        json={
            "email": account.email,
            "password": account.password,
            "display_name": account.display_name,
            "role": account.role,
        },
    )
    if answer.field("code") != "email_taken":
        _expect(answer, 201, f"register {account.email}")


def _sign_in(api: PublicApi, account: DemoAccount) -> None:
    answer = api.request(
        "POST", "/session", json={"email": account.email, "password": account.password}
    )
    _expect(answer, 201, f"sign in as {account.email}")
    token = answer.field("token")
    if not isinstance(token, str):
        raise BarNotLoaded("signing in returned no token")
    api.token = token


def _create_bar(api: PublicApi) -> None:
    answer = api.request(
        "POST",
        "/bars",
        json={"name": BAR_NAME, "slug": BAR_SLUG, "currency": CURRENCY, "timezone": TIMEZONE},
    )
    if answer.field("code") != "slug_taken":
        _expect(answer, 201, "create the demo bar")


def _upload_menu(api: PublicApi, menu: bytes) -> None:
    answer = api.request("POST", f"/bars/{BAR_SLUG}/menu-imports", csv=menu)
    _expect(answer, 201, "upload the menu")
    if answer.field("errors"):
        raise BarNotLoaded(f"the menu was uploaded, but has errors: {answer.field('errors')}")
    answer = api.request("POST", f"/bars/{BAR_SLUG}/menu-imports/{answer.field('id')}/commit")
    _expect(answer, 200, "commit the menu")


def _ingredients(api: PublicApi) -> tuple[IngredientReport, ...]:
    found: list[IngredientReport] = []
    path = f"/bars/{BAR_SLUG}/ingredients?consistency=linearizable&limit=100"
    cursor: str | None = ""
    while cursor is not None:
        answer = api.request("GET", path + (f"&cursor={cursor}" if cursor else ""))
        _expect(answer, 200, "list the ingredients")
        try:
            page = msgspec.convert(answer.body, type=IngredientPage)
        except msgspec.ValidationError as error:
            raise BarNotLoaded(f"the list of ingredients has another form: {error}") from error
        found.extend(page.items)
        cursor = page.next_cursor
    return tuple(found)


def _stock_ingredient(api: PublicApi, ingredient: IngredientReport, item: StockItem) -> None:
    # Stock before threshold: an empty shelf with a threshold would be an alert at once.
    if item.stock and ingredient.stock.on_hand.base == 0:
        answer = api.request(
            "POST",
            f"/bars/{BAR_SLUG}/stock-movements",
            json={
                "ingredient_id": ingredient.id,
                "kind": "receive",
                "amount": item.stock,
                "unit": item.unit,
                "reason": "Opening stock",
            },
            # The row names the delivery, so a repeat after a lost answer is the same delivery.
            idempotency_key=f"demo-opening-stock-{item.row}",
        )
        _expect(answer, 201, f"receive {item.ingredient}")
    changes: dict[str, object] = {"unit": item.unit, "tracking": item.tracking}
    if item.threshold:
        changes["low_stock_threshold"] = {"amount": item.threshold, "unit": item.unit}
    answer = api.request("PATCH", f"/ingredients/{ingredient.id}", json=changes)
    _expect(answer, 200, f"set up {item.ingredient}")


def _expect(answer: Answer, status: int, intent: str) -> None:
    if answer.status != status:
        raise BarNotLoaded(f"could not {intent}: the server answered {answer.text}")
