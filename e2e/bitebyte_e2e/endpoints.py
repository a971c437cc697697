"""Every call of the contract that takes a JSON body, each with a body that is good in form.

They are refused for their meaning all the same (a taken name, more than there is): whichever
mutation slips through, nothing may change.
"""

from dataclasses import dataclass, field
from typing import Any

from bitebyte_e2e.bar import PASSWORD


@dataclass(frozen=True)
class Endpoint:
    """A call with a good body; `{...}` in the path is filled from the evening."""

    method: str
    path: str
    who: str
    body: dict[str, Any]
    optional: frozenset[str] = frozenset()
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"


_RECIPE = [{"ingredient_id": "INGREDIENT", "amount": "45", "unit": "ml", "optional": False}]
ENDPOINTS = (
    Endpoint(
        "POST",
        "/accounts",
        "anonymous",
        {
            "email": "new@bad-input.example",
            "password": PASSWORD,
            "display_name": "New",
            "role": "customer",
        },
    ),
    Endpoint(
        "POST",
        "/session",
        "anonymous",
        {"email": "nobody@bad-input.example", "password": PASSWORD},
    ),
    Endpoint("PATCH", "/me", "customer", {"display_name": "Me"}, frozenset({"display_name"})),
    Endpoint(
        "POST",
        "/bars",
        "merchant",
        {"name": "Second", "slug": "bad-input", "currency": "EUR", "timezone": "UTC"},
    ),
    Endpoint(
        "POST",
        "/bars/{bar}/ingredients",
        "merchant",
        {
            "name": "Gin",
            "unit": "ml",
            "tracking": "exact",
            "low_stock_threshold": {"amount": "10", "unit": "ml"},
        },
        frozenset({"tracking", "low_stock_threshold"}),
    ),
    Endpoint(
        "PATCH",
        "/ingredients/{ingredient}",
        "merchant",
        {"name": "Mint", "low_stock_threshold": {"amount": "10", "unit": "ml"}},
        frozenset({"name", "low_stock_threshold"}),
    ),
    Endpoint(
        "POST",
        "/bars/{bar}/stock-movements",
        "merchant",
        {
            "ingredient_id": "INGREDIENT",
            "kind": "waste",
            "amount": "1000000",
            "unit": "ml",
            "reason": "dropped",
        },
        frozenset({"reason"}),
    ),
    Endpoint(
        "POST",
        "/bars/{bar}/products",
        "merchant",
        {
            "name": "Negroni",
            "section": "Stirred",
            "description": "",
            "price_minor": 1,
            "recipe": _RECIPE,
        },
        frozenset({"description", "recipe"}),
    ),
    Endpoint(
        "PATCH",
        "/products/{product}",
        "merchant",
        {"name": "Americano", "price_minor": 1, "recipe": _RECIPE},
        frozenset({"name", "price_minor", "recipe"}),
    ),
    Endpoint(
        "POST",
        "/bars/{bar}/orders",
        "customer",
        {"lines": [{"product_id": "PRODUCT", "quantity": 101, "note": ""}]},
        headers={"Idempotency-Key": "bad"},
    ),
    Endpoint(
        "POST",
        "/orders/{order}/transitions",
        "merchant",
        {"to": "completed", "reason": "in a hurry"},
        frozenset({"reason"}),
        headers={"If-Match": '"1"'},
    ),
)
"""`INGREDIENT` and `PRODUCT` stand for ids that only a running bar has."""
