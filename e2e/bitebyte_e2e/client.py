"""A client of BiteByte written from the HTTP contract alone.

It knows paths, bodies and headers, and nothing of the program. Like a careful real client it
carries the index of its last answer (`BiteByte-Index`) as `BiteByte-Min-Index`, so that it reads
its own writes at any node.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

REQUEST_TIMEOUT_S = 5.0
PAGE_LIMIT = 200

Json = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """An HTTP answer, read to its end."""

    status: int
    headers: httpx.Headers
    content: bytes
    body: Any
    """The decoded JSON; None where there is none."""

    @property
    def code(self) -> str | None:
        """The stable code of a problem, or None."""
        return self.body.get("code") if isinstance(self.body, dict) else None

    @property
    def index(self) -> int | None:
        """The log position that the answer reflects."""
        value = self.headers.get("BiteByte-Index")
        return int(value) if value is not None else None

    @property
    def is_replay(self) -> bool:
        return self.headers.get("Idempotent-Replayed") == "true"


class UnexpectedAnswer(AssertionError):
    """The server answered something that this step cannot go on with."""


class Client:
    """One person (or nobody) talking to one node at a time; `base_url` may be changed.
    Signs in with bearer tokens and keeps no cookies. With a `host`, every request is for that name,
    whatever the address in `base_url`: an ingress goes by it.

    For use from one thread. Close it, or use it in a `with`.
    """

    def __init__(self, base_url: str, *, token: str | None = None, host: str | None = None) -> None:
        self.base_url = base_url
        self.token = token
        self._host = host
        self.min_index = 0
        self._http = httpx.Client(timeout=REQUEST_TIMEOUT_S)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        content: bytes | str | None = None,
        headers: Mapping[str, str | bytes] | None = None,
        params: dict[str, str] | None = None,
        base_url: str | None = None,
    ) -> Answer:
        """One request, one answer, whatever its status. Raises httpx.TransportError."""
        sent = httpx.Headers({} if self._host is None else {"Host": self._host})
        if self.min_index:
            sent["BiteByte-Min-Index"] = str(self.min_index)
        if self.token is not None:
            sent["Authorization"] = f"Bearer {self.token}"
        for name, value in (headers or {}).items():
            sent.update([(name.encode(), value.encode() if isinstance(value, str) else value)])
        response = self._http.request(
            method,
            f"{base_url or self.base_url}/api/v1{path}",
            json=json,
            content=content,
            headers=sent,
            params=params,
        )
        self._http.cookies.clear()  # the token is all that this client is known by
        is_json = "json" in response.headers.get("Content-Type", "") and response.content
        answer = Answer(
            response.status_code,
            response.headers,
            response.content,
            response.json() if is_json else None,
        )
        self.min_index = max(self.min_index, answer.index or 0)
        return answer

    def expect(self, status: int, method: str, path: str, **request: Any) -> Any:
        """The decoded body of an answer that must have this status; UnexpectedAnswer if not."""
        answer = self.request(method, path, **request)
        if answer.status != status:
            raise UnexpectedAnswer(
                f"{method} {path} → {answer.status}, expected {status}: {answer.content[:500]!r}"
            )
        return answer.body

    def register(self, *, email: str, password: str, display_name: str, role: str) -> Json:
        body = {"email": email, "password": password, "display_name": display_name, "role": role}
        return self.expect(201, "POST", "/accounts", json=body)

    def sign_in(self, *, email: str, password: str) -> Json:
        """Opens a session and uses its token from here on."""
        session = self.expect(201, "POST", "/session", json={"email": email, "password": password})
        self.token = session["token"]
        return session

    def create_bar(self, *, name: str, slug: str, currency: str, timezone: str) -> Json:
        body = {"name": name, "slug": slug, "currency": currency, "timezone": timezone}
        return self.expect(201, "POST", "/bars", json=body)

    def create_ingredient(self, bar_id: str, body: Json) -> Json:
        return self.expect(201, "POST", f"/bars/{bar_id}/ingredients", json=body)

    def receive_stock(self, bar_id: str, ingredient_id: str, amount: str, unit: str) -> Json:
        body = {"ingredient_id": ingredient_id, "kind": "receive", "amount": amount}
        body |= {"unit": unit, "reason": "delivery"}
        return self.expect(201, "POST", f"/bars/{bar_id}/stock-movements", json=body)

    def create_product(self, bar_id: str, body: Json) -> Json:
        return self.expect(201, "POST", f"/bars/{bar_id}/products", json=body)

    def place_order(
        self, bar_id: str, body: Json, *, key: str, base_url: str | None = None
    ) -> Answer:
        return self.request(
            "POST",
            f"/bars/{bar_id}/orders",
            json=body,
            headers={"Idempotency-Key": key},
            base_url=base_url,
        )

    def transition(self, order: Json, to: str, **more: Any) -> Answer:
        return self.request(
            "POST",
            f"/orders/{order['id']}/transitions",
            json={"to": to} | more,
            headers={"If-Match": f'"{order["version"]}"'},
        )

    def every(self, path: str, **params: str) -> Iterator[Json]:
        """All items of a list, page by page."""
        cursor: str | None = None
        while True:
            page_params = {"limit": str(PAGE_LIMIT)} | params
            if cursor is not None:
                page_params["cursor"] = cursor
            page = self.expect(200, "GET", path, params=page_params)
            yield from page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return
