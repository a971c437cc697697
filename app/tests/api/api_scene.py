"""People and bars that tests of the API begin with, made through the API alone."""

import itertools
from dataclasses import dataclass
from typing import Any

import httpx

PASSWORD = "a long enough pass phrase"

_numbers = itertools.count(1)


def new_number() -> int:
    """A number that no other test has."""
    return next(_numbers)


class Http:
    """An HTTP client that may carry a session."""

    def __init__(self, client: httpx.AsyncClient, token: str | None = None) -> None:
        self.client = client
        self.token = token
        self.account: dict[str, Any] = {}

    async def send(
        self,
        method: str,
        path: str,
        json: Any = None,
        *,
        headers: dict[str, str] | None = None,
        **options: Any,
    ) -> httpx.Response:
        """The answer to one request below `/api/v1`."""
        sent = dict(headers or {})
        if self.token is not None:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        if json is not None:
            options["json"] = json
        return await self.client.request(method, f"/api/v1{path}", headers=sent, **options)

    async def get(self, path: str, **options: Any) -> Any:
        """The body of a GET that must succeed."""
        answer = await self.send("GET", path, **options)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, json: Any = None, *, status: int = 201, **options: Any) -> Any:
        """The body of a POST that must give that status."""
        answer = await self.send("POST", path, json, **options)
        assert answer.status_code == status, answer.text
        return answer.json()


@dataclass
class Bar:
    """A bar with a stocked gin, an ample tonic and two drinks."""

    id: str
    slug: str
    gin: str
    tonic: str
    gin_and_tonic: str
    martini: str


@dataclass
class BarScene:
    """The shared people and bars."""

    bar: Bar
    other_bar: Bar
    merchant: Http
    other_merchant: Http
    customer: Http
    other_customer: Http


async def sign_up(http: Http, role: str) -> Http:
    """Somebody new, signed in."""
    email = f"{role}-{new_number()}@example.org"
    account = await http.post(
        "/accounts",
        {"email": email, "password": PASSWORD, "display_name": f"The {role}", "role": role},
    )
    session = await http.post("/session", {"email": email, "password": PASSWORD})
    signed_in = Http(http.client, session["token"])
    signed_in.account = account
    return signed_in


async def open_bar(merchant: Http, *, gin_ml: int = 10_000) -> Bar:
    """A bar of that merchant: 50 ml of gin a gin and tonic, 60 ml a martini."""
    slug = f"bar-{new_number()}"
    bar = await merchant.post(
        "/bars", {"name": "Night Owl", "slug": slug, "currency": "EUR", "timezone": "Europe/Paris"}
    )
    gin = await merchant.post(
        f"/bars/{slug}/ingredients",
        {
            "name": "Gin",
            "unit": "ml",
            "tracking": "exact",
            "low_stock_threshold": {"amount": "100", "unit": "ml"},
        },
    )
    tonic = await merchant.post(
        f"/bars/{slug}/ingredients", {"name": "Tonic", "unit": "ml", "tracking": "ample"}
    )
    if gin_ml:
        await receive(merchant, slug, gin["id"], gin_ml)
    drinks = [
        await merchant.post(
            f"/bars/{slug}/products",
            {
                "name": name,
                "section": section,
                "description": "",
                "price_minor": price_minor,
                "recipe": [
                    {"ingredient_id": gin["id"], "amount": amount, "unit": "ml"},
                    {
                        "ingredient_id": tonic["id"],
                        "amount": "150",
                        "unit": "ml",
                        "optional": name == "Martini",
                    },
                ],
            },
        )
        for name, section, price_minor, amount in (
            ("Gin & Tonic", "Long", 900, "50"),
            ("Martini", "Short", 1100, "60"),
        )
    ]
    return Bar(bar["id"], slug, gin["id"], tonic["id"], drinks[0]["id"], drinks[1]["id"])


async def receive(merchant: Http, bar: str, ingredient_id: str, amount_ml: int) -> Any:
    """A delivery."""
    return await merchant.post(
        f"/bars/{bar}/stock-movements",
        {
            "ingredient_id": ingredient_id,
            "kind": "receive",
            "amount": str(amount_ml),
            "unit": "ml",
            "reason": "delivery",
        },
    )


async def order(
    customer: Http, bar: str, product_id: str, quantity: int = 1, *, key: str | None = None
) -> Any:
    """An order that must be accepted."""
    return await customer.post(
        f"/bars/{bar}/orders",
        {"lines": [{"product_id": product_id, "quantity": quantity, "note": "cold please"}]},
        headers={"Idempotency-Key": key or f"key-{new_number()}"},
    )
