"""Whatever people do in whatever order, the invariants hold and replicas agree.

The scene applies each command four ways (see `bar_scene`) and checks the invariants after each;
here a model of a few lines says besides what stock must be left.
"""

from collections import defaultdict
from typing import Any

from bar_scene import BarScene, base, takes
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, multiple, rule

from bitebyte.domain import commands as c
from bitebyte.domain.entities import ImportProduct, ImportRecipeLine, OrderStatus
from bitebyte.domain.results import Accepted, Refused

INGREDIENTS = ("Gin", "Rum", "Lime juice", "Syrup", "Ice")
HOLDING = {"placed", "accepted", "preparing"}
amounts = st.sampled_from(["10", "30", "60", "45"])
who = st.sampled_from(["merchant_id", "guest_id", "other_guest_id"])
recipes = st.lists(
    st.tuples(st.sampled_from(INGREDIENTS), amounts, st.booleans()), min_size=1, max_size=4
)


class Evening(RuleBasedStateMachine):
    """An evening at a bar."""

    products = Bundle("products")
    orders = Bundle("orders")

    @initialize(target=products)
    def open_the_bar(self) -> Any:
        self.scene = BarScene()
        self.ids = {
            name: self.scene.ingredient(name, "300", threshold="60") for name in INGREDIENTS[:-1]
        }
        self.ids["Ice"] = self.scene.ingredient("Ice", tracking="ample")
        self.on_hand = {self.ids[name]: 300_000 for name in INGREDIENTS[:-1]}
        self.placed: list[tuple[c.PlaceOrder, Accepted | Refused]] = []
        self.needed: dict[str, dict[str, int]] = {}
        return multiple(
            self.scene.product(takes(self.ids["Gin"], "60"), takes(self.ids["Lime juice"], "30")),
            self.scene.product(takes(self.ids["Rum"], "60"), takes(self.ids["Lime juice"], "30")),
        )

    def reserved(self) -> dict[str, int]:
        """What orders that are not yet made hold, from their recipes as they were."""
        held: defaultdict[str, int] = defaultdict(int)
        for order_id, needed in self.needed.items():
            if self.scene.the_order(order_id).status in HOLDING:
                for ingredient_id, quantity in needed.items():
                    held[ingredient_id] += quantity
        return held

    @rule(target=products, recipe=recipes, price_minor=st.integers(0, 2_000))
    def invent_a_drink(self, recipe: list[tuple[str, str, bool]], price_minor: int) -> str:
        return self.scene.product(*self._lines(recipe), price_minor=price_minor)

    def _lines(self, recipe: list[tuple[str, str, bool]]) -> list[c.RecipeLineInput]:
        return [
            takes(self.ids[name], amount, is_optional=is_optional)
            for name, amount, is_optional in recipe
            if name != "Ice"
        ]

    @rule(product=products, recipe=recipes, status=st.sampled_from(["active", "hidden"]))
    def change_a_drink(
        self, product: str, recipe: list[tuple[str, str, bool]], status: str
    ) -> None:
        self.scene.accepted(
            self.scene.say(
                c.UpdateProduct,
                product_id=product,
                recipe=tuple(self._lines(recipe)),
                status=status,
            )
        )

    @rule(
        target=orders,
        lines=st.lists(st.tuples(products, st.integers(1, 3)), min_size=1, max_size=3),
        actor=who,
    )
    def order_drinks(self, lines: list[tuple[str, int]], actor: str) -> Any:
        command = self.scene.placing(*lines, actor_id=getattr(self.scene, actor))
        products = [self.scene.the_product(product_id) for product_id, _ in lines]
        needed: defaultdict[str, int] = defaultdict(int)
        for (_, quantity), product in zip(lines, products, strict=True):
            for line in product.recipe:
                if not line.is_optional:
                    needed[line.ingredient_id] += line.quantity_base * quantity
        held = self.reserved()
        is_enough = all(
            quantity <= self.on_hand[ingredient_id] - held[ingredient_id]
            for ingredient_id, quantity in needed.items()
        )
        result = self.scene.do(command).result
        self.placed.append((command, result))
        if any(product.status != "active" for product in products):
            assert getattr(result, "code", "") == "product_not_available"
        elif not is_enough:
            assert getattr(result, "code", "") == "insufficient_stock"
        else:
            assert isinstance(result, Accepted)
            assert result.order is not None
            self.needed[result.order.id] = needed
            return result.order.id
        return multiple()

    @rule(data=st.data())
    def press_the_button_again(self, data: st.DataObject) -> None:
        if not self.placed:
            return
        command, first = data.draw(st.sampled_from(self.placed))
        again = self.scene.placing(actor_id=command.actor_id, key=command.idempotency_key)
        again = c.PlaceOrder(
            id=again.id,
            at_ms=again.at_ms,
            actor_id=command.actor_id,
            bar_id=command.bar_id,
            lines=command.lines,
            idempotency_key=command.idempotency_key,
            request_hash=command.request_hash,
            business_day="2025-11-25",
        )
        applied = self.scene.do(again)
        assert applied.changes == ()
        assert applied.result.is_replay
        if isinstance(first, Accepted):
            assert isinstance(applied.result, Accepted)
            assert applied.result.order == first.order

    @rule(
        order_id=orders,
        to=st.sampled_from([status.value for status in OrderStatus]),
        actor=who,
        disposition=st.sampled_from([(), ("release",), ("waste",)]),
        is_stale=st.sampled_from([False, False, False, True]),
    )
    def move_an_order(
        self, order_id: str, to: str, actor: str, disposition: tuple[str, ...], is_stale: bool
    ) -> None:
        before = self.scene.the_order(order_id)
        command = self.scene.moving(
            order_id,
            to,
            actor_id=getattr(self.scene, actor),
            version=before.version - is_stale,
            disposition=disposition,
        )
        result = self.scene.do(command).result
        if isinstance(result, Refused):
            assert self.scene.the_order(order_id) == before
            return
        assert not is_stale
        is_gone = to == "ready" or (before.status == "preparing" and disposition == ("waste",))
        if is_gone:
            for ingredient_id, quantity in self.needed[order_id].items():
                self.on_hand[ingredient_id] -= quantity

    @rule(
        name=st.sampled_from(INGREDIENTS[:-1]),
        kind=st.sampled_from(["receive", "waste", "adjust", "count"]),
        amount=st.sampled_from(["0", "10", "60", "300", "-10", "-300"]),
    )
    def move_stock(self, name: str, kind: str, amount: str) -> None:
        ingredient_id = self.ids[name]
        result = self.scene.do(self.scene.movement(ingredient_id, kind, amount)).result
        if isinstance(result, Accepted):
            assert result.movement is not None
            self.on_hand[ingredient_id] += result.movement.delta_base

    @rule(name=st.sampled_from(INGREDIENTS[:-1]), threshold=st.sampled_from(["0", "60", "200", ""]))
    def move_a_threshold(self, name: str, threshold: str) -> None:
        self.scene.accepted(
            self.scene.say(
                c.UpdateIngredient,
                ingredient_id=self.ids[name],
                threshold_base=base(threshold, "ml") if threshold else None,
                threshold_amount=threshold or None,
                threshold_unit="ml" if threshold else None,
                clears_threshold=not threshold,
            )
        )

    @rule(names=st.lists(st.sampled_from(["Sour", "Fizz", "Drink 1"]), max_size=3, unique=True))
    def upload_a_menu(self, names: list[str]) -> None:
        line = ImportRecipeLine("lime JUICE", "1", "oz", "ul", 30_000, False)
        upload = self.scene.say(
            c.CreateMenuImport,
            bar_id=self.scene.bar_id,
            products=tuple(ImportProduct("New", name, "", 700, (line,)) for name in names),
            ingredients=(),
            errors=(),
        )
        self.scene.accepted(upload)
        self.scene.accepted(
            self.scene.say(c.CommitMenuImport, bar_id=self.scene.bar_id, import_id=upload.id)
        )

    @rule(name=st.sampled_from(INGREDIENTS), actor=who)
    def acknowledge_what_is_low(self, name: str, actor: str) -> None:
        alert = self.scene.the_alert(self.ids[name])
        if alert is not None:
            self.scene.do(
                self.scene.say(
                    c.AcknowledgeAlert, alert_id=alert.id, actor_id=getattr(self.scene, actor)
                )
            )

    def teardown(self) -> None:
        """In the end the stock is what the model says."""
        if not hasattr(self, "needed"):
            return
        held = self.reserved()
        for ingredient_id, on_hand in self.on_hand.items():
            ingredient = self.scene.the_ingredient(ingredient_id)
            assert (ingredient.on_hand, ingredient.reserved) == (on_hand, held[ingredient_id])


TestEvening = Evening.TestCase
TestEvening.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
