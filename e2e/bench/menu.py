"""What both systems sell, and what is ordered of it."""

import random
from dataclasses import replace

from bitebyte_e2e.bar import INGREDIENTS, PRODUCTS, IngredientPlan

PLENTY = "1000000000"
"""In the ingredient's unit: the most that one delivery may be, so that nothing ever runs out."""

BAR_INGREDIENTS: tuple[IngredientPlan, ...] = tuple(
    replace(plan, initial=PLENTY if plan.unit == "ml" else "10000000") for plan in INGREDIENTS
)
BAR_PRODUCTS = PRODUCTS
ORDERS = 251
"""Different orders in the mix. A prime, so that each customer gets to order all of them."""

OrderLines = list[tuple[str, int]]
"""Product name and quantity."""


def order_mix(seed: int) -> list[OrderLines]:
    """The orders, by product name: one to three lines, mostly one of each."""
    chance = random.Random(seed)
    names = [product.name for product in BAR_PRODUCTS]
    return [
        [
            (name, chance.choice((1, 1, 1, 2)))
            for name in chance.sample(names, chance.choice((1, 1, 2, 3)))
        ]
        for _ in range(ORDERS)
    ]
