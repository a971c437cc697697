"""A bar with a merchant and guests, to which tests say what happens.

Whatever a test does, the scene holds it against what must hold for every command: it survives
the log, a second replica comes to the same hash, a replica that loads only what `needs` names
comes to the same answer, and the invariants hold afterwards.
"""

from typing import Any

from bitebyte.domain import commands as c
from bitebyte.domain.apply import apply, needs
from bitebyte.domain.codec import decode_command, encode_command
from bitebyte.domain.entities import Alert, AnyEntity, Bar, Ingredient, Key, Order, Product
from bitebyte.domain.invariants import check
from bitebyte.domain.memory import MemoryState
from bitebyte.domain.menu_reader import ParsedMenu
from bitebyte.domain.results import Accepted, Applied, Refused
from bitebyte.domain.rows import alert_key, bar_key, ingredient_key, order_key, product_key
from bitebyte.domain.units import parse_quantity
from bitebyte.domain.view import NotLoaded

START_MS = 1_764_000_000_000
DAY = "2025-11-24"
LOAD_ROUNDS_MAX = 5


def numbered_id(n: int) -> str:
    """A UUIDv7 that says which it is."""
    return f"0199c82c-c000-7000-8000-{n:012x}"


class ColdView:
    """A view of a state into which rows must be loaded first."""

    def __init__(self, state: MemoryState) -> None:
        self._state = state
        self._loaded: set[Key] = set()

    def load(self, keys: frozenset[Key]) -> None:
        self._loaded |= keys

    def is_loaded(self, key: Key) -> bool:
        return key in self._loaded

    def get(self, key: Key) -> AnyEntity | None:
        if key not in self._loaded:
            raise NotLoaded([key])
        return self._state.rows.get(key)


def apply_cold(state: MemoryState, command: c.AnyCommand) -> Applied:
    """Applies over a view into which exactly what `needs` asks for is loaded."""
    view = ColdView(state)
    for _ in range(LOAD_ROUNDS_MAX):
        missing = needs(view, command)
        if not missing:
            return apply(view, command, state.applied_index + 1)
        view.load(missing)
    raise AssertionError(f"{type(command).__name__} asks for rows again and again")


class BarScene:
    """The merchant `merchant_id` owns `bar_id`; `guest_id` and `other_guest_id` are customers."""

    def __init__(self) -> None:
        self.state = MemoryState()
        self.at_ms = START_MS
        self._n = 0
        self._product_names = 0
        self.merchant_id = self.register("merchant@example.org", role="merchant")
        self.guest_id = self.register("guest@example.org")
        self.other_guest_id = self.register("other@example.org")
        self.bar_id = self.new_id()
        self.accepted(
            c.CreateBar(
                id=self.bar_id,
                at_ms=self.at_ms,
                actor_id=self.merchant_id,
                name="Night Owl",
                slug="night-owl",
                currency="EUR",
                timezone="Europe/Berlin",
            )
        )

    # Commands

    def new_id(self) -> str:
        self._n += 1
        return numbered_id(self._n)

    def do(self, command: c.AnyCommand) -> Applied:
        """Applies the command, with all that must hold for any."""
        assert decode_command(encode_command(command)) == command
        before = self.state.fork()
        cold = apply_cold(before, command)
        applied = self.state.execute(command)
        assert cold == applied
        before.execute(command)
        assert before.state_hash == self.state.state_hash
        keys = [row.key for row in applied.changes]
        assert len(set(keys)) == len(keys), "each key is changed at most once"
        assert check(self.state.rows.values()) == []
        return applied

    def accepted(self, command: c.AnyCommand) -> Accepted:
        result = self.do(command).result
        assert isinstance(result, Accepted), result
        return result

    def refused(self, command: c.AnyCommand) -> Refused:
        result = self.do(command).result
        assert isinstance(result, Refused), result
        return result

    def say(self, command_type: Any, /, *, actor_id: str = "", **fields: Any) -> Any:
        """A command of that kind, by the merchant unless said otherwise."""
        self.at_ms += 1_000
        return command_type(
            id=self.new_id(),
            at_ms=self.at_ms,
            actor_id=actor_id or self.merchant_id,
            **fields,
        )

    def register(self, email: str, role: str = "customer") -> str:
        account_id = self.new_id()
        self.accepted(
            c.RegisterAccount(
                id=account_id,
                at_ms=self.at_ms,
                email=email,
                display_name=email.split("@")[0].title(),
                role=role,
                password_hash="$argon2id$",
            )
        )
        return account_id

    def ingredient(
        self,
        name: str,
        stock: str = "",
        *,
        unit: str = "ml",
        threshold: str | None = None,
        tracking: str = "exact",
    ) -> str:
        """Creates an ingredient, receives its stock, returns its id."""
        command = self.say(
            c.CreateIngredient,
            bar_id=self.bar_id,
            name=name,
            unit=unit,
            base_unit=parse_quantity("1", unit).base_unit,
            tracking=tracking,
            threshold_base=None if threshold is None else base(threshold, unit),
            threshold_amount=threshold,
            threshold_unit=None if threshold is None else unit,
        )
        ingredient = self.accepted(command).ingredient
        assert ingredient is not None
        if stock:
            self.accepted(self.movement(ingredient.id, "receive", stock, unit=unit))
        return ingredient.id

    def movement(
        self, ingredient_id: str, kind: str, amount: str, *, unit: str = "ml", **fields: Any
    ) -> c.RecordStockMovement:
        quantity = parse_quantity(amount, unit, allows_zero=True, allows_negative=True)
        fields.setdefault("bar_id", self.bar_id)
        command: c.RecordStockMovement = self.say(
            c.RecordStockMovement,
            ingredient_id=ingredient_id,
            kind=kind,
            quantity_base=quantity.base,
            amount=amount,
            unit=unit,
            **fields,
        )
        return command

    def product(
        self, *recipe: c.RecipeLineInput, name: str = "", price_minor: int = 900, section: str = "A"
    ) -> str:
        self._product_names += 1
        command = self.say(
            c.CreateProduct,
            bar_id=self.bar_id,
            name=name or f"Drink {self._product_names}",
            section=section,
            description="",
            price_minor=price_minor,
            recipe=recipe,
        )
        product = self.accepted(command).product
        assert product is not None
        return product.id

    def placing(
        self, *lines: tuple[str, int], key: str = "", actor_id: str = "", **fields: Any
    ) -> c.PlaceOrder:
        fields = {"bar_id": self.bar_id, "business_day": DAY, "request_hash": repr(lines)} | fields
        command: c.PlaceOrder = self.say(
            c.PlaceOrder,
            actor_id=actor_id or self.guest_id,
            lines=tuple(c.OrderLineInput(*line) for line in lines),
            idempotency_key=key or f"key-{self._n}",
            **fields,
        )
        return command

    def order(self, *lines: tuple[str, int], key: str = "", actor_id: str = "") -> Order:
        order = self.accepted(self.placing(*lines, key=key, actor_id=actor_id)).order
        assert order is not None
        return order

    def moving(
        self,
        order_id: str,
        to: str,
        *,
        actor_id: str = "",
        version: int | None = None,
        **fields: Any,
    ) -> c.TransitionOrder:
        command: c.TransitionOrder = self.say(
            c.TransitionOrder,
            actor_id=actor_id,
            order_id=order_id,
            to=to,
            expected_version=self.the_order(order_id).version if version is None else version,
            **fields,
        )
        return command

    def move(self, order_id: str, *path: str) -> Order:
        """The merchant moves the order along the path."""
        for to in path:
            self.accepted(self.moving(order_id, to))
        return self.the_order(order_id)

    # What is there now

    def the_ingredient(self, ingredient_id: str) -> Ingredient:
        row = self.state.rows[ingredient_key(ingredient_id)]
        assert isinstance(row, Ingredient)
        return row

    def stock(self, ingredient_id: str) -> tuple[int, int]:
        """(on_hand, reserved) in whole units of a thousand base units."""
        ingredient = self.the_ingredient(ingredient_id)
        assert ingredient.on_hand % 1000 == ingredient.reserved % 1000 == 0
        return ingredient.on_hand // 1000, ingredient.reserved // 1000

    def the_product(self, product_id: str) -> Product:
        row = self.state.rows[product_key(product_id)]
        assert isinstance(row, Product)
        return row

    def the_order(self, order_id: str) -> Order:
        row = self.state.rows[order_key(order_id)]
        assert isinstance(row, Order)
        return row

    def the_alert(self, ingredient_id: str) -> Alert | None:
        """The alert of the ingredient that is not resolved."""
        alert_id = self.the_ingredient(ingredient_id).open_alert_id
        if alert_id is None:
            return None
        row = self.state.rows[alert_key(alert_id)]
        assert isinstance(row, Alert)
        return row


def base(amount: str, unit: str) -> int:
    return parse_quantity(amount, unit, allows_zero=True).base


def takes(
    ingredient_id: str, amount: str, unit: str = "ml", *, is_optional: bool = False
) -> c.RecipeLineInput:
    """A recipe line."""
    quantity = parse_quantity(amount, unit)
    return c.RecipeLineInput(
        ingredient_id=ingredient_id,
        amount=amount,
        unit=unit,
        base_unit=quantity.base_unit,
        quantity_base=quantity.base,
        is_optional=is_optional,
    )


def kinds(applied: Applied) -> list[str]:
    """The events, by kind."""
    return [event.kind for event in applied.events]


def take_over(scene: BarScene, parsed: ParsedMenu) -> None:
    """The merchant uploads the file and takes it over."""
    upload = scene.say(
        c.CreateMenuImport,
        bar_id=scene.bar_id,
        products=parsed.products,
        ingredients=parsed.ingredients,
        errors=parsed.errors,
        error_count=parsed.error_count,
    )
    scene.accepted(upload)
    scene.accepted(scene.say(c.CommitMenuImport, bar_id=scene.bar_id, import_id=upload.id))


def contents(scene: BarScene) -> tuple[Bar, list[Product], list[Ingredient]]:
    """What a menu file is written from."""
    bar = scene.state.rows[bar_key(scene.bar_id)]
    assert isinstance(bar, Bar)
    rows = scene.state.rows.values()
    return (
        bar,
        [row for row in rows if isinstance(row, Product)],
        [row for row in rows if isinstance(row, Ingredient)],
    )
