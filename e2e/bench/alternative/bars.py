"""Fills an alternative's database: bars with menu and stock, and customers who are signed in."""

import hashlib
import os
import uuid
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from bench.load import Shop
from bench.menu import BAR_INGREDIENTS, BAR_PRODUCTS
from bitebyte_e2e.bar import IngredientPlan


async def open_bar(
    connection: Any,
    *,
    number: int,
    accounts: int,
    ingredients: Sequence[IngredientPlan] = BAR_INGREDIENTS,
) -> Shop:
    """One bar, and `accounts` customers."""
    bar_id = uuid.uuid4()
    await connection.execute(
        "INSERT INTO bar (id, slug, currency, timezone) VALUES ($1, $2, 'EUR', 'UTC')",
        bar_id,
        f"bench-{number}",
    )
    products = await _fill_menu(connection, bar_id, ingredients)
    tokens = [await _sign_in(connection, number, guest) for guest in range(accounts)]
    return Shop(str(bar_id), {name: str(products[name]) for name in products}, tokens)


async def _fill_menu(
    connection: Any, bar_id: uuid.UUID, ingredients: Sequence[IngredientPlan]
) -> dict[str, uuid.UUID]:
    ids = {plan.name: uuid.uuid4() for plan in ingredients}
    await connection.executemany(
        "INSERT INTO ingredient (id, bar_id, name, is_exact, on_hand, threshold)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        [
            (
                ids[plan.name],
                bar_id,
                plan.name,
                plan.tracking == "exact",
                plan.initial_base,
                int(plan.threshold) * 1000,
            )
            for plan in ingredients
        ],
    )
    products = {plan.name: uuid.uuid4() for plan in BAR_PRODUCTS}
    await connection.executemany(
        "INSERT INTO product (id, bar_id, name, price_minor, status)"
        " VALUES ($1, $2, $3, $4, 'active')",
        [(products[plan.name], bar_id, plan.name, plan.price_minor) for plan in BAR_PRODUCTS],
    )
    await connection.executemany(
        "INSERT INTO recipe_line (product_id, ingredient_id, quantity) VALUES ($1, $2, $3)",
        [
            (products[plan.name], ids[name], int(Decimal(amount) * 1000))
            for plan in BAR_PRODUCTS
            for name, amount in plan.recipe.items()
        ],
    )
    return products


async def _sign_in(connection: Any, bar: int, guest: int) -> str:
    """A new customer; the token of their session."""
    token = hashlib.sha256(os.urandom(32)).hexdigest()
    account_id = uuid.uuid4()
    await connection.execute(
        "INSERT INTO account VALUES ($1, $2, $3)",
        account_id,
        f"guest-{guest}@bench-{bar}.example",
        f"Guest {guest}",
    )
    await connection.execute(
        "INSERT INTO session VALUES ($1, $2, now() + interval '1 day')",
        hashlib.sha256(token.encode()).digest(),
        account_id,
    )
    return token
