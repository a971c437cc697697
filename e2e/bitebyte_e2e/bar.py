"""The bar that the workloads order at: a small menu in which drinks fight for ingredients.

Everything is data, so that a check can compute by itself what each order takes.
"""

from dataclasses import dataclass
from decimal import Decimal

from bitebyte_e2e.client import Client, Json

PASSWORD = "stirred-not-shaken-71"
"""Of every account that the suites register."""

_BASE_PER_UNIT = {"ml": 1000, "piece": 1000, "dash": 900}
"""µl per ml, thousandths per piece. Dashes are only used for what is not counted."""


@dataclass(frozen=True)
class IngredientPlan:
    """An ingredient, and how much of it is delivered before the first order."""

    name: str
    unit: str
    initial: str
    """Decimal, in `unit`; ignored unless `tracking` is `exact`."""
    threshold: str
    tracking: str = "exact"

    @property
    def initial_base(self) -> int:
        return int(Decimal(self.initial) * _BASE_PER_UNIT[self.unit])


@dataclass(frozen=True)
class ProductPlan:
    """A drink; the recipe maps an ingredient's name to its amount in that ingredient's unit."""

    name: str
    section: str
    price_minor: int
    recipe: dict[str, str]


@dataclass(frozen=True)
class Bar:
    """The bar as it was set up through the API."""

    id: str
    slug: str
    merchant_email: str
    products: dict[str, str]
    """Product id by name."""
    ingredients: dict[str, str]
    """Ingredient id by name."""
    initial_base: dict[str, int]
    """Delivered of each counted ingredient, by ingredient id."""
    demand_base: dict[str, dict[str, int]]
    """By product id: what one serving takes of each counted ingredient id."""
    prices_minor: dict[str, int]


INGREDIENTS = (
    IngredientPlan("Gin", "ml", "900000", "700"),
    IngredientPlan("White rum", "ml", "900000", "700"),
    IngredientPlan("Sweet vermouth", "ml", "600000", "500"),
    IngredientPlan("Bitter aperitif", "ml", "600000", "500"),
    IngredientPlan("Lime juice", "ml", "500000", "300"),
    IngredientPlan("Lemon juice", "ml", "500000", "300"),
    IngredientPlan("Sugar syrup", "ml", "500000", "300"),
    IngredientPlan("Egg white", "piece", "40", "6"),
    IngredientPlan("Aged rum", "ml", "2000", "300"),
    IngredientPlan("Violet liqueur", "ml", "350", "100"),
    IngredientPlan("Mint", "piece", "60000", "20"),
    IngredientPlan("Soda", "ml", "0", "0", tracking="ample"),
)
"""Egg white, aged rum and violet liqueur run out during a load, so that orders are refused."""

PRODUCTS = (
    ProductPlan(
        "Negroni", "Stirred", 1150, {"Gin": "30", "Bitter aperitif": "30", "Sweet vermouth": "30"}
    ),
    ProductPlan(
        "Americano", "Long", 850, {"Bitter aperitif": "30", "Sweet vermouth": "30", "Soda": "90"}
    ),
    ProductPlan(
        "Daiquiri", "Sours", 1050, {"White rum": "60", "Lime juice": "22.5", "Sugar syrup": "15"}
    ),
    ProductPlan(
        "Mojito",
        "Long",
        1100,
        {"White rum": "45", "Lime juice": "20", "Sugar syrup": "20", "Mint": "8", "Soda": "60"},
    ),
    ProductPlan("Gimlet", "Sours", 1000, {"Gin": "60", "Lime juice": "20", "Sugar syrup": "10"}),
    ProductPlan(
        "Tom Collins",
        "Long",
        1050,
        {"Gin": "45", "Lemon juice": "30", "Sugar syrup": "15", "Soda": "60"},
    ),
    ProductPlan(
        "White Lady Fizz",
        "Sours",
        1250,
        {"Gin": "40", "Lemon juice": "20", "Sugar syrup": "10", "Egg white": "1"},
    ),
    ProductPlan(
        "Aviation", "Sours", 1300, {"Gin": "45", "Lemon juice": "15", "Violet liqueur": "7.5"}
    ),
    ProductPlan("Old Rum", "Stirred", 1400, {"Aged rum": "50"}),
    ProductPlan(
        "Mulata", "Sours", 1350, {"Aged rum": "45", "Lime juice": "20", "Sugar syrup": "10"}
    ),
    ProductPlan("Martini", "Stirred", 1200, {"Gin": "60", "Sweet vermouth": "10"}),
    ProductPlan("Southside", "Sours", 1150, {"Gin": "60", "Lemon juice": "20", "Mint": "6"}),
)


def open_bar(
    merchant: Client,
    *,
    slug: str,
    ingredients: tuple[IngredientPlan, ...] = INGREDIENTS,
    products: tuple[ProductPlan, ...] = PRODUCTS,
    timezone: str = "Europe/Berlin",
) -> Bar:
    """Registers a merchant, signs `merchant` in as them, and sets the bar up and stocks it."""
    email = f"owner@{slug}.example"
    merchant.register(
        email=email, password=PASSWORD, display_name=f"Owner of {slug}", role="merchant"
    )
    merchant.sign_in(email=email, password=PASSWORD)
    bar = merchant.create_bar(name=slug.title(), slug=slug, currency="EUR", timezone=timezone)
    ids: dict[str, str] = {}
    initial: dict[str, int] = {}
    for plan in ingredients:
        made = merchant.create_ingredient(bar["id"], _ingredient_body(plan))
        ids[plan.name] = made["id"]
        if plan.tracking == "exact":
            merchant.receive_stock(bar["id"], made["id"], plan.initial, plan.unit)
            initial[made["id"]] = plan.initial_base
    units = {plan.name: plan.unit for plan in ingredients}
    made_products: dict[str, str] = {}
    demand: dict[str, dict[str, int]] = {}
    for product in products:
        made = merchant.create_product(bar["id"], _product_body(product, ids, units))
        made_products[product.name] = made["id"]
        demand[made["id"]] = {
            ids[name]: int(Decimal(amount) * _BASE_PER_UNIT[units[name]])
            for name, amount in product.recipe.items()
            if ids[name] in initial
        }
    prices = {made_products[product.name]: product.price_minor for product in products}
    return Bar(bar["id"], slug, email, made_products, ids, initial, demand, prices)


def _ingredient_body(plan: IngredientPlan) -> Json:
    body: Json = {"name": plan.name, "unit": plan.unit, "tracking": plan.tracking}
    if plan.tracking == "exact":
        body["low_stock_threshold"] = {"amount": plan.threshold, "unit": plan.unit}
    return body


def _product_body(plan: ProductPlan, ids: dict[str, str], units: dict[str, str]) -> Json:
    recipe = [
        {"ingredient_id": ids[name], "amount": amount, "unit": units[name], "optional": False}
        for name, amount in plan.recipe.items()
    ]
    return {
        "name": plan.name,
        "section": plan.section,
        "description": f"{plan.name}, as the house makes it.",
        "price_minor": plan.price_minor,
        "recipe": recipe,
    }


def register_customers(client: Client, *, slug: str, count: int) -> list[str]:
    """Registers `count` customers and signs each in; their tokens."""
    tokens: list[str] = []
    for number in range(count):
        email = f"guest-{number}@{slug}.example"
        client.token = None
        client.register(
            email=email, password=PASSWORD, display_name=f"Guest {number}", role="customer"
        )
        tokens.append(client.sign_in(email=email, password=PASSWORD)["token"])
    client.token = None
    return tokens
